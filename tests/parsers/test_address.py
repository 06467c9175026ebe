"""Addresses, reduced to the networks that they are counted in."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwarden.parsers.address import forwarded, ip, network, wide_network


@given(st.binary(min_size=16, max_size=16).map(ipaddress.IPv6Address))
def test_ipv6_networks_are_spelt_as_pythons_own_module_spells_them(address: ipaddress.IPv6Address) -> None:
    """One network has one name, whichever of its addresses is met, and whoever made the name."""
    narrow = ipaddress.ip_network((address, 64), strict=False)
    wide = ipaddress.ip_network((address, 48), strict=False)

    assert (network(str(address)), wide_network(str(address))) == (str(narrow), str(wide))


@given(
    st.one_of(
        st.binary(min_size=16, max_size=16),
        st.lists(st.sampled_from((0, 0, 0, 1, 255)), min_size=16, max_size=16).map(bytes),
        st.binary(min_size=4, max_size=4).map(lambda last: bytes(12) + last),
    ).map(ipaddress.IPv6Address)
)
def test_an_ipv6_address_is_spelt_as_pythons_own_module_spells_it(address: ipaddress.IPv6Address) -> None:
    """However a server spells an address, it is one; what holds an address of IPv4 is that."""
    spelt = str(address.ipv4_mapped or address)

    assert {ip(str(address)), ip(address.exploded), ip(address.exploded.upper())} == {spelt}


@pytest.mark.parametrize(
    ("address", "net", "wide"),
    [
        ("203.0.113.7", "203.0.113.0/24", "203.0.0.0/16"),
        ("2001:db8:7:8:9::1", "2001:db8:7:8::/64", "2001:db8:7::/48"),
        ("::ffff:192.0.2.1", "::/64", "::/48"),
        ("fe80::1%eth0", "fe80::/64", "fe80::/48"),
    ],
)
def test_an_address_is_counted_in_its_network(address: str, net: str, wide: str) -> None:
    """/24 and /16 for IPv4, /64 and /48 for IPv6."""
    assert (network(address), wide_network(address)) == (net, wide)


@pytest.mark.parametrize(
    ("listed", "client"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("198.51.100.9, 203.0.113.7, 10.0.0.5", "203.0.113.7"),
        ("203.0.113.7, 172.16.0.1, 192.168.1.1, 127.0.0.1, ::1, fd00::5", "203.0.113.7"),
        ("10.0.0.9, 10.0.0.5", "10.0.0.5"),
        ("172.32.0.1, x, ", "172.32.0.1"),
        ("x", None),
    ],
)
def test_client_of_a_list_of_proxies(listed: str, client: str | None) -> None:
    """What a client may write himself, the beginning, counts only where nothing else is there."""
    assert forwarded(listed) == client
