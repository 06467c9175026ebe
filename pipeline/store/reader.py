"""What a page or a scrape asks of a store: a few rows of many, found by seeking and never by reading all.

Every question is bounded: ten thousand incidents and a year of hourly counts cost what is shown, not what is there.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from mailwarden.alerts.incidents.incident import Incident, unpack_incident
from mailwarden.alerts.telling.delivery import Delivery, unpack
from mailwarden.alerts.telling.story import KIND as STORY
from mailwarden.alerts.telling.story import Story, unpack_story
from mailwarden.alerts.terms import SEVERITIES
from mailwarden.pipeline.rollup_span import OTHER
from mailwarden.pipeline.store.seeking import seek
from mailwarden.pipeline.store.store import Store

__all__ = ["DeliveryRow", "HourRow", "IncidentCount", "IncidentFilter", "Reader", "SumRow"]

_RANK = (
    "CASE severity " + " ".join(f"WHEN '{word}' THEN {rank}" for rank, word in enumerate(SEVERITIES)) + " ELSE 0 END"
)
_ORDERS = {"worst": f"{_RANK} DESC, last_seen_us DESC, id", "newest": "last_seen_us DESC, id"}
_ALONE = (  # told by itself: part of nothing, or of what has ended before it
    "NOT EXISTS (SELECT 1 FROM incidents AS whole WHERE whole.id = incidents.parent"
    " AND (whole.status <> 'closed' OR incidents.status = 'closed'))"
)
_DELIVERIES = 20  # of one incident that are shown

_ONE = " AND (?4 = '' OR r.a = ?4)"
_HOURS = seek("r.hour_us, r.name, r.a, r.b, r.c, r.count", on=_ONE)
_SUM = "r.name, r.a, r.b, r.c, SUM(r.count), MIN(r.hour_us), MAX(r.hour_us), COUNT(*)"
_BY_WORDS = " AND (?5 = '' OR r.b = ?5) GROUP BY r.name, r.a, r.b, r.c"
_SUMS = seek(_SUM, on=_ONE, then=_BY_WORDS)
_AWAY = " AND (?5 = '' OR r.b = ?5) AND NOT (r.name = 'delivery' AND r.a = 'local') GROUP BY r.hour_us"
_TOTALS = seek("r.hour_us, SUM(r.count)", on=_ONE, then=_AWAY)
_BARE = seek("1", on=" AND r.a <> '' AND r.a <> ?4 AND instr(r.a, '@') = 0", then=" LIMIT 1")
_SUMS_OF = seek(_SUM, beside=" CROSS JOIN json_each(?4) AS whose", on=" AND r.a = whose.value", then=_BY_WORDS)


class IncidentFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which incidents are wanted; what is empty leaves all.

    Args:
        statuses: open, quiet, closed.
        severities: One of these.
        category: One of `alerts.incident.CATEGORIES`.
        text: Stands somewhere in what the incident is about.
        since_us: Seen at or after this.
        domains: Only what is about an account of these or about one of them; None: whatever it is about.
        parts: Also those that are part of another.
        of: Only those that are part of this one, by its whole id.
    """

    statuses: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    category: str = ""
    text: str = ""
    since_us: int = 0
    domains: tuple[str, ...] | None = None
    parts: bool = False
    of: str = ""


class IncidentCount(NamedTuple):
    """How many incidents of a severity are in a state; `part`: of another's story."""

    severity: str
    status: str
    part: bool
    number: int


class HourRow(NamedTuple):
    """One count of an hour, or of the day that begins with it."""

    hour_us: int
    name: str
    a: str
    b: str
    c: str
    number: int


class SumRow(NamedTuple):
    """Counts of several hours or days: how many, the first and the last of these, and in how many of them there were any."""

    name: str
    a: str
    b: str
    c: str
    number: int
    first_us: int
    last_us: int
    spans: int


class DeliveryRow(NamedTuple):
    """A notification of an incident on its way, or arrived."""

    since_us: int
    done: bool
    delivery: Delivery


