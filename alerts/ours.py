"""What of ours receivers see: the addresses that mail leaves from, the domains that send, and whether a smarthost is between.

Learned from the log for the probes, which read it from the store. An address counts when a receiver we know, or two that we do
not, quoted it to us in a refusal: a single stranger could name any. A domain counts when mail bears it that an account of
that domain sent, or when it is one that receives here.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from mailwarden.alerts.blob import decoder
from mailwarden.alerts.ledger import Ledger
from mailwarden.alerts.shelf import Backing, Row, Shelf
from mailwarden.alerts.site import Site
from mailwarden.parsers.event import Event

__all__ = ["KIND", "Learned", "Ours", "learned"]

KIND = "ours"
_HOUR_US = 3_600_000_000
_KEEP_US = 30 * 24 * _HOUR_US
_WITNESSES = 2
_HOSTS = 8
_DOMAINS = 32
_LEAST_SENT = 20  # deliveries until a smarthost can be told from a quiet day
_LEAST_DOMAINS = 5
_NEARLY_ALL = 0.98
_WAY = "way"


class _Thing(msgspec.Struct, array_like=True):
    """One address, domain or selector, or (`way`) where mail goes."""

    last_us: int = 0
    witnesses: list[str] = []  # receivers that named an address
    is_sure: bool = False
    sent: int = 0  # since `day`
    day: int = 0
    hosts: dict[str, int] = {}  # next hosts and what each took
    domains: list[str] = []  # of recipients
    smarthost: str | None = None  # found the day before, or today


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

    def drain(self) -> list[Row]:
        """Give the rows to commit."""
        return self._things.drain()

    def sweep(self, now_us: int) -> None:
        """Forget what has expired."""
        self._things.sweep(now_us)

    def changed(self) -> int:
        """Count the rows that a commit would write now."""
        return self._things.changed()

    def accepted(self, event: Event) -> None:
        """Learn the domain of a message that is on its way out."""
        if event.mailwarden_direction != "outbound" or not event.email_from_address:
            return
        domain = event.email_from_address[0].rpartition("@")[2].lower()
        account = event.mailwarden_account or ""
        if domain and (account.endswith(f"@{domain}") or self._ledger.is_our_domain(domain)):
            self._see(f"domain {domain}", event.stream_us)

    def delivered(self, event: Event) -> None:
        """Learn from a delivery: an address that a refusal quotes, and to which host mail goes."""
        facts = event.facts
        if facts is None or event.mailwarden_direction != "outbound":
            return
        quoted = facts.get("mailwarden.own_address")
        if quoted is not None:
            self._quote(str(quoted), event)
        if event.mail_delivery_status == "sent" and event.destination_domain and "mailwarden.hand_over" not in facts:
            self._count(event.destination_domain, event)

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

    def _quote(self, address: str, event: Event) -> None:
        if self._site.is_private(address):
            return
        key = f"address {address}"
        thing = self._things.get(key) or _Thing()
        witness = event.mail_provider or event.destination_domain or ""
        thing.is_sure = thing.is_sure or event.mail_provider is not None
        if witness not in thing.witnesses and len(thing.witnesses) < _WITNESSES:
            thing.witnesses = [*thing.witnesses, witness]
        thing.is_sure = thing.is_sure or len(thing.witnesses) >= _WITNESSES
        thing.last_us = event.stream_us
        self._things.put(key, thing)

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
    return Learned(
        tuple(named("address")), tuple(named("domain")), tuple(pairs), _smarthost(way) if way is not None else None
    )
