"""What a detector is: a detection that needs memory of what is normal, or that Sigma cannot say.

A detector reads no other key's state: what it needs from elsewhere is a fact on the event. It knows no clock and no
store.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

from mailwarden.alerts.detection.windows import Window, crossed
from mailwarden.alerts.terms import Detection
from mailwarden.parsers.event import Event

__all__ = ["Detector", "Fired", "fire", "is_first_outcome"]

S = TypeVar("S")


class Fired(NamedTuple):
    """What an update found: the measure that reached the threshold, the tries it stands for, values for the message.

    `shown` is the event that proves it, where that is another one than what was looked at.
    """

    measure: int
    tries: int
    severity: str
    values: dict[str, Any]
    fired: bool = True  # False: it goes on, nothing new
    detection: Detection | None = None  # the detector's own in other words, where those fit better
    shown: Event | None = None
    first_us: int = 0  # when it began, where that is known


def fire(window: Window, measure: int, amount: int, severity: str, values: dict[str, Any]) -> Fired:
    """Make a finding of a window whose threshold is reached: new when first, then once a doubling."""
    first = window.level == 0
    is_new = crossed(window, measure)
    return Fired(measure, measure if is_new and first else amount, severity, values, is_new, first_us=window.first_us)


def is_first_outcome(event: Event) -> bool:
    """Say whether a delivery tells for the first time what became of a recipient: no retry, no way through a filter."""
    facts = event.facts
    return bool(facts and facts.get("mailwarden.first_try") and not facts.get("mailwarden.hand_over"))


class Detector(ABC, Generic[S]):
    """One detection in code. `state` is the msgspec struct of a key; times are epoch microseconds of stream time.

    `needs` names fields without which `keys` gives none: it is asked only of events that have them all, and not False.
    `record` is a name under which detectors share a record a key: those that nearly always see the same events of the same keys.
    `gathers` names a window of `state`, all of whose events count: it keeps their first lines and names until there is a finding.
    `severity` and `is_excepted` are what the configuration changes: the severity of all it finds, and what it passes over.
    """

    detection: Detection
    actions: ClassVar[frozenset[str]]
    needs: tuple[str, ...] = ()
    state: ClassVar[type]
    version: ClassVar[int] = 1
    ttl_us: ClassVar[int]
    record: ClassVar[str] = ""
    gathers: ClassVar[str] = ""
    severity: str | None = None
    is_excepted: Callable[[Event], bool] | None = None

    @abstractmethod
    def keys(self, event: Event) -> Iterable[str]:
        """Give the keys whose state this event changes; none where it says nothing here."""

    @abstractmethod
    def update(self, state: S, event: Event) -> Fired | None:
        """Learn an event; give what it shows, or None."""
