"""State as bytes: msgpack, or JSON where it holds bytes that are no text, for which msgpack has no word.

Anybody can put such bytes into a log, as the name of an account for example; they are kept as they came, since what is
compared with them later comes so too.

What is long is compressed: the windows of an attacker's network say much twice, and whoever can make them can make a
million.
"""

import json
import threading
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
import zstandard

__all__ = ["decoder", "encode"]

T = TypeVar("T")
_JSON = b"\xc1"  # a byte with which no msgpack begins
_ZSTD = b"\x28\xb5\x2f\xfd"  # as zstd's frames begin, and no msgpack of more than one byte
_LONG_BYTES = 400
_encode = msgspec.msgpack.Encoder().encode


class _Zstd(threading.local):
    """Compressor and decompressor of one thread: neither may be used by two."""

    def __init__(self) -> None:
        self.compress = zstandard.ZstdCompressor(level=1).compress
        self.decompress = zstandard.ZstdDecompressor().decompress


_zstd = _Zstd()


def encode(value: Any) -> bytes:
    """Give a value as bytes, compressed where that is worth it."""
    try:
        packed = _encode(value)
    except UnicodeEncodeError:
        packed = _JSON + json.dumps(msgspec.to_builtins(value, str_keys=True)).encode()
    return packed if len(packed) < _LONG_BYTES else _zstd.compress(packed)


def decoder(type_: type[T]) -> Callable[[bytes], T]:
    """Give what reads values of a type from bytes."""
    decode = msgspec.msgpack.Decoder(type_).decode

    def read(blob: bytes) -> T:
        if blob.startswith(_ZSTD):
            blob = _zstd.decompress(blob)
        if blob.startswith(_JSON):
            return msgspec.convert(json.loads(blob[1:]), type_, str_keys=True)
        return decode(blob)

    return read
