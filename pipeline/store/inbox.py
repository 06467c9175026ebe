"""What cannot be read again: lines that are kept here until the batch that takes them up is committed."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

__all__ = ["Inbox", "Received"]

Rows = Callable[[str, tuple[object, ...]], list[Any]]
Write = Callable[[str, tuple[object, ...]], int]


class Received(NamedTuple):
    """One line of the inbox, and its number, which stands for its offset."""

    id: int
    line: str


class Inbox:
    """Takes lines from any thread or process, and gives them in the order they came."""

    def __init__(self, rows: Rows, write: Write) -> None:
        self._rows, self._write = rows, write

    def add(self, lines: Sequence[str]) -> None:
        """Keep lines, all of them or none."""
        if lines:
            places = ", ".join(["(?)"] * len(lines))
            self._write(f"INSERT INTO inbox (line) VALUES {places}", tuple(lines))  # noqa: S608 - only marks

    def read(self, limit: int) -> list[Received]:
        """Give the oldest lines that no batch has taken up."""
        return [Received(*row) for row in self._rows("SELECT id, line FROM inbox ORDER BY id LIMIT ?", (limit,))]
