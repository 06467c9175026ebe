"""State as bytes: msgpack, or JSON where it holds bytes that are no text, for which msgpack has no word.

Anybody can put such bytes into a log, as the name of an account for example; they are kept as they came, since what is
compared with them later comes so too.
"""

import json
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

__all__ = ["decoder", "encode"]

T = TypeVar("T")
_JSON = b"\xc1"  # a byte with which no msgpack begins
_encode = msgspec.msgpack.Encoder().encode


def encode(value: Any) -> bytes:
    """Give a value as bytes."""
    try:
        return _encode(value)
    except UnicodeEncodeError:
        return _JSON + json.dumps(msgspec.to_builtins(value, str_keys=True)).encode()


def decoder(type_: type[T]) -> Callable[[bytes], T]:
    """Give what reads values of a type from bytes."""
    decode = msgspec.msgpack.Decoder(type_).decode

    def read(blob: bytes) -> T:
        if blob.startswith(_JSON):
            return msgspec.convert(json.loads(blob[1:]), type_, str_keys=True)
        return decode(blob)

    return read
