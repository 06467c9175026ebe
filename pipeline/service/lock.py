"""Keep a second service away from a state directory, and say whether one is there."""

import fcntl
import os
import time
from pathlib import Path

from mailwarden.parsers.errors import StoreError, coded
from mailwarden.parsers.system_errors import reason

__all__ = ["Lock", "is_held", "lock_path"]

_ASKED_S = 0.5  # whoever asks whether a service is there holds its lock, for some microseconds
_AGAIN_S = 0.05


def lock_path(state: Path) -> Path:
    """Give the file in a state directory that a service holds as long as it lives."""
    return state / "mailwarden.lock"


def is_held(path: Path) -> bool | None:
    """Say whether a service lives that holds the lock, whether it reads or hangs; None where that cannot be seen.

    The kernel knows it at once and for certain: a lock goes with its process (flock(2)). Two who ask do not take each other
    for a service, since both ask for a shared one.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # a file system without locks
        return None
    finally:
        os.close(descriptor)
    return False


class Lock:
    """Only one service may write a state directory; the lock goes with the process, however it ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1

    def __enter__(self) -> None:
        try:
            self._path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        except OSError as error:
            raise StoreError(
                coded(
                    "MW5105",
                    '{parent}: the state directory cannot be written ("{reason}"). Nothing was started. '
                    "Run as root or as the user of the service, or set another `state` in the "
                    "configuration.",
                    parent=self._path.parent,
                    reason=reason(error),
                )
            ) from None
        try:
            self._take()
        except OSError:
            os.close(self._descriptor)
            raise StoreError(
                coded(
                    "MW5107",
                    "{parent}: another mailwarden watches with this state directory. Two would tell "
                    "everything twice. Stop it, or set another `state` in the configuration.",
                    parent=self._path.parent,
                )
            ) from None

    def _take(self) -> None:
        end = time.monotonic() + _ASKED_S
        while True:
            try:
                return fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > end:
                    raise
            time.sleep(_AGAIN_S)

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)
