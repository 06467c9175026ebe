"""PRO-09: one mailbox is flooded, most often to hide something.

Three hundred messages from a hundred domains within an hour, and ten times what is usual for the mailbox: sign-up forms
of many sites are filled in with its address, so that a bank's or shop's message drowns (T1667). Half an hour is counted
with the one before. Most mailboxes are never busy: only the few that are cost more than a count.
"""

import copy
from collections.abc import Iterable

import msgspec

from mailwarden.alerts.detection.detector import Detector, Fired
from mailwarden.alerts.facts.usual import Usual, learn, usual_of
from mailwarden.alerts.state.mark import mark
from mailwarden.alerts.terms import Detection
from mailwarden.parsers.event import Event

__all__ = ["DETECTOR"]

_HOUR_US = 3_600_000_000
_HALF_US = _HOUR_US // 2
_LEAST = 300
_LEAST_DOMAINS = 100
_TIMES_USUAL = 10
_BUSY = 50  # messages of an hour; below it a mailbox is but counted
_COUNTED = 256
_WATCHED = 4  # busy mailboxes whose senders and usual are known


class _Mailbox(msgspec.Struct, array_like=True):
    """A mailbox that is busy."""

    last_us: int = 0
    domains: list[int] = []  # marks, of the present half hour and the one before
    usual: Usual = msgspec.field(default_factory=Usual)
    level: int = 0  # messages when it was last told


class _State(msgspec.Struct, array_like=True):
    half: int = 0
    counts: dict[int, int] = {}  # mark of a mailbox -> messages of the present half hour
    before: dict[int, int] = {}  # of the half hour before, of busy ones
    busy: dict[int, _Mailbox] = {}
    last_us: int = 0
    since: dict[int, int] = {}  # when the first of the messages came that are counted


class MailBomb(Detector[_State]):
    """Messages from elsewhere for one mailbox."""

    detection = Detection(
        name="mail_bomb",
        id="PRO-09",
        version=1,
        cause="protocol",
        category="protocol_abuse",
        severity="high",
        title="the mailbox {account} is flooded: {measure} messages in an hour",
        why="{measure} messages from {domains} domains within {span}; usual: {usual} (fires at {threshold})",
        harmless="its owner signed up for something large",
        advice="mail_bomb",
        techniques=("T1667",),
        primary="mailwarden.account",
        entities=("source.ip", "host.hostname"),
        span_us=_HOUR_US,
        threshold=_LEAST,
    )
    actions = frozenset({"delivery"})
    needs = ("mailwarden.way.inbound", "email.from.address")
    state = _State
    ttl_us = 30 * 24 * _HOUR_US

    def keys(self, event: Event) -> Iterable[str]:
        """Mail from elsewhere that was put into a mailbox here."""
        if event.mail_delivery_status != "sent" or not event.email_to_address or not event.email_from_address:
            return ()
        return (event.host_hostname or "localhost",)

    def update(self, state: _State, event: Event) -> Fired | None:
        """Count the message; look closer where the mailbox is busy."""
        now = state.last_us = event.stream_us
        if now // _HALF_US != state.half:
            _turn(state, now // _HALF_US)
        recipient = (event.email_to_address or [""])[0].lower()
        mailbox = mark(recipient)
        measure = _count(state.counts, mailbox) + state.before.get(mailbox, 0)
        if mailbox in state.counts:
            state.since.setdefault(mailbox, now)
        if len(state.since) > 2 * _COUNTED:
            state.since = {name: at for name, at in state.since.items() if name in state.counts or name in state.before}
        return _look(state, mailbox, measure, event, recipient) if measure >= _BUSY else None


def _turn(state: _State, half: int) -> None:
    """Begin another half hour."""
    follows = half == state.half + 1
    state.before = {name: count for name, count in state.counts.items() if count >= _BUSY // 4} if follows else {}
    state.half, state.counts = half, {}
    state.since = {name: since for name, since in state.since.items() if name in state.before}
    for name, mailbox in state.busy.items():
        if name not in state.before:
            mailbox.domains, mailbox.level = [], 0


def _count(counts: dict[int, int], name: int) -> int:
    """Count a mailbox among the most frequent of the half hour (Misra and Gries 1982)."""
    if name in counts or len(counts) < _COUNTED:
        counts[name] = counts.get(name, 0) + 1
        return counts[name]
    for other in list(counts):
        counts[other] -= 1
        if not counts[other]:
            del counts[other]
    return 0


def _look(state: _State, name: int, measure: int, event: Event, recipient: str) -> Fired | None:
    now = event.stream_us
    mailbox = state.busy.get(name)
    if mailbox is None:
        if len(state.busy) >= _WATCHED:
            del state.busy[min(state.busy, key=lambda one: state.busy[one].last_us)]
        mailbox = state.busy[name] = _Mailbox()
    mailbox.last_us = now
    usual = usual_of(mailbox.usual, now)
    learn(mailbox.usual, now, measure)
    domain = (event.email_from_address or [""])[0].lower().rpartition("@")[2]
    if len(mailbox.domains) < _LEAST_DOMAINS and mark(domain) not in mailbox.domains:
        mailbox.domains = [*mailbox.domains, mark(domain)]
    threshold = max(_LEAST, _TIMES_USUAL * (usual or 0))
    if measure < threshold or len(mailbox.domains) < _LEAST_DOMAINS:
        return None
    first, is_new = mailbox.level == 0, measure >= 2 * mailbox.level
    if is_new:
        mailbox.level = measure
    shown = copy.copy(event)
    shown.mailwarden_account = recipient
    values = {"domains": len(mailbox.domains), "usual": usual or f"< {_BUSY}", "threshold": threshold}
    return Fired(
        measure, measure if first else 1, "high", values, is_new, shown=shown, first_us=state.since.get(name, now)
    )


DETECTOR = MailBomb()
