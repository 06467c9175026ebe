"""Which file of a log comes after which, whatever they are called at this moment."""

import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from mailwarden.parsers.errors import Coded
from mailwarden.parsers.prefix import bare
from mailwarden.parsers.worded_time import lacks_year
from mailwarden.pipeline.places import ensure_readable
from mailwarden.pipeline.sources.birth import Birth, head_of
from mailwarden.pipeline.sources.family import PACKED, members
from mailwarden.pipeline.sources.identity import Mark, birth_of, digest
from mailwarden.pipeline.sources.wording import unreadable

__all__ = ["Candidate", "Lineage"]


class Candidate(NamedTuple):
    """A file of the family as it stands on disk now."""

    path: Path
    inode: int
    device: int
    size: int
    modified_ns: int


class Lineage:
    """The readable files of one log, oldest first, and their order after what was already read.

    Args:
        path: Where the newest file stands, or will stand.
        only: Leave out all files but these.
        tell: Takes a path and what is wrong with it.
    """

    def __init__(self, path: Path, only: Sequence[Path] | None, tell: Callable[[str, Coded], None]) -> None:
        self._path = path
        self._only = None if only is None else set(only)
        self._tell = tell
        self._heads: dict[Candidate, bytes] = {}
        self._barren: set[Candidate] = set()

    def candidates(self) -> list[Candidate]:
        """List what can be read now, oldest first."""
        found: list[Candidate] = []
        for _, path in members(self._path, self._only):
            try:
                status = path.stat()
                if not stat.S_ISREG(status.st_mode):
                    continue
                ensure_readable(path)
            except FileNotFoundError:
                continue
            except OSError as error:
                self._tell(str(path), unreadable(error))
                continue
            candidate = Candidate(path, status.st_ino, status.st_dev, status.st_size, status.st_mtime_ns)
            if candidate not in self._barren:
                found.append(candidate)
        return found

    def _wanted(self, *, rotations: bool, not_before: float) -> list[Candidate]:
        candidates = self.candidates()
        if not rotations:
            return candidates[-1:]
        recent = [c for c in candidates if c.size and (c.path == self._path or c.modified_ns >= not_before * 1e9)]
        return recent or candidates[-1:]

    def first(self, *, rotations: bool, not_before: float) -> tuple[Candidate | None, list[Mark]]:
        """Choose where a first reading begins, and mark the file before it, so that what is made later is known as new."""
        wanted = self._wanted(rotations=rotations, not_before=not_before)
        if not wanted:
            return None, []
        older = [candidate for candidate in self.candidates() if candidate not in wanted and self._head(candidate)]
        return wanted[0], [self._passed(candidate) for candidate in older[-1:]]

    def _passed(self, candidate: Candidate) -> Mark:
        head = self._head(candidate)
        return Mark(
            birth_of(head), candidate.size, len(head), digest(head), 0, digest(b""), *candidate[1:3], candidate[4]
        )

    def size(self, *, rotations: bool, not_before: float) -> int:
        """Count the bytes on disk that a first reading takes."""
        return sum(candidate.size for candidate in self._wanted(rotations=rotations, not_before=not_before))

    def after(self, known: Sequence[Mark]) -> Candidate | None:
        """Choose the file that follows the newest of the known ones: the first that has lines, else the newest."""
        candidates = self.candidates()
        place = self._place(candidates, known)
        if place is not None:
            rest = candidates[place + 1 :]
        else:
            # The file read last was deleted. What was written later is new; so is whatever now bears the name.
            last_ns = known[-1].modified_ns if known else 0
            rest = [c for c in candidates if c.modified_ns > last_ns or c.path == self._path]
        for candidate in rest:
            if candidate.size:
                return candidate
        return rest[-1] if rest else None

    def _place(self, candidates: Sequence[Candidate], known: Sequence[Mark]) -> int | None:
        """Give where the newest file stands that a mark knows; None where none is left. Marks are in their files' order."""
        place = None
        for mark in known:
            later = range(0 if place is None else place + 1, len(candidates))
            matches = self._matches([candidates[index] for index in later], mark)
            if matches:
                place = candidates.index(matches[0])
        return place

    def _matches(self, candidates: Sequence[Candidate], mark: Mark) -> list[Candidate]:
        """List the files that begin like a marked one, the likeliest first.

        A log that was rotated after a line or two may begin like the next one: the oldest is meant. But while a log is
        copied to be truncated (`copytruncate`), the copy, which is not packed yet, is the older one, and the inode tells.
        """
        matches = [candidate for candidate in candidates if self.is_marked(candidate, mark)]
        if matches and matches[0].path.suffix not in PACKED:
            matches.sort(key=lambda one: (one.inode, one.device) != (mark.inode, mark.device))
        return matches

    def find(self, mark: Mark, known: Sequence[Mark], *, but: tuple[int, int] | None = None) -> Birth | None:
        """Open the file of a mark at its place, or nothing when it is gone.

        Args:
            mark: The file.
            known: Those before it.
            but: An inode and device to leave out.
        """
        candidates = self.candidates()
        place = self._place(candidates, known)
        for candidate in self._matches(candidates[0 if place is None else place + 1 :], mark):
            if (candidate.inode, candidate.device) == but:
                continue
            birth = self.open(candidate)
            if birth is None:
                continue
            if birth.resume(mark):
                return birth
            birth.close()
        return None

    def ends(self, *, rotations: bool, not_before: float) -> tuple[str, str] | None:
        """Read the first line of the first and the last line of the last file, where stamps may lack the year.

        The last line of a packed file costs unpacking it all, so it is only looked for then.
        """
        first, _ = self.first(rotations=rotations, not_before=not_before)
        begins = _text(self._head(first).partition(b"\n")[0]) if first is not None else ""
        if not lacks_year(begins):
            return None
        with_lines = [candidate for candidate in self.candidates() if candidate.size]
        last = self.open(with_lines[-1]) if with_lines else None
        if last is None:
            return None
        ends = _text(last.tail().rpartition(b"\n")[2])
        last.close()
        return begins, ends

    def grown(self, mark: Mark) -> Birth | None:
        """Open a renamed file in which there is more than was read."""
        for candidate in self.candidates():
            same = (candidate.inode, candidate.device) == (mark.inode, mark.device)
            if same and candidate.size > mark.offset and self.is_marked(candidate, mark):
                birth = self.open(candidate)
                if birth is not None and not birth.packed and birth.resume(mark):
                    return birth
                if birth is not None:
                    birth.close()
        return None

    def open(self, candidate: Candidate) -> Birth | None:
        """Open a candidate; None when it was moved away or closed to us meanwhile."""
        try:
            return Birth(candidate.path)
        except FileNotFoundError:
            return None
        except OSError as error:
            self._tell(str(candidate.path), unreadable(error))
            return None

    def leave_out(self, birth: Birth) -> None:
        """Do not offer a file again that gave nothing, until it changes."""
        self._barren.add(Candidate(birth.path, *birth.status()))

    def is_marked(self, candidate: Candidate, mark: Mark) -> bool:
        """Ask whether this is the file of the mark."""
        if not mark.head_bytes:
            return (candidate.inode, candidate.device) == (mark.inode, mark.device)
        return mark.starts(self._head(candidate))

    def _head(self, candidate: Candidate) -> bytes:
        head = self._heads.get(candidate)
        if head is None:
            if len(self._heads) > 256:
                self._heads.clear()
            head = self._heads[candidate] = head_of(candidate.path)
        return head


def _text(line: bytes) -> str:
    """Give a line without what grep and its like put before it."""
    return bare(line.decode("utf-8", "surrogateescape"))
