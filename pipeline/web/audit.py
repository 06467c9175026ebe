"""The audit log: who signed in, who was refused, who asked the service for what. One JSON object a line.

It is bounded: the file that is full makes room for a new one, and the oldest goes. So strangers must not be able to wash away
what people of ours did by knocking: of refusals only so many are written down, by address and in all.
"""

import fcntl
import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path

from mailwarden.alerts.words.translate import N_
from mailwarden.parsers.errors import coded
from mailwarden.parsers.event import iso
from mailwarden.parsers.system_errors import reason
from mailwarden.pipeline.service.service_log import write_log
from mailwarden.pipeline.showing.jsonl import json_line
from mailwarden.pipeline.web.limits import Bucket, Limiter, line_of

__all__ = ["Audit", "audit_paths"]

_LONGEST = 300  # characters of a field: strangers write some of them
_REFUSALS = frozenset({"refused", "sign-in-failed", "sign-in-held"})
_OF_ONE = Bucket(burst=20, each_s=60.0)  # refusals of an address that are written down: whoever knocks fills no disk
_OF_ALL = Bucket(burst=500, each_s=60.0)  # some 0.3 MB a day, from however many addresses
_FULL = 4_000_000  # bytes of a file, some 25,000 entries
_OLDER = 4  # files that are kept beside the newest: three weeks of a flood, years of an office


def audit_paths(directory: Path) -> list[Path]:
    """Give where the audit log of a state directory stands, the newest file first; some may not be there."""
    newest = directory / "web-audit.jsonl"
    return [newest, *(newest.with_name(f"{newest.name}.{n}") for n in range(1, _OLDER + 1))]


class _Files(RotatingFileHandler):
    """Appends lines, readable by owner and group; opens the file for each, so that one which was moved away is made anew."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, maxBytes=_FULL, backupCount=_OLDER, encoding="utf-8", delay=True)

    def append(self, line: str) -> None:
        """Write a line.

        Raises:
            OSError: It cannot be written.
        """
        with _alone(Path(self.baseFilename).parent):
            try:
                self.emit(logging.makeLogRecord({"msg": line}))
            finally:
                self.close()

    def doRollover(self) -> None:
        """Begin a new file; one that may only be appended to (chattr +a) grows: rather that than an entry lost."""
        try:
            super().doRollover()
        except OSError:
            self.maxBytes = 0

    def handleError(self, _: logging.LogRecord) -> None:
        """Let whoever writes know of it; logging would tell standard error, at each entry."""
        raise  # noqa: PLE0704 - it is called where an error is being handled

    def _open(self) -> TextIOWrapper:
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)
        return TextIOWrapper(os.fdopen(descriptor, "ab"), "utf-8", write_through=True)


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Keep another page of the same state directory from moving files meanwhile, where locks are to be had."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


class Audit:
    """Writes to `web-audit.jsonl` in the state directory.

    Args:
        directory: The state directory.
        clock: The time, in epoch microseconds.
        language: In which it is said that it cannot be written.
    """

    def __init__(self, directory: Path, clock: Callable[[], int], language: str = "en") -> None:
        self._directory = directory
        self._files = _Files(audit_paths(directory)[0])
        self._clock = clock
        self._language = language
        self._of_one = Limiter(_OF_ONE, self._now_s)
        self._of_all = Limiter(_OF_ALL, self._now_s)
        self._left_out = 0
        self._lock = threading.Lock()
        self._failed = False

    @property
    def paths(self) -> list[Path]:
        """Where it stands, the newest file first; some may not be there."""
        return audit_paths(self._directory)

    def note(self, what: str, who: str, address: str, **more: str) -> None:
        """Write down that something happened. Where that fails it is said once, and nobody is kept out for it.

        A refusal that follows others which were too many says how many these were.
        """
        with self._lock:
            if what in _REFUSALS:
                if self._of_one.take(f"{what} {line_of(address)}") or self._of_all.take(""):
                    self._left_out += 1
                    return
                if self._left_out:
                    more["left_out"] = str(self._left_out)
                    self._left_out = 0
            self._write({"event.action": what, "user.name": who, "source.ip": address, **more})

    def _write(self, fields: dict[str, str]) -> None:
        fields = {"@timestamp": iso(self._clock()), **fields}
        try:
            self._files.append(json_line({name: value[:_LONGEST] for name, value in fields.items()}).decode())
        except OSError as error:
            if not self._failed:
                self._failed = True
                said = N_('{path}: cannot be written ("{reason}"): nobody will know who did what.')
                write_log(coded("MW7107", said, path=self.paths[0], reason=reason(error)), self._language)

    def _now_s(self) -> float:
        return self._clock() / 1_000_000
