"""A finding: what one rule or detector suspects of one entity. Always made; incidents decide what is told."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from mailwarden.alerts.terms import Detection, Evidence
from mailwarden.parsers.event import Event

__all__ = ["Finding", "evidence_of"]


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
    senders: Mapping[str, int] = {}  # whose mail led to it, where a detector counted that
    counted: tuple[tuple[str, int, int], ...] = ()  # of a rule that fired: each count's name, measure and threshold


def evidence_of(event: Event, file_of: Callable[[int], str]) -> Evidence:
    """Give the line that an event was read from."""
    return Evidence(file_of(event.source_rank), event.log_offset, event.event_original[:2000])
