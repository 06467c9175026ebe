"""Look at a domain from outside, with nothing but its name: what `mailwarden check` shows.

Needs no log, no right on any server and no state. Its mail may leave from elsewhere than can be seen so; what was assumed
is told.
"""

import asyncio
import ipaddress
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from mailwarden.pipeline.probes.blocklists import Blocklist, blocklists
from mailwarden.pipeline.probes.dmarc import organisation
from mailwarden.pipeline.probes.exchangers import exchangers
from mailwarden.pipeline.probes.https import Web
from mailwarden.pipeline.probes.lists import Round, look
from mailwarden.pipeline.probes.outcome import Outcome
from mailwarden.pipeline.probes.posture import Gauge
from mailwarden.pipeline.probes.resolver import Resolver
from mailwarden.pipeline.probes.spf_record import SpfSyntaxError, is_spf, parse

__all__ = ["Asked", "Checkup", "check_up"]

_MOST_ADDRESSES = 8


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be looked at."""

    domain: str
    addresses: tuple[str, ...] = ()  # empty: those that its own records name
    selectors: tuple[str, ...] = ()
    helo: str | None = None
    ports: bool = True
    without: frozenset[str] = frozenset()
    keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    trust: ssl.SSLContext | None = None


@dataclass(frozen=True, slots=True)
class Checkup:
    """What was found. `found_from` says where the addresses are from: stated, spf or mx."""

    domain: str
    addresses: tuple[str, ...]
    found_from: str
    outcomes: tuple[Outcome, ...]
    lists: Round
    is_there: bool | None  # the domain; None: nobody knows


async def check_up(resolver: Resolver, asked: Asked, now: datetime) -> Checkup:
    """Look at a domain and its addresses."""
    domain = asked.domain
    await resolver.prove()
    addresses, found_from = asked.addresses, "stated"
    if not addresses:
        addresses, found_from = await _addresses(resolver, domain)
    web = Web(asked.trust) if asked.trust is not None else Web()
    gauge = Gauge(resolver, web, now, asked.ports)
    there, of_domain, of_addresses, lists = await asyncio.gather(
        resolver.ask(domain, "SOA"),
        gauge.domain(domain, asked.addresses, asked.selectors),
        asyncio.gather(*(gauge.address(address, asked.helo) for address in addresses)),
        look(resolver, _chosen(asked), [*addresses, domain], asked.keys),
    )
    outcomes = [*of_domain, *(one for found in of_addresses for one in found)]
    is_there = None if not there.is_known else there.kind != "no such name"
    return Checkup(domain, addresses, found_from, tuple(outcomes), lists, is_there)


def _chosen(asked: Asked) -> list[Blocklist]:
    return [one for one in blocklists() if one.zone not in asked.without]


async def _addresses(resolver: Resolver, domain: str) -> tuple[tuple[str, ...], str]:
    """Guess from where a domain's mail leaves: single addresses of its SPF record, else its own mail hosts."""
    records = [text for text in (await resolver.ask(domain, "TXT")).values if is_spf(text)]
    named: list[str] = []
    if len(records) == 1:
        try:
            networks = [ipaddress.ip_network(term.address) for term in parse(records[0]) if term.address]
        except SpfSyntaxError:
            networks = []
        named = [str(one.network_address) for one in networks if one.num_addresses == 1]
    if named:
        return tuple(dict.fromkeys(named))[:_MOST_ADDRESSES], "spf"
    _, hosts = await exchangers(resolver, domain)
    own = [host for host in hosts if organisation(host) == organisation(domain)]
    found: list[str] = []
    for host in own:
        found += (await resolver.ask(host, "A")).values
        found += (await resolver.ask(host, "AAAA")).values
    return tuple(dict.fromkeys(found))[:_MOST_ADDRESSES], "mx"
