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

__all__ = ["Detector", "Fired", "fire", "fire_now", "is_first_outcome"]

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
    return fire_now(window, measure, amount, severity, values)._replace(first_us=window.first_us)


def fire_now(
    window: Window, count: int, amount: int, severity: str, values: dict[str, Any], *, share: int | None = None
) -> Fired:
    """Make such a finding where its window does not tell when it began: it begins with the event at hand.

    Args:
        window: Holds what is counted; events that count nothing slide it, too.
        count: What it holds.
        amount: What the event at hand counts.
        severity: How bad it is.
        values: For the message.
        share: What is told of it instead of the count, in per cent.
    """
    first = window.level == 0
    is_new = crossed(window, count)
    return Fired(count if share is None else share, count if is_new and first else amount, severity, values, is_new)


def is_first_outcome(event: Event) -> bool:
    """Say whether a delivery tells for the first time what became of a recipient: no retry, no way through a filter."""
    facts = event.facts
    return bool(facts and facts.get("mailwarden.first_try") and not facts.get("mailwarden.hand_over"))


class Detector(ABC, Generic[S]):
    """One detection in code. `state` is the msgspec struct of a key; times are epoch microseconds of stream time.

    `needs` names fields without which `keys` gives none: it is asked only of events that have them all, and not False.
    `record` is a name under which detectors share a record a key: those that nearly always see the same events of the same keys.
    `gathers` names a window of `state` that counts what the detection is about, within its span: a finding tells since when, and
    shows the last lines and the names of what was counted.
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
