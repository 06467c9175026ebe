"""REP-08: one provider is sent much mail for people who do not exist there.

More than one in twenty of at least fifty recipients within a day, by so much that chance does not explain it: one and a half
standard deviations, for every provider is looked at again at each of its refusals. Providers count dead addresses, and keep
some of them as traps: this is what precedes most blocks. Whose mail it is stands beside it.
"""

from collections.abc import Iterable

import msgspec

from mailwarden.alerts.detection.detector import Detector, Fired, fire_now
from mailwarden.alerts.detection.windows import Window, add
from mailwarden.alerts.terms import Detection
from mailwarden.parsers.event import Event

__all__ = ["DETECTOR"]

_SPAN_US = 24 * 3_600_000_000
_LEAST = 50
_SHARE = 0.05
_SURE = 1.5  # standard deviations, of a share that is well above what ordinary mail has (2 %)


class _State(msgspec.Struct, array_like=True):
    unknown: Window = msgspec.field(default_factory=Window)
    last_us: int = 0


class UnknownRecipients(Detector[_State]):
    """The share of recipients that one provider does not know."""

    detection = Detection(
        name="unknown_recipients",
        id="REP-08",
        version=2,
        cause="listed",
        category="blocklist_risk",
        severity="medium",
        title="unknown recipients at {provider}: {measure} % of our mail",
        why="{unknown} of {recipients} recipients within {span} do not exist there (fires at {threshold} %)",
        harmless="the first mailing to an old list",
        advice="unknown_recipients",
        techniques=(),
        primary="mailwarden.receiver",
        entities=(
            "mail.provider",
            "mailwarden.account",
            "mailwarden.script",
            "mailwarden.return_path",
            "email.from.address",
        ),
        span_us=_SPAN_US,
        threshold=round(_SHARE * 100),
    )
    actions = frozenset({"delivery"})
    needs = ("mailwarden.receiver", "mailwarden.receiver.day_unknown")
    state = _State
    gathers = "unknown"
    ttl_us = 2 * _SPAN_US

    def keys(self, event: Event) -> Iterable[str]:
        """Only recipients that a receiver does not know."""
        facts = event.facts
        if event.mail_delivery_status != "bounced" or not facts or "mailwarden.receiver.day_unknown" not in facts:
            return ()
        receiver = facts.get("mailwarden.receiver")
        return (receiver,) if receiver else ()

    def update(self, state: _State, event: Event) -> Fired | None:
        """Weigh the share."""
        facts = event.facts or {}
        state.last_us = event.stream_us
        add(state.unknown, event.stream_us, _SPAN_US, 1)
        recipients, unknown = facts["mailwarden.receiver.day_recipients"], facts["mailwarden.receiver.day_unknown"]
        expected = _SHARE * recipients
        if recipients < _LEAST or unknown < expected + _SURE * (expected * (1 - _SHARE)) ** 0.5:
            return None
        values = {"recipients": recipients, "unknown": unknown}
        share = round(100 * unknown / recipients)
        return fire_now(state.unknown, unknown, 1, "medium", values, share=share)


DETECTOR = UnknownRecipients()
