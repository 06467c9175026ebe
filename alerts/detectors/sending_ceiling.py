"""OUT-02: an account sends more than any person does.

Five hundred recipients in an hour or a thousand in a day, what Microsoft gives an account at most. How bad that is follows from
where it is sent and who takes it, as with any burst (`alerts/facts/acquaintances.py`): to strangers who refuse, or from a network
that is new to the account, it is `high`; from where it always is, to those who take it, a first newsletter. In an account's first
week that is `low`, as nobody knows yet what is usual. A newsletter's account is labelled.
"""

from collections.abc import Iterable

import msgspec

from mailwarden.alerts.detection.detector import Detector, Fired, fire_now
from mailwarden.alerts.detection.windows import Window, add
from mailwarden.alerts.facts.acquaintances import sending_severity
from mailwarden.alerts.facts.usual import tempered
from mailwarden.alerts.terms import Detection
from mailwarden.parsers.event import Event

__all__ = ["DETECTOR"]

_HOUR_US = 3_600_000_000
_DAY_US = 24 * _HOUR_US
_AN_HOUR = 500
_A_DAY = 1000
_LABELS = frozenset({"newsletter", "gateway"})


class _State(msgspec.Struct, array_like=True):
    hour: Window = msgspec.field(default_factory=Window)
    day: Window = msgspec.field(default_factory=Window)
    last_us: int = 0


class SendingCeiling(Detector[_State]):
    """Recipients of an account against what any person sends."""

    detection = Detection(
        name="sending_ceiling",
        id="OUT-02",
        version=2,
        cause="sending",
        category="outbound_spam",
        severity="high",
        title="{account} sends to {measure} recipients",
        why="{measure} recipients within {span} (fires at {threshold})",
        harmless="a newsletter: label the account",
        advice="sending_burst",
        techniques=("T1586.002",),
        primary="mailwarden.account",
        entities=("source.ip", "email.from.address"),
        span_us=_DAY_US,
        threshold=_AN_HOUR,
    )
    actions = frozenset({"message-queued", "message-received"})
    needs = ("mailwarden.account", "mailwarden.accepted")
    state = _State
    gathers = "day"
    record = "account_mail"
    ttl_us = 2 * _DAY_US

    def keys(self, event: Event) -> Iterable[str]:
        """Accepted mail of an account without a bulk sender's label."""
        if event.mailwarden_account is None:
            return ()
        facts = event.facts
        if (
            not facts
            or not facts.get("mailwarden.accepted")
            or not _LABELS.isdisjoint(facts.get("mailwarden.labels", ()))
        ):
            return ()
        return (event.mailwarden_account,)

    def update(self, state: _State, event: Event) -> Fired | None:
        """Add the message's recipients."""
        now, recipients = event.stream_us, event.mail_recipient_count or 1
        state.last_us = now
        hour = add(state.hour, now, _HOUR_US, recipients)
        day = add(state.day, now, _DAY_US, recipients)
        if hour >= _AN_HOUR:
            window, measure, threshold, span_us = state.hour, hour, _AN_HOUR, _HOUR_US
        elif day >= _A_DAY:
            window, measure, threshold, span_us = state.day, day, _A_DAY, _DAY_US
        else:
            return None
        values = {"threshold": threshold, "span_s": span_us // 1_000_000}
        usual = (event.facts or {}).get("mailwarden.user.usual_hour")
        severity = tempered(sending_severity(event.facts, measure), usual, keeps=("high",))
        return fire_now(window, measure, recipients, severity, values)


DETECTOR = SendingCeiling()
