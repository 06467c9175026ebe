"""What of ours receivers see: which addresses, domains and names are to be asked about, and why some are not."""

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from mailwarden.alerts.facts.ours import Learned
from mailwarden.alerts.facts.site import Site
from mailwarden.pipeline.probes.exchangers import exchangers
from mailwarden.pipeline.probes.machine import Machine
from mailwarden.pipeline.probes.resolver import Resolver
from mailwarden.pipeline.probes.settings import ProbesSetting

__all__ = ["Subjects", "find_subjects"]

_MOST_ADDRESSES = 64
_MOST_DOMAINS = 500
_SHARED = ipaddress.ip_network("100.64.0.0/10")  # RFC 6598: behind a provider's NAT


@dataclass(frozen=True, slots=True)
class Subjects:
    """What is asked about. `smarthost`: the host through which all mail leaves, so that our own addresses do not matter."""

    addresses: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    selectors: dict[str, tuple[str, ...]] = field(default_factory=dict)
    hints: tuple[str, ...] = ()  # selectors that this machine's signer uses for whichever domain has a key
    helo: str | None = None
    smarthost: str | None = None
    hosts: tuple[str, ...] = ()  # whose ports are ours
    found: frozenset[str] = frozenset()  # addresses that are stated, this machine's, or below its name


async def find_subjects(
    settings: ProbesSetting, site: Site, learned: Learned, machine: Machine, resolver: Resolver
) -> Subjects:
    """Put together what is stated, read and learned; what is stated wins.

    Behind NAT the machine's own address is private; the public one is in what receivers quote, or where its name leads.
    """
    helo = settings.helo or machine.helo
    domains = settings.domains or tuple(dict.fromkeys([*sorted(site.domains), *learned.domains]))[:_MOST_DOMAINS]
    smarthost = None
    if settings.smarthost is None:
        smarthost = machine.smarthost or learned.smarthost
    elif settings.smarthost:
        smarthost = machine.smarthost or learned.smarthost or "?"
    addresses: Iterable[str] = settings.addresses
    found = [*settings.addresses]
    if not settings.addresses:
        found += machine.addresses
        if helo is not None and "." in helo:
            found += [*(await resolver.ask(helo, "A")).values, *(await resolver.ask(helo, "AAAA")).values]
        addresses = dict.fromkeys(one for one in [*found, *learned.addresses] if _is_public(one, site))
    own = tuple(addresses)[:_MOST_ADDRESSES]
    hosts = await _own_hosts(resolver, domains, own)
    return Subjects(
        () if smarthost else own,
        domains,
        _selectors(settings, learned, machine),
        tuple(selector for domain, selector in machine.selectors if not domain),
        helo,
        smarthost,
        tuple(dict.fromkeys([*hosts, *([helo] if helo else [])])),
        frozenset(found),
    )


def _is_public(address: str, site: Site) -> bool:
    ip = ipaddress.ip_address(address)
    special = ip.is_multicast or ip.is_unspecified or ip.is_loopback or ip.is_link_local
    return not (special or site.is_private(address) or (ip.version == 4 and ip in _SHARED))


def _selectors(settings: ProbesSetting, learned: Learned, machine: Machine) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = dict(settings.selectors)
    for domain, selector in [*learned.selectors, *machine.selectors]:
        if domain and domain not in settings.selectors and selector not in found.get(domain, ()):
            found[domain] = (*found.get(domain, ()), selector)
    return found


async def _own_hosts(resolver: Resolver, domains: Sequence[str], addresses: Sequence[str]) -> list[str]:
    """Give the mail hosts of our domains that lead to this machine."""
    own = set(addresses)
    found: dict[str, None] = {}
    for domain in domains[:8]:
        _, hosts = await exchangers(resolver, domain)
        for host in hosts:
            values = {*(await resolver.ask(host, "A")).values, *(await resolver.ask(host, "AAAA")).values}
            if values & own:
                found[host] = None
    return list(found)
