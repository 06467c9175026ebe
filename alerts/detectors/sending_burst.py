"""OUT-01: an account sends far above its own usual.

Fires at max(20, six times the usual most of an hour) recipients within an hour, the usual being that of the account and of
this part of the week (`alerts/facts/usual.py`). In its first week nobody knows what is usual: then fifty recipients are told
as `low` (what users of the peers ask for), for a newsletter looks the same. So is what the account did before from its own
networks, which was told then, and an invoice run or a first newsletter: from where it always is, to people who take it
(`alerts/facts/acquaintances.py`). Where it comes through a webmail or a load balancer, which hide who it is, it is `medium`;
where it is one message to many, it is judged when some of them have answered.
"""

from collections.abc import Iterable

import msgspec

from mailwarden.alerts.detection.detector import Detector, Fired, is_first_outcome
from mailwarden.alerts.detection.windows import Window, add, crossed
from mailwarden.alerts.facts.acquaintances import awaits_outcomes, sending_severity
from mailwarden.alerts.facts.usual import tempered
from mailwarden.alerts.terms import Detection
from mailwarden.parsers.event import Event

__all__ = ["DETECTOR"]

_HOUR_US = 3_600_000_000
_FLOOR = 20
_TIMES_USUAL = 6
_UNKNOWN_USUAL = 50


class _State(msgspec.Struct, array_like=True):
    window: Window = msgspec.field(default_factory=Window)
    last_us: int = 0
    usual: int = 0
    awaits: bool = False  # told as `low` until it is seen who takes it


class SendingBurst(Detector[_State]):
    """Recipients of an account within an hour, against its own usual."""

    detection = Detection(
        name="sending_burst",
        id="OUT-01",
        version=2,
        cause="sending",
        category="outbound_spam",
        severity="high",
        title="{account} sends far more than usual: {measure} recipients in an hour",
        why="{measure} recipients within {span}; usual: {usual} (fires at {threshold})",
        harmless="an invoice run or a newsletter: label the account",
        advice="sending_burst",
        techniques=("T1586.002",),
        primary="mailwarden.account",
        entities=("source.ip", "email.from.address"),
        span_us=_HOUR_US,
        threshold=_FLOOR,
    )
    actions = frozenset({"message-queued", "message-received", "delivery"})
    needs = ("mailwarden.account",)
    state = _State
    gathers = "window"
    record = "account_mail"
    ttl_us = 2 * _HOUR_US

    def keys(self, event: Event) -> Iterable[str]:
        """Accepted mail, and what becomes of it, of an account that bears no label of a bulk sender."""
        facts = event.facts
        if event.mailwarden_account is None or facts is None:
            return ()
        if not (is_first_outcome(event) if event.event_action == "delivery" else facts.get("mailwarden.accepted")):
            return ()
        return () if "newsletter" in facts.get("mailwarden.labels", ()) else (event.mailwarden_account,)

    def update(self, state: _State, event: Event) -> Fired | None:
        """Add the message's recipients, or judge what was sent by its outcomes."""
        facts = event.facts or {}
        is_outcome = event.event_action == "delivery"
        if is_outcome and not state.awaits:
            return None
        recipients = 0 if is_outcome else event.mail_recipient_count or 1
        measure = add(state.window, event.stream_us, _HOUR_US, recipients)
        state.last_us = event.stream_us
        if not is_outcome:
            state.usual = facts.get("mailwarden.user.usual_hour", 0)
        threshold = max(_FLOOR, _TIMES_USUAL * state.usual) if state.usual else _UNKNOWN_USUAL
        if measure < threshold:
            state.awaits = False
            return None
        severity = tempered(sending_severity(facts, measure), state.usual)
        waited, state.awaits = state.awaits, severity != "low" and awaits_outcomes(facts, measure)
        if is_outcome and state.awaits:
            return None
        first = state.window.level == 0
        fired = crossed(state.window, measure) or (waited and not state.awaits and severity != "low")
        if is_outcome and not fired:
            return None
        values = {"usual": state.usual or None, "threshold": threshold}
        tries = measure if fired and first else recipients
        return Fired(measure, tries, "low" if state.awaits else severity, values, fired)


DETECTOR = SendingBurst()
