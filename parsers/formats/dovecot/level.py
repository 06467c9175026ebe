"""Dovecot's level words, and the secrets that a line may hold behind them.

Source: src/lib/failures.c, src/auth/auth-request.c of Dovecot 2.2.36 to 2.4.4.
"""

import re
from collections.abc import Callable

from mailwarden.parsers.event import Event

__all__ = ["GIVEN", "LEVELS", "behind_level", "read_level", "redact", "take_level"]

LEVELS = {
    "Info: ": "Info: ",
    "Error:": "Error: ",
    "Warnin": "Warning: ",
    "Warn: ": "Warn: ",
    "Fatal:": "Fatal: ",
    "Panic:": "Panic: ",
    "Debug:": "Debug: ",
}
_LEVEL_NAMES = {"Error: ": "error", "Warning: ": "warning", "Fatal: ": "fatal", "Panic: ": "panic", "Debug: ": "debug"}

GIVEN = "given password: "
_SECRET = re.compile(
    r"given password: |client in: CONT|resp=| != |(?i:(?:pass(?!db|wd-file)|secret|token|credential|userPassword)\w*)"
)


def redact(event: Event, text: str, marker: str) -> str:
    """Cut the text behind the marker, in the event's original too, and return what is left."""
    kept = text[: text.find(marker) + len(marker)] + "[redacted]"
    at = event.event_original.find(marker)
    event.event_original = event.event_original[: at + len(marker)] + "[redacted]" if at >= 0 else kept
    return kept


def read_level(event: Event, text: str, word: str) -> str:
    """Take the level word; only `Info: ` is taken off the text."""
    if not text.startswith(word):
        return text
    if word == "Info: ":
        return text[6:]
    if word == "Warn: ":  # Dovecot 1
        word, text = "Warning: ", "Warning: " + text[6:]
    event.log_level = _LEVEL_NAMES[word]
    if word == "Debug: ":
        secret = _SECRET.search(text)
        if secret is not None:
            return redact(event, text, secret.group())
    return text


def take_level(event: Event, rest: str) -> str:
    """Take the level word, where there is one."""
    word = LEVELS.get(rest[:6])
    return rest if word is None else read_level(event, rest, word)


def behind_level(event: Event, text: str, read: Callable[[Event, str], str]) -> str:
    """Let `read` take off what stands behind the level word."""
    word = LEVELS.get(text[:6], "")
    if word and text.startswith(word):
        return word + read(event, text[len(word) :])
    return read(event, text)
