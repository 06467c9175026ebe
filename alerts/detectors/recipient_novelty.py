"""OUT-05: an account suddenly writes to people it never wrote to.

Twenty recipients that are new to the account, four in five of all, within an hour (the share of known recipients tells
people from spam runs: Hu et al., CFI 2016). From where it always is, while they take it, that is a first newsletter, and a
note; `medium` where a webmail or a load balancer hides from where. Says nothing of an account before it knows thirty recipients
of it. An account whose work it is to write to strangers (a shop, a CRM, a practice's reminders) is compared with itself: twice
as many as are usual.
"""

from collections.abc import Iterable

import msgspec

from mailwarden.alerts.detection.detector import Detector, Fired, fire_now, is_first_outcome
from mailwarden.alerts.detection.windows import Window, add
from mailwarden.alerts.facts.acquaintances import sending_severity
from mailwarden.alerts.facts.usual import Usual, learn, tempered, usual_of
from mailwarden.alerts.terms import Detection
from mailwarden.parsers.event import Event

__all__ = ["DETECTOR"]

_HOUR_US = 3_600_000_000
_NEW = 20
_SHARE = 0.8
_HISTORY = 30
_TIMES_USUAL = 2


class _State(msgspec.Struct, array_like=True):
    learned: int = 0  # recipients learned before the current burst
    all: Window = msgspec.field(default_factory=Window)
    new: Window = msgspec.field(default_factory=Window)
    last_us: int = 0
    usual: Usual = msgspec.field(default_factory=Usual)  # new recipients of an hour


class RecipientNovelty(Detector[_State]):
    """New recipients of an account within an hour."""

    detection = Detection(
        name="recipient_novelty",
        id="OUT-05",
        version=3,
        cause="sending",
        category="outbound_spam",
        severity="high",
        title="{account} writes to {measure} people new to it",
        why="{measure} of {recipients} recipients within {span} are new to this account (fires at {threshold})",
        harmless="a marketing account: label it",
        advice="sending_burst",
        techniques=("T1586.002", "T1534"),
        primary="mailwarden.account",
        entities=("source.ip", "email.from.address"),
        span_us=_HOUR_US,
        threshold=_NEW,
    )
    actions = frozenset({"delivery"})
    needs = ("mailwarden.account", "mailwarden.first_try", "mailwarden.recipient.stands_for")
    state = _State
    gathers = "new"
    record = "account_mail"
    version = 2
    ttl_us = 90 * 24 * _HOUR_US

    def keys(self, event: Event) -> Iterable[str]:
        """First outcomes of an account's mail, to recipients of whom it is known whether they are known."""
        facts = event.facts or {}
        if event.mailwarden_account is None or "mailwarden.recipient.new" not in facts or not is_first_outcome(event):
            return ()
        return () if "newsletter" in facts.get("mailwarden.labels", ()) else (event.mailwarden_account,)

    def update(self, state: _State, event: Event) -> Fired | None:
        """Count the recipient, for as many as it stands for where an account has very many."""
        now, facts = event.stream_us, event.facts or {}
        silent = state.last_us and now - state.last_us > _HOUR_US
        state.last_us = now
        is_new, weight = facts["mailwarden.recipient.new"], facts["mailwarden.recipient.stands_for"]
        if silent or state.learned == 0:
            state.learned = facts["mailwarden.user.acquaintances"] - is_new
        recipients = add(state.all, now, _HOUR_US, weight)
        new = add(state.new, now, _HOUR_US, weight * is_new)
        if not is_new:
            return None
        usual = usual_of(state.usual, now)
        learn(state.usual, now, new)
        threshold = max(_NEW, _TIMES_USUAL * (usual or 0))
        if state.learned < _HISTORY or new < threshold or new < _SHARE * recipients:
            return None
        values = {"recipients": recipients, "threshold": threshold}
        severity = tempered(sending_severity(facts, recipients), usual, keeps=("high",))
        return fire_now(state.new, new, 1, severity, values)


DETECTOR = RecipientNovelty()
