"""Have what takes longer than a page made by a process of its own, and keep it for a while.

A report needs pandas (0.3 s, 100 MiB) and `doctor` asks other programs; neither may hold up a page or stay in its memory.
"""

import os
import subprocess
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence

import msgspec

from mailwarden.parsers.errors import coded
from mailwarden.parsers.system_errors import reason

__all__ = ["Jobs", "Made"]

_KEPT = 40
_AT_ONCE = 2
_WAITING = 20  # jobs that wait for their turn; one more is not begun
_TIMEOUT_S = 120


class Made(msgspec.Struct, frozen=True):
    """What a process wrote, when it ended; `fault`: what it said where it failed."""

    out: bytes
    fault: str
    at_s: float


class Jobs:
    """Runs mailwarden's own commands.

    Args:
        clock: Seconds that never run back.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._made: OrderedDict[tuple[str, ...], Made] = OrderedDict()
        self._running: set[tuple[str, ...]] = set()
        self._room = threading.Semaphore(_AT_ONCE)
        self._lock = threading.Lock()

    def get(self, words: Sequence[str], keep_s: float, environment: Mapping[str, str] | None = None) -> Made | None:
        """Give what a command wrote at most so many seconds ago; None while it is being made.

        Args:
            words: Behind `python -m`. None of them comes from a visitor unchecked.
            keep_s: How long it may be used.
            environment: Added to that of this process.
        """
        extra = dict(environment or {})
        key = (*words, *(f"{name}={value}" for name, value in sorted(extra.items())))
        with self._lock:
            made = self._made.get(key)
            if made is not None and self._clock() - made.at_s <= keep_s:
                self._made.move_to_end(key)
                return made
            if key not in self._running and len(self._running) < _WAITING:
                self._running.add(key)
                threading.Thread(target=self._run, args=(key, words, extra), name="job", daemon=True).start()
        return None

    def _run(self, key: tuple[str, ...], words: Sequence[str], extra: dict[str, str]) -> None:
        with self._room:
            try:
                done = subprocess.run(
                    [sys.executable, "-m", *words],
                    capture_output=True,
                    timeout=_TIMEOUT_S,
                    check=False,
                    env=os.environ | extra,
                )
                fault = done.stderr.decode("utf-8", "replace").strip() if done.returncode not in (0, 1) else ""
                made = Made(
                    done.stdout, fault or ("" if done.stdout else coded("MW4110", "it wrote nothing")), self._clock()
                )
            except subprocess.TimeoutExpired:
                late = coded("MW4110", "it took longer than {seconds} s", seconds=f"{_TIMEOUT_S:g}")
                made = Made(b"", late, self._clock())
            except OSError as error:
                made = Made(b"", reason(error), self._clock())
        with self._lock:
            self._running.discard(key)
            self._made[key] = made
            while len(self._made) > _KEPT:
                self._made.popitem(last=False)
