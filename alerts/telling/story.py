"""What was told of an incident: kept by its id with the batch that told it, read again where somebody asks who was told."""

import msgspec

from mailwarden.alerts.state.blob import decoder

__all__ = ["KIND", "Story", "unpack_story"]

KIND = "telling.story"
"""Of the state that holds stories, by the incident's id."""


class Story(msgspec.Struct, array_like=True):
    """How far an incident was told. Instants of the stream in microseconds; 0: never."""

    seen_us: int
    first_us: int = 0
    told_us: int = 0  # the last turn, repeats left out
    early: int = 0  # turns told in the first hour
    slot_us: int = 0  # the last place of those once a day
    back_us: int = 0  # when it is told that it is back, where that waits
    since_us: int = 0  # from here on it counts how long nobody has been on it
    escalated_s: float = -1.0
    severity: str = ""
    is_open: bool = False
    is_muted: bool = False
    ways: list[list[str]] = []
    repeated_us: dict[str, int] = {}  # by way
    waits_us: int = 0  # until when the turn before waits, and
    waits_kind: str = ""  # what it is
    summary: str = ""  # the notice that told of it among others, when it was old news


unpack_story = decoder(Story)
"""Read a story as the store has it."""
