"""What of ours receivers see: the addresses that mail leaves from, the domains that send, and whether a smarthost is between.

Learned from the log for the probes, which read it from the store. What a receiver writes is its own to choose, so its word
alone makes no address ours. One is that is stated, that our server listens on, that the probes found on this machine or below
its name, or that two receivers apart from each other quote when they refuse mail of ours; where addresses of ours are known
already, one of the two must be a provider whose hosts bear names that nobody else can have. A domain counts when mail bears
it that an account of that domain sent, or when it is one that receives here.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from mailwarden.alerts.facts.ledger import Ledger
from mailwarden.alerts.facts.site import Site
from mailwarden.alerts.state.blob import decoder
from mailwarden.alerts.state.shelf import Backing, Shelf
from mailwarden.parsers.address import organisation
from mailwarden.parsers.event import Event
from mailwarden.parsers.reply_text import quoted_addresses

__all__ = ["KIND", "Learned", "Ours", "learned"]

KIND = "ours"
_HOUR_US = 3_600_000_000
_KEEP_US = 30 * 24 * _HOUR_US
_WITNESSES, _MOST_WITNESSES = 2, 4
_HOSTS = 8
_DOMAINS = 32
_LEAST_SENT = 20  # deliveries until a smarthost can be told from a quiet day
_LEAST_DOMAINS = 5
_NEARLY_ALL = 0.98
_WAY = "way"
_KNOWN = "known"
_MOST_KNOWN = 64
_MOST_FOUND = 16
_SETTLED_US = 2 * 24 * _HOUR_US  # after which another address is a move, and no first look
_STANDING = frozenset({"blocklist", "reputation", "rate_limit", "policy_auth"})
"""Classes of refusals that quote the address they are about."""
_UNMISTAKABLE = frozenset({"google", "microsoft_365", "microsoft_consumer", "yahoo", "apple"})
"""Providers that let nobody else's host have a name below theirs; a cloud's or a line's customer has one below the seller's."""


class _Thing(msgspec.Struct, array_like=True):
    """A quoted address, a domain or selector, where mail goes (`way`), or our addresses (`known`)."""

    last_us: int = 0
    witnesses: list[str] = []  # organisations whose hosts quoted an address
    is_sure: bool = False
    sent: int = 0  # since `day`
    day: int = 0
    hosts: dict[str, int] = {}  # next hosts and what each took
    domains: list[str] = []  # of recipients
    smarthost: str | None = None  # found the day before, or today
    addresses: dict[str, int] = {}  # ours, and when that was last seen
    is_backed: bool = False  # one of the witnesses cannot be mistaken for another
    found: list[str] = []  # (known, host) addresses that the probes found on a host
    found_us: int = 0  # when they first did
    moved_us: int = 0  # when they found one there that was not ours before


class Learned(NamedTuple):
    """What was learned, the newest first."""

    addresses: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    selectors: tuple[tuple[str, str], ...] = ()  # domain and selector
    smarthost: str | None = None


class Ours:
    """Learns from events that were correlated."""

    def __init__(self, site: Site, ledger: Ledger, backing: Backing) -> None:
        self._site, self._ledger = site, ledger
        self._things = Shelf(KIND, 1, _Thing, lambda thing: thing.last_us + _KEEP_US, backing)
        self.shelves = (self._things,)

    def accepted(self, event: Event) -> None:
        """Learn the domain of a message that is on its way out."""
        if event.mailwarden_direction != "outbound" or not event.email_from_address:
            return
        domain = event.email_from_address[0].rpartition("@")[2].lower()
        account = event.mailwarden_account or ""
        if domain and (account.endswith(f"@{domain}") or self._ledger.domains.is_ours(domain)):
            self._see(f"domain {domain}", event.stream_us)

    def delivered(self, event: Event) -> None:
        """Learn from a delivery: an address that a refusal quotes, and to which host mail goes.

        Sets `mailwarden.own_address` where a refusal quotes an address of ours. Where it quotes only others', a list that it
        names has those.
        """
        facts = event.facts
        if facts is None:
            return
        if event.mail_bounce_class in _STANDING and event.smtp_reply_text:
            self._heard(event, event.smtp_reply_text, facts)
        if event.mailwarden_direction != "outbound":
            return
        if event.mail_delivery_status == "sent" and event.destination_domain and "mailwarden.hand_over" not in facts:
            self._count(event.destination_domain, event)

    def is_ours(self, address: str) -> bool:
        """Say whether an address is known to be ours."""
        return address in self._known() or (self._site.trusts(address) and not self._site.is_private(address))

    def listens(self, event: Event) -> None:
        """Learn the address of this server that a client came to."""
        if event.destination_ip is not None:
            self._know(event.destination_ip, event.stream_us)

    def asked(self, event: Event) -> None:
        """Learn an address that is stated, or that the probes found on this machine or below its name."""
        extra = event.extra or {}
        if not extra.get("mailwarden.subject.found"):
            return
        address = str(extra.get("mailwarden.own_address"))
        self._find(address, event.host_hostname or "localhost", event.stream_us)
        self._know(address, event.stream_us)

    def moved_us(self, host: str) -> int:
        """Give when mail of a host began to leave from an address that was not ours before; 0 where nobody knows."""
        thing = self._things.get(f"host {host}")
        return thing.moved_us if thing is not None else 0

    def _find(self, address: str, host: str, now: int) -> None:
        """Notice that a host has moved to another address: it has none of the reputation of the one before."""
        key = f"host {host}"
        thing = self._things.get(key) or _Thing(found_us=now)
        is_new = address not in thing.found
        if is_new:
            if thing.found and now - thing.found_us >= _SETTLED_US and address not in self._known():
                thing.moved_us = now
            thing.found = [*thing.found, address][-_MOST_FOUND:]
        if is_new or now - thing.last_us > _HOUR_US:
            thing.last_us = now
            self._things.put(key, thing)

    def signed(self, event: Event) -> None:
        """Learn a selector that our own signer uses."""
        extra = event.extra or {}
        domain, selector = extra.get("mail.dkim.domain"), extra.get("mail.dkim.selector")
        if domain and selector:
            self._see(f"selector {str(domain).lower()} {selector}", event.stream_us)

    def _see(self, key: str, now: int) -> None:
        thing = self._things.get(key)
        if thing is None or now - thing.last_us > _HOUR_US:
            self._things.put(key, _Thing(now, is_sure=True))

    def _heard(self, event: Event, text: str, facts: dict[str, object]) -> None:
        """Say whether a refusal is about an address of ours, and let it bear witness where we do not know."""
        quoted = [
            one for one in quoted_addresses(text) if one != event.destination_ip and not self._site.is_private(one)
        ]
        if not quoted:
            return
        known = self._known()
        own = next((one for one in quoted if self.is_ours(one)), None)
        if own is None and _bears_witness(event, facts):
            believed = self._believe(quoted[0], event, known)
            # Where we know nothing, one such provider is enough to say whom it speaks of, not to ask lists about it.
            own = quoted[0] if believed or (not known and event.mail_provider in _UNMISTAKABLE) else None
        if own is not None:
            facts["mailwarden.own_address"] = own
        elif any((":" in one) == (":" in quoted[0]) for one in known):
            facts["mailwarden.list.public"] = False  # somebody else's address, as far as anybody here knows

    def _believe(self, address: str, event: Event, known: dict[str, int]) -> bool:
        """Take a receiver's word for an address; True where it makes the address ours."""
        key, witness = f"address {address}", organisation(event.destination_domain or "")
        thing = self._things.get(key) or _Thing()
        if witness not in thing.witnesses and len(thing.witnesses) < _MOST_WITNESSES:
            thing.witnesses = [*thing.witnesses, witness]
        thing.is_backed = thing.is_backed or event.mail_provider in _UNMISTAKABLE
        thing.last_us = event.stream_us
        self._things.put(key, thing)
        if len(thing.witnesses) < _WITNESSES or (known and not thing.is_backed):
            return False
        self._know(address, event.stream_us)
        return True

    def _known(self) -> dict[str, int]:
        record = self._things.get(_KNOWN)
        return {} if record is None else record.addresses

    def _know(self, address: str, now: int) -> None:
        """Remember that an address is ours."""
        known = self._known()
        if now - known.get(address, 0) < _HOUR_US or self._site.is_private(address):
            return
        kept = {one: seen for one, seen in known.items() if now - seen < _KEEP_US}
        if address in kept or len(kept) < _MOST_KNOWN:
            self._things.put(_KNOWN, _Thing(now, addresses={**kept, address: now}))

    def _count(self, host: str, event: Event) -> None:
        """Count where mail goes: all of it to one host, whoever it is for, is a smarthost."""
        way = self._things.get(_WAY) or _Thing()
        day = event.stream_us // (24 * _HOUR_US)
        if way.day != day:
            way = _Thing(day=day, smarthost=_smarthost(way))
        way.last_us = event.stream_us
        way.sent += 1
        if host in way.hosts or len(way.hosts) < _HOSTS:
            way.hosts[host] = way.hosts.get(host, 0) + 1
        domain = (event.email_to_address or [""])[0].rpartition("@")[2].lower()
        if domain not in way.domains and len(way.domains) < _DOMAINS:
            way.domains.append(domain)
        self._things.put(_WAY, way)


