"""The store: one SQLite file that holds what must survive, and changes it by whole batches.

The running service is its only writer, but for acts: those may come from any process at any time.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Self

from mailwarden.alerts.incidents.incident import Incident, unpack_incident
from mailwarden.alerts.incidents.live import KIND as INCIDENT
from mailwarden.alerts.words.translate import N_
from mailwarden.parsers.errors import Coded, UsageError, coded, joined, worded
from mailwarden.pipeline.store.commit import Act, Commit, OutboxCounts, OutboxRow, RollupKey, Unparsed
from mailwarden.pipeline.store.committing import BATCH, add_outbox, many, set_meta, storable, write_commit
from mailwarden.pipeline.store.database import Connections, explained, open_database, writing
from mailwarden.pipeline.store.found import Found
from mailwarden.pipeline.store.heard import Heard
from mailwarden.pipeline.store.inbox import Inbox
from mailwarden.pipeline.store.seeking import seek
from mailwarden.pipeline.store.standing import Standing
from mailwarden.pipeline.store.written import WrittenKeys

__all__ = ["Store"]

_LOAD_STATE = "SELECT blob FROM state WHERE kind = ? AND key = ?"
_LOAD_INCIDENT = "SELECT blob FROM incidents WHERE id = ?2"
_PRUNE_OUTBOX = "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE done = 1 AND since_us < ? LIMIT ?)"
_PRUNE_ROLLUPS = (
    "DELETE FROM rollups WHERE (hour_us, name, a, b, c) IN"
    " (SELECT hour_us, name, a, b, c FROM rollups WHERE hour_us < ? LIMIT ?)"
)
_SUM_NAMES = seek("r.name, r.a, r.b, r.c, SUM(r.count)", then=" GROUP BY r.name, r.a, r.b, r.c")
_ROLLUP_KEYS = "SELECT hour_us, name, a, b, c FROM rollups WHERE hour_us >= ?"

_MIN_PREFIX = 3
_AMBIGUOUS_SHOWN = 5
_IDS_END = "~"  # sorts after every character of an id


class Store:
    """Positions, state, incidents, outbox, rollups and acts of one site.

    `load_state` and `commit` belong to the thread that opened it; all else may be called from any.
    """

    def __init__(self, path: Path, connections: Connections) -> None:
        self.path = path
        self._connections = connections
        self._own = connections.take()
        self._load = self._own.cursor().execute
        self.inbox = Inbox(self._rows, self._write)
        self.standing = Standing(self._rows)
        self.heard = Heard(self._rows, self._transaction)
        self.found = Found(self._stream)
        self._written = None if self._rows("SELECT 1 FROM state LIMIT 1") else WrittenKeys()

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False) -> Self:
        """Open a database, and create it where there is none.

        Raises:
            StoreError: It is damaged, of a newer mailwarden, of another program, or not ours to open.
        """
        connections = open_database(path, read_only=read_only)
        with explained(path):
            return cls(path, connections)

    def close(self) -> None:
        """Let go of the file."""
        self._own.close()
        self._connections.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    # ------------------------------------------------------------------ state

    def load_state(self, kind: str, key: str) -> bytes | None:
        """Give what was last committed for a key, or None. What has expired may still be there: the reader looks."""
        sql = _LOAD_INCIDENT if kind == INCIDENT else _LOAD_STATE
        try:
            row = self._load(sql, (kind, key if key.isascii() else storable(key))).fetchone()
        except sqlite3.Error:
            with explained(self.path):
                raise
        return row[0] if row is not None else None

    def states(self, kind: str) -> list[tuple[str, bytes]]:
        """Give every key of a kind with what was last committed for it; for kinds of few keys."""
        return [
            (str(key), bytes(blob)) for key, blob in self._rows("SELECT key, blob FROM state WHERE kind = ?", (kind,))
        ]

    def may_have(self, kind: str, key: str) -> bool:
        """Say whether anything may have been committed for a key; False is sure."""
        return self._written is None or self._written.may_have(kind, key)

    # ------------------------------------------------------------------ the commit

    def commit(self, commit: Commit) -> None:
        """Keep all that a batch changed, or nothing of it.

        Raises:
            StoreError: It could not be kept, or another process has committed this batch.
        """
        if self._written is not None:  # first: a key too many costs a look, one that lacks would be lost
            self._written.add((row[0], row[1]) for row in commit.states)
            self._written.add((INCIDENT, incident.id) for incident in commit.incidents)
        with explained(self.path), writing(self._own):
            write_commit(self._own, commit, self.path)

    def batch_number(self) -> int:
        """Give the number of the last committed batch, 0 before the first."""
        return int(self.meta(BATCH) or 0)

    def positions(self) -> dict[str, dict[str, Any]]:
        """Give where each source stands."""
        return {
            source: json.loads(position) for source, position in self._rows("SELECT source, position FROM positions")
        }

    def meta(self, name: str) -> str | None:
        """Give a value that was committed under a name."""
        rows = self._rows("SELECT value FROM meta WHERE name = ?", (name,))
        return rows[0][0] if rows else None

    def set_meta(self, name: str, value: str, outbox: Sequence[OutboxRow] = ()) -> None:
        """Keep a value under a name, and put deliveries into the outbox with it, beside the batches."""
        with self._transaction() as connection:
            set_meta(connection, name, value)
            add_outbox(connection, outbox)

    def unparsed(self) -> list[Unparsed]:
        """Give the shapes of line that no pattern knows, the most frequent first."""
        return [
            Unparsed(*row)
            for row in self._rows(
                "SELECT module, program, template, count, sample FROM unparsed"
                " ORDER BY count DESC, module, program, template"
            )
        ]

    def rollups(self, from_us: int, to_us: int, name: str | None = None) -> list[tuple[int, str, str, str, str, int]]:
        """Give what was counted from an hour on and before another, as (hour_us, name, a, b, c, count); of one name or all."""
        return self._rows(
            "SELECT hour_us, name, a, b, c, count FROM rollups"
            " WHERE hour_us >= ?1 AND hour_us < ?2 AND (?3 IS NULL OR name = ?3)",
            (from_us, to_us, name),
        )

    def rollup_sums(self, from_us: int, to_us: int, names: Sequence[str] = ()) -> list[tuple[str, str, str, str, int]]:
        """Give what was counted from an hour on and before another, as (name, a, b, c, sum); only of some names, or all."""
        if names:
            return self._rows(_SUM_NAMES, (from_us, to_us, json.dumps(list(dict.fromkeys(names)))))
        return self._rows(
            "SELECT name, a, b, c, SUM(count) FROM rollups WHERE hour_us >= ? AND hour_us < ? GROUP BY name, a, b, c",
            (from_us, to_us),
        )

    def first_rollup_us(self) -> int | None:
        """Give the hour of the oldest count, None where nothing was counted yet."""
        rows = self._rows("SELECT MIN(hour_us) FROM rollups")
        return rows[0][0] if rows else None

    def rollup_keys(self, from_us: int) -> Iterator[RollupKey]:
        """Give the keys counted from an hour on: what the counter of a restarted service must know of its hour."""
        return self._stream(_ROLLUP_KEYS, (from_us,))

    # ------------------------------------------------------------------ incidents

    def incidents(self, *, status: str | None = None, since_us: int | None = None) -> list[Incident]:
        """Give incidents in the order they opened: of one status, seen at or after an instant, or all."""
        return [
            unpack_incident(blob)
            for (blob,) in self._rows(
                "SELECT blob FROM incidents WHERE (?1 IS NULL OR status = ?1) AND (?2 IS NULL OR last_seen_us >= ?2)"
                " ORDER BY opened_us, id",
                (status, since_us),
            )
        ]

    def live_incidents(self) -> Iterator[Incident]:
        """Give the incidents that are not closed, one by one: there may be more than memory is for."""
        rows = self._stream("SELECT blob FROM incidents WHERE status IN ('open', 'quiet')")
        return (unpack_incident(blob) for (blob,) in rows)

    def incident(self, prefix: str) -> Incident | None:
        """Give the incident whose id begins so, in either case; None where there is none.

        Raises:
            UsageError: The prefix is too short, or several begin so.
        """
        wanted = prefix.strip().upper()
        if len(wanted) < _MIN_PREFIX:
            raise UsageError(
                coded(
                    "MW8110",
                    '"{prefix}": too short to name an incident. Give at least {min_prefix} characters.',
                    prefix=prefix,
                    min_prefix=_MIN_PREFIX,
                )
            )
        rows = (
            self._rows(
                "SELECT id, blob FROM incidents WHERE id >= ? AND id < ? ORDER BY id LIMIT ?",
                (wanted, wanted + _IDS_END, _AMBIGUOUS_SHOWN + 1),
            )
            if wanted.isascii()
            else []
        )
        if len(rows) > 1 and rows[0][0] != wanted:
            raise UsageError(_ambiguous(prefix, rows))
        return unpack_incident(rows[0][1]) if rows else None

    def parent(self, id: str) -> str | None:
        """Give the incident that another is part of; None where it stands for itself or is unknown."""
        rows = self._rows("SELECT parent FROM incidents WHERE id = ?", (id,))
        return rows[0][0] if rows else None

    def prune(self, *, delivered_before_us: int, counted_before_us: int, limit: int) -> int:
        """Delete at most so many rows each of what was delivered and of what was counted before an instant; give how many."""
        with self._transaction() as connection:
            delivered = connection.execute(_PRUNE_OUTBOX, (delivered_before_us, limit)).rowcount
            return delivered + connection.execute(_PRUNE_ROLLUPS, (counted_before_us, limit)).rowcount

    # ------------------------------------------------------------------ outbox

    def outbox_due(self, now_us: int, limit: int) -> list[OutboxRow]:
        """Give what is to be delivered by now, the longest due first."""
        return self._rows(
            "SELECT id, due_us, blob FROM outbox WHERE done = 0 AND due_us <= ? ORDER BY due_us, id LIMIT ?",
            (now_us, limit),
        )

    def outbox_update(self, id: str, due_us: int, done: bool, blob: bytes) -> None:
        """Write down how a delivery went: done, or when to try again."""
        self._write("UPDATE outbox SET due_us = ?, done = ?, blob = ? WHERE id = ?", (due_us, int(done), blob, id))

    def outbox_keep(self, rows: Sequence[OutboxRow]) -> None:
        """Write down when several deliveries are due for the first time: all of them or none."""
        with self._transaction() as connection:
            many(
                connection,
                "UPDATE outbox SET since_us = ?, due_us = ?, blob = ? WHERE id = ?",
                [(due_us, due_us, blob, id_) for id_, due_us, blob in rows],
            )

    def outbox_done(self, since_us: int) -> list[bytes]:
        """Give the deliveries that were done at or after an instant, the oldest first."""
        sql = "SELECT blob FROM outbox WHERE done <> 0 AND due_us >= ? ORDER BY due_us, id"
        return [blob for (blob,) in self._rows(sql, (since_us,))]

    def outbox_counts(self, by_us: int | None = None) -> OutboxCounts:
        """Count what waits and what was delivered; with `by_us` only what was to be delivered by then waits."""
        waits = "done = 0" if by_us is None else "done = 0 AND since_us < ?"
        rows = self._rows(
            f"SELECT COUNT(*) FILTER (WHERE {waits}), COUNT(*) FILTER (WHERE done <> 0),"  # noqa: S608
            f" MIN(since_us) FILTER (WHERE {waits}) FROM outbox",
            () if by_us is None else (by_us, by_us),
        )
        return OutboxCounts(*rows[0])

    # ------------------------------------------------------------------ acts

    def add_act(self, kind: str, payload: dict[str, Any], at_us: int) -> int:
        """Ask the running service for something; give the number of the act. Any process may, at any time."""
        return self._write(
            "INSERT INTO acts (kind, payload, at_us) VALUES (?, ?, ?)", (kind, json.dumps(payload), at_us)
        )

    def pending_acts(self) -> list[Act]:
        """Give the acts that no batch has taken up yet, in the order they were asked for."""
        return self._acts("WHERE batch IS NULL")

    def silences(self) -> list[Act]:
        """Give the silences that nobody has ended, taken up or not. When one is over by itself, its payload says.

        A silence is an act of kind `silence`; an act of kind `end_silence` ends the one whose number its payload holds
        under `silence`.
        """
        return self._acts(
            "WHERE kind = 'silence' AND id NOT IN"
            " (SELECT json_extract(payload, '$.silence') FROM acts WHERE kind = 'end_silence'"
            " AND json_extract(payload, '$.silence') IS NOT NULL)"
        )

    def _acts(self, where: str) -> list[Act]:
        rows = self._rows(f"SELECT id, kind, payload, at_us FROM acts {where} ORDER BY id")  # noqa: S608  (our own text)
        return [Act(id_, kind, json.loads(payload), at_us) for id_, kind, payload, at_us in rows]

    # ------------------------------------------------------------------ below

    def ask(self, sql: str, values: tuple[object, ...] = ()) -> list[Any]:
        """Give the rows of a question that the package's own readers put; any thread may."""
        return self._rows(sql, values)

    def _rows(self, sql: str, values: tuple[object, ...] = ()) -> list[Any]:
        with explained(self.path), self._connections.lent() as connection:
            return connection.execute(sql, values).fetchall()

    def _stream(self, sql: str, values: tuple[object, ...] = ()) -> Iterator[tuple[Any, ...]]:
        """Give rows one by one, as they are read."""
        with explained(self.path), self._connections.lent() as connection, closing(connection.cursor()) as cursor:
            yield from cursor.execute(sql, values)

    def _write(self, sql: str, values: tuple[object, ...]) -> int:
        with self._transaction() as connection:
            return connection.execute(sql, values).lastrowid or 0

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with explained(self.path), self._connections.lent() as connection, writing(connection):
            yield connection


def _ambiguous(prefix: str, rows: Sequence[tuple[str, bytes]]) -> Coded:
    ids = [id_ for id_, _ in rows]
    length = next(n for n in range(_MIN_PREFIX, len(ids[0]) + 1) if len({id_[:n] for id_ in ids}) == len(ids))
    named = []
    for id_, blob in rows[:_AMBIGUOUS_SHOWN]:
        incident = unpack_incident(blob)
        said = N_("{id} ({cause} of {entity})")
        named.append(worded(said, id=id_[:length], cause=incident.cause, entity=incident.primary[1]))
    shown = joined(named, ", ")
    if len(rows) > _AMBIGUOUS_SHOWN:
        shown = worded("{names} and more", names=shown)
    return coded(
        "MW8110", '"{prefix}": several incidents begin so: {shown}. Give more of the id.', prefix=prefix, shown=shown
    )
