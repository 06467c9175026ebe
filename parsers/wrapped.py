"""What a wrapper around a line holds, and how its values are taken out."""

import re
from typing import NamedTuple

__all__ = ["MESSAGE_MAX", "TAG", "Wrapped", "number", "one_line", "word"]

MESSAGE_MAX = 1 << 20
"""Characters of one message that are looked at; journald's own limit is 48 KiB."""
TAG = re.compile(r"([^\s:\[\]]{1,128})(?:\[([0-9]{1,10})\])?:?")
"""A program and its process id, as a value of its own."""


class Wrapped(NamedTuple):
    """What a wrapper holds; `time_us` and `time` are its own time, in the one or the other spelling."""

    text: str
    time_us: int | None = None
    time: str = ""
    host: str | None = None
    tag: str | None = None
    pid: int | None = None
    facility: int | None = None
    severity: int | None = None
    container: str | None = None
    stream: str = ""
    whole: bool = True  # False: the next record goes on with this text
    row: bool = False  # of a server's own table: people are shown the line as it stands


def one_line(text: str) -> str:
    """Write line ends within a message as rsyslog does, so that a text is always one line."""
    return text.rstrip("\r\n").replace("\n", "#012")


def word(value: object) -> str | None:
    """Give a text that is not empty."""
    return value if isinstance(value, str) and value else None


def number(value: object) -> int | None:
    """Give a whole number, also one written as text."""
    if isinstance(value, int):
        return value if 0 <= value < 1 << 62 else None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19:
        return int(value)
    return None
