"""What a report says, in its reader's language and in its order; how it looks is decided by `text.py` and `html.py`.

All text in it may hold what strangers wrote: each form escapes for its own place.
"""

from typing import Literal

import msgspec

__all__ = ["Document", "Grid", "Note", "Section", "Story", "Todo"]

Tone = Literal["ok", "minor", "watch", "critical"]


class Grid(msgspec.Struct, frozen=True):
    """A table: its first column names things, the others are numbers, of more than two the last is words.

    `total` is how many rows there are in all; `worth` how many of the first a short form shows; `shares` draws a bar
    beside a row (0 to 1).
    """

    head: list[str]
    rows: list[list[str]]
    total: int
    worth: int
    shares: list[float] = []
    worded: bool = True  # whether the last of more than two columns is words
    spare: int = -1  # the column that a phone has no room for
    is_words: bool = False  # whether all columns are words
    is_whole: bool = False  # its rows belong beside each other: none is left out


class Todo(msgspec.Struct, frozen=True):
    """What to do, and the command for it where there is one."""

    text: str
    command: str | None = None


class Note(msgspec.Struct, frozen=True):
    """A sentence that stands out below what a section says; empty tone: it only continues it."""

    text: str
    tone: Tone | Literal[""] = ""
    command: str | None = None


class Story(msgspec.Struct, frozen=True):
    """One incident in short."""

    short: str
    severity: str
    title: str
    state: str
    why: str
    is_worth: bool  # of a person's attention
    todo: Todo | None


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a report. A calm one found nothing and is a single sentence; one that says nothing is left out."""

    name: str
    heading: str
    said: str = ""
    is_calm: bool = True
    grid: Grid | None = None
    notes: list[Note] = []
    stories: list[Story] = []
    stories_total: int = 0
    todo: list[Todo] = []


class Document(msgspec.Struct, frozen=True):
    """A whole report: the verdict, its mark and tone, what it is about, and its sections."""

    language: str
    verdict: str
    mark: str
    tone: Tone
    title: str  # of the mail: when, and the first words of the verdict
    about: str  # host, time, lines read
    sections: list[Section]

    @property
    def is_quiet(self) -> bool:
        """Say whether nothing in it needs anybody: the verdict is well, and no section found anything to look at."""
        found = [one for one in self.sections if not one.is_calm and not (one.stories and self.tone == "ok")]
        return self.tone == "ok" and not found
