"""REL-06: a mailbox here passes spam on, which receivers hold against our address.

Five messages of one forward within a day that receivers refused or put off as spam or for our reputation, and one in ten of all
that it passed on. The forward was set in good faith; what it needs is a filter before it.
"""

from collections.abc import Iterable

import msgspec

from mailwarden.alerts.detection.detector import Detector, Fired, fire, is_first_outcome
from mailwarden.alerts.detection.windows import Window, add
from mailwarden.alerts.terms import Detection
from mailwarden.parsers.event import Event

__all__ = ["DETECTOR"]

_SPAN_US = 24 * 3_600_000_000
_LEAST = 5
_SHARE = 0.1
_AGAINST_US = frozenset({"spam_content", "reputation", "blocklist", "rate_limit"})


class _State(msgspec.Struct, array_like=True):
    passed: Window = msgspec.field(default_factory=Window)  # all that it sent on
    refused: Window = msgspec.field(default_factory=Window)
    last_us: int = 0


class ForwardedSpam(Detector[_State]):
    """What receivers say of a mailbox's mail that goes on to them."""

    detection = Detection(
        name="forwarded_spam",
        id="REL-06",
        version=1,
        cause="sending",
        category="blocklist_risk",
        severity="medium",
        title="{account} forwards spam, which counts against this server",
        why="{measure} of {passed} messages that went on within {span} were refused or put off as spam or for our"
        " reputation, the last by {provider} (fires at {threshold})",
        harmless="its owner gets much spam and wants it all",
        advice="forwarded_spam",
        techniques=(),
        primary="mailwarden.account",
        entities=("mail.provider", "mailwarden.receiver", "email.to.address", "host.hostname"),
        span_us=_SPAN_US,
        threshold=_LEAST,
    )
    actions = frozenset({"delivery"})
    needs = ("mailwarden.way.forward", "mailwarden.first_try")
    state = _State
    gathers = "refused"
    ttl_us = 2 * _SPAN_US

    def keys(self, event: Event) -> Iterable[str]:
        """Mail of strangers that came for a mailbox here and went on elsewhere."""
        owner = event.mail_original_recipient
        if owner is None or "@" not in owner or event.destination_ip is None or not is_first_outcome(event):
            return ()
        return () if event.mailwarden_direction == "outbound" else (owner.lower(),)

    def update(self, state: _State, event: Event) -> Fired | None:
        """Count what went on, and what was held against us."""
        now = state.last_us = event.stream_us
        passed = add(state.passed, now, _SPAN_US, 1)
        if event.mail_delivery_status == "sent" or event.mail_bounce_class not in _AGAINST_US:
            return None
        refused = add(state.refused, now, _SPAN_US, 1)
        if refused < _LEAST or refused < _SHARE * passed:
            return None
        values = {"passed": passed, "provider": (event.facts or {}).get("mailwarden.receiver") or "?"}
        return fire(state.refused, refused, 1, "medium", values)


DETECTOR = ForwardedSpam()
