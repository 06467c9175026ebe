"""Find the story of a message, an address or a client in the archive: what names it, and all of the messages that do.

The archive is read file by file and a few columns at a time, so that memory stays the same however long it goes back.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mailwarden.parsers.address import ip
from mailwarden.parsers.errors import StoreError, coded
from mailwarden.pipeline.archive.archive import files, newest_rows
from mailwarden.pipeline.archive.index import NAMES, Index, Place

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Found", "find", "find_recent", "rows_of"]

_QUEUES = ("mail.queue.id", "mail.queue.orig_id", "mail.queue.parent_id", "mail.queue.child_id")
_MESSAGE = "email.message_id"
_LIFE_US = 10 * 86_400_000_000  # a queue id names another message after that: twice the longest time mail waits
_MAX_THREADS = 10_000
_ROUNDS = 4  # a message comes back from a filter, goes on to a mailbox, bounces
_BATCH_ROWS = 65_536
_STORIES = 200  # messages, by queue id and message id, that one answer follows
_PLACES = 6  # parts of files that one answer reads
_THREAD_COLUMNS = ("@timestamp", "host.hostname", *NAMES)

_Thread = tuple[str, str]  # host and queue id, or "" and message id


class Found(NamedTuple):
    """Some events of a story, oldest first, and where to go on for older ones: "" where there are none."""

    events: list[dict[str, Any]]
    before: str


class _Part(NamedTuple):
    """A part of a file by the columns in which names stand, and which rows name what is wanted."""

    rows: "pa.RecordBatch"
    named: "pa.Array"


class _Threads:
    """The messages that belong to the story, and when they were seen."""

    def __init__(self, most: int = _MAX_THREADS) -> None:
        self.seen: dict[_Thread, list[int]] = {}
        self._most = most

    def add(self, thread: _Thread, at_us: int) -> None:
        """Take a message into the story."""
        span = self.seen.get(thread)
        if span is not None:
            span[0], span[1] = min(span[0], at_us), max(span[1], at_us)
        elif len(self.seen) < self._most:
            self.seen[thread] = [at_us, at_us]

    def holds(self, thread: _Thread, at_us: int) -> bool:
        """Say whether a message belongs to the story at that time."""
        span = self.seen.get(thread)
        return span is not None and span[0] - _LIFE_US <= at_us <= span[1] + _LIFE_US


def find(directory: Path, *what: str) -> Iterator[dict[str, Any]]:
    """Give the events that name `what`, and those of the same messages, in order, as flat ECS fields.

    Args:
        directory: The archive.
        what: A queue id, a message id, a mail address, a login, a client's address, a session id, a script's path or
            directory, a local user, in either case; of
            several, what names any of them is given.

    Raises:
        StoreError: A file of the archive is damaged.
    """
    from mailwarden.pipeline.archive.columns import fields_of

    wanted = [name for name in map(_normal, what) if name]
    if not wanted:
        return
    threads = _Threads()
    for _ in range(_ROUNDS):
        before = len(threads.seen)
        for rows in _batches(directory, ["@timestamp", "host.hostname", *NAMES]):
            _follow(rows.filter(_marked(rows, wanted, threads)), threads)
        if len(threads.seen) == before:
            break
    for rows in _batches(directory, None):
        yield from fields_of(rows.filter(_marked(rows, wanted, threads)))


def find_recent(
    index: Index, *what: str, before: str = "", most: int = _PLACES, days: tuple[str, str] | None = None
) -> Found:
    """Give the newest events that name `what`, and those of the same messages: what a page shows at once.

    Args:
        index: Of the archive; what is not indexed yet is read.
        what: As for `find`.
        before: The `before` of what was found last, to go on with what is older.
        most: Parts of files that are read for it.
        days: From which to which day (in UTC, as in 2026-11-23) what names it is looked for; None: on all.

    Raises:
        StoreError: A file of the archive is damaged.
    """
    from mailwarden.pipeline.archive.columns import fields_of

    wanted = [name for name in map(_normal, what) if name]
    if not wanted:
        return Found([], "")
    places = [place for place in index.holding(wanted) if not before or _mark(place) < before]
    if days is not None:
        places = [place for place in places if days[0] <= place[0].parent.name <= days[1]]
    taken = set(places[-most:])
    threads = _Threads(_STORIES)
    read: dict[Place, list[_Part]] = {}
    for _ in range(_ROUNDS):
        names = {*wanted, *(name for _, name in threads.seen)}
        for place in sorted(set(index.holding(names.difference(wanted))) - taken, reverse=True)[:most]:
            taken.add(place)
        known = len(threads.seen)
        if not before:
            for part in _of_newest(index, names):
                _follow(part.filter(_marked(part, wanted, threads)), threads)
        for place in sorted(taken, reverse=True):  # the newest first: where there are too many, they are followed
            if place not in read:
                parts = rows_of(place, _THREAD_COLUMNS)
                read[place] = [_Part(rows, _named(rows, wanted)) for rows in parts]
            for part in read[place]:
                _follow(part.rows.filter(_joined(part.rows, part.named, threads)), threads)
        if len(threads.seen) == known:
            break
    events: list[dict[str, Any]] = []
    for place in sorted(read):
        masks = [_joined(part.rows, part.named, threads) for part in read[place]]
        if any(mask.true_count for mask in masks):
            for rows, mask in zip(rows_of(place, None), masks, strict=True):
                events += fields_of(rows.filter(mask))
    if not before:
        for part in _of_newest(index, {*wanted, *(name for _, name in threads.seen)}):
            events += fields_of(part.filter(_marked(part, wanted, threads)))
    older = len(places) > most
    return Found(events, _mark(places[-most]) if older else "")


def _normal(what: str) -> str:
    what = what.strip().strip("<>").lower()
    return ip(what) or what


def _mark(place: Place) -> str:
    """Give a place as text that sorts as places do."""
    return f"{place[0].parent.name}/{place[0].stem}/{place[1] + 1:03}"


def rows_of(place: Place, columns: Sequence[str] | None) -> "Iterator[pa.RecordBatch]":
    """Read a place, by some columns or all.

    Raises:
        StoreError: Its file is damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    from mailwarden.pipeline.archive.columns import SCHEMA

    path, group = place
    try:
        with pq.ParquetFile(path) as file:
            there = set(file.schema_arrow.names)
            names = [name for name in columns or SCHEMA.names if name in there]
            groups = [group] if 0 <= group < file.num_row_groups else None
            yield from file.iter_batches(_BATCH_ROWS, row_groups=groups, columns=names, use_threads=False)
    except FileNotFoundError:  # the service has made room
        return
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> StoreError:
    return StoreError(
        coded(
            "MW5202",
            '{path}: cannot be read ("{error}"). Nothing after it was looked at. Move it away and ask again.',
            path=path,
            error=error,
        )
    )


