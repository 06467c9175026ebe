"""The fold gives the same wherever its batches end, lets time pass by whole minutes, and tells of what it saw."""

from collections.abc import Iterable

import msgspec
import pytest

from mailwarden.alerts.compiler import load_rules
from mailwarden.alerts.engine import load_detectors
from mailwarden.alerts.shelf import Row
from mailwarden.alerts.site import Site
from mailwarden.parsers.envelope import Reader
from mailwarden.parsers.event import Event
from mailwarden.pipeline.fold import Fold

RULES, DETECTORS = load_rules(), load_detectors()
MINUTE_US = 60_000_000
REFUSED = (
    "postfix/submission/smtpd[1]: warning: unknown[{ip}]: SASL LOGIN authentication failed: x, sasl_username={user}"
)
LOGIN = (
    "dovecot: imap-login: Login: user=<{user}>, method=PLAIN, rip={ip}, lip=192.0.2.5, mpid=1, TLS, session=<AAAABBBB>"
)


class Memory:
    """A store in memory."""

    def __init__(self) -> None:
        self.blobs: dict[tuple[str, str], bytes] = {}

    def load_state(self, kind: str, key: str) -> bytes | None:
        return self.blobs.get((kind, key))

    def has_state(self, kind: str) -> bool:
        return any(one == kind for one, _ in self.blobs)

    def commit(self, rows: Iterable[Row]) -> None:
        """Keep rows as the store does."""
        for kind, key, _, _, blob in rows:
            if blob is None:
                self.blobs.pop((kind, key), None)
            else:
                self.blobs[kind, key] = blob


def read(lines: Iterable[tuple[int, str]]) -> list[Event]:
    """Read lines at so many seconds after four o'clock."""
    reader = Reader(year=2026)
    events = []
    for second, line in lines:
        hour, minute = 4 + second // 3600, second // 60 % 60
        event = reader.read(f"2026-03-03T{hour:02}:{minute:02}:{second % 60:02}+00:00 mx1 {line}")
        event.stream_us = event.timestamp_us
        events.append(event)
    return events


def fold(store: Memory, site: Site | None = None) -> Fold:
    """Make a fold with all rules and detectors."""
    return Fold(site or Site(), RULES, DETECTORS, store, lambda _: "mail.log")


def story() -> list[tuple[int, str]]:
    """Give a quarter of an hour in which an account is guessed and entered."""
    lines = [(0, LOGIN.format(user="bob@example.org", ip="192.0.2.10"))]
    lines += [
        (60 + 20 * number, REFUSED.format(user="bob@example.org", ip=f"2001:db8:{number % 7}::1"))
        for number in range(30)
    ]
    lines.append((700, LOGIN.format(user="bob@example.org", ip="2001:db8:1::1")))
    return lines


def seen(one: Fold) -> list[bytes]:
    """Give the incidents of a fold, by id."""
    return [msgspec.json.encode(incident) for incident in one.incidents.drain()[0]]


@pytest.mark.parametrize("size", [1, 2, 7, 100])
def test_incidents_do_not_depend_on_where_batches_end(size: int) -> None:
    """One event at a time or all at once, with a commit between."""
    whole, store = fold(Memory()), Memory()
    whole.take(read(story()))
    events = read(story())
    last: dict[str, bytes] = {}

    pieces = fold(store)
    for start in range(0, len(events), size):
        pieces.take(events[start : start + size])
        store.commit(pieces.rows())
        last |= {one.id: msgspec.json.encode(one) for one in pieces.incidents.drain()[0]}

    assert sorted(seen(whole)) == sorted(last.values())
    assert len(last) >= 2


def test_an_entered_account_is_critical() -> None:
    """A network that failed before gets in: the takeover names the account, and the guessing is its part."""
    one = fold(Memory())
    one.take(read(story()))

    incidents = {incident.cause: incident for incident in one.incidents.drain()[0]}

    assert incidents["takeover"].severity == "critical"
    assert incidents["takeover"].primary == ("mailwarden.account", "bob@example.org")
    assert incidents["guessing"].severity == "low" or incidents["guessing"].parent == incidents["takeover"].id


def test_time_passes_by_whole_minutes_of_the_stream() -> None:
    """A tick stands before the first line of its minute; the clock makes one only where it is ahead."""
    one = fold(Memory())

    one.take(read([(0, LOGIN.format(user="bob", ip="192.0.2.10"))]))
    start_us = one.now_us
    one.take(read([(59, LOGIN.format(user="bob", ip="192.0.2.10"))]))
    same_us = one.now_us
    one.take(read([(61, LOGIN.format(user="bob", ip="192.0.2.10"))]))
    next_us = one.now_us
    one.take([], clock_us=start_us + 5 * MINUTE_US + 1)

    assert start_us % MINUTE_US == 0
    assert [same_us - start_us, next_us - start_us, one.now_us - start_us] == [0, MINUTE_US, 5 * MINUTE_US]


def test_incidents_end_while_nothing_is_written() -> None:
    """The clock alone lets a story fall quiet."""
    one = fold(Memory())
    one.take(read([(number, REFUSED.format(user="bob", ip="203.0.113.7")) for number in range(20)]))
    (incident,) = one.incidents.drain()[0]

    one.take([], clock_us=incident.last_seen_us + 2 * incident.span_us + MINUTE_US)

    assert incident.status == "quiet"


def test_what_is_not_understood_is_kept_once_a_shape() -> None:
    """Lines that differ in numbers and names only are counted together; their number is bounded."""
    one = fold(Memory())
    one.take(read([(number, f"postfix/smtpd[1]: warning: strange thing {number} happened") for number in range(5)]))

    ((key, (count, sample)),) = one.unparsed.items()

    assert (key[0], key[1], count) == ("postfix", "smtpd", 5)
    assert sample.endswith("strange thing 0 happened")


@pytest.mark.parametrize(
    ("address", "incidents"), [("127.0.0.1", 0), ("::1", 0), ("192.168.1.20", 1), ("198.51.100.4", 1)]
)
def test_a_password_in_clear_on_this_machine_is_nothing(address: str, incidents: int) -> None:
    """Whoever reads the loopback reads the mailboxes too; the network next door is another matter."""
    one = fold(Memory())
    one.take(read([(0, LOGIN.format(user="bob", ip=address).replace(" TLS,", ""))]))

    assert len(one.incidents.drain()[0]) == incidents


def test_labels_are_those_of_the_account_or_its_network() -> None:
    """A login bears them before it is judged."""
    site = Site(labels={"shared": frozenset({"bob@example.org"}), "probe": frozenset({"192.0.2.0/24"})})
    events = read(
        [
            (0, LOGIN.format(user="Bob@example.org", ip="192.0.2.10")),
            (1, LOGIN.format(user="ann@example.org", ip="198.51.100.4")),
        ]
    )

    fold(Memory(), site).take(events)

    assert [(event.facts or {}).get("mailwarden.labels") for event in events] == [["shared", "probe"], []]
