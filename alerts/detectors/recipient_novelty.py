"""OUT-05: an account suddenly writes to people it never wrote to.

Twenty recipients that are new to the account, four in five of all, within an hour (the share of known recipients tells
people from spam runs: Hu et al., CFI 2016). From where it always is, while they take it, that is a first newsletter:
`medium`. Says nothing of an account before it knows thirty recipients of it.
"""

import zlib
from collections.abc import Iterable

import msgspec

from mailwarden.alerts.acquaintances import severity_of
from mailwarden.alerts.detector import Detector, Fired
from mailwarden.alerts.finding import Detection
from mailwarden.alerts.windows import Window, add, crossed
from mailwarden.parsers.event import Event

__all__ = ["DETECTOR"]

_HOUR_US = 3_600_000_000
_NEW = 20
_SHARE = 0.8
_HISTORY = 30
_REMEMBERED = 300  # recipients an account is remembered by; four bytes each


class _State(msgspec.Struct, array_like=True):
    known: dict[int, bool] = {}  # hash of a recipient; the oldest first
    learned: int = 0  # recipients learned before the current burst
    all: Window = msgspec.field(default_factory=Window)
    new: Window = msgspec.field(default_factory=Window)
    last_us: int = 0


class RecipientNovelty(Detector[_State]):
    """New recipients of an account within an hour."""

    detection = Detection(
        name="recipient_novelty",
        id="OUT-05",
        version=2,
        cause="sending",
        category="outbound_spam",
        severity="high",
        title="{account} writes to {measure} people it never wrote to",
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
    needs = ("mailwarden.account", "mailwarden.first_try")
    state = _State
    record = "account_mail"
    ttl_us = 90 * 24 * _HOUR_US

    def keys(self, event: Event) -> Iterable[str]:
        """First outcomes of an account's mail."""
        if event.mailwarden_account is None or not event.email_to_address:
            return ()
        facts = event.facts or {}
        if not facts.get("mailwarden.first_try") or facts.get("mailwarden.hand_over"):
            return ()
        return () if "newsletter" in facts.get("mailwarden.labels", ()) else (event.mailwarden_account,)

    def update(self, state: _State, event: Event) -> Fired | None:
        """Learn the recipient, after asking whether it was known."""
        now = event.stream_us
        silent = state.last_us and now - state.last_us > _HOUR_US
        state.last_us = now
        if silent or state.learned == 0:
            state.learned = len(state.known)
        recipient = zlib.crc32((event.email_to_address or [""])[0].lower().encode("utf-8", "surrogatepass"))
        is_new = recipient not in state.known
        if is_new:
            state.known[recipient] = True
            if len(state.known) > _REMEMBERED:
                del state.known[next(iter(state.known))]
        recipients = add(state.all, now, _HOUR_US, 1)
        new = add(state.new, now, _HOUR_US, int(is_new))
        if not is_new or state.learned < _HISTORY or new < _NEW or new < _SHARE * recipients:
            return None
        values = {"recipients": recipients}
        first = state.new.level == 0
        severity = severity_of(event.facts, recipients)
        if crossed(state.new, new):
            return Fired(new, new if first else 1, severity, values)
        return Fired(new, 1, severity, values, fired=False)


DETECTOR = RecipientNovelty()
