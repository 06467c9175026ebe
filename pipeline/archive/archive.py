"""Write events away: full files by day, named by batch, and a file of the newest that are too few for one.

    events/2026-03-03/batch-000000012.parquet    all events up to batch 12 that the file before it does not hold
    events/newest.msgpack                        the batches since, appended one by one

What a batch brings is written before its commit, and only what a crash between the two can have left is taken away again
at the next start. A live service commits ten times a second; a Parquet file each would be a million a day.
"""

import itertools
import os
import re
import struct
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple, Self

import msgspec

from mailwarden.parsers.errors import StoreBusyError, coded
from mailwarden.parsers.event import ECS_NAMES, Event
from mailwarden.parsers.system_errors import reason

__all__ = ["Archive", "Laid", "day_of", "files", "newest_of", "newest_places", "newest_rows"]

Row = Mapping[str, Any]

_FULL = 50_000  # events of a file: those of one batch when catching up
_HEAD = 16  # bytes of a record that hold its batch's number
# [batch, rows] in msgpack: an array of two, then the number in one of its sizes.
_BATCH = re.compile(rb"\x92(?:\xcf(.{8})|\xce(.{4})|\xcd(.{2})|\xcc(.)|([\x00-\x7f]))", re.DOTALL)
_GROUP = 8_192  # events that are read at once when a name is looked for (see `index.py`)
_DAY_US = 86_400_000_000
_NAME = re.compile(r"batch-([0-9]{9,18})\.parquet")
_STREAM = itemgetter("stream_us")  # never runs back
_LENGTH = struct.Struct(">I")
_KEPT = frozenset({*ECS_NAMES, "timestamp_us", "event_count", "event_original", "extra", "stream_us"})

_encode = msgspec.msgpack.Encoder(enc_hook=str).encode


class Record(msgspec.Struct, array_like=True):
    """One batch among the newest."""

    batch: int
    rows: list[dict[str, Any]]


_decode = msgspec.msgpack.Decoder(Record).decode


class _Stored(NamedTuple):
    """A record and where it ends."""

    record: Record
    end: int


class Laid(NamedTuple):
    """Where a batch among the newest stands, and how it begins: with its number."""

    begin: int
    end: int
    head: bytes

    @property
    def batch(self) -> int:
        """Give its number, 0 where it cannot be read."""
        found = _BATCH.match(self.head)
        return int.from_bytes(found[found.lastindex or 1], "big") if found else 0


class _Laid(NamedTuple):
    """A batch among the newest: how many events, and where its record ends."""

    batch: int
    events: int
    end: int


def files(directory: Path) -> list[Path]:
    """List the full files of an archive, the oldest first."""
    return sorted(path for path in directory.glob("events/*/batch-*.parquet") if _NAME.fullmatch(path.name))


def day_of(moment_us: int) -> str:
    """Name the folder of the events of a moment: its day in UTC, as in 2026-03-03."""
    return f"{datetime.fromtimestamp(moment_us // 1_000_000, UTC):%Y-%m-%d}"


def newest_rows(directory: Path) -> list[Row]:
    """Give the events that stand in no full file yet."""
    last = max(map(_batch_of, files(directory)), default=0)
    records = (stored.record for stored in _stored(directory / "events" / "newest.msgpack"))
    return [row for record in records if record.batch > last for row in record.rows]


def newest_places(directory: Path) -> list[Laid]:
    """Say where the batches stand that are in no full file yet, without reading them."""
    last = max(map(_batch_of, files(directory)), default=0)
    places = []
    try:
        with (directory / "events" / "newest.msgpack").open("rb") as file:
            at, size = 0, os.fstat(file.fileno()).st_size
            while at + _LENGTH.size <= size:
                file.seek(at)
                head = file.read(_LENGTH.size + _HEAD)
                begin = at + _LENGTH.size
                at = begin + _LENGTH.unpack_from(head)[0]
                if at <= size:
                    places.append(Laid(begin, at, head[_LENGTH.size :]))
    except (FileNotFoundError, struct.error):  # none, or cut just now
        pass
    return [place for place in places if place.batch > last]


def newest_of(directory: Path, place: Laid) -> list[dict[str, Any]]:
    """Give the events of one of these places; none where it is another's by now."""
    try:
        with (directory / "events" / "newest.msgpack").open("rb") as file:
            file.seek(place.begin)
            data = file.read(place.end - place.begin)
        return _decode(data).rows if data.startswith(place.head) else []
    except (FileNotFoundError, msgspec.MsgspecError):
        return []


