"""Make sources of what a person names: files, patterns, directories, `-`."""

import glob
import os
from collections.abc import Sequence
from pathlib import Path

from mailwarden.pipeline.places import is_directory, is_pipe, is_there
from mailwarden.pipeline.sources.family import stem
from mailwarden.pipeline.sources.files import FileSource
from mailwarden.pipeline.sources.patterns import PatternSource
from mailwarden.pipeline.sources.source import Source
from mailwarden.pipeline.sources.standard_input import StandardInput

__all__ = ["open_sources"]


def open_sources(
    paths: Sequence[str], *, follow: bool = False, rotations: bool = False, not_before: float = 0.0, first_rank: int = 0
) -> list[Source]:
    """Give a source for each path; their rank is its place.

    Read once, the files of one log (mail.log, mail.log.1, mail.log.2.gz) are one source, read from the oldest on.

    Args:
        paths: Files, patterns, directories, pipes (not followed) or `-`.
        follow: Go on when everything was read.
        rotations: Read the rotated files beside each file too.
        not_before: Leave out rotated files last written before this (seconds since the epoch).
        first_rank: Rank of the first path.
    """
    sources: list[Source] = []
    named: dict[Path, list[tuple[int, Path]]] = {}
    for rank, path in enumerate(dict.fromkeys(paths), first_rank):
        place = Path(path)
        if path == "-":
            sources.append(StandardInput(rank))
        elif not follow and is_pipe(place) and os.access(place, os.R_OK):
            sources.append(StandardInput(rank, os.open(place, os.O_RDONLY | os.O_CLOEXEC), path))
        elif is_directory(place) or (glob.has_magic(path) and not is_there(place)):
            sources.append(PatternSource(path, rank, follow=follow, rotations=rotations, not_before=not_before))
        elif follow or rotations:
            sources.append(FileSource(place, rank, follow=follow, rotations=rotations, not_before=not_before))
        else:
            named.setdefault(stem(place), []).append((rank, place))
    for newest, files in named.items():
        only = [place for _, place in files]
        sources.append(FileSource(newest if len(only) > 1 else only[0], files[0][0], only=only))
    return sorted(sources, key=lambda source: source.rank)
