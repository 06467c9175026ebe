"""Know which part of the archive may hold a name without reading it: what lets a page answer over months of mail.

Beside each full file stands what its row groups hold, as sorted hashes with the row group's number: 8 bytes a name, some
three hundred kilobytes for 50,000 events. It may be thrown away; it is made again, by whoever asks, never by the service.
Deliveries that failed are found by provider and class of the refusal, too, under a name that nobody can type.
"""

import hashlib
import os
import threading
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mailwarden.parsers.errors import StoreError, coded
from mailwarden.parsers.event import ECS_NAMES
from mailwarden.parsers.system_errors import reason
from mailwarden.pipeline.archive.archive import Laid, files, newest_of, newest_places

__all__ = ["ELSEWHERE", "NAMES", "REFUSAL_COLUMNS", "Index", "Place", "refusal_of"]

Place = tuple[Path, int]
"""A file and one of its row groups."""

NAMES = (  # where what is looked for may stand
    "mail.queue.id",
    "mail.queue.orig_id",
    "mail.queue.remote_id",
    "mail.queue.parent_id",
    "mail.queue.child_id",
    "email.message_id",
    "email.from.address",
    "email.to.address",
    "mail.original_recipient",
    "user.name",
    "mailwarden.account",
    "source.ip",
    "client.ip",
    "destination.ip",
    "mail.session.id",
    "user.id",
    "process.working_directory",
    "file.path",
)
ELSEWHERE = "other"
"""The provider of a receiver that has no name; the class of a refusal that says nothing known."""
REFUSAL_COLUMNS = ("mail.provider", "mail.bounce.class", "mail.delivery.status", "destination.domain")
_SUFFIX = ".script-names"  # what an index knows stands in its file's name: older ones are made anew
_ATTRIBUTES = tuple(attribute for attribute, name in ECS_NAMES.items() if name in NAMES)
_REFUSAL_ATTRIBUTES = tuple((attribute, name) for attribute, name in ECS_NAMES.items() if name in REFUSAL_COLUMNS)
_RECENT = 60  # files in which the newest refusals are looked for: three million events
_GROUP_BITS = 7  # of each entry; a file has at most 50,000 events or one batch, in groups of 8,192
_GROUPS = 1 << _GROUP_BITS
_ENTRY = 8  # bytes
_STEP = 512  # entries from one that is kept in memory to the next: 4 KiB
_ANY = _GROUPS - 1  # the last number stands for all further groups too


