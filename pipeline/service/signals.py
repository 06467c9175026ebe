"""What is asked of the service from outside: to end (SIGTERM, SIGINT), or to begin anew with its settings (SIGHUP)."""

import signal
import threading
from collections.abc import Callable
from typing import Any

__all__ = ["Signals"]


class Signals:
    """What was asked of the service from outside, at whatever moment."""

    def __init__(self) -> None:
        self.ended = threading.Event()
        self._anew = False
        self._stop: Callable[[], None] | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Signals":
        wanted = {signal.SIGTERM: self._end, signal.SIGINT: self._end, signal.SIGHUP: self._begin_anew}
        self._before = {number: signal.signal(number, handler) for number, handler in wanted.items()}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def stopping(self, stop: Callable[[], None]) -> None:
        """Call `stop` when a signal comes, or at once where one came before."""
        self._stop = stop
        if self.ended.is_set() or self._anew:
            stop()

    def begins_anew(self) -> bool:
        """Say whether to go on with the configuration read again; asks for it only once."""
        anew, self._anew, self._stop = self._anew, False, None
        return anew and not self.ended.is_set()

    def _end(self, *_: object) -> None:
        self.ended.set()
        if self._stop is not None:
            self._stop()

    def _begin_anew(self, *_: object) -> None:
        self._anew = True
        if self._stop is not None:
            self._stop()
