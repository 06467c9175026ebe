"""What every source can do, whatever it reads from."""

from typing import Any, NamedTuple, Protocol

from mailwarden.parsers.errors import Coded
from mailwarden.pipeline.admission.batch import Chunk

__all__ = ["BLOCK_BYTES", "MAX_LINE_BYTES", "Hint", "Source"]

# At 1 MiB the kernel spends longer on fresh pages than on the reading: 0.35 against 0.1 µs a line.
BLOCK_BYTES = 1 << 17
MAX_LINE_BYTES = 16 << 20  # rsyslog cuts at 8 KiB, journald at 48 KiB; this only bounds what a broken writer may cost


class Hint(NamedTuple):
    """What a file itself tells about the year of its stamps; 0 or empty when it does not."""

    name: str = ""  # as it stands on disk: a date in it is the day of the rotation
    gzip_mtime: int = 0  # seconds since the epoch, from the header
    modified: int = 0  # seconds since the epoch; a copy or a clone makes it worthless


class Source(Protocol):
    """Lines of one origin in the order they were written.

    A source that does not follow is `exhausted` when everything was read once. One that follows never is (but standard
    input, which ends).
    """

    name: str  # the path as configured, "journal:…", "docker:…" or "-"
    rank: int  # its place in the configured order
    exhausted: bool
    problems: list[Coded]  # where · what · what it means · how to mend it; each is told once
    hint: Hint  # of the file that the last chunk stands in

    def read(self, limit_bytes: int = BLOCK_BYTES) -> Chunk | None:
        """Give whole lines that are there now, about `limit_bytes` of them, or None when there are none."""

    def ends(self) -> tuple[str, str] | None:
        """Give the first and the last line of all that will be read, where that can be known beforehand."""

    def progress(self) -> tuple[int, int]:
        """Give the bytes on disk that were read, and those there are in all (0: nobody knows)."""

    def position(self) -> dict[str, Any]:
        """Tell, in JSON's types, where the source stands behind the last chunk."""

    def restore(self, position: dict[str, Any]) -> None:
        """Go on exactly behind the chunk after which `position` was told."""

    def found(self) -> "list[Source]":
        """Give sources that belong to this one and appeared since it was last asked: new files of a pattern."""

    def watched(self) -> set[str]:
        """Name the directories in which something happens when there is more to read; none: it must be looked at often."""

    def close(self) -> None:
        """Let go of files and processes."""
