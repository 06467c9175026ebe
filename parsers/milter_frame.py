"""What OpenDKIM and OpenDMARC say of themselves: they share the frame of the Trusted Domain Project's filters."""

import re

from mailwarden.parsers.event import Event
from mailwarden.parsers.life import failed, started, stopped
from mailwarden.parsers.pattern import Format

__all__ = ["frame_patterns"]

_BEHIND_A_NAME = (
    " header add failed", " header remove failed", ": configuration error at line ", ": required parameter ",
    ": line ", ": settings found for deprecated ", "AutoRestartRate invalid",
)  # fmt: skip
_CALL = re.compile(r"(?:^|[ :])[a-z_]{2,40}\(\)(?:: | failed| for | returned )")


def frame_patterns(format: Format, *names: str) -> None:
    """Declare how such a filter tells of its start, under the names it gives itself, of its end and its faults."""

    @format.pattern(*names)
    def life(event: Event, rest: str) -> bool:
        """Its start and end: `OpenDKIM Filter v2.11.0 terminating with status 0, errno = 0`."""
        _, ends, status = rest.partition(" terminating with status ")
        if ends:
            return stopped(event) if status.startswith("0") else failed(event, level="fatal")
        return started(event)

    @format.pattern("configuration reloaded from ")
    def reloaded(event: Event, rest: str) -> bool:  # noqa: ARG001
        """A new configuration."""
        return started(event)

    @format.pattern("exited with status ", "terminated with signal ", "maximum restart ", "milter socket must be")
    def died(event: Event, rest: str) -> bool:  # noqa: ARG001
        """A process that ended by itself; with AutoRestart there will be another."""
        return failed(event, level="fatal")

    @format.pattern("()", anywhere=True)
    def call_failed(event: Event, text: str) -> bool:
        """A call that failed, behind the name of a file or a header: `/run/opendkim: chdir(): Permission denied`."""
        return _CALL.search(text) is not None and failed(event)

    @format.pattern(*_BEHIND_A_NAME, anywhere=True)
    def trouble_of_something(event: Event, text: str) -> bool:  # noqa: ARG001
        """A fault that names a file or a header first; OpenDMARC's history file, for one, that reports are made from."""
        return failed(event)
