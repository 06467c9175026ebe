"""How a commit is written: all that a batch changed, in one transaction of its caller's."""

import json
import sqlite3
from collections.abc import Sequence
from itertools import starmap
from operator import itemgetter
from pathlib import Path
from typing import Any

from mailwarden.alerts.incidents.incident import Incident
from mailwarden.alerts.state.blob import encode
from mailwarden.parsers.errors import StoreError, coded
from mailwarden.pipeline.store.commit import Commit, OutboxRow, RollupKey
from mailwarden.pipeline.store.standing import write_standing

__all__ = ["BATCH", "add_outbox", "many", "set_meta", "storable", "write_commit"]

_SET_STATE = (
    "INSERT INTO state (kind, key, version, expires_us, blob) VALUES (?, ?, ?, ?, ?) ON CONFLICT (kind, key)"
    " DO UPDATE SET version = excluded.version, expires_us = excluded.expires_us, blob = excluded.blob"
)
_DELETE_STATE = "DELETE FROM state WHERE kind = ? AND key = ?"
_SET_INCIDENT = (
    "INSERT INTO incidents (id, site, cause, primary_name, primary_value, category, severity, status, parent, previous,"
    " opened_us, first_seen_us, last_seen_us, blob) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (id) DO UPDATE SET category = excluded.category, severity = excluded.severity,"
    " status = excluded.status, parent = excluded.parent, opened_us = excluded.opened_us,"
    " first_seen_us = excluded.first_seen_us, last_seen_us = excluded.last_seen_us, blob = excluded.blob"
)
_MOST = 10**15  # that is counted; what claims more is wrong, and thousands of such counts can still be added up
_ADD_ROLLUP = (
    "INSERT INTO rollups (hour_us, name, a, b, c, count) VALUES (?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (hour_us, name, a, b, c) DO UPDATE SET count = min(count + excluded.count, 1000000000000000)"  # _MOST
)
_SET_POSITION = (
    "INSERT INTO positions (source, position) VALUES (?, ?)"
    " ON CONFLICT (source) DO UPDATE SET position = excluded.position"
)
_ADD_UNPARSED = (
    "INSERT INTO unparsed (module, program, template, count, sample) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (module, program, template) DO UPDATE SET count = count + excluded.count"
)
_KEEP_UNPARSED = (  # whoever can write odd lines must not fill the disk with their shapes: the rarest and newest go
    "DELETE FROM unparsed WHERE rowid IN (SELECT rowid FROM unparsed ORDER BY count DESC, rowid LIMIT -1 OFFSET ?)"
)
_MAX_UNPARSED = 2000
_CONSUME_ACT = "UPDATE acts SET batch = ? WHERE id = ?"
_ADD_OUTBOX = "INSERT INTO outbox (id, since_us, due_us, done, blob) VALUES (?, ?, ?, 0, ?) ON CONFLICT (id) DO NOTHING"
_SET_META = "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
BATCH = "batch"
"""The name of the last committed batch's number among the meta values."""


def write_commit(connection: sqlite3.Connection, commit: Commit, path: Path) -> None:
    """Write all that a batch changed.

    Args:
        connection: In whose transaction.
        commit: What changed.
        path: Of the database, for messages.

    Raises:
        StoreError: Another process has committed this batch.
    """
    _take_batch(connection, commit.batch, path)
    if commit.expired_us is not None:
        connection.execute("DELETE FROM state WHERE expires_us <= ?", (commit.expired_us,))
    _write_states(connection, commit)
    connection.executemany(_SET_INCIDENT, map(_incident_row, commit.incidents))
    add_outbox(connection, commit.outbox)
    connection.executemany(_ADD_ROLLUP, starmap(_rollup_row, sorted(commit.rollups.items())))
    positions = [(storable(source), json.dumps(position)) for source, position in commit.positions.items()]
    many(connection, _SET_POSITION, positions)
    for name, value in commit.meta.items():
        set_meta(connection, name, value)
    _write_unparsed(connection, commit)
    many(connection, _CONSUME_ACT, [(commit.batch, act) for act in commit.consumed_acts])
    if commit.consumed_inbox:
        connection.execute("DELETE FROM inbox WHERE id <= ?", (commit.consumed_inbox,))
    if commit.listings or commit.postures:
        write_standing(connection, commit.listings, commit.postures)


def set_meta(connection: sqlite3.Connection, name: str, value: str) -> None:
    """Keep a value under a name."""
    connection.execute(_SET_META, (name, storable(value)))


def add_outbox(connection: sqlite3.Connection, rows: Sequence[OutboxRow]) -> None:
    """Put deliveries into the outbox."""
    many(connection, _ADD_OUTBOX, [(storable(id_), due, due, blob) for id_, due, blob in rows])


def _take_batch(connection: sqlite3.Connection, batch: int, path: Path) -> None:
    row = connection.execute("SELECT value FROM meta WHERE name = ?", (BATCH,)).fetchone()
    if row is not None and int(row[0]) >= batch:
        raise StoreError(
            coded(
                "MW5107",
                "{path}: batch {batch} was committed already: another mailwarden writes here. "
                'Nothing was changed. Stop one of them:  pgrep -fa "mailwarden run"',
                path=path,
                batch=batch,
            )
        )
    connection.execute(_SET_META, (BATCH, str(batch)))


def _write_states(connection: sqlite3.Connection, commit: Commit) -> None:
    rows = sorted(commit.states, key=itemgetter(0, 1))  # in the order of the tree: a third faster
    connection.executemany(
        _SET_STATE,
        (row if row[1].isascii() else (row[0], storable(row[1]), *row[2:]) for row in rows if row[4] is not None),
    )
    connection.executemany(_DELETE_STATE, ((row[0], storable(row[1])) for row in rows if row[4] is None))


def _write_unparsed(connection: sqlite3.Connection, commit: Commit) -> None:
    if not commit.unparsed:
        return
    rows = [
        (module, storable(program), storable(template), count, storable(sample))
        for (module, program, template), (count, sample) in commit.unparsed.items()
    ]
    many(connection, _ADD_UNPARSED, rows)
    connection.execute(_KEEP_UNPARSED, (_MAX_UNPARSED,))


def many(connection: sqlite3.Connection, sql: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Write rows, where there are any."""
    if rows:
        connection.executemany(sql, rows)


def storable(text: str) -> str:
    """Spell bytes that were no UTF-8 out: SQLite keeps only text."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def _rollup_row(key: RollupKey, count: int) -> tuple[object, ...]:
    hour_us, name, a, b, c = key
    count = min(count, _MOST)
    if (a + b + c).isascii():  # nearly always
        return *key, count
    return hour_us, name, storable(a), storable(b), storable(c), count


def _incident_row(incident: Incident) -> tuple[object, ...]:
    name, value = incident.primary
    return (
        incident.id,
        storable(incident.site),
        incident.cause,
        name,
        storable(value),
        incident.category,
        incident.severity,
        incident.status,
        incident.parent,
        incident.previous,
        incident.opened_us,
        incident.first_seen_us,
        incident.last_seen_us,
        encode(incident),
    )
