"""OUT-01: an account sends far above its own usual.

Fires at max(20, six times the usual most of an hour) recipients within an hour, the usual being that of the account and of
this part of the week (`alerts/usual.py`). In its first week nobody knows what is usual: then fifty recipients are told as `low`
(what users of the peers ask for), for a newsletter looks the same. So is what the account did before from its own
networks: it was told then.
"""

from collections.abc import Iterable

import msgspec

from mailwarden.alerts.detector import Detector, Fired
from mailwarden.alerts.finding import Detection
from mailwarden.alerts.usual import is_repeat
from mailwarden.alerts.windows import Window, add, crossed
from mailwarden.parsers.event import Event

__all__ = ["DETECTOR"]

_HOUR_US = 3_600_000_000
_FLOOR = 20
_TIMES_USUAL = 6
_UNKNOWN_USUAL = 50


class _State(msgspec.Struct, array_like=True):
    window: Window = msgspec.field(default_factory=Window)
    last_us: int = 0


class SendingBurst(Detector[_State]):
    """Recipients of an account within an hour, against its own usual."""

    detection = Detection(
        name="sending_burst",
        id="OUT-01",
        version=1,
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
    actions = frozenset({"message-queued", "message-received"})
    needs = ("mailwarden.account", "mailwarden.accepted")
    state = _State
    ttl_us = 2 * _HOUR_US

    def keys(self, event: Event) -> Iterable[str]:
        """Only accepted mail of an account that bears no label of a bulk sender."""
        facts = event.facts
        if event.mailwarden_account is None or facts is None or not facts.get("mailwarden.accepted"):
            return ()
        if "newsletter" in facts.get("mailwarden.labels", ()):
            return ()
        return (event.mailwarden_account,)

    def update(self, state: _State, event: Event) -> Fired | None:
        """Add the message's recipients."""
        recipients = event.mail_recipient_count or 1
        measure = add(state.window, event.stream_us, _HOUR_US, recipients)
        state.last_us = event.stream_us
        usual = (event.facts or {}).get("mailwarden.user.usual_hour", 0)
        threshold = max(_FLOOR, _TIMES_USUAL * usual) if usual else _UNKNOWN_USUAL
        if measure < threshold:
            return None
        severity = "high" if usual and not is_repeat(event.facts, measure) else "low"
        values = {"usual": usual or None, "threshold": threshold}
        first = state.window.level == 0
        if crossed(state.window, measure):
            return Fired(measure, measure if first else recipients, severity, values)
        return Fired(measure, recipients, severity, values, fired=False)


DETECTOR = SendingBurst()