def _bears_witness(event: Event, facts: dict[str, object]) -> bool:
    """Say whether a refusal is of mail of ours: who is sent a bounce or a forwarded message is a stranger's choice."""
    if event.mailwarden_direction != "outbound" or not event.email_from_address or facts.get("mailwarden.returned"):
        return False
    return event.destination_domain is not None


def _smarthost(way: _Thing) -> str | None:
    """Give the host that all mail goes to; what was known before, where a day shows too little."""
    if way.sent < _LEAST_SENT or len(way.domains) < _LEAST_DOMAINS:
        return way.smarthost
    host, count = max(way.hosts.items(), key=lambda one: one[1])
    return host if count >= _NEARLY_ALL * way.sent else None


def learned(rows: Iterable[tuple[str, bytes]]) -> Learned:
    """Read what was learned from the rows of the store."""
    read = decoder(_Thing)
    things = sorted(((key, read(blob)) for key, blob in rows), key=lambda one: (-one[1].last_us, one[0]))

    def named(kind: str) -> Iterator[str]:
        return (key.removeprefix(f"{kind} ") for key, thing in things if key.startswith(f"{kind} ") and thing.is_sure)

    pairs = ((name.partition(" ")[0], name.partition(" ")[2]) for name in named("selector"))
    way = next((thing for key, thing in things if key == _WAY), None)
    known = next((thing.addresses for key, thing in things if key == _KNOWN), {})
    return Learned(
        tuple(sorted(known, key=lambda one: -known[one])),
        tuple(named("domain")),
        tuple(pairs),
        _smarthost(way) if way is not None else None,
    )
