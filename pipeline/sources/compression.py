"""Read compressed files piece by piece, as far as they can be read."""

import bz2
import lzma
import os
import zlib
from collections.abc import Callable
from typing import Protocol

from mailwarden.parsers.errors import worded

__all__ = ["CompressedError", "Unpacker", "compression_of", "gzip_mtime"]

_MAGIC = {"gzip": b"\x1f\x8b\x08", "xz": b"\xfd7zXZ\x00", "zstd": b"\x28\xb5\x2f\xfd", "bzip2": b"BZh"}
_INPUT_BYTES = 1 << 13  # what a broken place may cost: all that this much holds
_ZSTD_BYTES = 256  # a block of 128 KiB takes four bytes at least (RFC 8878, 3.1.1.2): at most 8 MiB


class CompressedError(Exception):
    """The rest of the file cannot be unpacked."""


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class _Gzip:
    """Gives zlib's object the manners of the other two."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def needs_input(self) -> bool:
        return not self._zlib.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        return self._zlib.decompress(self._zlib.unconsumed_tail + data, max(max_length, 0))


class _Zstd:
    """Gives zstandard's object a bound: it unpacks all that it is handed at once."""

    def __init__(self) -> None:
        import zstandard  # 0.02 s, for the few who use it

        self._error = zstandard.ZstdError
        self._object = zstandard.ZstdDecompressor().decompressobj()
        self._waiting = b""
        self._broken: OSError | None = None

    @property
    def eof(self) -> bool:
        return self._object.eof

    @property
    def needs_input(self) -> bool:
        return not self._waiting and self._broken is None

    @property
    def unused_data(self) -> bytes:
        return self._object.unused_data + self._waiting

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        if self._broken is not None:
            raise self._broken
        self._waiting += data
        unpacked = b""
        try:
            while self._waiting and not self._object.eof and len(unpacked) < max_length:
                some, self._waiting = self._waiting[:_ZSTD_BYTES], self._waiting[_ZSTD_BYTES:]
                unpacked += self._object.decompress(some)
        except self._error as error:  # told once what stands before that place was given
            self._broken = OSError(str(error))
        return unpacked


_KINDS: dict[str, Callable[[], _Decompressor]] = {
    "gzip": _Gzip,
    "xz": lambda: lzma.LZMADecompressor(format=lzma.FORMAT_XZ),
    "zstd": _Zstd,
    "bzip2": bz2.BZ2Decompressor,
}


def compression_of(start: bytes) -> str | None:
    """Tell from a file's first bytes how it is compressed; a name may lie."""
    for kind, magic in _MAGIC.items():
        if start.startswith(magic):
            return kind
    return None


def gzip_mtime(start: bytes) -> int:
    """Read when the packed file was last written, from gzip's header (RFC 1952, section 2.3.1); 0 when it is not told."""
    return int.from_bytes(start[4:8], "little") if start.startswith(_MAGIC["gzip"]) and len(start) >= 8 else 0


class Unpacker:
    """Unpacks an open file from its start; several streams one after another count as one (`cat a.gz b.gz`)."""

    def __init__(self, descriptor: int, kind: str) -> None:
        self._descriptor = descriptor
        self._make = _KINDS[kind]
        self._object = self._make()
        self._place = 0
        self._begun = False  # the present stream has been fed
        self._failure: str | None = None

    @property
    def place(self) -> int:
        """Bytes of the packed file that were taken."""
        return self._place

    def read(self, limit_bytes: int) -> bytes:
        """Give the next bytes, at most about `limit_bytes`; none at the end.

        Raises:
            CompressedError: what follows is broken or cut off; everything before was given.
        """
        pieces: list[bytes] = []
        size = 0
        while size < limit_bytes and self._failure is None:
            data = b""
            if self._object.eof:
                data = self._object.unused_data.lstrip(b"\0")  # tapes and gzip pad with NUL
                self._object = self._make()
                self._begun = False
            if not data and self._object.needs_input:
                data = os.pread(self._descriptor, _INPUT_BYTES, self._place)
                self._place += len(data)
                if not data:
                    if self._begun:
                        self._failure = worded("it ends before its end mark")
                    break
            try:
                piece = self._object.decompress(data, limit_bytes - size)
            except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError) as error:
                self._failure = str(error)
                break
            self._begun = True
            if piece:
                pieces.append(piece)
                size += len(piece)
        if not pieces and self._failure is not None:
            raise CompressedError(self._failure)
        return b"".join(pieces)
