"""Logs of containers, as Docker's json-file driver writes them."""

import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from mailwarden.parsers.errors import coded, worded
from mailwarden.pipeline.places import is_directory
from mailwarden.pipeline.sources.files import FileSource
from mailwarden.pipeline.sources.patterns import PatternSource
from mailwarden.pipeline.sources.source import Source
from mailwarden.pipeline.sources.wording import unreadable

__all__ = ["DockerSource", "containers"]

_PLACE = Path("/var/lib/docker/containers")
_LOOK_EVERY_S = 2.0


class _Container(msgspec.Struct):
    Name: str = ""
    LogPath: str = ""


def containers(place: Path = _PLACE) -> dict[str, Path]:
    """List the containers that have a log file here: the file by the container's name.

    Raises:
        OSError: the directory cannot be read.
    """
    found: dict[str, Path] = {}
    for directory in sorted(place.iterdir()):
        log = directory / f"{directory.name}-json.log"
        try:
            container = msgspec.json.decode((directory / "config.v2.json").read_bytes(), type=_Container)
            if log.exists():
                found[container.Name.lstrip("/") or directory.name[:12]] = log
        except (OSError, msgspec.DecodeError):
            continue
    return found


class DockerSource(PatternSource):
    """The log files of containers, by name (none: of all); a container made anew is a new source."""

    def __init__(
        self,
        names: Sequence[str] = (),
        rank: int = 0,
        *,
        follow: bool = False,
        rotations: bool = False,
        place: Path = _PLACE,
    ) -> None:
        super().__init__("docker:" + ",".join(names), rank, follow=follow, rotations=rotations)
        self._names = tuple(names)
        self._place = place

    def found(self) -> list[Source]:
        """Give the containers' logs that were not there before."""
        now_s = time.monotonic()
        if self._looked_s is not None and (not self._follow or now_s - self._looked_s < _LOOK_EVERY_S):
            return []
        first, self._looked_s = self._looked_s is None, now_s
        try:
            there = containers(self._place)
        except OSError as error:
            if first:
                place, problem = f"{self.name}: {self._place}", unreadable(error)
                self.problems.append(coded(problem.code, "{place} {problem}", place=place, problem=problem))
            return []
        if first:
            for name in self._names:
                if name not in there:
                    self.problems.append(
                        coded(
                            "MW1302",
                            '{source}: no container "{name}" writes a log file here. It is read as soon as there is one. '
                            "There are: {known}. Its log driver must be json-file.",
                            source=self.name,
                            name=name,
                            known=", ".join(there) or worded("none"),
                        )
                    )
        new: list[Source] = []
        for name, log in there.items():
            if log not in self._known and (not self._names or name in self._names):
                self._known.add(log)
                new.append(
                    FileSource(
                        log, self.rank, follow=self._follow, rotations=self._rotations,
                        name=f"docker:{name}/{log.parent.name[:12]}",
                    )
                )  # fmt: skip
        return new

    def watched(self) -> set[str]:
        """Name where containers are made."""
        return {str(self._place)} if is_directory(self._place) else set()
