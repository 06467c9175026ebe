"""What an IMAP server refuses for saslauthd is no guess from this machine; what a webmail asks is."""

from mailwarden.alerts.state.shelf import Nowhere
from mailwarden.parsers.event import Event
from mailwarden.pipeline.correlation.echoes import Echoes

START_US = 1_772_438_400_000_000
SECOND_US = 1_000_000


def failed(
    echoes: Echoes, second: int, ip: str, user: str = "bob", protocol: str = "imap", host: str = "mx1"
) -> int | None:
    """Have a login fail; give the tries from this machine that are known by then."""
    event = Event()
    event.event_action, event.source_ip, event.user_name, event.network_protocol = "auth-failure", ip, user, protocol
    event.host_hostname, event.stream_us = host, START_US + second * SECOND_US
    echoes.count(event)
    return (event.facts or {}).get("mailwarden.here.tries")


def learned() -> Echoes:
    """Give a machine of which one echo is known."""
    echoes = Echoes(Nowhere())
    failed(echoes, 0, "127.0.0.1")
    failed(echoes, 3, "203.0.113.7", protocol="smtp")
    return echoes


def test_where_no_echo_is_known_all_count_at_once() -> None:
    """Most machines have a webmail and no rimap."""
    echoes = Echoes(Nowhere())

    assert [failed(echoes, second, "127.0.0.1") for second in range(3)] == [1, 1, 1]
    assert failed(echoes, 4, "203.0.113.7") is None


def test_an_echo_counts_for_nothing_whichever_line_comes_first() -> None:
    """Each failure over SMTP explains one from the machine itself, of the same name with or without its domain."""
    echoes = learned()

    before = [failed(echoes, 100, "::1"), failed(echoes, 105, "203.0.113.7", "bob@example.org", "smtp")]
    after = [failed(echoes, 200, "203.0.113.7", "BOB", "smtp"), failed(echoes, 202, "127.0.0.1")]

    assert [*before, *after, failed(echoes, 300, "127.0.0.1")] == [0, None, None, 0, 0]


def test_what_nothing_explains_counts_with_the_next() -> None:
    """Another name, another host, another protocol or a later moment explain nothing."""
    echoes = learned()
    failed(echoes, 100, "127.0.0.1")
    failed(echoes, 101, "203.0.113.7", "eva", "smtp")
    failed(echoes, 102, "203.0.113.7", "bob", "imap")
    failed(echoes, 103, "203.0.113.7", "bob", "smtp", "mx2")
    failed(echoes, 111, "203.0.113.7", "bob", "smtp")

    assert failed(echoes, 130, "127.0.0.1", "ann") == 0
    assert failed(echoes, 140, "127.0.0.1") == 1


def test_two_tries_at_once_are_two() -> None:
    """One failure over SMTP explains one echo, not all of that name."""
    echoes = learned()
    for _ in range(3):
        failed(echoes, 100, "127.0.0.1")
    failed(echoes, 105, "203.0.113.7", protocol="smtp")

    assert failed(echoes, 120, "127.0.0.1") == 2


def test_a_webmail_that_tells_of_its_visitors_explains_what_it_asks() -> None:
    """Its own file names no host; what the IMAP server refused for it is then no try of its own."""
    echoes = Echoes(Nowhere())

    first = [failed(echoes, 0, "127.0.0.1"), failed(echoes, 1, "203.0.113.7", protocol="http", host="")]
    later = [failed(echoes, 60, "127.0.0.1"), failed(echoes, 61, "203.0.113.7", protocol="http", host="")]

    assert [*first, *later] == [1, None, 0, None]
    assert failed(echoes, 120, "127.0.0.1", "eva") == 0
    assert failed(echoes, 140, "127.0.0.1", "eva") == 1
