"""A mail server whose logs grow, are rotated and packed at a pace of their own."""

import gzip
import os
import random
import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC
from pathlib import Path

from mailwarden.pipeline.admission.admission import Admission
from mailwarden.pipeline.sources.files import FileSource

KEPT = 9


class Host:
    """Writes logs line by line, in the order in which they were written once.

    Args:
        directory: Where they are written.
        lines: What will be written to each file, each line with its LF.
        chance: Decides how much is written at a time, and what is rotated when.
        rotation: `rename`, `copytruncate` or nothing.
    """

    def __init__(
        self, directory: Path, lines: Mapping[str, Sequence[bytes]], chance: random.Random, rotation: str = ""
    ) -> None:
        self.logs = [directory / name for name in lines]
        self.rotations = 0
        self.written = 0
        self._chance = chance
        self._rotation = rotation
        self._half: tuple[Path, bytes] | None = None
        self._schedule = _in_order(directory, lines)
        self.lines = len(self._schedule)
        for log in self.logs:
            log.touch()

    def is_done(self) -> bool:
        """Say whether all was written."""
        return self.written == self.lines

    def grow(self, most: int = 40) -> None:
        """Write some lines, the last of them at times only by half."""
        self.finish_line()
        count = self._chance.choice([1, 2, self._chance.randint(1, most)])
        new = self._schedule[self.written : self.written + count]
        for log, line in new:
            self._put(log, line)
        self.written += len(new)
        if self._chance.random() < 0.3 and not self.is_done():
            log, line = self._schedule[self.written]
            cut = self._chance.randint(1, len(line) - 1)
            self._put(log, line[:cut])
            self._half = log, line[cut:]
            self.written += 1

    def finish_line(self) -> None:
        """Write the rest of a line that is there by half."""
        if self._half is not None:
            self._put(*self._half)
            self._half = None

    def rotate(self) -> None:
        """Do what logrotate does: shift, begin anew, and pack what was rotated the time before (`delaycompress`)."""
        if self.rotations == KEPT or not self._rotation:
            return
        self.finish_line()
        self.rotations += 1
        pack = self._chance.random() < 0.8
        for log in self.logs:
            _rotate(log, self._rotation)
            if pack:
                _pack(log)

    @staticmethod
    def _put(log: Path, data: bytes) -> None:
        with log.open("ab") as file:
            file.write(data)


def _in_order(directory: Path, lines: Mapping[str, Sequence[bytes]]) -> list[tuple[Path, bytes]]:
    """Merge the files by their stamps."""
    logs = [directory / name for name in lines]
    if len(logs) == 1:
        return [(logs[0], line) for line in lines[logs[0].name]]
    for log in logs:
        log.write_bytes(b"".join(lines[log.name]))
    sources = [FileSource(log, rank, only=[log]) for rank, log in enumerate(logs)]
    admission = Admission(sources, follow=False, clock=lambda: 0, zone=UTC, year=2026)
    rest = {rank: iter(lines[log.name]) for rank, log in enumerate(logs)}
    merged = [event.source_rank for batch in admission.batches() for event in batch.events]
    for log in logs:
        log.unlink()
    assert len(merged) == sum(map(len, lines.values())), "the files hold copies of a line"
    return [(logs[rank], next(rest[rank])) for rank in merged]


def _rotate(log: Path, how: str) -> None:
    for number in range(KEPT, 0, -1):
        for end in ("", ".gz"):
            old = _numbered(log, number, end)
            if old.exists():
                old.rename(_numbered(log, number + 1, end))
    if how == "rename":
        log.rename(_numbered(log, 1))
        log.touch()
    else:
        shutil.copy2(log, _numbered(log, 1))
        os.truncate(log, 0)


def _pack(log: Path) -> None:
    plain = _numbered(log, 2)
    if plain.exists():
        packed = _numbered(log, 2, ".gz")
        packed.write_bytes(gzip.compress(plain.read_bytes()))
        shutil.copystat(plain, packed)
        plain.unlink()


def _numbered(log: Path, number: int, end: str = "") -> Path:
    return log.with_name(f"{log.name}.{number}{end}")
