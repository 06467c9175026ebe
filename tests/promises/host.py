"""A mail server's log files, which grow, are rotated and packed at a pace of their own."""

import gzip
import os
import random
import shutil
from collections.abc import Sequence
from pathlib import Path

KEPT = 9


class Log:
    """One log that grows out of the lines of a real one.

    Args:
        path: Where it is written.
        lines: What will be written, each with its LF.
        chance: Decides how much is written at a time, and when it is rotated.
        rotation: `rename`, `copytruncate` or nothing.
    """

    def __init__(self, path: Path, lines: Sequence[bytes], chance: random.Random, rotation: str = "") -> None:
        self.path = path
        self.lines = lines
        self.written = 0
        self._chance = chance
        self._rotation = rotation
        self._pack_next = False
        self._half = b""
        self._rotations = 0
        path.touch()

    def is_done(self) -> bool:
        """Say whether all was written."""
        return self.written == len(self.lines)

    def grow(self, most: int = 40) -> None:
        """Write some lines, the last of them at times only by half."""
        count = self._chance.choice([1, 2, self._chance.randint(1, most)])
        new = self.lines[self.written : self.written + count]
        if not new:
            return
        self.written += len(new)
        data, self._half = self._half + b"".join(new), b""
        if self._chance.random() < 0.3 and not self.is_done():
            cut = self._chance.randint(1, len(new[-1]) - 1)
            data, self._half = data[:-cut], data[-cut:]
        with self.path.open("ab") as file:
            file.write(data)

    def finish_line(self) -> None:
        """Write the rest of a line that is there by half."""
        with self.path.open("ab") as file:
            file.write(self._half)
        self._half = b""

    def rotate(self) -> None:
        """Do what logrotate does: shift, begin anew, and pack what was rotated the time before (`delaycompress`)."""
        if self._rotations == KEPT or not self._rotation:
            return
        self.finish_line()
        self._rotations += 1
        for number in range(KEPT, 0, -1):
            for end in ("", ".gz"):
                old = self._numbered(number, end)
                if old.exists():
                    old.rename(self._numbered(number + 1, end))
        if self._rotation == "rename":
            self.path.rename(self._numbered(1))
            self.path.touch()
        else:
            shutil.copy2(self.path, self._numbered(1))
            os.truncate(self.path, 0)
        if self._chance.random() < 0.8:
            self.pack(2)

    def pack(self, number: int) -> None:
        """Pack a rotated file and remove the plain one."""
        plain = self._numbered(number)
        if plain.exists():
            packed = self._numbered(number, ".gz")
            packed.write_bytes(gzip.compress(plain.read_bytes()))
            shutil.copystat(plain, packed)
            plain.unlink()

    def _numbered(self, number: int, end: str = "") -> Path:
        return self.path.with_name(f"{self.path.name}.{number}{end}")
