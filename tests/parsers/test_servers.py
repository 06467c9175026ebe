"""What is said of servers beside their wording is said of servers there are."""

from mailwarden.parsers.claims import claims
from mailwarden.parsers.servers import SERVERS


def test_each_is_a_format() -> None:
    """A name that no format has would be asked for in vain."""
    assert set(SERVERS) <= {one.name for one in claims().formats()}
