"""Where detectors keep what they remember of a key.

Most have a shelf of their own. Those that look at one account's mail share a record (`Detector.record`): it is looked up
once for each event, and packed and written once with each commit, where ten small ones would be ten times.
"""

from collections.abc import Iterable
from typing import Any, Protocol

import msgspec

from mailwarden.alerts.detection.detector import Detector
from mailwarden.alerts.state.shelf import Backing, Shelf
from mailwarden.parsers.event import Event

__all__ = ["Memory", "memories"]


class Memory(Protocol):
    """What one detector remembers, by key."""

    def recall(self, key: str, event: Event) -> Any:
        """Give the state of a key, which an event is about to change."""


class _Own:
    """The memory of a detector that shares none."""

    def __init__(self, detector: Detector[Any], backing: Backing) -> None:
        ttl_us = detector.ttl_us
        name = f"detector.{detector.detection.name}"
        self._begin = detector.state
        self.shelf: Shelf[Any] = Shelf(
            name, detector.version, detector.state, lambda one: one.last_us + ttl_us, backing
        )

    def recall(self, key: str, event: Event) -> Any:  # noqa: ARG002 - of a record that is shared it matters
        state = self.shelf.get(key)
        if state is None:
            state = self._begin()
        self.shelf.put(key, state)
        return state


class _Record:
    """A record a key, with a part for each of the detectors that share it; each part is forgotten in its own time."""

    def __init__(self, name: str, detectors: Iterable[Detector[Any]], backing: Backing) -> None:
        by_part = {_part_of(detector): detector for detector in detectors}  # a back-test names one twice
        self._ttls_us = {part: detector.ttl_us for part, detector in by_part.items()}
        self._begin = msgspec.defstruct(
            "Record", [(part, detector.state | None, None) for part, detector in by_part.items()], omit_defaults=True
        )
        self.shelf: Shelf[Any] = Shelf(f"detectors.{name}", 1, self._begin, self._expires, backing, self._fade)
        self.event: Event | None = None  # that asked last,
        self.key = ""  # for this key,
        self.found: Any = None  # and was given this record

    def find(self, key: str, event: Event) -> Any:
        """Give the record of a key, which an event is about to change."""
        self.event, self.key = event, key
        self.found = self.shelf.get(key)
        if self.found is None:
            self.found = self._begin()
        self.shelf.put(key, self.found)
        return self.found

    def _expires(self, record: Any) -> int:
        parts = [(getattr(record, part), ttl_us) for part, ttl_us in self._ttls_us.items()]
        return max((state.last_us + ttl_us for state, ttl_us in parts if state is not None), default=0)

    def _fade(self, record: Any, now_us: int) -> None:
        for part, ttl_us in self._ttls_us.items():
            state = getattr(record, part)
            if state is not None and state.last_us + ttl_us <= now_us:
                setattr(record, part, None)


class _Part:
    """A detector's part of a record."""

    def __init__(self, detector: Detector[Any], record: _Record) -> None:
        self._name = _part_of(detector)
        self._begin = detector.state
        self._record = record

    def recall(self, key: str, event: Event) -> Any:
        record = self._record
        found = record.found if event is record.event and key == record.key else record.find(key, event)
        state = getattr(found, self._name)
        if state is None:
            state = self._begin()
            setattr(found, self._name, state)
        return state


def _part_of(detector: Detector[Any]) -> str:
    """Name a detector's part of a record; one of another version is another part, as it is another kind of state."""
    return detector.detection.name if detector.version == 1 else f"{detector.detection.name}_{detector.version}"


def memories(detectors: Iterable[Detector[Any]], backing: Backing) -> tuple[list[Memory], list[Shelf[Any]]]:
    """Give the memory of each detector, in order, and the shelves on which they are kept."""
    detectors = list(detectors)
    shared = {
        name: [one for one in detectors if one.record == name] for name in sorted({one.record for one in detectors})
    }
    records = {name: _Record(name, sharing, backing) for name, sharing in shared.items() if name}
    owned = [(one, None if one.record else _Own(one, backing)) for one in detectors]
    found: list[Memory] = [own or _Part(one, records[one.record]) for one, own in owned]
    shelves = [own.shelf for _, own in owned if own is not None]
    return found, [*shelves, *(record.shelf for record in records.values())]
