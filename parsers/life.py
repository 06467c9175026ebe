"""What programs beside a mail server say of themselves: that they start, stop, fail, or take a step that means nothing here."""

import re

from mailwarden.parsers.event import Event

__all__ = ["KILLED", "UNAVAILABLE", "failed", "noted", "started", "stopped", "was_killed"]

UNAVAILABLE = "backend_unavailable"
"""The reason of a `service-error` where a program that is needed does not answer."""
KILLED = "killed"
"""The reason of a `service-error` where a process was ended from outside, by signal 9."""
_KILLED_BY = re.compile(r"(?:killed|signaled to death|terminated) (?:by|with) (?:signal )?9(?![0-9])").search


def noted(event: Event) -> bool:
    """Make an event a step that means nothing to a rule."""
    event.event_action = "statistics"
    return True


def started(event: Event) -> bool:
    """Make an event the start of a program, or its new reading of its configuration."""
    event.event_action = "service-start"
    return True


def stopped(event: Event) -> bool:
    """Make an event the orderly end of a program."""
    event.event_action = "service-stop"
    return True


def failed(event: Event, reason: str | None = None, level: str = "error") -> bool:
    """Make an event a fault of the program itself; at the level `fatal` it has ended."""
    event.event_action, event.event_outcome, event.event_reason = "service-error", "failure", reason
    event.log_level = level
    return True


def was_killed(rest: str) -> bool:
    """Say whether a master tells that a process was ended from outside: by an administrator, or by the kernel."""
    return _KILLED_BY(rest) is not None
