"""What the detectors of our own records, names and certificates share: told when it becomes wrong, or wrong otherwise."""

from collections.abc import Iterable

import msgspec

from mailwarden.alerts.detection.detector import Detector, Fired
from mailwarden.alerts.terms import Detection
from mailwarden.alerts.words.posture import REASONS
from mailwarden.alerts.words.translate import N_
from mailwarden.parsers.event import Event

__all__ = ["PostureDetector", "posture_detection"]

_SUBJECTS = ("mailwarden.own_domain", "mailwarden.own_address", "host.name")
_DAY_US = 86_400_000_000
_SPAN_US = 2 * _DAY_US  # looked at once a day
_SEEN = N_("seen at {name}: “{now}”")
_NOTHING = N_("looked at: {name}")


class _State(msgspec.Struct, array_like=True):
    reason: str = ""
    last_us: int = 0


def posture_detection(name: str, id_: str, title: str, harmless: str) -> Detection:
    """Give the detection of one kind of check; its title and reason are those of what is found wrong."""
    return Detection(
        name=name,
        id=id_,
        version=1,
        cause="config",
        category="config_weakness",
        severity="high",
        title=title,
        why=_SEEN,
        harmless=harmless,
        advice="posture",
        techniques=(),
        primary="dns.question.name",
        entities=("mailwarden.own_domain", "mailwarden.own_address", "host.name"),
        span_us=_SPAN_US,
        threshold=1,
    )


class PostureDetector(Detector[_State]):
    """Some checks, each record or port for itself.

    Args:
        detection: What it says of itself.
        checks: Which checks it is about.
        reasons: Which reasons, by their beginning; empty: all of those checks.
    """

    actions = frozenset({"posture-check"})
    state = _State
    ttl_us = 90 * _DAY_US

    def __init__(self, detection: Detection, checks: Iterable[str], reasons: tuple[str, ...] = ()) -> None:
        self.detection = detection
        self._checks = frozenset(checks)
        self._reasons = reasons

    def keys(self, event: Event) -> Iterable[str]:
        """Each record, name or port."""
        extra = event.extra or {}
        if extra.get("mailwarden.posture.check") not in self._checks:
            return ()
        reason = event.event_reason or ""
        if self._reasons and event.event_outcome == "failure" and not reason.startswith(self._reasons):
            return ()
        return (f"{extra['mailwarden.posture.check']} {extra.get('dns.question.name')}",)

    def update(self, state: _State, event: Event) -> Fired | None:
        """Tell what became wrong, or wrong in another way; what nobody answers changes nothing."""
        state.last_us = event.stream_us
        if event.event_outcome == "success":
            state.reason = ""
            return None
        reason = event.event_reason or "" if event.event_outcome == "failure" else state.reason
        if reason not in REASONS:
            return None
        is_new, state.reason = reason != state.reason, reason
        values = _values(event, reason) if event.event_outcome == "failure" else {}
        has_now = bool((event.extra or {}).get("mailwarden.posture.now"))
        told = self.detection._replace(title=REASONS[reason].what, why=_SEEN if has_now else _NOTHING)
        return Fired(1, 1 if is_new else 0, REASONS[reason].severity, values, is_new, told)


def _values(event: Event, reason: str) -> dict[str, object]:
    """Give what fills the sentences."""
    extra = event.extra or {}
    name = str(extra.get("dns.question.name"))
    return {
        "subject": next((extra[key] for key in _SUBJECTS if key in extra), name),
        "name": name,
        "now": extra.get("mailwarden.posture.now") or "-",
        "should": extra.get("mailwarden.posture.should") or "?",
        "posture": reason,
        **(extra.get("mailwarden.posture.details") or {}),
    }
