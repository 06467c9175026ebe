"""A log on disk, followed through every kind of rotation."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mailwarden.parsers.errors import Coded, coded, placed
from mailwarden.pipeline.admission.batch import Chunk
from mailwarden.pipeline.places import is_directory
from mailwarden.pipeline.sources.birth import Birth, ReplacedError
from mailwarden.pipeline.sources.identity import HEAD_BYTES, Mark
from mailwarden.pipeline.sources.lineage import Lineage
from mailwarden.pipeline.sources.looks import LOOK_BYTES, what_else
from mailwarden.pipeline.sources.source import BLOCK_BYTES, Hint, Source
from mailwarden.pipeline.sources.wording import broken_off, unreadable

__all__ = ["FileSource"]

_REMEMBERED = 8  # finished files: more than logrotate makes while the service stands still
_LINGER_S = 60.0  # a writer may hold the renamed file for a moment after another has begun the new one


class FileSource:
    """One log: the file at `path`, those that will follow it under that name, and those that stood there before.

    Args:
        path: Where the newest file stands, or will stand; it may be a symbolic link.
        rank: Its place in the configured order.
        follow: Go on when everything was read; else end there.
        rotations: At the very first start, begin with the oldest rotated file instead of with the newest.
        not_before: Rotated files last written before this (seconds since the epoch) are left out at that start.
        only: Read these files of the family and no others (a scan of named files).
        name: What it is called where that is not the path.
    """

    def __init__(
        self,
        path: Path,
        rank: int = 0,
        *,
        follow: bool = False,
        rotations: bool = False,
        not_before: float = 0.0,
        only: Sequence[Path] | None = None,
        name: str | None = None,
    ) -> None:
        self.name = name or str(path)
        self.rank = rank
        self.exhausted = False
        self.problems: list[Coded] = []
        self.hint = Hint()
        self._path = path
        self._follow = follow
        self._rotations = rotations or only is not None
        self._not_before = not_before
        self._lineage = Lineage(path, only, self._tell)
        self._current: Birth | None = None
        self._before: tuple[Birth, float] | None = None  # the file before it, and until when to look at it
        self._done: list[Mark] = []
        self._told: set[tuple[str, str]] = set()
        self._begun = False
        self._finished_bytes = self._all_bytes = 0

    def read(self, limit_bytes: int = BLOCK_BYTES) -> Chunk | None:
        """Give whole lines that are there now, or None."""
        while not self.exhausted:
            current = self._current
            if current is None:
                if self._open_next():
                    continue
                self._end_or_wait()
                return None
            if self._go_to_copy(current):
                continue
            chunk = self._read_from(current, limit_bytes)
            if chunk is not None:
                return chunk
            if self._current is current and self._follow and not self._is_superseded(current):
                return self._late_lines(limit_bytes)
            if self._current is current:
                # The new file had lines before this look, so the old one's writer has let go: once more and no more.
                chunk = self._read_from(current, limit_bytes) or self._chunk(current, current.finish())
                if chunk is not None:
                    return chunk
                if self._current is current:
                    self._finish(current)
        return None

    def _go_to_copy(self, current: Birth) -> bool:
        """Go to the copy of a file that was empty, and written, copied and truncated between two looks; False where none is."""
        if not self._follow or current.offset or current.packed:
            return False
        first = self._lineage.after(self._done)
        if first is None or not first.size or (first.inode, first.device) == (current.inode, current.device):
            return False
        unread = self._lineage.open(first)
        if unread is None:
            return False
        current.close()
        self._current = unread
        return True

    def _read_from(self, current: Birth, limit_bytes: int) -> Chunk | None:
        try:
            piece = current.read(limit_bytes)
        except ReplacedError:
            return self._leave_replaced(current)
        except OSError as error:  # a disk that fails: what was read of the file counts, and the next look tries again
            self._tell(str(current.path), broken_off(error))
            return None
        if current.trouble is not None:
            self._tell(str(current.path), current.trouble)
        return self._chunk(current, piece)

    def _chunk(self, birth: Birth, piece: tuple[int, bytes] | None) -> Chunk | None:
        if piece is None:
            return None
        start, data = piece
        if start == 0:
            what = what_else(birth.head + data[HEAD_BYTES:LOOK_BYTES])
            if what is not None:
                self._tell(str(birth.path), what)
                self._finish(birth)
                return None
            if data.startswith(b"\0"):
                # The hole of a truncated file whose writer does not append. Its length stays: offsets count bytes.
                size = len(data) - len(data.lstrip(b"\0"))
                data = b" " * size + data[size:]
        self.hint = birth.hint
        return Chunk(self.name, self._named(birth), start, data)

    def _named(self, birth: Birth) -> str:
        """Name a file by its first line; of files with the same first line, a later one by its number too."""
        is_before = self._before is not None and birth is self._before[0]
        twins = sum(mark.birth == birth.birth for mark in (self._done[:-1] if is_before else self._done))
        return f"{birth.birth}.{twins}" if twins else birth.birth

    def _leave_replaced(self, current: Birth) -> Chunk | None:
        """After `copytruncate`: read what is left in the copy, if there is one."""
        mark = current.mark()
        copy = self._lineage.find(mark, self._done, but=(current.inode, current.device)) if mark.head_bytes else None
        if copy is not None:
            current.close()
            self._current = copy
            return None
        chunk = self._chunk(current, current.finish())  # half a line, whose rest is gone
        self._finish(current, linger=False)
        return chunk

    def _is_superseded(self, current: Birth) -> bool:
        """Ask whether a newer file of this log has lines."""
        try:
            status = self._path.stat()
            if (status.st_ino, status.st_dev) == (current.inode, current.device):
                return False
        except OSError:  # moved away, or a log that bears a date and never stands under its bare name
            pass
        following = self._lineage.after([*self._done, current.mark()])
        return following is not None and following.size > 0

    def _open_next(self) -> bool:
        if self._begun:
            candidate = self._lineage.after(self._done)
        else:
            candidate, self._done = self._lineage.first(rotations=self._rotations, not_before=self._not_before)
        if candidate is None:
            return False
        self._current = self._lineage.open(candidate)
        self._begun = self._begun or self._current is not None
        return self._current is not None

    def _finish(self, current: Birth, *, linger: bool = True) -> None:
        mark = current.mark()
        self._finished_bytes += current.place()
        if mark.head_bytes:
            self._done = [*self._done, mark][-_REMEMBERED:]
        else:
            self._lineage.leave_out(current)
        if self._before is not None:
            self._before[0].close()
            self._before = None
        if linger and self._follow and mark.head_bytes and not current.packed:
            self._before = (current, time.monotonic() + _LINGER_S)
        else:
            current.close()
        self._current = None

    def _late_lines(self, limit_bytes: int) -> Chunk | None:
        """Give what somebody still wrote into the file before this one."""
        if self._before is None:
            return None
        birth, until = self._before
        try:
            piece = birth.read(limit_bytes)
        except (ReplacedError, OSError):
            piece, until = None, 0.0
        if piece is not None:
            self._done[-1] = birth.mark()
            return self._chunk(birth, piece)
        if time.monotonic() > until:
            birth.close()
            self._before = None
        return None

    def _end_or_wait(self) -> None:
        if not self._begun or (not self._done and not self._follow):
            try:
                empty = self._path.stat().st_size == 0
            except FileNotFoundError as error:
                if not self._told:
                    what = coded(
                        "MW1103", "is not there yet. It is read as soon as it is. Check the path if it should be there."
                    )
                    self._tell(self.name, what if self._follow else unreadable(error))
            except OSError as error:
                self._tell(self.name, unreadable(error))
            else:
                if empty:
                    self._tell(
                        self.name,
                        coded(
                            "MW1105", "is empty. Nothing was read from it. Is the mail server running and logging here?"
                        ),
                    )
        if not self._follow:
            self.exhausted = True

    def _tell(self, where: str, what: Coded) -> None:
        if (where, what) not in self._told:
            self._told.add((where, what))
            self.problems.append(placed(where, what))

    def ends(self) -> tuple[str, str] | None:
        """Give the first and the last line of what a scan will read."""
        return self._lineage.ends(rotations=self._rotations, not_before=self._not_before)

    def progress(self) -> tuple[int, int]:
        """Give the bytes on disk that were read, and those of all files that a first reading takes."""
        if not self._all_bytes:
            self._all_bytes = self._lineage.size(rotations=self._rotations, not_before=self._not_before)
        done = self._finished_bytes + (self._current.place() if self._current is not None else 0)
        return done, max(self._all_bytes, done)

    def position(self) -> dict[str, Any]:
        """Tell where the source stands: the files that are done, and the place in the present one."""
        current = self._current
        return {
            "done": [mark.to_json() for mark in self._done],
            "current": current.mark().to_json() if current is not None else None,
            "begun": self._begun,
        }

    def restore(self, position: dict[str, Any]) -> None:
        """Go on behind the chunk after which `position` was told, under whatever name that file stands now."""
        self._done = [Mark.from_json(stored) for stored in position["done"]]
        self._begun = position["begun"]
        if position["current"] is not None:
            mark = Mark.from_json(position["current"])
            self._current = self._lineage.find(mark, self._done)
            if self._current is None and mark.head_bytes:
                self._done = [*self._done, mark][-_REMEMBERED:]
                self._tell(
                    self.name,
                    coded(
                        "MW1203",
                        "the file that was read up to byte {offset} is gone. Lines written behind that place before it "
                        "went are lost to mailwarden. Keep at least one rotated file where the log stands.",
                        offset=mark.offset,
                    ),
                )
        elif self._done:
            self._resume_done(self._done[-1])
        before = self._lineage.grown(self._done[-1]) if self._follow and self._done else None
        if before is not None:
            self._before = (before, time.monotonic() + _LINGER_S)

    def _resume_done(self, mark: Mark) -> None:
        """Go on in the file that a scan had read to its end, where it still bears the name: it grows, or will."""
        again = self._lineage.find(mark, self._done[:-1]) if self._follow else self._lineage.grown(mark)
        if again is None:
            return
        if again.path != self._path or again.packed:
            again.close()
            return
        self._done.pop()
        self._current = again

    def found(self) -> list[Source]:
        """Give nothing: rotations belong to this source."""
        return []

    def watched(self) -> set[str]:
        """Name the directories of the path and of the file that a link points to."""
        return {str(path.parent) for path in (self._path.absolute(), self._path.resolve()) if is_directory(path.parent)}

    def close(self) -> None:
        """Let go of the files."""
        for birth in (self._current, self._before[0] if self._before else None):
            if birth is not None:
                birth.close()
        self._current = self._before = None
