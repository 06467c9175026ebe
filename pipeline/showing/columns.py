"""Printable text in columns, for what has no other: terminals, and mail as text. East Asian characters take two of them."""

import re
from collections.abc import Iterator
from unicodedata import combining, east_asian_width

__all__ = ["columns", "pad", "pieces", "shorten", "wrap"]

_WIDE = "\u1100-\u115e\u2e80-\u2fff\u3001-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6"
_NOT_FIRST = "、。，．・：；？！）」』】〉》ーぁぃぅぇぉっゃゅょァィゥェォッャュョ"  # JIS X 4051: never begin a line
_NOT_LAST = "（「『【〈《"
_COUNTED = rf"[^\s{_WIDE}]*[0-9] (?:[{_WIDE}]|(?:%|(?:s|min|h)\b)[^\s{_WIDE}]*)"  # a number and its unit stay together
_PLAIN_PIECE = re.compile(r"(\s*)(\S*[0-9] (?:%|(?:s|min|h)\b)\S*|\S+)")
_WIDE_PIECE = rf"(\s*)([{_NOT_LAST}]*(?:[{_WIDE}]|{_COUNTED}|[^\s{_WIDE}]+)[{_NOT_FIRST}]*|[{_NOT_LAST}]+)"
_WIDE_FROM = "\u2e80"  # but for Hangul's single letters (Jamo)
_JAMO_FROM, _JAMO_TO = "\u1100", "\u115e"
_WIDOW = 6  # columns: a last line of one or two East Asian characters is the end of a word, and takes some more of it


def shorten(text: str, width: int) -> str:
    """Cut printable text to `width` columns, the cut shown as `…` in it: beginnings tell most, ends (a domain) next."""
    if columns(text) <= width:
        return text
    tail = max(0, (width - 1) // 3)
    head = width - 1 - tail
    while head + tail > 0:
        cut = text[:head] + "…" + (text[-tail:] if tail else "")
        if columns(cut) <= width:
            return cut
        head, tail = (head - 1, tail) if head >= tail else (head, tail - 1)
    return "…"


def wrap(text: str, first: int, width: int | None = None) -> list[str]:
    """Break printable text into a line of at most `first` columns and further ones of at most `width` (else: as the first).

    Lines break at blanks and between East Asian characters. A longer word is cut in its middle: names and addresses are
    never broken, and stand whole in `mailwarden show --json`.
    """
    width = first if width is None else width
    lines: list[str] = []
    room, line = first, ""
    pattern = _pattern(text)
    for blank, piece in pattern.findall(text):
        word = shorten(piece, min(first, width))
        gap = " " if blank and line else ""
        if line and columns(line) + len(gap) + columns(word) > room:
            lines.append(line)
            room, line = width, word
        else:
            line += gap + word
    lines.append(line)
    while (
        len(lines) > 1
        and 0 < columns(lines[-1]) < _WIDOW
        and len(lines[-2]) > 2
        and all(map(_is_wide, lines[-2][-3:] + line[:1]))
    ):
        *_, (_, last) = pattern.findall(lines[-2])
        line = lines[-1] = last + lines[-1]
        lines[-2] = lines[-2].removesuffix(last).rstrip()
    return lines


def pieces(text: str) -> Iterator[tuple[int, int]]:
    """Give what is not broken: words with the blanks before them, and single East Asian characters, from where to where."""
    return (found.span() for found in _pattern(text).finditer(text))


def _pattern(text: str) -> re.Pattern[str]:
    """Give what finds the pieces of a text: most have no wide character, and those take ten milliseconds to compile."""
    return _PLAIN_PIECE if text.isascii() or not any(map(_is_wide, text)) else re.compile(_WIDE_PIECE)


def _is_wide(one: str) -> bool:
    return one >= _WIDE_FROM or _JAMO_FROM <= one <= _JAMO_TO


def columns(text: str) -> int:
    """Count the columns that printable text takes: East Asian wide characters take two (UAX #11)."""
    if text.isascii():
        return len(text)
    return sum(2 if east_asian_width(one) in "WF" else not combining(one) for one in text)


def pad(text: str, width: int) -> str:
    """Fill up printable text to a width."""
    return text + " " * (width - columns(text))
