"""Which reports of others were read, and how far each place was: kept together with the lines they left in the inbox."""

import json
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

__all__ = ["Heard"]

_DAY_US = 86_400_000_000
_KEEP_US = 90 * _DAY_US  # what is read again later counts for nothing: it is too old by itself
_SET_PLACE = (
    "INSERT INTO report_places (place, position) VALUES (?, ?)"
    " ON CONFLICT (place) DO UPDATE SET position = excluded.position"
)


class Heard:
    """Remembers reports, from any thread or process. `digest in heard` says whether one was read before."""

    def __init__(
        self,
        rows: Callable[[str, tuple[object, ...]], list[Any]],
        transaction: Callable[[], AbstractContextManager[sqlite3.Connection]],
    ) -> None:
        self._rows, self._transaction = rows, transaction

    def __contains__(self, digest: object) -> bool:
        return bool(self._rows("SELECT 1 FROM reports WHERE digest = ?", (digest,)))

    def position(self, place: str) -> dict[str, Any]:
        """Give how far a place was read; empty where it never was."""
        rows = self._rows("SELECT position FROM report_places WHERE place = ?", (place,))
        return json.loads(rows[0][0]) if rows else {}

    def take(
        self,
        reports: Sequence[tuple[str, str | None]],
        at_us: int,
        place: str | None = None,
        position: dict[str, Any] | None = None,
    ) -> None:
        """Put reports into the inbox that nobody has read yet, and keep how far their place was read: all of it or nothing.

        Args:
            reports: The digest of each, and its line; None for one that is only to be remembered.
            at_us: Now.
            place: Where they stood; None for one that is read anew each time.
            position: How far it was read.
        """
        with self._transaction() as connection:
            for digest, line in reports:
                sql = "INSERT INTO reports (digest, at_us) VALUES (?, ?) ON CONFLICT (digest) DO NOTHING"
                is_new = connection.execute(sql, (digest, at_us)).rowcount
                if is_new and line is not None:
                    connection.execute("INSERT INTO inbox (line) VALUES (?)", (line,))
            if place is not None:
                connection.execute(_SET_PLACE, (place, json.dumps(position or {})))
            connection.execute("DELETE FROM reports WHERE at_us < ?", (at_us - _KEEP_US,))
