"""Keep a second service away from a state directory."""

import fcntl
import os
from pathlib import Path

from mailwarden.parsers.errors import StoreError, worded
from mailwarden.parsers.system_errors import reason

__all__ = ["Lock"]


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
                worded(
                    '{parent}: the state directory cannot be written ("{reason}"). Nothing was started. '
                    "Run as root or as the user of the service, or set another `state` in the "
                    "configuration.",
                    parent=self._path.parent,
                    reason=reason(error),
                )
            ) from None
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._descriptor)
            raise StoreError(
                worded(
                    "{parent}: another mailwarden watches with this state directory. Two would tell "
                    "everything twice. Stop it, or set another `state` in the configuration.",
                    parent=self._path.parent,
                )
            ) from None

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)
