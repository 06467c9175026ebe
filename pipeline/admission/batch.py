"""What passes between sources, admission and the fold."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from mailwarden.parsers.event import Event

__all__ = ["Batch", "Chunk"]


class Chunk(NamedTuple):
    """Whole lines of one file: `data` ends with LF, or is the last line of a file that will not grow."""

    file: str  # the path as configured
    birth: str  # which file that was: survives rename and compression
    offset: int  # of the first byte of `data`, since the file's birth
    data: bytes


class Batch(NamedTuple):
    """Events in the one admitted order, and where each source stands behind the last of them.

    `clock_us` is stream time made by the clock while live sources are silent, else 0. `positions` holds, by source name,
    what the store keeps and the source is restored from. `late` counts, by source name, the lines that came behind later ones or
    behind a tick: what they tell is counted, only when it opened may be told too late.
    """

    events: list[Event]
    positions: dict[str, dict[str, Any]]
    clock_us: int
    live: bool  # the sources have caught up: the batch is small and its age is that of its lines
    late: Mapping[str, int]
