"""Of incidents that nothing is found of, only the names are in memory; nobody can tell."""

import random
import string

import pytest
from findings import MINUTE_US, START_US, detection, finding
from hypothesis import given, settings
from hypothesis import strategies as st
from memory import Memory

from mailwarden.alerts.incidents.incident import Incident, Notification
from mailwarden.alerts.incidents.incidents import Incidents
from mailwarden.alerts.incidents.namesakes import Namesakes
from mailwarden.alerts.state.shelf import Shelves

SORTS = [
    ("guessing", "mailwarden.account"),
    ("guessing", "mailwarden.site"),
    ("guessing", "mailwarden.network"),
    ("takeover", "mailwarden.account"),
    ("sending", "mailwarden.account"),
    ("listed", "mailwarden.site"),
]
ACCOUNTS = ["ann@example.org", "bob\udcff@example.org", "default"]


def story(seed: int, count: int) -> list[tuple[int, int, int, str, bool, int]]:
    """Give findings at random: sort, entity, minutes since the last, severity, fired, tries."""
    chance = random.Random(seed)
    return [
        (
            chance.randrange(len(SORTS)),
            chance.randrange(len(ACCOUNTS)),
            chance.choice((1, 5, 30, 300, 2000)),
            chance.choice(("low", "low", "medium", "high")),
            chance.random() < 0.7,
            chance.choice((1, 5, 50)),
        )
        for _ in range(count)
    ]


def live(seed: int, leaves_every: int) -> tuple[dict[str, Incident], list[Notification]]:
    """Let a story happen, incidents leaving memory now and then (0: never); give all incidents and notices."""
    store, at_us = Memory(), START_US
    incidents = Incidents("default", store)
    all_: dict[str, Incident] = {}
    told: list[Notification] = []
    for number, (sort, who, minutes, severity, fired, tries) in enumerate(story(seed, 60), 1):
        at_us += minutes * MINUTE_US
        incidents.tick(at_us)
        cause, primary = SORTS[sort]
        what = detection(f"{cause}_{primary[-4:]}", cause, primary)
        addresses = [f"198.51.100.{number % 7}"]
        incidents.take(
            finding(what, ACCOUNTS[who], at_us, severity, fired, tries, account=[ACCOUNTS[who]], address=addresses)
        )
        if leaves_every and number % leaves_every == 0:
            changed, notices = incidents.drain()
            store.keep(changed)
            all_ |= {one.id: one for one in changed}
            told += notices
            store.commit(Shelves(incidents.shelves).drain())
            for shelf in incidents.shelves:
                shelf.turn()
                shelf.pack(1.0)
    changed, notices = incidents.drain()
    return all_ | {one.id: one for one in changed}, [*told, *notices]


@pytest.mark.parametrize("leaves_every", [1, 3])
@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_what_leaves_memory_comes_back_as_it_was(leaves_every: int, seed: int) -> None:
    """Whatever is found, incidents and notices are those of a site that holds all in memory."""
    assert live(seed, leaves_every) == live(seed, 0)


def test_an_incident_that_nothing_is_found_of_takes_little_memory() -> None:
    """A thousand open incidents are found by name, and none of them is in memory as a whole after the next commits."""
    store = Memory()
    incidents = Incidents("default", store)
    for number in range(1000):
        incidents.take(finding(detection(), f"198.51.{number}.0/24", severity="low", address=[f"198.51.{number}.7"]))

    store.keep(incidents.drain()[0])
    before = sum(sum(shelf.held()) for shelf in incidents.shelves)
    for shelf in incidents.shelves:
        shelf.turn()
        shelf.pack(1.0)
    after = sum(sum(shelf.held()) for shelf in incidents.shelves)

    assert (before > 2_000_000, after) == (True, 0)
    assert incidents.held_bytes() < before / 2
    assert sum(1 for _ in incidents.open()) == 1000
    assert sum(sum(shelf.held()) for shelf in incidents.shelves) == 0  # who looks at all keeps none
    again = incidents.take(finding(detection(), "198.51.7.0/24", START_US + MINUTE_US, severity="low"))
    assert again is not None and again.counts == {"guess": 2}


def test_what_was_not_committed_yet_does_not_leave() -> None:
    """A change that the store does not have is never let go of."""
    incidents = Incidents("default", Memory())
    one = incidents.take(finding(detection()))

    for _ in range(3):
        for shelf in incidents.shelves:
            shelf.turn()
            shelf.pack(1.0)

    assert incidents.drain()[0] == [one]


@given(
    st.lists(
        st.tuples(
            st.booleans(), st.sampled_from("ab"), st.sampled_from(SORTS), st.sampled_from(string.ascii_lowercase)
        ),
        max_size=200,
    )
)
def test_names_lead_to_all_that_bear_them(acts: list[tuple[bool, str, tuple[str, str], str]]) -> None:
    """However many incidents come to bear a name and lose it, it leads to those that bear it now."""
    names, expected = Namesakes(), set()
    for is_new, name, sort, who in acts:
        key = (*sort, who)
        if is_new:
            names.add(name, key)
            expected.add((name, key))
        else:
            names.remove(name, key)
            expected.discard((name, key))

        found = [(name, key) for name in "ab" for sort, keys in names.of(name) for key in keys if key[:2] == sort]
        assert sorted(found) == sorted(expected)
    assert len(names) == len({name for name, _ in expected})