class Reader:
    """Asks one store; writes nothing."""

    def __init__(self, store: Store) -> None:
        self.store = store

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator["Reader"]:
        """Open a store for one answer (2 ms): so that a database put in its place later is found.

        Raises:
            StoreError: There is none, or it cannot be read.
        """
        with Store.open(path, read_only=True) as store:
            yield cls(store)

    # ------------------------------------------------------------------ incidents

    def incident_counts(self, domains: tuple[str, ...] | None = None) -> list[IncidentCount]:
        """Count incidents by severity and state, those apart that are part of another's story."""
        where, values = _where(IncidentFilter(domains=domains, parts=True))
        rows = self.store.ask(
            f"SELECT severity, status, parent IS NOT NULL, COUNT(*) FROM incidents WHERE {where} GROUP BY 1, 2, 3",  # noqa: S608
            values,
        )
        return [IncidentCount(severity, status, bool(part), number) for severity, status, part, number in rows]

    def incidents(
        self, wanted: IncidentFilter, *, order: Literal["worst", "newest"] = "worst", limit: int = 50, offset: int = 0
    ) -> list[Incident]:
        """Give some of the incidents that are wanted, in order."""
        where, values = _where(wanted)
        rows = self.store.ask(
            f"SELECT blob FROM incidents WHERE id IN (SELECT id FROM incidents WHERE {where}"  # noqa: S608
            f" ORDER BY {_ORDERS[order]} LIMIT ? OFFSET ?) ORDER BY {_ORDERS[order]}",
            (*values, limit, offset),
        )
        return [unpack_incident(blob) for (blob,) in rows]

    def count(self, wanted: IncidentFilter) -> int:
        """Say how many incidents are wanted."""
        where, values = _where(wanted)
        return int(self.store.ask(f"SELECT COUNT(*) FROM incidents WHERE {where}", values)[0][0])  # noqa: S608

    def by_id(self, id_: str | None) -> Incident | None:
        """Give the incident of a whole id."""
        rows = self.store.ask("SELECT blob FROM incidents WHERE id = ?", (id_,)) if id_ else []
        return unpack_incident(rows[0][0]) if rows else None

    def near_ids(self, ids: Sequence[str]) -> list[str]:
        """Give ids with their neighbours in the order of all: enough to shorten them without doubt."""
        near = set(ids)
        for id_ in ids:
            for sql in (
                "SELECT MAX(id) FROM incidents WHERE id < ?",
                "SELECT MIN(id) FROM incidents WHERE id > ?",
            ):
                near.update(found for (found,) in self.store.ask(sql, (id_,)) if found)
        return sorted(near)

    def fingerprint(self, domains: tuple[str, ...] | None = None) -> str:
        """Give a mark that changes when an incident (about one of some domains) opens, changes its state or gets worse.

        It tells nothing else.
        """
        where, values = _where(IncidentFilter(statuses=("open", "quiet"), domains=domains, parts=True))
        rows = self.store.ask(
            f"SELECT severity, status, COUNT(*), MAX(opened_us) FROM incidents WHERE {where} GROUP BY 1, 2",  # noqa: S608
            values,
        )
        return hashlib.blake2b(json.dumps(sorted(map(list, rows))).encode(), digest_size=8).hexdigest()

    # ------------------------------------------------------------------ counts

    def hours(self, from_us: int, to_us: int, names: Sequence[str], *, a: str = "") -> list[HourRow]:
        """Give what was counted under some names from an hour on and before another; with `a` only of that first word."""
        return list(map(HourRow._make, self.store.ask(_HOURS, (from_us, to_us, json.dumps(list(names)), a))))

    def totals(self, from_us: int, to_us: int, name: str, b: str = "") -> list[tuple[int, int]]:
        """Give the hours in which something was counted, and how much in all; of deliveries only those elsewhere."""
        return list(map(tuple, self.store.ask(_TOTALS, (from_us, to_us, json.dumps([name]), "", b))))

    def sums(self, from_us: int, to_us: int, names: Sequence[str], *, b: str = "") -> list[SumRow]:
        """Give the same summed up by its words; with `b` only of that second word."""
        return list(map(SumRow._make, self.store.ask(_SUMS, (from_us, to_us, json.dumps(list(names)), "", b))))

    def sums_of(
        self, from_us: int, to_us: int, names: Sequence[str], whose: Sequence[str], *, b: str = ""
    ) -> list[SumRow]:
        """Give the same of some first words, each found by seeking: for a page of many."""
        values = (from_us, to_us, json.dumps(list(names)), json.dumps(list(whose)), b)
        return list(map(SumRow._make, self.store.ask(_SUMS_OF, values)))

    def sums_at(self, from_us: int, to_us: int, names: Sequence[str], domains: Sequence[str]) -> list[SumRow]:
        """Give the same of what has one of some domains, or an account there, as its first word, which is left out."""
        values: tuple[object, ...] = (from_us, to_us, json.dumps(list(names)))
        values += tuple(word for one in domains for word in (one.lower(), f"@{one.lower()}"))
        return list(map(SumRow._make, self.store.ask(_sums_at(len(domains)), values)))

    def has_bare_names(self, from_us: int, to_us: int, name: str) -> bool:
        """Say whether some first word of what was counted under a name bears no domain."""
        return bool(self.store.ask(_BARE, (from_us, to_us, json.dumps([name]), OTHER)))

    # ------------------------------------------------------------------ what was told

    def waiting(self, limit: int) -> list[DeliveryRow]:
        """Give notifications that were not delivered yet, the one due first at the front."""
        rows = self.store.ask(
            "SELECT since_us, done, blob FROM outbox WHERE done = 0 ORDER BY due_us LIMIT ?", (limit,)
        )
        return _deliveries(rows)

    def deliveries(self, incident: str) -> list[DeliveryRow]:
        """Give the notifications of an incident, the oldest first."""
        rows = self.store.ask(
            "SELECT since_us, done, blob FROM outbox WHERE instr(blob, CAST(? AS BLOB)) ORDER BY since_us LIMIT ?",
            (incident, _DELIVERIES),
        )
        return [row for row in _deliveries(rows) if row.delivery.notification.incident.id == incident]

    def delivery(self, id_: str) -> DeliveryRow | None:
        """Give a notification by its id."""
        rows = self.store.ask("SELECT since_us, done, blob FROM outbox WHERE id = ?", (id_,)) if id_ else []
        return next(iter(_deliveries(rows)), None)

    def story(self, incident: str) -> Story | None:
        """Give how far an incident was told; None where it was nothing to tell."""
        blob = self.store.load_state(STORY, incident)
        return unpack_story(blob) if blob is not None else None