class Archive:
    """Where events are kept. Batches are written in order; one written again replaces what it wrote before."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._events = directory / "events"
        self._newest = self._events / "newest.msgpack"
        self._laid: list[_Laid] = []  # what stands among the newest
        self._day = -1  # theirs
        self._filed = 0  # the batch whose file holds the newest

    @classmethod
    def open(cls, directory: Path, last_batch: int) -> Self:
        """Open an archive, and take away what the last committed batch does not know of.

        A crash leaves at most one such batch. Where there are more, the archive belongs to another database, or that was
        restored from a backup: then they are set aside under another name, not removed.

        Raises:
            StoreBusyError: It cannot be read or written.
        """
        archive = cls(directory)
        with _explained(directory):
            archive._events.mkdir(mode=0o750, parents=True, exist_ok=True)
            archive._recover(last_batch)
        return archive

    def write(self, batch: int, events: Sequence[Event]) -> None:
        """Keep the events of a batch, safe from a power cut, before the batch is committed.

        Raises:
            StoreBusyError: They cannot be written. Nothing of the batch counts until it is committed.
        """
        if not events:
            return
        with _explained(self.directory):
            if self._filed and batch > self._filed:  # the file that holds them is committed
                self._forget()
            while self._laid and self._laid[-1].batch >= batch:
                self._laid.pop()
            first, last = events[0].stream_us // _DAY_US, events[-1].stream_us // _DAY_US
            count = sum(laid.events for laid in self._laid) + len(events)
            if count < _FULL and first == last and (last == self._day or not self._laid):
                self._append(batch, events, last)
            else:
                laid = (one.record.rows for one in _stored(self._newest) if one.end <= self._end())
                self._file(batch, [*itertools.chain.from_iterable(laid), *map(vars, events)])

    # ------------------------------------------------------------------ below

    def _append(self, batch: int, events: Sequence[Event], day: int) -> None:
        rows = [{name: value for name, value in vars(event).items() if name in _KEPT} for event in events]
        try:
            data = _encode([batch, rows])
        except (UnicodeEncodeError, OverflowError):
            data = _encode([batch, _plain(rows)])
        end = self._end()
        with self._newest.open("r+b" if end else "wb") as file:
            file.seek(end)
            file.write(_LENGTH.pack(len(data)) + data)
            file.truncate()
            file.flush()
            os.fdatasync(file.fileno())
        self._laid.append(_Laid(batch, len(rows), end + _LENGTH.size + len(data)))
        self._day = day

    def _end(self) -> int:
        return self._laid[-1].end if self._laid else 0

    def _file(self, batch: int, rows: Sequence[Row]) -> None:
        first, last = int(rows[0]["stream_us"]) // _DAY_US, int(rows[-1]["stream_us"]) // _DAY_US
        for day in range(first, last + 1):
            begin = bisect_left(rows, day * _DAY_US, key=_STREAM)
            end = bisect_left(rows, (day + 1) * _DAY_US, key=_STREAM)
            if begin < end:
                folder = self._events / day_of(day * _DAY_US)
                _write_file(folder, batch, rows[begin:end])
        self._filed = batch

    def _forget(self) -> None:
        """Begin the newest anew."""
        self._laid, self._filed = [], 0
        self._cut()

    def _cut(self) -> None:
        if self._newest.exists():
            os.truncate(self._newest, self._end())

    def _recover(self, last_batch: int) -> None:
        for unfinished in self._events.glob("*/*.unfinished"):
            unfinished.unlink()
        stored = list(_stored(self._newest))
        beyond = [path for path in files(self.directory) if _batch_of(path) > last_batch]
        batches = {_batch_of(path) for path in beyond}
        batches |= {record.batch for record, _ in stored if record.batch > last_batch}
        foreign = len(batches) > 1
        for path in beyond:
            if foreign:
                path.replace(path.with_name(f"{path.name}.set-aside"))
            else:
                path.unlink()
        filed = max(map(_batch_of, files(self.directory)), default=0)
        kept = [one for one in stored if filed < one.record.batch <= last_batch]
        if foreign and len(kept) < len(stored):
            self._newest.with_name(f"{self._newest.name}.set-aside").write_bytes(self._newest.read_bytes())
        self._laid = [_Laid(record.batch, len(record.rows), end) for record, end in kept]
        if kept:
            self._day = int(kept[-1].record.rows[-1]["stream_us"]) // _DAY_US
        self._cut()


def _stored(path: Path) -> Iterator[_Stored]:
    """Read the newest, up to the first record that is not whole: a crash cut it."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return
    at = 0
    while at + _LENGTH.size <= len(data):
        end = at + _LENGTH.size + _LENGTH.unpack_from(data, at)[0]
        try:
            record = _decode(data[at + _LENGTH.size : end])
        except msgspec.MsgspecError:
            return
        yield _Stored(record, end)
        at = end


def _write_file(folder: Path, batch: int, rows: Sequence[Row]) -> None:
    import pyarrow.parquet as pq

    from mailwarden.pipeline.archive.columns import table_of

    folder.mkdir(mode=0o750, exist_ok=True)
    path = folder / f"batch-{batch:09}.parquet"
    unfinished = path.with_suffix(".unfinished")
    with unfinished.open("wb") as file:
        pq.write_table(table_of(rows), file, compression="zstd", row_group_size=_GROUP)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    for directory in (folder, folder.parent):
        number = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def _batch_of(path: Path) -> int:
    found = _NAME.fullmatch(path.name)
    assert found is not None
    return int(found[1])


def _plain(value: Any) -> Any:
    """Spell out bytes that were no text, and leave out numbers that are too large, where msgpack can say neither."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    if isinstance(value, dict):
        return {_plain(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, int) and value.bit_length() > 63:
        return None
    return value


@contextmanager
def _explained(directory: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreBusyError(
            coded(
                "MW5201",
                '{directory}: the archive cannot be written ("{reason}"). Nothing of this batch was kept; it is'
                " read again from the logs. Free space or give the folder to the service; or set  archive: {enabled: false}",
                directory=directory,
                reason=reason(error),
            )
        ) from error
