"""INF-06: many lines of a mail program are not understood.

Twenty within an hour, one in two hundred of all lines, and five times the usual: after an upgrade a server writes
otherwise than before, and what is not understood is not watched. In the first week it is told as `low`.
"""

from collections.abc import Iterable

import msgspec

from mailwarden.alerts.detection.detector import Detector, Fired, fire
from mailwarden.alerts.detection.windows import Window, add
from mailwarden.alerts.facts.usual import Usual, learn, usual_of
from mailwarden.alerts.terms import Detection
from mailwarden.parsers.event import Event

__all__ = ["DETECTOR"]

_HOUR_US = 3_600_000_000
_LEAST = 20
_SHARE = 0.005
_TIMES_USUAL = 5


class _State(msgspec.Struct, array_like=True):
    unknown: Window = msgspec.field(default_factory=Window)
    lines: Window = msgspec.field(default_factory=Window)
    usual: Usual = msgspec.field(default_factory=Usual)
    last_us: int = 0


class UnparsedShare(Detector[_State]):
    """Lines of mail programs that no pattern knows, against all lines."""

    detection = Detection(
        name="unparsed_share",
        id="INF-06",
        version=1,
        cause="config",
        category="config_weakness",
        severity="medium",
        title="{measure} log lines were not understood in an hour",
        why="{measure} of {lines} lines within {span}; usual: {usual} (fires at {threshold} and 0.5 %)",
        harmless="a mail program that mailwarden does not know yet",
        advice="unparsed",
        techniques=(),
        primary="process.name",
        entities=("host.hostname",),
        span_us=_HOUR_US,
        threshold=_LEAST,
    )
    actions = frozenset({"unparsed", "beat"})
    state = _State
    gathers = "unknown"
    ttl_us = 90 * 24 * _HOUR_US

    def keys(self, event: Event) -> Iterable[str]:  # noqa: ARG002 - both tell
        """What is not understood, and how many lines there were."""
        return ("site",)

    def update(self, state: _State, event: Event) -> Fired | None:
        """Count."""
        now = state.last_us = event.stream_us
        if event.event_action == "beat":
            add(state.lines, now, _HOUR_US, (event.facts or {}).get("mailwarden.lines", 0))
            learn(state.usual, now, 0)
            return None
        usual = usual_of(state.usual, now) or (0 if state.usual.first_us and _is_old(state, now) else None)
        lines = add(state.lines, now, _HOUR_US, 0)
        measure = add(state.unknown, now, _HOUR_US, 1)
        learn(state.usual, now, measure)
        threshold = max(_LEAST, _TIMES_USUAL * (usual or 0))
        if measure < threshold or not lines or measure < _SHARE * lines:
            return None
        values = {"lines": lines, "usual": usual, "threshold": threshold}
        return fire(state.unknown, measure, 1, "low" if usual is None else "medium", values)


def _is_old(state: _State, now: int) -> bool:
    """Say whether a week went by, in which hardly a line was not understood."""
    return now - state.usual.first_us >= 7 * 24 * _HOUR_US


DETECTOR = UnparsedShare()
