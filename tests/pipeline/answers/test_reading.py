"""How people read their mail."""

import pytest

from mailwarden.parsers.address import network
from mailwarden.pipeline.answers.reading import Account, Way, as_data


@pytest.mark.parametrize(
    ("address", "pattern"),
    [("127.0.0.1", "webmail"), ("::1", "webmail"), ("2001:db8::1", "desk"), ("192.0.2.7", "desk")],
)
def test_webmail_comes_from_this_machine(address: str, pattern: str) -> None:
    """Who comes by loopback alone, of either version of IP, reads by webmail."""
    way = Way("imap", logins=3, networks={network(address): 3}, days=1)

    (told,) = as_data(Account("ana@example.org", {"imap": way}, first_us=0))["ways"]

    assert told["pattern"] == pattern