class Index:
    """Looks names up.

    Args:
        archive: The directory of the archive.
        kept: Where the index stands.
    """

    def __init__(self, archive: Path, kept: Path) -> None:
        self._archive = archive
        self._kept = kept
        self._newest: dict[Laid, frozenset[int]] = {}  # what the newest batches hold
        self._known: dict[str, array[int]] = {}
        self._lock = threading.Lock()

    def build(self, most: int | None = None) -> int:
        """Index files that are not yet, the newest first, at most so many; give how many were.

        Raises:
            StoreError: The index cannot be written.
        """
        made = 0
        there = files(self._archive)
        self._forget({_key(path) for path in there})
        for path in reversed(there):
            if made == most:
                break
            if self._sparse(path) is None:
                self._make(path)
                made += 1
        return made

    def holding(self, names: Iterable[str]) -> list[Place]:
        """Give the places that may hold one of some names, the oldest first; those not indexed yet may hold any."""
        wanted = [_hash(name.lower()) for name in names]
        places: list[Place] = []
        for path in files(self._archive):
            if self._sparse(path) is None:
                places.append((path, -1))
                continue
            found = {group for one in wanted for group in _groups(self._entries(path, one), one)}
            places += [(path, group) for group in sorted(found)]
        return places

    def newest(self, names: Iterable[str]) -> list[dict[str, Any]]:
        """Give those of the events in no full file that hold one of some names, by attribute."""
        return self._newest_with({name.lower() for name in names})

    def _newest_with(self, wanted: set[str]) -> list[dict[str, Any]]:
        hashed = frozenset(map(_hash, wanted))
        places = newest_places(self._archive)
        with self._lock:
            self._newest = {place: known for place, known in self._newest.items() if place in set(places)}
        found: list[dict[str, Any]] = []
        for place in places:
            known = self._newest.get(place)
            if known is not None and known.isdisjoint(hashed):
                continue
            rows = newest_of(self._archive, place)
            if known is None:
                with self._lock:
                    self._newest[place] = frozenset(_hash(name) for row in rows for name in _names_of(row))
            found += [row for row in rows if not wanted.isdisjoint(_names_of(row))]
        return found

    def newest_of_each(self, refusals: Iterable[tuple[str, str]], first_day: str, most: int) -> list[Place]:
        """Give for each (provider, class) the newest place that holds such a refusal, at most so many places in all.

        Args:
            refusals: What is looked for.
            first_day: As in 2026-11-23: files of days before it are not looked at, nor those not indexed yet, nor more than 60.
            most: How many places; with more the rarest are left out.
        """
        wanted = {_hash(_refusal_name(one)) for one in refusals}
        places: list[Place] = []
        for path in files(self._archive)[: -_RECENT - 1 : -1]:
            if not wanted or len(places) >= most or path.parent.name < first_day:
                break
            groups = {one: max(_groups(self._entries(path, one), one), default=None) for one in wanted}
            wanted = {one for one in wanted if groups[one] is None}
            places += [(path, group) for group in sorted({one for one in groups.values() if one is not None})]
        return places[:most]

    def newest_refused(self, refusals: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
        """Give those of the events in no full file that are such a refusal, by attribute."""
        return self._newest_with({_refusal_name(one) for one in refusals})

    def _forget(self, keys: set[str]) -> None:
        """Take away what was kept of files that are gone, and what an earlier version kept."""
        for path in self._kept.glob("*names"):
            if path.suffix != _SUFFIX or path.name.removesuffix(_SUFFIX) not in keys:
                path.unlink(missing_ok=True)
                with self._lock:
                    self._known.pop(path.name.removesuffix(_SUFFIX), None)

    def _sparse(self, path: Path) -> "array[int] | None":
        """Give every 512th entry of a file's index; None where there is none."""
        key = _key(path)
        with self._lock:
            known = self._known.get(key)
        if known is not None:
            return known
        try:
            data = self._names_file(key).read_bytes()
        except FileNotFoundError:
            return None
        if not data or len(data) % _ENTRY:  # a crash cut it
            return None
        entries = array("Q")
        entries.frombytes(data)
        with self._lock:
            self._known[key] = entries[::_STEP]
            return self._known[key]

    def _entries(self, path: Path, hashed: int) -> "Sequence[int]":
        """Give the stretch of a file's index in which a name stands, where it does."""
        sparse = self._sparse(path)
        if sparse is None:
            return ()
        begin = max(0, bisect_left(sparse, hashed & -_GROUPS) - 1) * _STEP
        entries = array("Q")
        try:  # read, not mapped: a file that somebody cuts must not end this process
            with self._names_file(_key(path)).open("rb") as file:
                file.seek(begin * _ENTRY)
                data = file.read((_STEP + _GROUPS) * _ENTRY)
        except FileNotFoundError:
            return ()
        entries.frombytes(data[: len(data) // _ENTRY * _ENTRY])
        return entries

    def _names_file(self, key: str) -> Path:
        return self._kept / f"{key}{_SUFFIX}"

    def _make(self, path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        entries: set[int] = set()
        try:
            with pq.ParquetFile(path) as file:
                names = set(file.schema_arrow.names)
                there = [name for name in NAMES if name in names]
                for group in range(file.num_row_groups):
                    number = min(group, _ANY)
                    for column in file.read_row_group(group, there, use_threads=False).columns:
                        entries |= {_hash(name) & -_GROUPS | number for name in _distinct(column)}
                    rows = file.read_row_group(
                        group, [one for one in REFUSAL_COLUMNS if one in names], use_threads=False
                    )
                    entries |= {_hash(_refusal_name(one)) & -_GROUPS | number for one in _refusals(rows)}
        except FileNotFoundError:  # the service has made room
            return
        except (pa.ArrowException, OSError) as error:
            raise StoreError(
                coded(
                    "MW5202",
                    '{path}: cannot be read ("{error}"). It was left out. Move it away.',
                    path=path,
                    error=error,
                )
            ) from error
        unfinished = self._kept / f"{_key(path)}.unfinished"
        try:
            self._kept.mkdir(mode=0o750, parents=True, exist_ok=True)
            with unfinished.open("wb") as out:
                array("Q", sorted(entries) or [0]).tofile(out)
            os.replace(unfinished, self._names_file(_key(path)))  # noqa: PTH105 - whole or not at all
        except OSError as error:
            raise StoreError(
                coded(
                    "MW5203",
                    '{path}: cannot be written ("{reason}"), so looking for messages is slow.'
                    " Run the page as the user of the service.",
                    path=self._kept,
                    reason=reason(error),
                )
            ) from error


def _key(path: Path) -> str:
    """Name the index of a file: one batch has a file in the folder of each of its days."""
    return f"{path.parent.name}.{path.stem}"


def _names_of(row: Mapping[str, Any]) -> Iterable[str]:
    for attribute in _ATTRIBUTES:
        value = row.get(attribute)
        if isinstance(value, str):
            yield value.lower()
        elif value:
            yield from (str(one).lower() for one in value)
    refusal = refusal_of({name: row.get(attribute) for attribute, name in _REFUSAL_ATTRIBUTES})
    if refusal is not None:
        yield _refusal_name(refusal)


def refusal_of(event: Mapping[str, Any]) -> tuple[str, str] | None:
    """Give provider and class of a delivery elsewhere that failed, by ECS names; None for anything else."""
    provider = event.get("mail.provider") or (ELSEWHERE if event.get("destination.domain") else None)
    if provider is None or (event.get("mail.delivery.status") or "sent") == "sent":
        return None
    return provider, event.get("mail.bounce.class") or ELSEWHERE


def _refusal_name(refusal: tuple[str, str]) -> str:
    return "\0".join(("", *refusal))


def _refusals(rows: "object") -> set[tuple[str, str]]:
    import pyarrow as pa

    assert isinstance(rows, pa.Table)
    distinct = rows.group_by(rows.column_names, use_threads=False).aggregate([]).to_pylist()
    return {found for found in map(refusal_of, distinct) if found is not None}


def _distinct(column: "object") -> Iterable[str]:
    import pyarrow as pa
    import pyarrow.compute as pc

    assert isinstance(column, pa.ChunkedArray)
    flat = pc.list_flatten(column) if pa.types.is_list(column.type) else column
    return [name for name in pc.unique(pc.utf8_lower(flat)).to_pylist() if name]


def _hash(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode("utf-8", "replace"), digest_size=8).digest(), "big")


def _groups(entries: Sequence[int], hashed: int) -> Iterable[int]:
    """Give the row groups that hold a name; -1 stands for the whole file."""
    least = hashed & -_GROUPS
    at = bisect_left(entries, least)
    while at < len(entries) and entries[at] & -_GROUPS == least:
        group = entries[at] & (_GROUPS - 1)
        yield -1 if group == _ANY else group
        at += 1
