"""Recognise a log file again after it was renamed, copied, compressed or truncated.

A name says nothing: logrotate moves files along. An inode says little: `copytruncate` keeps it for new content, compression
changes it for old content, and a deleted file's is used again. What stays is the content: the first KiB, and the bytes
just before the place where reading stopped. Files that begin alike are told apart by their order (`lineage.py`).
"""

from hashlib import blake2b
from typing import Any, NamedTuple

__all__ = ["HEAD_BYTES", "SEAM_BYTES", "Mark", "birth_of", "digest"]

HEAD_BYTES = 1024
SEAM_BYTES = 64


def digest(data: bytes) -> str:
    """Give a short name for bytes, which itself shows nothing of them."""
    return blake2b(data, digest_size=8).hexdigest()


def birth_of(head: bytes) -> str:
    """Name a file by its first line, which no rotation changes."""
    return digest(head[:HEAD_BYTES].partition(b"\n")[0])


class Mark(NamedTuple):
    """Where reading stands in one file, and all that finds this file again."""

    birth: str
    offset: int  # bytes since birth, before compression
    head_bytes: int
    head: str  # digest of the first `head_bytes`
    seam_bytes: int
    seam: str  # digest of the `seam_bytes` before `offset`
    inode: int
    device: int
    modified_ns: int

    def to_json(self) -> list[Any]:
        """Give the mark in JSON's types."""
        return list(self)

    @classmethod
    def from_json(cls, stored: list[Any]) -> "Mark":
        """Read what `to_json` gave."""
        return cls(*stored)

    def starts(self, head: bytes) -> bool:
        """Ask whether a file that begins with `head` (its first KiB, or all of it) begins like the marked one."""
        return 0 < self.head_bytes <= len(head) and digest(head[: self.head_bytes]) == self.head
