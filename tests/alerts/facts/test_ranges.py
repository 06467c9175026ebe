"""Where guessers come from and where people do."""

import pytest
from memory import Memory

from mailwarden.alerts.facts.ranges import Ranges

DAY_US = 86_400_000_000
START_US = 20_000 * DAY_US


def ranges(guessers: dict[str, int], people: dict[str, int], store: Memory | None = None) -> Ranges:
    """Give what is known after so many networks of each range."""
    known = Ranges(store or Memory())
    for name, count in guessers.items():
        for _ in range(count):
            known.guessed(name, START_US)
    for name, count in people.items():
        for _ in range(count):
            known.came(name, START_US)
    return known


@pytest.mark.parametrize(
    ("guessers", "people", "bits"),
    [
        (500, 0, (4.0, 5.0)),  # a hoster of servers
        (500, 50, (-0.5, 0.5)),  # a provider like any other
        (4, 400, (-4.0, -3.0)),  # where people live
        (3, 0, (0.0, 0.0)),  # hardly ever seen
        (6, 0, (0.0, 0.5)),  # a few guess from everywhere
    ],
)
def test_a_range_is_worth_what_it_sends(guessers: int, people: int, bits: tuple[float, float]) -> None:
    """More guessers than its share of people speaks against a login, people for it, and little knowledge for nothing."""
    known = ranges({"10.9": guessers, "10.8": 5000 - guessers}, {"10.9": people, "10.8": 500 - people})

    assert bits[0] <= known.bits("10.9", START_US) <= bits[1]


def test_a_site_that_has_seen_little_judges_nobody() -> None:
    """Without weather, or without people, there is nothing to compare with."""
    assert ranges({"10.9": 9}, {"192.0": 100}).bits("10.9", START_US) == 0
    assert ranges({"10.9": 900}, {"192.0": 9}).bits("10.9", START_US) == 0


def test_what_was_seen_fades() -> None:
    """A range that changed hands half a year ago says nothing any more."""
    known = ranges({"10.9": 50}, {"192.0": 100})
    half_a_year_us = START_US + 183 * DAY_US
    for _ in range(100):
        known.came("192.0", half_a_year_us)
        known.guessed("10.7", half_a_year_us)

    assert known.bits("10.9", START_US) == 5.0
    assert known.bits("10.9", half_a_year_us) == 0


def test_it_is_kept() -> None:
    """What was committed is known after a restart."""
    store = Memory()
    store.commit(ranges({"10.9": 50}, {"192.0": 100}, store).shelf.drain())

    assert Ranges(store).bits("10.9", START_US) == 5.0
