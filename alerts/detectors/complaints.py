"""OUT-14: recipients complain about our mail.

Three complaints within a day about one domain and one in a thousand of its recipients are told as `high`, three in a
thousand as `critical` (what Gmail asks of senders: below 0.1 %, never 0.3 %). A complaint is a report in abuse format, or
mail of a provider's feedback loop that reaches a mailbox here; that one is `medium` at most, for who writes an envelope may
name any sender.
"""

from collections.abc import Iterable

import msgspec

from mailwarden.alerts.detection.detector import Detector, Fired, fire_now
from mailwarden.alerts.detection.windows import Window, add
from mailwarden.alerts.terms import Detection
from mailwarden.parsers.event import Event

__all__ = ["DETECTOR"]

_SPAN_US = 24 * 3_600_000_000
_LEAST = 3
_WARN = 0.001
_CRITICAL = 0.003


class _State(msgspec.Struct, array_like=True):
    complaints: Window = msgspec.field(default_factory=Window)
    last_us: int = 0


class Complaints(Detector[_State]):
    """Complaints about one of our domains, or the server where they do not say."""

    detection = Detection(
        name="complaints",
        id="OUT-14",
        version=2,
        cause="sending",
        category="blocklist_risk",
        severity="high",
        title="recipients complain about mail of {sender}",
        why="{measure} complaints within {span} (fires at {threshold}); recipients in that time: {recipients}",
        harmless="somebody pressed the wrong button, several times",
        advice="complaints",
        techniques=(),
        primary="mailwarden.complaint.about",
        entities=("mail.provider", "mailwarden.account", "email.from.address"),
        span_us=_SPAN_US,
        threshold=_LEAST,
    )
    actions = frozenset({"delivery", "complaint"})
    needs = ("mailwarden.complaint.about",)
    state = _State
    gathers = "complaints"
    ttl_us = 2 * _SPAN_US

    def keys(self, event: Event) -> Iterable[str]:
        """Only complaints."""
        about = event.facts and event.facts.get("mailwarden.complaint.about")
        return (str(about),) if about else ()

    def update(self, state: _State, event: Event) -> Fired | None:
        """Count the complaint, against what was sent."""
        now = state.last_us = event.stream_us
        recipients = (event.facts or {}).get("mailwarden.complaint.recipients", 0)
        complaints = add(state.complaints, now, _SPAN_US, event.event_count)
        if complaints < _LEAST or complaints < _WARN * recipients:
            return None
        severity = "critical" if complaints >= max(_CRITICAL * recipients, 2 * _LEAST) else "high"
        if event.event_action == "delivery":  # only an envelope's sender says so, and anybody can write that
            severity = "medium"
        values = {"sender": (event.facts or {})["mailwarden.complaint.about"], "recipients": recipients}
        return fire_now(state.complaints, complaints, 1, severity, values)


DETECTOR = Complaints()
