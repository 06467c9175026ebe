"""One log file, read from its first byte to its last, under whatever name it stands at the end."""

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

from mailwarden.parsers.errors import Coded, coded, said_of
from mailwarden.pipeline.sources.compression import CompressedError, Unpacker, compression_of, gzip_mtime
from mailwarden.pipeline.sources.identity import HEAD_BYTES, SEAM_BYTES, Mark, birth_of, digest
from mailwarden.pipeline.sources.source import MAX_LINE_BYTES, Hint

__all__ = ["Birth", "ReplacedError", "head_of", "tail_of"]


_TAIL_BYTES = 1 << 16  # holds the last line of any syslog


class ReplacedError(Exception):
    """The open file holds other content now: it was truncated, and perhaps written anew."""


class Birth:
    """An open file, its place, and what recognises it.

    Raises:
        OSError: the file cannot be opened, or something else stands in its place.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        # Whoever owns the directory may put a pipe or a device in the place of the file that was found there.
        self._descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            status = os.fstat(self._descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
            start = os.pread(self._descriptor, 16, 0) if status.st_size else b""
        except OSError:
            self.close()
            raise
        self.inode, self.device = status.st_ino, status.st_dev
        kind = compression_of(start)
        self.packed = kind is not None
        self.hint = Hint(path.name, gzip_mtime(start), int(status.st_mtime))
        self._unpacker = Unpacker(self._descriptor, kind) if kind is not None else None
        self._state = (-1, -1)  # size and time of the last change when everything was read
        self._modified_ns = status.st_mtime_ns
        self._cut_tail = False  # the rest of a line that was too long is being skipped
        self._ahead = b""  # unpacked, but not read yet
        self.offset = 0  # behind the last line given
        self.head = b""
        self._seam = b""  # the last bytes before `offset`
        self._rest = b""  # read, but not a whole line yet
        self.trouble: Coded | None = None

    @property
    def birth(self) -> str:
        return birth_of(self.head)

    def mark(self) -> Mark:
        """Note where reading stands and what finds this file again."""
        head = self.head
        return Mark(
            self.birth if head else "",
            self.offset,
            len(head),
            digest(head),
            len(self._seam),
            digest(self._seam),
            self.inode,
            self.device,
            self._modified_ns,
        )

    def resume(self, mark: Mark) -> bool:
        """Go to the place of `mark`; False when this is another file after all."""
        if not self.packed:
            self.head = os.pread(self._descriptor, HEAD_BYTES, 0)
            seam = os.pread(self._descriptor, mark.seam_bytes, mark.offset - mark.seam_bytes)
        else:
            seam = self._skip(mark.offset)
        if (
            len(seam) != mark.seam_bytes
            or digest(seam) != mark.seam
            or (mark.head_bytes and not mark.starts(self.head))
        ):
            return False
        self._seam, self.offset = seam, mark.offset
        return True

    def peek(self) -> bytes:
        """Give what the file begins with; only before anything was read."""
        return self._unpack(HEAD_BYTES) if self.packed else os.pread(self._descriptor, HEAD_BYTES, 0)

    def tail(self) -> bytes:
        """Give the last lines there are now; only before anything was read."""
        tail = b""
        if self.packed:
            while piece := self._unpack(1 << 20):
                tail = (tail + piece)[-_TAIL_BYTES:]
        else:
            tail = os.pread(self._descriptor, _TAIL_BYTES, max(0, self.size() - _TAIL_BYTES))
        return tail.rstrip(b"\n")

    def _skip(self, offset: int) -> bytes:
        self.head = self._unpack(HEAD_BYTES)
        self._ahead = self.head + self._ahead
        seam, behind = b"", 0
        while behind < offset:
            piece = self._unpack(min(1 << 20, offset - behind))
            if not piece:
                return b""
            behind += len(piece)
            seam = (seam + piece)[-SEAM_BYTES:]
        return seam

    def _unpack(self, limit: int) -> bytes:
        assert self._unpacker is not None
        data = self._ahead
        if not data:
            try:
                data = self._unpacker.read(limit)
            except CompressedError as error:
                self.trouble = coded(
                    "MW1201",
                    'is broken: "{error}". What stands before that place was read, the rest is lost. '
                    "Look for an unbroken copy of the file.",
                    error=said_of(error),
                )
        self._ahead = data[limit:]  # zstd gives whole blocks
        return data[:limit]

    def _more(self, limit: int) -> bytes:
        """Give what follows the last line given, as far as it is there; it begins with `_rest`."""
        if self._unpacker is not None:
            data = self._unpack(limit)
            return self._rest + data if data and self._rest else data
        status = os.fstat(self._descriptor)
        state = (status.st_size, status.st_mtime_ns)
        if state == self._state:
            return b""
        self._modified_ns = status.st_mtime_ns
        # The bytes before are read again with those that follow: so these are known to continue what was read.
        seam = len(self._seam)
        wanted = seam + len(self._rest) + limit
        data = os.pread(self._descriptor, wanted, self.offset - seam)
        if not data.startswith(self._seam) or not data.startswith(self._rest, seam):
            raise ReplacedError
        if len(data) < wanted:
            self._state = state
        return data[seam:] if len(data) > seam + len(self._rest) else b""

    def read(self, limit: int) -> tuple[int, bytes] | None:
        """Give whole lines and the offset of their first byte, or None when there are none now.

        Raises:
            ReplacedError: the file was truncated; what it held before may stand in a copy.
        """
        while True:
            data = self._more(limit)
            if not data:
                return None
            if self.offset == 0 and len(self.head) < HEAD_BYTES:
                self.head = data[:HEAD_BYTES]
            if self._cut_tail:
                first = data.find(b"\n") + 1
                self._cut_tail = not first
                self._pass(data[:first] if first else data)
                data = data[first:] if first else b""
            end = data.rfind(b"\n") + 1
            self._rest = data[end:]
            if end:
                if len(self.head) < HEAD_BYTES and not self.packed:
                    head = os.pread(self._descriptor, HEAD_BYTES, 0)
                    self.head = head if head.startswith(self.head) else self.head
                return self._give(data[:end])
            if len(self._rest) >= MAX_LINE_BYTES:
                line, self._rest, self._cut_tail = self._rest, b"", True
                self.trouble = coded(
                    "MW1202",
                    "has a line of more than {mib} MiB. It was cut there and its rest left out. "
                    "See which program writes it.",
                    mib=MAX_LINE_BYTES >> 20,
                )
                return self._give(line + b"\n", len(line))
            limit *= 2

    def finish(self) -> tuple[int, bytes] | None:
        """Give the last line of a file that will not grow, though no LF ends it."""
        line, self._rest = self._rest, b""
        return self._give(line) if line else None

    def _give(self, data: bytes, size: int | None = None) -> tuple[int, bytes]:
        start = self.offset
        self._pass(data if size is None else data[:size])
        return start, data

    def _pass(self, data: bytes) -> None:
        self.offset += len(data)
        self._seam = data[-SEAM_BYTES:] if len(data) >= SEAM_BYTES else (self._seam + data)[-SEAM_BYTES:]

    def size(self) -> int:
        """Count the bytes on disk now."""
        return os.fstat(self._descriptor).st_size

    def place(self) -> int:
        """Count the bytes on disk that were read."""
        return self._unpacker.place if self._unpacker is not None else self.offset

    def status(self) -> tuple[int, int, int, int]:
        """Give inode, device, size and time of the last change (in nanoseconds) now."""
        status = os.fstat(self._descriptor)
        return status.st_ino, status.st_dev, status.st_size, status.st_mtime_ns

    def close(self) -> None:
        """Let go of the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def head_of(path: Path) -> bytes:
    """Read what a file begins with, unpacked; nothing when it cannot be read."""
    return _peek(path, Birth.peek)


def tail_of(path: Path) -> bytes:
    """Read a file's last lines, unpacked; nothing when it cannot be read."""
    return _peek(path, Birth.tail)


def _peek(path: Path, what: Callable[[Birth], bytes]) -> bytes:
    try:
        birth = Birth(path)
    except OSError:
        return b""
    try:
        return what(birth)
    except OSError:
        return b""
    finally:
        birth.close()
