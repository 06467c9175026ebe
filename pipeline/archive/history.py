"""Give the events of the archive again, as they were admitted, for a rule to be tried on what happened here."""

import itertools
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from mailwarden.parsers.errors import StoreError, coded
from mailwarden.parsers.event import ATTRIBUTES, Event
from mailwarden.pipeline.archive.archive import day_of, files, newest_rows

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["last_us", "replay"]

_DAY_US = 86_400_000_000
_BATCH_ROWS = 5_000
_TAKEN = 5_000
_EXTRA = "mailwarden.extra"


def last_us(directory: Path) -> int | None:
    """Give the stream time of the newest event; None where there is none."""
    rows = newest_rows(directory)
    if rows:
        return int(rows[-1]["stream_us"])
    last = 0
    for path in files(directory)[-1:]:
        for event in _in_order(event for batch in _batches(path) for event in _events(batch)):
            last = event.stream_us
    return last or None


def replay(directory: Path, from_us: int = 0) -> Iterator[list[Event]]:
    """Give the events admitted from a day on, in the order they were, some thousands at a time.

    What correlation had put on them from other lines stands there still; it puts on the same again.

    Raises:
        StoreError: A file of the archive is damaged.
    """
    first = day_of(max(0, from_us))
    paths = [path for path in files(directory) if path.parent.name >= first]
    filed = _in_order(event for path in paths for batch in _batches(path) for event in _events(batch))
    while events := list(itertools.islice(filed, _TAKEN)):
        yield events
    newest = [_event(row) for row in newest_rows(directory)]
    if newest and newest[-1].stream_us >= from_us:
        yield newest


def _batches(path: Path) -> "Iterator[pa.RecordBatch]":
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            yield from file.iter_batches(_BATCH_ROWS, use_threads=False)
    except FileNotFoundError:  # the service has made room
        return
    except (pa.ArrowException, OSError) as error:
        raise StoreError(
            coded(
                "MW5202",
                '{path}: cannot be read ("{error}"). Nothing after it was replayed. Move it away and ask again.',
                path=path,
                error=error,
            )
        ) from error


def _events(batch: "pa.RecordBatch") -> Iterator[Event]:
    """Make events of rows; columns in which nothing is set are not looked at."""
    import pyarrow as pa

    at = batch.schema.get_field_index("@timestamp")
    batch = batch.set_column(at, "@timestamp", batch.column(at).cast(pa.int64()))
    used = [number for number in range(batch.num_columns) if batch.column(number).null_count < len(batch)]
    names = [batch.schema.names[number] for number in used]
    attributes = ["extra" if name == _EXTRA else ATTRIBUTES.get(name, "") for name in names]
    columns = [batch.column(number).to_pylist() for number in used]
    for values in zip(*columns, strict=True):
        yield _event(
            {name: value for name, value in zip(attributes, values, strict=True) if value is not None and name}
        )


def _event(row: Mapping[str, Any]) -> Event:
    event = Event()
    vars(event).update(row)
    extra: Any = event.extra
    if isinstance(extra, str):  # in a full file; the newest hold it as it was
        event.extra = msgspec.json.decode(extra)
    return event


def _in_order(events: Iterable[Event]) -> Iterator[Event]:
    """Put stream time on events as admission did: it never runs back, and one stamp a day ahead does not move it."""
    held: Event | None = None
    now_us = 0
    for event in events:
        if held is not None:
            confirmed = event.timestamp_us > now_us + _DAY_US
            held.stream_us = now_us = held.timestamp_us if confirmed else now_us
            yield held
            held = None
        if now_us and event.timestamp_us > now_us + _DAY_US:
            held = event
            continue
        event.stream_us = now_us = max(now_us, event.timestamp_us)
        yield event
    if held is not None:
        held.stream_us = now_us
        yield held
