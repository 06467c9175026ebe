"""INF-11: processes of a mail server are killed from outside.

Signal 9 comes of an administrator, of the service's end, or of the kernel, which lacks memory. Once is a note: somebody was
at work, and the master starts another process. Three times within a day, in minutes of their own, is no hand but a lack of
memory (or of patience, where a watchdog kills), and sessions and deliveries are cut off each time.
"""

from collections.abc import Iterable

import msgspec

from mailwarden.alerts.detection.detector import Detector, Fired
from mailwarden.alerts.terms import Detection
from mailwarden.alerts.words.translate import N_
from mailwarden.parsers.event import Event
from mailwarden.parsers.life import KILLED

__all__ = ["DETECTOR"]

_MINUTE_US = 60_000_000
_DAY_US = 1440 * _MINUTE_US
_AGAIN = 3  # times


class _State(msgspec.Struct, array_like=True):
    minutes: list[int] = []  # in which processes were killed within the day, the latest
    level: int = 0
    last_us: int = 0


class ProcessKilled(Detector[_State]):
    """How often processes of one server are killed."""

    detection = Detection(
        name="process_killed",
        id="INF-11",
        version=1,
        cause="service",
        category="service_fault",
        severity="low",
        title="a process of {entity} was killed",
        why="signal 9 ended it: an administrator, or the kernel, which lacked memory (told at {threshold} times within {span})",
        harmless="somebody ended it by hand, or the service was stopped in haste",
        advice="process_killed",
        techniques=(),
        primary="event.module",
        entities=("process.name", "host.hostname"),
        span_us=_DAY_US,
        threshold=_AGAIN,
    )
    actions = frozenset({"service-error"})
    needs = ("event.reason",)
    state = _State
    ttl_us = 2 * _DAY_US

    def keys(self, event: Event) -> Iterable[str]:
        """The server, and the host it runs on."""
        return (f"{event.event_module}\x1f{event.host_hostname}",) if event.event_reason == KILLED else ()

    def update(self, state: _State, event: Event) -> Fired | None:
        """Count the minutes: what kills all processes of a service at once killed once."""
        now, minute = event.stream_us, event.stream_us // _MINUTE_US
        state.last_us = now
        recent = [one for one in state.minutes if minute - 1440 < one != minute]
        state.minutes = [*recent, minute][-_AGAIN:]
        times = len(state.minutes)
        is_again = times >= _AGAIN
        fired = state.level == 0 or (is_again and state.level < _AGAIN)
        state.level = times
        severity, words = ("high", _AGAIN_AND_AGAIN) if is_again else ("low", None)
        return Fired(times, 1, severity, {}, fired, words, first_us=state.minutes[0] * _MINUTE_US)


_AGAIN_AND_AGAIN = ProcessKilled.detection._replace(
    title=N_("processes of {entity} are killed again and again"),
    why=N_("signal 9 ended processes at {measure} times within {span}: mostly the kernel, which lacks memory"),
)
DETECTOR = ProcessKilled()
