"""Printable text in columns, for what has no other: terminals, and mail as text. East Asian characters take two of them."""

import re
from collections.abc import Iterator
from unicodedata import combining, east_asian_width

__all__ = ["columns", "pad", "pieces", "shorten", "wrap"]

_WIDE = "\u1100-\u115e\u2e80-\u2fff\u3001-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6"
_NOT_FIRST = "、。，．・：；？！）」』】〉》ーぁぃぅぇぉっゃゅょァィゥェォッャュョ"  # JIS X 4051: never begin a line
_NOT_LAST = "（「『【〈《"
_COUNTED = rf"[^\s{_WIDE}]*[0-9] (?:[{_WIDE}]|(?:%|(?:s|min|h)\b)[^\s{_WIDE}]*)"  # a number and its unit stay together
_PIECE = re.compile(rf"(\s*)([{_NOT_LAST}]*(?:[{_WIDE}]|{_COUNTED}|[^\s{_WIDE}]+)[{_NOT_FIRST}]*|[{_NOT_LAST}]+)")

_ENDS_WIDE, _BEGINS_WIDE = re.compile(rf"[{_WIDE}]{{3}}$"), re.compile(rf"[{_WIDE}]")
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
    for blank, piece in _PIECE.findall(text):
        word = shorten(piece, min(first, width))
        gap = " " if blank and line else ""
        if line and columns(line) + len(gap) + columns(word) > room:
            lines.append(line)
            room, line = width, word
        else:
            line += gap + word
    lines.append(line)
    while (
        len(lines) > 1 and 0 < columns(lines[-1]) < _WIDOW and _ENDS_WIDE.search(lines[-2]) and _BEGINS_WIDE.match(line)
    ):
        *_, (_, last) = _PIECE.findall(lines[-2])
        line = lines[-1] = last + lines[-1]
        lines[-2] = lines[-2].removesuffix(last).rstrip()
    return lines


def pieces(text: str) -> Iterator[tuple[int, int]]:
    """Give what is not broken: words with the blanks before them, and single East Asian characters, from where to where."""
    return (found.span() for found in _PIECE.finditer(text))


def columns(text: str) -> int:
    """Count the columns that printable text takes: East Asian wide characters take two (UAX #11)."""
    if text.isascii():
        return len(text)
    return sum(2 if east_asian_width(one) in "WF" else not combining(one) for one in text)


def pad(text: str, width: int) -> str:
    """Fill up printable text to a width."""
    return text + " " * (width - columns(text))
