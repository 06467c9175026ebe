"""Lines that another program hands over, by standard input or a named pipe (a shell's `<(zcat mail.log.1.gz)`)."""

import os
import stat
from typing import Any

from mailwarden.parsers.errors import Coded, coded
from mailwarden.pipeline.admission.batch import Chunk
from mailwarden.pipeline.sources.compression import compression_of
from mailwarden.pipeline.sources.looks import LOOK_BYTES, what_else
from mailwarden.pipeline.sources.pipes import Pipe
from mailwarden.pipeline.sources.source import BLOCK_BYTES, Hint, Source

__all__ = ["StandardInput"]


class StandardInput:
    """What is read once; it cannot be read again, so where it stands means nothing after a restart.

    Args:
        rank: Its place among the sources.
        descriptor: Where it is read.
        name: The pipe's path; `-` for standard input.
    """

    def __init__(self, rank: int = 0, descriptor: int = 0, name: str = "-") -> None:
        self.rank = rank
        self.name = name
        self._called = "standard input" if name == "-" else name
        self.exhausted = False
        self.problems: list[Coded] = []
        self.hint = Hint()
        self._descriptor = descriptor
        self._pipe = Pipe(descriptor)
        self._offset = 0
        status = os.fstat(descriptor)
        self._size = status.st_size if stat.S_ISREG(status.st_mode) else 0

    def read(self, limit_bytes: int = BLOCK_BYTES) -> Chunk | None:
        """Give whole lines that are there now, or None."""
        if self.exhausted:
            return None
        data = self._pipe.read(limit_bytes)
        if not data:
            self.exhausted = self._pipe.ended
            if self.exhausted and not self._offset:
                self._refuse(coded("MW1105", "gave nothing. Name a file, or check the program that should write."))
            return None
        start, self._offset = self._offset, self._offset + len(data)
        if start == 0:
            what = what_else(data[:LOOK_BYTES])
            if compression_of(data) is not None:
                what = coded(
                    "MW1108", "is compressed. Nothing was read. Unpack it first:  zcat FILE | mailwarden scan -"
                )
            if what is not None:
                self._refuse(what)
                return None
        return Chunk(self.name, self._called, start, data)

    def _refuse(self, what: Coded) -> None:
        self.exhausted = True
        if self.name == "-":
            self.problems.append(coded(what.code, "standard input: {message}", message=what))
        else:
            self.problems.append(coded(what.code, "{path}: {message}", path=self.name, message=what))

    def ends(self) -> None:
        """Know nothing: it is read once."""

    def progress(self) -> tuple[int, int]:
        """Give the bytes read, and those in all when a file was redirected."""
        return self._offset, self._size

    def position(self) -> dict[str, Any]:
        """Give the bytes read."""
        return {"offset": self._offset}

    def restore(self, position: dict[str, Any]) -> None:
        """Begin at the beginning: what another run was given is not here."""

    def found(self) -> list[Source]:
        """Give nothing."""
        return []

    def watched(self) -> set[str]:
        """Name nothing."""
        return set()

    def close(self) -> None:
        """Close a pipe; standard input is not ours."""
        if self.name != "-" and self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
