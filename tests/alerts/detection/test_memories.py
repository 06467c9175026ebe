"""Detectors that share a record know what they would know if each had its own."""

from collections.abc import Iterable
from typing import Any, ClassVar

import msgspec
from memory import Memory

from mailwarden.alerts.detection.detector import Detector, Fired
from mailwarden.alerts.detection.memories import memories
from mailwarden.alerts.detectors.sending_burst import SendingBurst
from mailwarden.alerts.state.shelf import Row, Shelf
from mailwarden.parsers.event import Event


class _State(msgspec.Struct, array_like=True):
    seen: int = 0
    last_us: int = 0


class _Short(Detector[_State]):
    """Counts, and forgets after ten."""

    detection = SendingBurst.detection._replace(name="short")
    actions = frozenset({"x"})
    state = _State
    ttl_us = 10
    record: ClassVar[str] = "both"

    def keys(self, event: Event) -> Iterable[str]:
        """Give all."""
        return ("a",)

    def update(self, state: _State, event: Event) -> Fired | None:
        """Count."""
        state.seen, state.last_us = state.seen + 1, event.stream_us
        return None


class _Long(_Short):
    """Counts, and forgets after a thousand."""

    detection = SendingBurst.detection._replace(name="long")
    ttl_us = 1_000


def _event(at_us: int) -> Event:
    event = Event()
    event.stream_us = at_us
    return event


class _Site:
    """Two detectors over one store."""

    def __init__(self, store: Memory, *detectors: Detector[Any]) -> None:
        self.store = store
        self.detectors = detectors
        self.memories, self.shelves = memories(detectors, store)

    def see(self, at_us: int, *places: int) -> list[int]:
        """Show an event to detectors, by their places; give how many each has seen."""
        event, seen = _event(at_us), []
        for place in places:
            state = self.memories[place].recall("a", event)
            self.detectors[place].update(state, event)
            seen.append(state.seen)
        return seen

    def sweep(self, now_us: int) -> None:
        """Forget what has expired, as the fold does."""
        for shelf in self.shelves:
            shelf.sweep(now_us)

    def commit(self) -> list[Row]:
        """Keep what changed; give it."""
        rows = [row for shelf in self.shelves for row in shelf.drain()]
        self.store.commit(rows)
        return rows


def test_a_record_is_one_row() -> None:
    """What changed of two detectors that share a record is one row; a detector without one has a row of its own."""
    alone = SendingBurst()
    alone.record = ""  # type: ignore[misc]
    site = _Site(Memory(), _Short(), _Long(), alone)

    site.see(100, 0, 1)
    site.memories[2].recall("a", _event(100))

    assert [(kind, key) for kind, key, *_ in site.commit()] == [
        ("detector.sending_burst", "a"),
        ("detectors.both", "a"),
    ]
    site.see(101, 1)
    assert [kind for kind, *_ in site.commit()] == ["detectors.both"]


def test_each_part_is_forgotten_in_its_own_time() -> None:
    """A sweep forgets the part that has expired and no other, in memory, in the store and after a restart."""
    store = Memory()
    site = _Site(store, _Short(), _Long())
    assert site.see(100, 0, 1) == [1, 1]
    assert [row[3] for row in site.commit()] == [1_100]

    restarted = _Site(store, _Short(), _Long())
    for one in (site, restarted):
        one.sweep(110)

        assert one.see(111, 0, 1) == [1, 2]


def test_what_was_not_touched_for_long_is_read_again() -> None:
    """A record that left memory comes back whole, and one changed after a commit is written again."""
    store = Memory()
    site = _Site(store, _Short(), _Long())
    site.see(100, 1)
    site.commit()
    for shelf in site.shelves * 2:
        shelf.turn()

    assert site.see(101, 0, 1) == [1, 2]
    assert len(site.commit()) == 1


def test_a_detector_that_is_switched_off_leaves_the_others_theirs() -> None:
    """With other detectors than before, those that are still there go on from what they knew."""
    store = Memory()
    site = _Site(store, _Short(), _Long())
    site.see(100, 0, 1)
    site.commit()

    assert _Site(store, _Long()).see(101, 0) == [2]


def test_detectors_of_one_record_are_kept_on_one_shelf() -> None:
    """A back-test names each detector once for each side, and still keeps one record."""
    shelves: list[Shelf[Any]] = memories([_Short(), _Long(), _Short()], Memory())[1]

    assert [shelf.kind for shelf in shelves] == ["detectors.both"]
