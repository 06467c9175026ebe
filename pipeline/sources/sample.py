"""Look into a file to see which mail programs write to it."""

from collections import Counter
from pathlib import Path

from mailwarden.parsers.envelope import Reader
from mailwarden.pipeline.sources.birth import head_of, tail_of

__all__ = ["programs_in", "programs_of"]

_LINES = 400  # on a busy host's syslog, mail is some per cent of the lines
_NOT_MAIL = frozenset({None, "clamav", "pam", "syslog"})  # clamd looks at files, too: alone it makes no mail server


def programs_in(text: bytes) -> Counter[str]:
    """Count the lines of each mail server in a piece of log."""
    reader = Reader(hint_year_us=0)
    events = reader.read_lines(text.decode("utf-8", "surrogateescape").split("\n")[-_LINES:])
    return Counter(
        event.event_module
        for event in events
        if event.event_module is not None and event.event_module not in _NOT_MAIL and event.event_kind != "ignored"
    )


def programs_of(path: Path) -> Counter[str]:
    """Count the lines of each mail server at a file's beginning and end."""
    return programs_in(head_of(path)) + programs_in(tail_of(path))
