"""What saves work the next time, in the user's cache: it is believed where nobody but this user can have written it.

Root may be called with another user's cache (`sudo -E`): what lies there is not read, and nothing is written into it.
"""

import os
import stat
from contextlib import suppress
from pathlib import Path

from mailwarden.pipeline.places import cache_directory, is_directory

__all__ = ["keep", "recalled"]

_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def recalled(name: str) -> bytes | None:
    """Give what was kept under a name; None where there is nothing, or others could have written it."""
    try:
        if not _is_own(cache_directory()):
            return None
        with os.fdopen(os.open(cache_directory() / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            return file.read() if _is_ours(os.fstat(file.fileno())) else None
    except OSError:
        return None


def keep(name: str, data: bytes) -> None:
    """Keep something under a name, where there is a place for it."""
    directory = cache_directory()
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 (Path.home raises)
    if directory.is_relative_to(home) and not is_directory(home):  # users of services have none, and are given none
        return
    with suppress(OSError):
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_own(directory):
            return
        fresh = directory / f"{name}.{os.getpid()}"
        try:
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as file:
                file.write(data)
            fresh.replace(directory / name)
        except OSError:
            fresh.unlink(missing_ok=True)


def _is_own(directory: Path) -> bool:
    return _is_ours(directory.stat())


def _is_ours(status: os.stat_result) -> bool:
    return status.st_uid == os.geteuid() and not status.st_mode & _OTHERS
