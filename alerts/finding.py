"""A finding: what one rule or detector suspects of one entity. Always made; incidents decide what is told."""

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from mailwarden.alerts.incident import Evidence
from mailwarden.parsers.event import Event

__all__ = ["Detection", "Finding", "evidence_of"]


class Detection(NamedTuple):
    """What a rule or detector says of itself, for the incident it opens.

    `title` and `why` are message ids; `span_us` is how far it looks back; `weather`: guessing that goes on for ever and
    is `low` unless it far exceeds what the site usually sees.
    """

    name: str
    id: str
    version: int
    cause: str
    category: str
    severity: str
    title: str
    why: str
    harmless: str
    advice: str
    techniques: tuple[str, ...]
    primary: str  # the ECS name of the primary entity
    entities: tuple[str, ...]  # ECS names of what else is gathered
    span_us: int
    threshold: int
    weather: bool = False
    needs: str = ""  # what a database of addresses must tell for it: country, place or as


class Finding(msgspec.Struct, frozen=True):
    """One detection fired, or goes on (`fired` False: a further event of a window that has fired)."""

    detection: Detection
    primary: str
    at_us: int
    first_us: int
    fired: bool
    tries: int  # that it stands for: all since the window was armed, or of this event where it goes on
    measure: int  # what reached the threshold
    entities: dict[str, list[str]]
    evidence: list[Evidence]
    event: Event
    severity: str
    values: dict[str, Any]
    counted: tuple[tuple[str, int, int], ...] = ()  # of a rule that fired: each count's name, measure and threshold


def evidence_of(event: Event, file_of: Callable[[int], str]) -> Evidence:
    """Give the line that an event was read from."""
    return Evidence(file_of(event.source_rank), event.log_offset, event.event_original[:2000])
