"""OUT-12: an account writes to very many mailboxes of this server.

A stolen account that its colleagues trust (T1534): fifty mailboxes here within an hour, and five times what is usual for the
account. `high` where it came from a network that is new to the account; in its first week `low` otherwise.
"""

from collections.abc import Iterable

import msgspec

from mailwarden.alerts.detection.detector import Detector, Fired, fire
from mailwarden.alerts.detection.windows import Window, add_value
from mailwarden.alerts.facts.usual import Usual, learn, tempered, usual_of
from mailwarden.alerts.state.mark import mark_text
from mailwarden.alerts.terms import Detection
from mailwarden.parsers.event import Event

__all__ = ["DETECTOR"]

_HOUR_US = 3_600_000_000
_LEAST = 50
_TIMES_USUAL = 5
_REMEMBERED = 128
_LABELS = frozenset({"newsletter", "shared"})


class _State(msgspec.Struct, array_like=True):
    mailboxes: Window = msgspec.field(default_factory=Window)
    usual: Usual = msgspec.field(default_factory=Usual)
    last_us: int = 0


class InternalMassMail(Detector[_State]):
    """Mailboxes of this server that an account writes to within an hour."""

    detection = Detection(
        name="internal_mass_mail",
        id="OUT-12",
        version=1,
        cause="sending",
        category="outbound_spam",
        severity="high",
        title="{account} writes to {measure} mailboxes here",
        why="{measure} mailboxes of this server within {span}; usual: {usual} (fires at {threshold})",
        harmless="a circular to all the staff",
        advice="internal_mail",
        techniques=("T1534",),
        primary="mailwarden.account",
        entities=("source.ip", "email.from.address"),
        span_us=_HOUR_US,
        threshold=_LEAST,
    )
    actions = frozenset({"delivery"})
    needs = ("mailwarden.way.internal",)
    state = _State
    gathers = "mailboxes"
    record = "account_mail"
    ttl_us = 90 * 24 * _HOUR_US

    def keys(self, event: Event) -> Iterable[str]:
        """An account's mail that was put into a mailbox here."""
        account = event.mailwarden_account
        if account is None or event.mailwarden_direction != "internal" or not event.email_to_address:
            return ()
        if event.mail_delivery_status != "sent":
            return ()
        return () if not _LABELS.isdisjoint((event.facts or {}).get("mailwarden.labels", ())) else (account,)

    def update(self, state: _State, event: Event) -> Fired | None:
        """Count the mailbox."""
        now = state.last_us = event.stream_us
        mailbox = (event.email_to_address or [""])[0].lower()
        usual = usual_of(state.usual, now)
        measure = add_value(state.mailboxes, now, _HOUR_US, mark_text(mailbox), _REMEMBERED)
        learn(state.usual, now, measure)
        threshold = min(max(_LEAST, _TIMES_USUAL * (usual or 0)), _REMEMBERED)
        if measure < threshold:
            return None
        is_fresh = (event.facts or {}).get("mailwarden.pair.young")
        severity = "high" if is_fresh else tempered("medium", usual)
        return fire(state.mailboxes, measure, 1, severity, {"usual": usual, "threshold": threshold})


DETECTOR = InternalMassMail()
