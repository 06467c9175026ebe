"""The log of the service, which people read: in their language, on standard error, where systemd and Docker keep it."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from mailwarden.alerts.words.translate import translator
from mailwarden.parsers.errors import Worded

__all__ = ["speaking", "write_log"]


def write_log(said: str, language: str) -> None:
    """Write what people must know."""
    print(translator(language).worded(said), file=sys.stderr, flush=True)  # noqa: T201 - it is the log


class _Speaker(logging.Handler):
    """Writes what threads warn of; a traceback stays as Python gives it."""

    def __init__(self, language: str) -> None:
        super().__init__(logging.WARNING)
        self._language = language

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
