"""The audit log: who signed in, who was refused, who asked the service for what. One JSON object a line, for ever."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

from mailwarden.alerts.words.translate import N_
from mailwarden.parsers.errors import worded
from mailwarden.parsers.event import iso
from mailwarden.parsers.system_errors import reason
from mailwarden.pipeline.service.service_log import write_log
from mailwarden.pipeline.showing.jsonl import json_line
from mailwarden.pipeline.web.limits import Bucket, Limiter

__all__ = ["Audit"]

_LONGEST = 300  # characters of a field: strangers write some of them
_REFUSALS = frozenset({"refused", "sign-in-failed", "sign-in-held"})
_OF_ONE = Bucket(burst=20, each_s=60.0)  # refusals of an address that are written down: whoever knocks fills no disk


class Audit:
    """Writes to `web-audit.jsonl` in the state directory, readable by owner and group.

    Args:
        directory: The state directory.
        clock: The time, in epoch microseconds.
        language: In which it is said that it cannot be written.
    """

    def __init__(self, directory: Path, clock: Callable[[], int], language: str = "en") -> None:
        self.path = directory / "web-audit.jsonl"
        self._clock = clock
        self._language = language
        self._refusals = Limiter(_OF_ONE, lambda: clock() / 1_000_000)
        self._lock = threading.Lock()
        self._failed = False

    def note(self, what: str, who: str, address: str, **more: str) -> None:
        """Write down that something happened. Where that fails it is said once, and nobody is kept out for it."""
        if what in _REFUSALS and self._refusals.take(f"{what} {address}"):
            return
        fields = {
            "@timestamp": iso(self._clock()),
            "event.action": what,
            "user.name": who,
            "source.ip": address,
            **more,
        }
        line = json_line({name: value[:_LONGEST] for name, value in fields.items()}) + b"\n"
        try:
            with self._lock:
                descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)
                with os.fdopen(descriptor, "ab") as file:
                    file.write(line)
        except OSError as error:
            if not self._failed:
                self._failed = True
                said = N_('{path}: cannot be written ("{reason}"): nobody will know who did what.')
                write_log(worded(said, path=self.path, reason=reason(error)), self._language)
