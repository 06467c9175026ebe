"""Who is listed did it himself, and nobody is listed whom people of ours may be behind."""

from typing import Any

import pytest
from notices import incident

from mailwarden.alerts.blocklist import Blocklist, Policy, blocklist_of
from mailwarden.alerts.facts.site import Site
from mailwarden.alerts.incidents.incident import Incident

HOUR_US = 3_600_000_000
NOW_US = 500_000 * HOUR_US
SITE = Site(networks=("192.0.2.0/24",), relays=("198.51.100.7",), monitors=("198.51.100.8",), proxies=("198.51.100.9",))


def guesser(net: str = "203.0.113.0/24", *addresses: str, **fields: Any) -> Incident:
    """Make an incident of guessing from a network."""
    given: dict[str, Any] = {
        "id": "G" + net,
        "cause": "guessing",
        "category": "auth_attack",
        "severity": "low",
        "primary": ("mailwarden.network", net),
        "entities": {"source.ip": list(addresses or ("203.0.113.7",)), "mailwarden.account": ["bob@example.org"]},
        "last_seen_us": NOW_US - HOUR_US,
        "lead": "fast_guessing",
    }
    made = incident()
    for name, value in (given | fields).items():
        setattr(made, name, value)
    return made


def listed(
    *incidents: Incident, known: tuple[str, ...] = (), silenced: tuple[str, ...] = (), **policy: Any
) -> Blocklist:
    """Decide with a site of ours."""
    return blocklist_of(incidents, Policy(**policy), SITE, NOW_US, is_known=lambda net: net in known, silenced=silenced)


def values(found: Blocklist) -> list[str]:
    """Give what is listed."""
    return [one.value for one in found.entries]


def test_an_address_is_listed_for_what_it_did_and_for_a_time() -> None:
    """A day after it was last seen it is not listed any more."""
    (entry,) = listed(guesser()).entries

    assert (entry.value, entry.rule, entry.incident) == ("203.0.113.7", "fast_guessing", "G203.0.113.0/24")
    assert entry.until_us == NOW_US + 23 * HOUR_US
    assert values(listed(guesser(last_seen_us=NOW_US - 24 * HOUR_US))) == []
    assert values(listed(guesser(last_seen_us=NOW_US - 24 * HOUR_US), duration_us=48 * HOUR_US)) == ["203.0.113.7"]


def test_an_ipv6_address_stands_for_its_subscriber() -> None:
    """A host chooses any address of its /64."""
    found = listed(guesser("2001:db8:7::/64", "2001:db8:7::1", "2001:db8:7::2"))

    assert values(found) == ["2001:db8:7::/64"]


@pytest.mark.parametrize(
    "fields",
    [
        {"primary": ("mailwarden.account", "bob@example.org"), "category": "account_takeover"},
        {"primary": ("mailwarden.account", "bob@example.org")},
        {"primary": ("mailwarden.site", "default")},
        {"category": "outbound_spam"},
        {"severity": "info"},
        {"entities": {"source.ip": ["198.51.100.44"]}},
        {"entities": {"source.ip": ["203.0.113.7 rip=198.51.100.44", "nonsense", ""]}},
        {"doubtful": True},
        {"entities": {"user.name": ["198.51.100.44"], "mailwarden.account": ["203.0.113.9"]}},
    ],
)
def test_what_an_address_did_not_do_itself_lists_nobody(fields: dict[str, Any]) -> None:
    """Not the sources of an attack on an account, not what stands in a name, nothing outside the network it is about."""
    assert values(listed(guesser(**fields))) == []


@pytest.mark.parametrize(
    "address", ["192.0.2.9", "198.51.100.7", "198.51.100.8", "198.51.100.9", "10.0.0.7", "127.0.0.1", "::1", "fe80::1"]
)
def test_what_is_ours_is_never_listed(address: str) -> None:
    """Networks, relays, monitors and proxies of ours, and what no stranger can have."""
    found = listed(guesser(primary=("source.ip", address)), block_known=True)

    assert found.entries == []
    assert [one.address for one in found.spared] == [address]


def test_a_network_that_people_of_ours_came_from_is_spared_unless_told_otherwise() -> None:
    """Whoever mistypes behind the same address must not be locked out by it."""
    spared = listed(guesser(), known=("203.0.113.0/24",))

    assert spared.entries == []
    assert "people of ours came from its network" in spared.spared[0].why
    assert values(listed(guesser(), known=("203.0.113.0/24",), block_known=True)) == ["203.0.113.7"]


def test_the_allow_list_and_silences_spare() -> None:
    """Addresses and networks that the operator names, and incidents that he silenced or called normal."""
    assert values(listed(guesser(), allow=("203.0.113.0/25",))) == []
    assert values(listed(guesser(), allow=("198.51.100.0/24", "2001:db8::/32"))) == ["203.0.113.7"]
    assert values(listed(guesser(), silenced=("G203.0.113.0/24",))) == []
    assert values(listed(guesser(previous="OLD"), silenced=("OLD",))) == []


def test_the_longest_end_of_several_incidents_holds() -> None:
    """One address, one entry; entries stand in the order of addresses."""
    found = listed(
        guesser(),
        guesser(id="LATER", last_seen_us=NOW_US),
        guesser("198.51.100.0/24", "198.51.100.77"),
        guesser("203.0.113.0/24", "203.0.113.100", "203.0.113.20"),
    )

    assert values(found) == ["198.51.100.77", "203.0.113.7", "203.0.113.20", "203.0.113.100"]
    assert found.entries[1].incident == "LATER"
