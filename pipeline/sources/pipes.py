"""Whole lines from a pipe, without ever waiting for it."""

import os
import select

from mailwarden.pipeline.sources.source import MAX_LINE_BYTES

__all__ = ["Pipe"]


class Pipe:
    """Cuts what a descriptor gives at its last LF; `ended` once the other side has closed it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._rest = b""
        self.ended = False

    def read(self, limit_bytes: int) -> bytes:
        """Give the whole lines that are there now; behind the end, the last line though no LF ends it."""
        pieces = [self._rest]
        size = len(self._rest)
        while not self.ended and size < max(limit_bytes, len(self._rest) + 1):
            if not select.select([self._descriptor], [], [], 0)[0]:
                break
            piece = os.read(self._descriptor, 1 << 16)
            self.ended = not piece
            pieces.append(piece)
            size += len(piece)
        data = b"".join(pieces)
        end = len(data) if self.ended or len(data) > MAX_LINE_BYTES else data.rfind(b"\n") + 1
        self._rest = data[end:]
        return data[:end]
