"""Sources that are found rather than named: the files of a pattern or a directory, now and later."""

import glob
import os
import time
from pathlib import Path
from typing import Any

from mailwarden.parsers.errors import Coded, coded, placed
from mailwarden.pipeline.admission.batch import Chunk
from mailwarden.pipeline.places import is_directory, is_file
from mailwarden.pipeline.sources.family import stem
from mailwarden.pipeline.sources.files import FileSource
from mailwarden.pipeline.sources.sample import programs_of
from mailwarden.pipeline.sources.source import BLOCK_BYTES, Hint, Source
from mailwarden.pipeline.sources.wording import unreadable

__all__ = ["PatternSource"]

_LOOK_EVERY_S = 2.0


class PatternSource:
    """Gives no lines itself: `found` gives a source for each log that the pattern or directory holds.

    Of a directory, only what holds lines of a mail server is taken; of a pattern, everything.
    """

    def __init__(
        self, pattern: str, rank: int = 0, *, follow: bool = False, rotations: bool = False, not_before: float = 0.0
    ) -> None:
        self.name = pattern
        self.rank = rank
        self.exhausted = not follow
        self.problems: list[Coded] = []
        self.hint = Hint()
        self._follow = follow
        self._rotations = rotations
        self._not_before = not_before
        self._known: set[Path] = set()
        self._looked_s: float | None = None

    def found(self) -> list[Source]:
        """Give the logs that were not there before."""
        now_s = time.monotonic()
        if self._looked_s is not None and (not self._follow or now_s - self._looked_s < _LOOK_EVERY_S):
            return []
        first, self._looked_s = self._looked_s is None, now_s
        families: dict[Path, list[Path]] = {}
        for path in self._paths():
            families.setdefault(stem(path), []).append(path)
        new: list[Source] = []
        for newest, paths in sorted(families.items()):
            if newest not in self._known:
                self._known.add(newest)
                new.append(self._open(newest, paths))
        if first and not self._known and not self.problems:
            self.problems.append(placed(self.name, self._nothing()))
        return new

    def _nothing(self) -> Coded:
        if is_directory(Path(self.name)):
            return coded(
                "MW1104",
                "no file in this directory holds lines of a mail server. Nothing was read. "
                "Give the path at which your server writes; mailwarden scan without a path looks for it.",
            )
        try:
            os.listdir(next(iter(self.watched())))  # noqa: PTH208 - only whether it may be
        except OSError as error:
            return unreadable(error)
        return coded(
            "MW1104",
            "no file matches this pattern. Nothing was read. "
            "Give the path at which your server writes; mailwarden scan without a path looks for it.",
        )

    def _open(self, newest: Path, paths: list[Path]) -> FileSource:
        if self._follow:
            return FileSource(newest, self.rank, follow=True, rotations=self._rotations, not_before=self._not_before)
        return FileSource(newest, self.rank, only=paths)

    def _paths(self) -> list[Path]:
        directory = Path(self.name)
        if not is_directory(directory):
            return [path for path in map(Path, glob.glob(self.name)) if is_file(path)]  # noqa: PTH207 - absolute ones too
        try:
            paths = [path for path in directory.iterdir() if is_file(path)]
        except OSError as error:
            problem = placed(self.name, unreadable(error))
            if problem not in self.problems:
                self.problems.append(problem)
            return []
        return [path for path in paths if stem(path) not in self._known and programs_of(path)]

    def read(self, limit_bytes: int = BLOCK_BYTES) -> Chunk | None:  # noqa: ARG002
        """Give nothing: the lines are those of the sources found."""
        return None

    def ends(self) -> None:
        """Know nothing."""

    def progress(self) -> tuple[int, int]:
        """Have nothing to read."""
        return 0, 0

    def position(self) -> dict[str, Any]:
        """Stand nowhere."""
        return {}

    def restore(self, position: dict[str, Any]) -> None:
        """Stand nowhere."""

    def watched(self) -> set[str]:
        """Name the directory that holds them, as far as it has no pattern itself."""
        place = Path(self.name)
        while glob.has_magic(str(place)) or not is_directory(place):
            place = place.parent
        return {str(place)}

    def close(self) -> None:
        """Hold nothing."""
