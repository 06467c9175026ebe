"""Which addresses may be blocked, each with its reason and its end; and which may not, and why.

Nothing is blocked by mailwarden: this is a list for something that does. An address comes onto it only by what it did
itself, over a connection that the server told of without a doubt: as what an incident is about, or within the network
that an incident is about. Names that somebody typed, and accounts that were attacked, put nobody onto it. A network that
people of ours came from lately never is on it unless the operator says so: whoever mistypes behind the same address would
be locked out.
"""

import ipaddress
from collections.abc import Callable, Collection, Iterable
from datetime import UTC
from functools import lru_cache
from typing import NamedTuple

from mailwarden.alerts.facts.site import Site
from mailwarden.alerts.incidents.incident import Incident
from mailwarden.alerts.terms import severity_rank
from mailwarden.alerts.words.translate import N_
from mailwarden.parsers.address import ip, network

__all__ = ["KNOWN_DAYS", "Blocklist", "Entry", "Policy", "Spared", "blocklist_of"]

_ABOUT = ("source.ip", "mailwarden.network")
_LINES = 3  # of the evidence: the first ones; what came later is known of each event
_MOST = 50_000  # entries, the newest first: more than any of the programs that read them likes
KNOWN_DAYS = 30
"""So long a network is known for who came from it: that of the ledger for an account's own networks."""


class Policy(NamedTuple):
    """What may be listed. `allow` holds networks and addresses; `block_known`: also networks that people came from."""

    at_least: str = "low"
    categories: Collection[str] = ("auth_attack", "enumeration", "protocol_abuse", "relay_abuse")
    duration_us: int = 86_400_000_000
    allow: tuple[str, ...] = ()
    block_known: bool = False


class Entry(NamedTuple):
    """What is listed: an address, or the /64 of an IPv6 address, which is one subscriber. Times in epoch microseconds."""

    value: str
    address: str  # the one that was seen; of a /64 the last one
    incident: str
    rule: str
    category: str
    severity: str
    events: int
    seen_us: int
    until_us: int


class Spared(NamedTuple):
    """What would be listed and is not; `why` is a message id."""

    address: str
    incident: str
    why: str


class Blocklist(NamedTuple):
    """What is listed, in the order of its addresses, and what is spared."""

    entries: list[Entry]
    spared: list[Spared]


def blocklist_of(
    incidents: Iterable[Incident],
    policy: Policy,
    site: Site,
    now_us: int,
    *,
    is_known: Callable[[str], bool],
    silenced: Collection[str] = (),
) -> Blocklist:
    """Decide what is listed now.

    Args:
        incidents: All that were seen within the policy's duration, closed ones too.
        policy: What may be listed.
        site: What is ours is never listed.
        now_us: The time.
        is_known: Says of a network whether people of ours came from it within `KNOWN_DAYS`.
        silenced: Ids of incidents that somebody silenced or called normal.
    """
    entries: dict[str, Entry] = {}
    spared: dict[str, Spared] = {}
    for incident in incidents:
        until_us = incident.last_seen_us + policy.duration_us
        if until_us <= now_us or not _may_list(incident, policy):
            continue
        for address in _addresses(incident):
            why = _mercy(address, incident, policy, site, is_known, silenced)
            if why is not None:
                spared[address] = Spared(address, incident.id, why)
                continue
            entry = _entry(address, incident, until_us)
            if entry.value not in entries or entries[entry.value].until_us < until_us:
                entries[entry.value] = entry
    newest = sorted(entries.values(), key=lambda one: (-one.until_us, one.value))[:_MOST]
    return Blocklist(
        sorted(newest, key=lambda one: _place(one.value)), sorted(spared.values(), key=lambda one: _place(one.address))
    )


def _may_list(incident: Incident, policy: Policy) -> bool:
    return (
        incident.primary[0] in _ABOUT
        and incident.category in policy.categories
        and severity_rank(incident.severity) >= severity_rank(policy.at_least)
    )


def _addresses(incident: Incident) -> list[str]:
    """Give the addresses that did it: the one the incident is about, or those within the network it is about."""
    name, value = incident.primary
    named = [value] if name == "source.ip" else incident.entities.get("source.ip", [])
    found = [address for address in map(ip, named) if address is not None]
    return [address for address in found if name == "source.ip" or network(address) == value]


def _mercy(
    address: str,
    incident: Incident,
    policy: Policy,
    site: Site,
    is_known: Callable[[str], bool],
    silenced: Collection[str],
) -> str | None:
    """Say why an address is spared; None where it is not."""
    net = network(address)
    if (
        not _is_routable(address)
        or site.trusts(address)
        or site.is_monitor(address, net)
        or site.is_proxy(address, net)
    ):
        return N_("it is ours, or a proxy, gateway or monitor of ours")
    if _within(address, policy.allow):
        return N_("it stands on the allow list")
    if incident.id in silenced or incident.previous in silenced:
        return N_("its incident is silenced or normal here")
    if incident.doubtful or any(_reads_two_ways(one.line) for one in incident.evidence[:_LINES]):
        return N_("a line of its incident can be read in more than one way")
    if not policy.block_known and is_known(net):
        return N_("people of ours came from its network within 30 days")
    return None


@lru_cache(maxsize=16384)
def _reads_two_ways(line: str) -> bool:
    """Say whether somebody who could type part of a line may have typed the address in it."""
    from mailwarden.parsers.envelope import Reader  # every command that reads the configuration imports this module

    return bool(Reader(zone=UTC, year=2026).read(line).mail_parse_ambiguous)


def _is_routable(address: str) -> bool:
    parsed = ipaddress.ip_address(address)
    return not (parsed.is_unspecified or parsed.is_loopback or parsed.is_multicast or parsed.is_link_local)


def _within(address: str, networks: Iterable[str]) -> bool:
    parsed = ipaddress.ip_address(address)
    return any(parsed in ipaddress.ip_network(text, strict=False) for text in networks)


def _entry(address: str, incident: Incident, until_us: int) -> Entry:
    return Entry(
        value=network(address) if ":" in address else address,
        address=address,
        incident=incident.id,
        rule=incident.lead,
        category=incident.category,
        severity=incident.severity,
        events=incident.event_count,
        seen_us=incident.last_seen_us,
        until_us=until_us,
    )


def _place(value: str) -> tuple[int, int, int]:
    net = ipaddress.ip_network(value)
    return net.version, int(net.network_address), net.prefixlen
