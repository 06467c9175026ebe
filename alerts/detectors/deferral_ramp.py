"""REP-06: a receiver puts off more of our mail than it used to.

One in ten of at least thirty recipients within six hours, and more than three standard deviations above the share that is
usual for this receiver (mean and variance fade with a half-life of some hours of traffic). Only what speaks of us counts:
rate, reputation, lists, or a policy that the reply does not explain; a receiver with trouble of its own does not.
"""

from collections.abc import Iterable

import msgspec

from mailwarden.alerts.detection.detector import Detector, Fired, fire_now
from mailwarden.alerts.detection.windows import Window, add
from mailwarden.alerts.terms import Detection
from mailwarden.parsers.event import Event

__all__ = ["DETECTOR"]

_SPAN_US = 6 * 3_600_000_000
_LEAST = 30
_SHARE = 0.1


class _State(msgspec.Struct, array_like=True):
    deferred: Window = msgspec.field(default_factory=Window)
    last_us: int = 0


class DeferralRamp(Detector[_State]):
    """The share of recipients that one receiver puts off."""

    detection = Detection(
        name="deferral_ramp",
        id="REP-06",
        version=1,
        cause="listed",
        category="blocklist_risk",
        severity="medium",
        title="{provider} puts off more and more of our mail",
        why="{measure} of {recipients} recipients within {span} were put off for our rate or reputation; "
        "usual is at most {usual} %",
        harmless="the provider has trouble of its own",
        advice="provider_deferral",
        techniques=(),
        primary="mailwarden.receiver",
        entities=(
            "mail.provider",
            "mailwarden.account",
            "mailwarden.script",
            "mailwarden.return_path",
            "mailwarden.own_address",
        ),
        span_us=_SPAN_US,
        threshold=_LEAST,
    )
    actions = frozenset({"delivery"})
    needs = ("mailwarden.receiver", "mailwarden.receiver.puts_off")
    state = _State
    gathers = "deferred"
    ttl_us = 2 * _SPAN_US

    def keys(self, event: Event) -> Iterable[str]:
        """Only what a receiver puts off for our standing."""
        facts = event.facts
        if event.mail_delivery_status != "deferred" or not facts or not facts.get("mailwarden.receiver.puts_off"):
            return ()
        receiver = facts.get("mailwarden.receiver")
        return (receiver,) if receiver else ()

    def update(self, state: _State, event: Event) -> Fired | None:
        """Compare with what is usual."""
        facts = event.facts or {}
        state.last_us = event.stream_us
        add(state.deferred, event.stream_us, _SPAN_US, 1)
        recipients, deferred = facts["mailwarden.receiver.recipients"], facts["mailwarden.receiver.deferred"]
        usual = facts["mailwarden.receiver.usual"]
        if recipients < _LEAST or deferred < _SHARE * recipients or deferred <= usual * recipients:
            return None
        values = {"recipients": recipients, "usual": round(100 * min(usual, 1.0))}
        return fire_now(state.deferred, deferred, 1, "medium", values)


DETECTOR = DeferralRamp()
