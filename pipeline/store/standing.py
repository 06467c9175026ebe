"""How we stand with others: what block lists and our own DNS records, names and certificates were last seen to be.

Two tables, `listings` and `posture`, filled with the batch that took up the probes' answers, read by whoever judges them.
A row is one state and how long it held: a new row begins only when the state changes, so that all rows of a subject are
its history, and the newest one is what holds now.
"""

import json
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

__all__ = ["Listing", "Posture", "Standing", "write_standing"]

_LISTING = "subject, zone, since_us, checked_us, state, name, weight, codes, reason"
_POSTURE = "subject, check_name, name, since_us, checked_us, state, reason, severity, now, should, details"
_NEWEST = "since_us = (SELECT MAX(since_us) FROM {table} WHERE subject = ?1 AND {key} = ?2{more})"
_KEEP_US = 400 * 86_400_000_000  # a year to compare with, and some weeks more

Rows = Callable[[str, tuple[object, ...]], list[Any]]


class Listing(NamedTuple):
    """What one list said of one of our addresses or domains, and from when until when. Times are epoch microseconds.

    `state` is `listed` (seen twice, ten minutes apart), `suspected` (seen once), `clear` or `no answer`, which is neither.
    """

    subject: str  # an address or a domain of ours
    zone: str  # as people know it, never with a key
    since_us: int  # when it was first seen so
    checked_us: int  # when it was last seen so
    state: str
    name: str  # of the list
    weight: float  # how much it matters: 1.0 is a list that most receivers ask
    codes: tuple[str, ...] = ()  # what it answered, such as 127.0.0.4
    reason: str = ""  # the list's own words, or why there is no answer


class Posture(NamedTuple):
    """How one thing that receivers look at stands, and from when until when. Times are epoch microseconds.

    `state` is `ok`, `wrong`, `no answer` (asked, and nobody knows) or `not checked`.
    """

    subject: str  # the domain, address or host that it is about
    check: str  # spf, dkim, dmarc, mx, ptr, helo, mta_sts, tls_rpt, dane, certificate, tls, lists
    name: str  # the DNS name or port that was looked at
    since_us: int
    checked_us: int
    state: str
    reason: str = ""  # the stable word of what is wrong, such as spf_missing
    severity: str = "info"
    now: str = ""  # what is there
    should: str = ""  # the record to publish
    details: dict[str, Any] = {}  # noqa: RUF012 - never changed; what else fills the sentences


class Standing:
    """Reads both tables."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def listings(self, *, history: bool = False, since_us: int = 0) -> list[Listing]:
        """Give what lists say of us now; with `history` every state that held at or after an instant, oldest first."""
        rows = self._rows(
            f"SELECT {_LISTING} FROM listings AS one WHERE checked_us >= ?1 AND (?2 OR since_us ="  # noqa: S608 - our text
            " (SELECT MAX(since_us) FROM listings WHERE subject = one.subject AND zone = one.zone))"
            " ORDER BY subject, zone, since_us",
            (since_us, history),
        )
        return [Listing._make((*row[:7], tuple(json.loads(row[7])), row[8])) for row in rows]

    def postures(self, *, history: bool = False, since_us: int = 0) -> list[Posture]:
        """Give how all that was looked at stands now; with `history` every state that held, oldest first."""
        rows = self._rows(
            f"SELECT {_POSTURE} FROM posture AS one WHERE checked_us >= ?1 AND (?2 OR since_us ="  # noqa: S608 - our text
            " (SELECT MAX(since_us) FROM posture WHERE subject = one.subject AND check_name = one.check_name"
            " AND name = one.name)) ORDER BY subject, check_name, name, since_us",
            (since_us, history),
        )
        return [Posture._make((*row[:10], json.loads(row[10]))) for row in rows]


def write_standing(connection: sqlite3.Connection, listings: Sequence[Listing], postures: Sequence[Posture]) -> None:
    """Write states, in the transaction of the caller: what still holds is prolonged, what changed begins a row."""
    for one in listings:
        codes = json.dumps(list(one.codes))
        newest = _NEWEST.format(table="listings", key="zone", more="")
        done = connection.execute(
            "UPDATE listings SET checked_us = ?3, name = ?6, weight = ?7, reason = ?8"  # noqa: S608 - our own text
            f" WHERE subject = ?1 AND zone = ?2 AND state = ?4 AND codes = ?5 AND {newest}",
            (one.subject, one.zone, one.checked_us, one.state, codes, one.name, one.weight, one.reason),
        )
        if not done.rowcount:
            values = (*one[:7], codes, one.reason)
            connection.execute(
                f"INSERT OR REPLACE INTO listings ({_LISTING}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
                values,
            )
    for posture in postures:
        _write_posture(connection, posture)
    for table, times in (
        ("listings", [one.checked_us for one in listings]),
        ("posture", [p.checked_us for p in postures]),
    ):
        if times:
            connection.execute(
                f"DELETE FROM {table} WHERE checked_us < ?",  # noqa: S608 - one of our two names
                (max(times) - _KEEP_US,),
            )


def _write_posture(connection: sqlite3.Connection, one: Posture) -> None:
    details = json.dumps(one.details)
    newest = _NEWEST.format(table="posture", key="check_name", more=" AND name = ?3")
    done = connection.execute(
        "UPDATE posture SET checked_us = ?4, severity = ?7, should = ?9, details = ?10"  # noqa: S608 - our own text
        f" WHERE subject = ?1 AND check_name = ?2 AND name = ?3 AND state = ?5 AND reason = ?6 AND now = ?8 AND {newest}",
        (
            one.subject,
            one.check,
            one.name,
            one.checked_us,
            one.state,
            one.reason,
            one.severity,
            one.now,
            one.should,
            details,
        ),
    )
    if not done.rowcount:
        connection.execute(
            f"INSERT OR REPLACE INTO posture ({_POSTURE}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
            (*one[:10], details),
        )