def _of_newest(index: Index, names: set[str]) -> "Iterator[pa.RecordBatch]":
    """Give those of the newest events in which one of some names stands."""
    from mailwarden.pipeline.archive.columns import table_of

    rows = index.newest(names)
    if rows:
        yield from table_of(rows).to_batches()


def _batches(directory: Path, columns: list[str] | None) -> "Iterator[pa.RecordBatch]":
    import pyarrow as pa
    import pyarrow.parquet as pq

    from mailwarden.pipeline.archive.columns import SCHEMA, table_of

    names = SCHEMA.names if columns is None else columns
    for path in files(directory):
        try:
            with pq.ParquetFile(path) as file:
                there = [name for name in names if name in file.schema_arrow.names]  # older files have fewer
                yield from file.iter_batches(_BATCH_ROWS, columns=there, use_threads=False)
        except FileNotFoundError:  # the service has made room
            continue
        except (pa.ArrowException, OSError) as error:
            raise _unreadable(path, error) from error
    rows = newest_rows(directory)
    if rows:
        yield from table_of(rows).select(names).to_batches()


def _marked(rows: "pa.RecordBatch", wanted: Sequence[str], threads: _Threads) -> "pa.Array":
    """Mark the rows that name what is wanted or belong to a message of the story."""
    return _joined(rows, _named(rows, wanted), threads)


def _named(rows: "pa.RecordBatch", wanted: Sequence[str]) -> "pa.Array":
    """Mark the rows that name what is wanted."""
    import pyarrow as pa
    import pyarrow.compute as pc

    mask = pa.array([False] * len(rows), pa.bool_())
    names = rows.schema.names
    values = pa.array(wanted, pa.string())
    for name in NAMES:
        if name in names:
            mask = pc.or_(mask, _names(rows.column(name), values))
    return mask


def _joined(rows: "pa.RecordBatch", mask: "pa.Array", threads: _Threads) -> "pa.Array":
    """Mark beside those of a mask the rows that belong to a message of the story."""
    import pyarrow as pa
    import pyarrow.compute as pc

    names = rows.schema.names
    ids = pa.array({thread[1] for thread in threads.seen}, pa.string())
    if not len(ids):
        return mask
    near = mask
    for name in (*_QUEUES, _MESSAGE):
        if name in names:
            near = pc.or_(near, pc.is_in(rows.column(name), value_set=ids))
    places = pc.indices_nonzero(pc.and_not(near, mask)).to_pylist()
    told = rows.select(_thread_columns(rows)).take(pa.array(places, pa.int64()))
    own = [place for place, row in zip(places, _rows(told), strict=True) if _belongs(row, threads)]
    return pc.or_(mask, pc.is_in(pa.array(range(len(rows))), value_set=pa.array(own, pa.int64())))


def _names(column: "pa.Array", wanted: "pa.Array") -> "pa.Array":
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_list(column.type):
        return pc.is_in(pc.utf8_lower(column), value_set=wanted)
    hits = pc.is_in(pc.utf8_lower(pc.list_flatten(column)), value_set=wanted)
    places = pc.list_parent_indices(column).filter(hits)
    return pc.is_in(pa.array(range(len(column)), places.type), value_set=places)


def _thread_columns(rows: "pa.RecordBatch") -> list[str]:
    return [name for name in ("@timestamp", "host.hostname", *_QUEUES, _MESSAGE) if name in rows.schema.names]


def _rows(rows: "pa.RecordBatch") -> Iterator[dict[str, Any]]:
    import pyarrow as pa

    at = rows.schema.get_field_index("@timestamp")
    yield from rows.set_column(at, "@timestamp", rows.column(at).cast(pa.int64())).to_pylist()


def _threads_of(row: dict[str, Any]) -> Iterator[_Thread]:
    host = row.get("host.hostname") or ""
    for name in _QUEUES:
        if row.get(name):
            yield host, row[name]
    if row.get(_MESSAGE):
        yield "", row[_MESSAGE]


def _belongs(row: dict[str, Any], threads: _Threads) -> bool:
    return any(threads.holds(thread, row["@timestamp"] or 0) for thread in _threads_of(row))


def _follow(rows: "pa.RecordBatch", threads: _Threads) -> None:
    """Take the messages of rows into the story."""
    for row in _rows(rows.select(_thread_columns(rows))):
        for thread in _threads_of(row):
            threads.add(thread, row["@timestamp"] or 0)
