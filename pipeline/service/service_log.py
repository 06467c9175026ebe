"""The log of the service, which people read: in their language, on standard error, where systemd and Docker keep it."""

import logging
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from mailwarden.alerts.words.translate import translator
from mailwarden.parsers.errors import Worded

__all__ = ["Problems", "speaking", "write_log"]

_SAY_AGAIN_S = 86_400.0  # what goes on is said once a day
_MOST_SAID = 500


def write_log(said: str, language: str) -> None:
    """Write what people must know."""
    print(translator(language).told(said), file=sys.stderr, flush=True)  # noqa: T201 - it is the log


class Problems:
    """Writes problems into the log, each once a day; several threads have some.

    Args:
        language: Of who reads the log.
    """

    def __init__(self, language: str) -> None:
        self._language = language
        self._said: dict[str, float] = {}  # what, and when it may be said again
        self._saying = threading.Lock()

    def say(self, problem: str) -> None:
        """Write a problem, where that was not done within a day."""
        now_s = time.monotonic()
        with self._saying:
            if self._said.get(problem, 0.0) > now_s:
                return
            self._said.pop(problem, None)
            self._said[problem] = now_s + _SAY_AGAIN_S
            while len(self._said) > _MOST_SAID:
                del self._said[next(iter(self._said))]
        write_log(problem, self._language)

    def forget(self, *problems: str) -> None:
        """Let what is over be said at once when it comes again."""
        with self._saying:
            for problem in problems:
                self._said.pop(problem, None)


class _Speaker(logging.Handler):
    """Writes what threads warn of; a traceback stays as Python gives it.

    Of libraries only what is worse than a warning: that a delivery failed we say ourselves, in the reader's language and once.
    """

    def __init__(self, language: str) -> None:
        super().__init__(logging.WARNING)
        self._language = language
        self.addFilter(lambda record: record.name.startswith("mailwarden") or record.levelno > logging.WARNING)

    def emit(self, record: logging.LogRecord) -> None:
        try:
            said = record.msg if isinstance(record.msg, Worded) else record.getMessage()
            write_log(said, self._language)
            if record.exc_info:
                print(logging.Formatter().formatException(record.exc_info), file=sys.stderr, flush=True)  # noqa: T201
        except Exception:  # a log that cannot be written must end nothing
            self.handleError(record)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Write in this language meanwhile what Python would write without any setting: warnings and worse."""
    handler = _Speaker(language)
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