def _deliveries(rows: Iterable[tuple[int, int, bytes]]) -> list[DeliveryRow]:
    found = []
    for since_us, done, blob in rows:
        try:
            found.append(DeliveryRow(since_us, bool(done), unpack(blob)))
        except msgspec.MsgspecError:  # of another version: the outbox keeps it and says so
            continue
    return found


def _where(wanted: IncidentFilter) -> tuple[str, tuple[object, ...]]:
    clauses: list[str] = ["1"]
    values: list[object] = []
    for column, words in (("status", wanted.statuses), ("severity", wanted.severities)):
        if words:
            clauses.append(f"{column} IN ({', '.join('?' * len(words))})")
            values += words
    if wanted.category:
        clauses.append("category = ?")
        values.append(wanted.category)
    if wanted.text:
        clauses.append("instr(lower(primary_value), ?)")
        values.append(wanted.text.lower())
    if wanted.since_us:
        clauses.append("last_seen_us >= ?")
        values.append(wanted.since_us)
    if wanted.of:
        clauses.append("parent = ?")
        values.append(wanted.of)
    elif not wanted.parts:
        clauses.append(_ALONE)
    if wanted.domains is not None:
        clauses.append(_about(len(wanted.domains)))
        values += [value for domain in wanted.domains for value in (domain, f"@{domain}", f"@{domain}")]
    return " AND ".join(clauses), tuple(values)


def _sums_at(domains: int) -> str:
    """Write the query of what bears one of so many domains."""
    one = "lower(r.a) = ?{n} OR substr(lower(r.a), -length(?{m})) = ?{m}"
    whose = " OR ".join(one.format(n=4 + 2 * place, m=5 + 2 * place) for place in range(domains)) or "0"
    return seek(
        "r.name, '', r.b, r.c, SUM(r.count), MIN(r.hour_us), MAX(r.hour_us), COUNT(*)",
        on=f" AND ({whose})",
        then=" GROUP BY r.name, r.b, r.c",
    )


def _about(domains: int) -> str:
    """Write the clause that holds for what is about one of so many domains; with none, for nothing."""
    one = "lower(primary_value) = ? OR substr(lower(primary_value), -length(?)) = ?"
    return "(" + (" OR ".join([one] * domains) or "0") + ")"
