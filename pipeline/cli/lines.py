"""Read the lines of files that a person names: plain or compressed, standard input too; lines end at LF only."""

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from mailwarden.parsers.errors import SourceError

__all__ = ["LINE_LIMIT", "STANDARD_INPUT", "batches", "opened"]

STANDARD_INPUT = "-"
LINE_LIMIT = 1 << 20
"""Bytes of a line that are kept. No mail server writes a longer one (rsyslog cuts at 8 KiB); a binary file may."""

_BLOCK = 1 << 18
_MAGIC = 6  # bytes of the longest magic number below


_Breaks = tuple[type[Exception], ...]


class _Readable(Protocol):
    def read1(self, size: int, /) -> bytes: ...


@contextmanager
def opened(path: str) -> Iterator[tuple[_Readable, _Breaks]]:
    """Open a file for reading, its compression told by its first bytes (gzip, xz, zstd, bzip2), not by its name.

    Returns:
        What to read from, and the exceptions by which reading tells that the file breaks off.

    Raises:
        SourceError: It is not there, not readable, or a directory.
    """
    if path == STANDARD_INPUT:
        with _decompressed(cast(io.BufferedReader, sys.stdin.buffer)) as reading:
            yield reading
        return
    try:
        raw = Path(path).open("rb")  # noqa: SIM115 (closed by the `with` below)
    except IsADirectoryError:
        raise SourceError(f"{path}: is a directory. Name the log files in it.") from None
    except FileNotFoundError:
        raise SourceError(f"{path}: is not there. Check the path.") from None
    except PermissionError:
        raise SourceError(
            f"{path}: not readable by this user. Call it with sudo, or as a user of the group adm."
        ) from None
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error.strerror}.") from None
    with raw, _decompressed(raw) as reading:
        yield reading


@contextmanager
def _decompressed(raw: io.BufferedReader) -> Iterator[tuple[_Readable, _Breaks]]:
    head = raw.peek(_MAGIC)[:_MAGIC] if hasattr(raw, "peek") else b""
    if head.startswith(b"\x1f\x8b"):
        import gzip
        import zlib

        with gzip.GzipFile(fileobj=raw) as unzipped:
            yield unzipped, (OSError, EOFError, zlib.error)
    elif head.startswith(b"\xfd7zXZ\x00"):
        import lzma

        with lzma.LZMAFile(raw) as unzipped:
            yield unzipped, (OSError, EOFError, lzma.LZMAError)
    elif head.startswith(b"BZh"):
        import bz2

        with bz2.BZ2File(raw) as unzipped:
            yield unzipped, (OSError, EOFError)
    elif head.startswith(b"\x28\xb5\x2f\xfd"):
        import zstandard

        with zstandard.ZstdDecompressor().stream_reader(
            cast(BinaryIO, raw), read_across_frames=True, closefd=False
        ) as unzipped:
            yield cast(_Readable, unzipped), (OSError, zstandard.ZstdError)
    else:
        yield raw, (OSError,)


def batches(path: str) -> Iterator[list[bytes]]:
    """Give the lines of a file in order and without their LF, as many at a time as one reading gave.

    A last line without LF counts. Of a line longer than `LINE_LIMIT` its head is given.

    Raises:
        SourceError: The file cannot be opened, or breaks off (all that could be read has been given by then).
    """
    with opened(path) as (source, breaks):
        rest = b""
        cut = False  # the head of the line that `rest` belongs to is all that is kept of it
        failure: str | None = None
        while True:
            try:
                block = source.read1(_BLOCK)
            except breaks as error:
                failure = str(error) or type(error).__name__
                break
            if not block:
                break
            lines = block.split(b"\n")
            if not cut:
                lines[0] = rest + lines[0]
            elif len(lines) > 1:
                lines[0] = rest
                cut = False
            else:
                continue
            rest = lines.pop()
            if len(rest) > LINE_LIMIT:
                rest = rest[:LINE_LIMIT]
                cut = True
            if lines:
                yield lines
        if rest:
            yield [rest]
    if failure is not None:
        raise SourceError(f"{path}: breaks off: {failure}. What stands before that was read.")
