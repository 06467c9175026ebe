"""Read the lines of files that a person names: plain or compressed, standard input too; lines end at LF only."""

import io
import os
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast
from zoneinfo import ZoneInfo

from mailwarden.parsers.errors import SourceError, coded, said_of
from mailwarden.parsers.prefix import bare
from mailwarden.parsers.stamp import Clock
from mailwarden.parsers.system_errors import reason
from mailwarden.parsers.worded_time import year_of_first_line
from mailwarden.pipeline.places import is_pipe
from mailwarden.pipeline.sources.compression import CompressedError, Unpacker, compression_of, gzip_mtime
from mailwarden.pipeline.sources.source import MAX_LINE_BYTES

if TYPE_CHECKING:
    from mailwarden.parsers.envelope import Reader

__all__ = ["STANDARD_INPUT", "batches", "reader_for"]

STANDARD_INPUT = "-"

_BLOCK = 1 << 18
_MAGIC = 8  # bytes by which a compression is told

_STAMP_BYTES = 512  # hold any traditional stamp, behind the name of a file

_Read = Callable[[int], bytes]


@contextmanager
def _opened(path: str) -> Iterator[_Read]:
    if path == STANDARD_INPUT:
        yield _standard_input()
        return
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise SourceError(coded("MW1103", "{path}: is not there. Check the path.", path=path)) from None
    except PermissionError:
        raise SourceError(
            coded(
                "MW1102",
                "{path}: not readable by this user. Call it with sudo, or as a user of the group adm.",
                path=path,
            )
        ) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise SourceError(
            coded(
                "MW1109",
                "{path}: cannot be opened: {error}.",
                path=path,
                error=reason(error) if isinstance(error, OSError) else error,
            )
        ) from None
    try:
        if Path(path).is_dir():
            raise SourceError(coded("MW1109", "{path}: is a directory. Name the log files in it.", path=path))
        yield _reader(descriptor)
    finally:
        os.close(descriptor)


def _standard_input() -> _Read:
    stream = sys.stdin.buffer
    try:
        redirected = stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except OSError:  # not a file of the system
        redirected = False
    return _reader(stream.fileno()) if redirected else cast(io.BufferedReader, stream).read1


def _reader(descriptor: int) -> _Read:
    """Give what reads an open file, unpacked where its first bytes say that it is packed."""
    try:
        kind = compression_of(os.pread(descriptor, _MAGIC, 0))
    except OSError:  # a pipe or a device has no place to read at
        kind = None
    if kind is not None:
        return Unpacker(descriptor, kind).read
    return lambda size: os.read(descriptor, size)


def batches(path: str) -> Iterator[list[bytes]]:
    """Give the lines of a file in order and without their LF, as many at a time as one reading gave.

    A last line without LF counts. Of a line longer than `MAX_LINE_BYTES` its head is given.

    Raises:
        SourceError: The file cannot be opened, or breaks off (all that could be read has been given by then).
    """
    failure: Exception | None = None
    with _opened(path) as read:
        rest: list[bytes] = []  # pieces of the line that the last block broke off in
        size = 0
        while True:
            try:
                block = read(_BLOCK)
            except (CompressedError, OSError) as error:
                failure = error
                break
            if not block:
                break
            lines = block.split(b"\n")
            if size < MAX_LINE_BYTES:
                rest.append(lines[0])
                size += len(lines[0])
            if len(lines) == 1:
                continue
            lines[0] = b"".join(rest)
            last = lines.pop()
            rest, size = [last], len(last)
            yield lines
        if size:
            yield [b"".join(rest)]
    if failure is not None:
        raise SourceError(
            coded(
                "MW1201" if isinstance(failure, CompressedError) else "MW1109",
                "{path}: breaks off: {failure}. What stands before that was read.",
                path=path,
                failure=reason(failure) if isinstance(failure, OSError) else said_of(failure),
            )
        )


def reader_for(path: str, zone: str | None = None, year: int | None = None) -> "Reader":
    """Make the reader of a file, which knows the year that its first line belongs to as well as the file tells it.

    Args:
        path: The file, or `-`.
        zone: Name of the zone of stamps that carry none; None is this machine's.
        year: Year of the last line; None where it is to be found out.
    """
    from mailwarden.parsers.envelope import Reader

    tz = ZoneInfo(zone) if zone else None
    if year is not None:
        return Reader(zone=tz, year=_first_year(path, year))
    return Reader(zone=tz, hint_year_us=_hint_us(path))


def _first_year(path: str, year: int) -> int:
    """Give the year of the first line of a file whose last line is of `year`."""
    if path == STANDARD_INPUT or is_pipe(Path(path)):  # its end is not known yet
        return year
    clock = Clock()
    first = last = None
    try:
        for lines in batches(path):
            if first is None:
                first = next((line for line in map(_text, lines) if clock.traditional(line)), None)
            last = next((line for line in map(_text, reversed(lines)) if clock.traditional(line)), last)
    except SourceError:  # told when the file is read
        pass
    return year_of_first_line(first, last, year) if first and last else year


def _text(line: bytes) -> str:
    return bare(line[:_STAMP_BYTES].decode("utf-8", "surrogateescape"))


def _hint_us(path: str) -> int:
    """Give a moment that no line is later than: gzip's own stamp, else the file's time, else now."""
    if is_pipe(Path(path)):  # to look at it takes from it
        return int(time.time() * 1_000_000)
    try:
        with Path(path).open("rb") as file:
            seconds = gzip_mtime(file.read(_MAGIC)) or os.fstat(file.fileno()).st_mtime
    except (OSError, ValueError):
        seconds = time.time()
    return int(seconds * 1_000_000)
