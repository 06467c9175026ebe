"""A line as it stands in a file, before anything in it is read."""

import re
from collections.abc import Sequence
from zlib import crc32

__all__ = [
    "LINE_MAX",
    "LINE_START",
    "after_structured_data",
    "clean",
    "is_ragged",
    "is_rough",
    "record_id",
    "stamped",
    "without_colours",
]

LINE_MAX = 65_536  # characters of a line that are read; journald's and rsyslog's own limits are lower
_OBJECT_MAX = 1 << 20  # of a JSON object, which may hold a message as one number a byte
_COLOURS = re.compile(r"\x1b(?:\[[0-9;]{0,16}[mK]|\(B)")
# From its beginning on; grep's words; journalctl's whole messages; what a screen erases behind a line.
_PAINTED = re.compile(
    r"\x1b|[^\x1b]*(?:\x1b\[[0-9;]{1,16}m\x1b\[K|(?<=: )\x1b\[[0-9;]{1,16}m.*\x1b\[0m$|\x1b\[K$)", re.DOTALL
)
_BLANKS = " \t\r"
_BREAK = "<br>"
_HARD_BLANK = "\xa0"
_HARD_STAMP = re.compile(r"(?:.{0,14}|[0-9T:.+Z-]{19,35})\xa0")  # in `Mar  3 04:05:06`, or right behind RFC 3339's
_MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
LINE_START = (
    r"(?:\[?[*.]?(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? )?(?:"
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T _][0-9]{2}:"
    rf"|(?:[0-9]{{4}} )?{_MONTH} {{1,2}}[0-9]{{1,2}} (?:[0-9]{{4}} )?[0-9]{{2}}:[0-9]{{2}}:"
    rf"|[0-9]{{1,2}}[ -]{_MONTH}[ -](?:[0-9]{{4}} )?[0-9]{{2}}:[0-9]{{2}}:)"
    r"|<[0-9]{1,3}>|\{\"|@4[0-9a-f]{23} |[0-9]{10}\.[0-9]{6} )"
)
"""How a whole line begins: with a stamp, a priority or an object; a pattern."""
_STARTS = re.compile(LINE_START)
_SD_MARK = re.compile(r'["\]]|\\.')


def is_rough(text: str, lines: Sequence[str]) -> bool:
    """Say whether some of these lines may hold what `clean` or `without_markup` takes off, or are too long.

    Args:
        text: All of them, each with its line feed.
        lines: The same, without.
    """
    # Cheapest first: looking for a blank before a line feed took 0.3 µs a line, looking at the ends of lines takes 0.05.
    return (
        "\r" in text
        or "\x1b" in text
        or ("&" in text and ("&lt;" in text or "&gt;" in text))
        or "br>\n" in text
        or not {line[-1:] for line in lines}.isdisjoint(_BLANKS)
        or max(map(len, lines), default=0) > LINE_MAX
    )


def is_ragged(line: str) -> bool:
    """Say the same of one line, given without its line feed, that is not empty."""
    return line[-1] in _BLANKS or len(line) > LINE_MAX or "\x1b" in line or "&" in line or line.endswith(_BREAK)


def clean(line: str) -> str:
    """Take off what a file system, an editor, a terminal or Windows put around the line."""
    line = line[: _OBJECT_MAX if line[:1] == "{" else LINE_MAX]
    if "\0" in line[:8]:
        line = _narrow(line)
    line = without_colours(line).lstrip("\ufeff\0\r").rstrip("\r\0 \t")
    return line.replace(_HARD_BLANK, " ") if _HARD_STAMP.match(line) else line


def without_colours(text: str) -> str:
    """Take colours out where a tool painted a line; what else holds an escape may be a client's, and is what he sent."""
    return _COLOURS.sub("", text) if "\x1b" in text and _PAINTED.match(text) else text


def _narrow(line: str) -> str:
    """Read a line of a UTF-16 file, which was cut at the byte of its line feed; the other one stands before the next line.

    Cut like that, both orders of bytes look alike, but for the mark before the first line.
    """
    data = line.encode("utf-8", "surrogateescape")
    data = data.removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff").removeprefix(b"\0")
    if data[1:8:2].strip(b"\0") or not data[:8:2].strip(b"\0"):
        return line
    return data.decode("utf-16-le", "replace")


def stamped(text: str) -> bool:
    """Say whether a text begins as a line of its own: with a stamp, a priority or an object."""
    return _STARTS.match(text) is not None


def after_structured_data(text: str) -> str:
    """Give what stands behind the structured data of RFC 5424 (section 6.3); rsyslog leaves one more blank there."""
    if not text.startswith("["):
        return text.removeprefix("-").removeprefix(" ")
    quoted = False
    at = 1
    while at < len(text):
        found = _SD_MARK.search(text, at)
        if found is None:
            break
        at = found.end()
        mark = found[0]
        if mark == '"':
            quoted = not quoted
        elif mark == "]" and not quoted and text[at : at + 1] != "[":
            return text[at:].removeprefix(" ")
    return text


def record_id(line: str) -> str:
    """Give the id that the first line of a record lends to those that follow it at once; no others are compared with it."""
    return f"{crc32(line.encode('utf-8', 'surrogateescape')):08x}"
