"""Short stand-ins for texts that are only counted, or met again: so the state of a key stays small.

Whoever is counted often chooses the text. One mailbox has as many addresses as its owner likes (`me+tag@…`), and of a
checksum four characters of a tag make any address look like any other: a thousand recipients would count as one, or a
stranger pass for an acquaintance. So a mark has 64 bits of BLAKE2b, of which each such address would cost 2^64 tries. Where
hundreds are kept of each account, 32 bits under a key do: it is made of the account's first recipient and the moment, so
that nobody outside knows it, and every run over a log has the same. Half a microsecond each, and those met lately less.

CRC-32 is kept where a collision gains nothing that the same text would not: the shape of a Message-ID
(`alerts/facts/programs.py`), the id of a record of several lines (`parsers/raw.py`).
"""

import zlib
from collections.abc import Container
from functools import lru_cache
from hashlib import blake2b

__all__ = ["is_among", "keyed_mark", "mark", "mark_text", "new_key"]

_BYTES = 8
_SHORT_BYTES = 4


@lru_cache(maxsize=8192)
def mark(text: str) -> int:
    """Give the number of 64 bits that stands for a text."""
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_BYTES).digest(), "big")


@lru_cache(maxsize=8192)
def mark_text(text: str) -> str:
    """Give what stands for a text where the values of a window are texts."""
    return f"{mark(text):x}"


def is_among(text: str, marks: Container[int]) -> bool:
    """Say whether a text is one of those that marks stand for.

    What was learned over months may hold marks of 32 bits, which is what they were: they are known until they are written anew.
    """
    return mark(text) in marks or zlib.crc32(text.encode("utf-8", "surrogatepass")) in marks


def new_key(text: str, now_us: int) -> bytes:
    """Make a key of the first text that is to be marked under it, and of stream time."""
    return blake2b(f"{now_us} {text}".encode("utf-8", "surrogatepass"), digest_size=_BYTES).digest()


def keyed_mark(text: str, key: bytes) -> int:
    """Give the number of 32 bits that stands for a text under a key; its CRC-32 in what was begun without one."""
    encoded = text.encode("utf-8", "surrogatepass")
    if not key:
        return zlib.crc32(encoded)
    return int.from_bytes(blake2b(encoded, digest_size=_SHORT_BYTES, key=key).digest(), "big")
