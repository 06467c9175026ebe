"""Break lines that are wider than the terminal where words end, so that its edge cuts none in two."""

import re
from collections.abc import Iterator
from itertools import pairwise

from mailwarden.pipeline.cli.terminal import Line, Span, line_text
from mailwarden.pipeline.showing.columns import columns, pieces

__all__ = ["folded"]

_LEAD = re.compile(r"\s*(?:[●▲■✓✗→?] )?")
_COMMAND = re.compile(r"(?<=\S {2})\S+(?: \S+)*")  # by our custom two blanks stand before a command within a sentence
_HANGING = 2  # columns by which the rest of a line that begins at the edge is set in


def folded(line: Line, width: int) -> list[Line]:
    """Break a line into rows of at most `width` columns; one with a command in it stays whole, for it is copied.

    A word that is wider than a row runs over the edge: addresses and paths are never broken here.
    """
    text = line_text(line)
    if columns(text) <= width or any(isinstance(piece, Span) and piece.style == "command" for piece in line):
        return [line]
    lead = _LEAD.match(text)
    indent = min(max(columns(lead[0]) if lead else 0, _HANGING), width // 3)
    rows: list[Line] = []
    for number, (start, end) in enumerate(pairwise(_breaks(text, width, indent))):
        row = list(_cut(line, start, end))
        rows.append([" " * indent, *row] if number else row)
    return rows


def _breaks(text: str, width: int, indent: int) -> list[int]:
    """Give where rows begin, and the end of the last."""
    whole = [found.span() for found in _COMMAND.finditer(text) if columns(found[0]) <= width - indent]
    places = [0]
    used = 0  # columns of the row at hand
    for start, end in pieces(text):
        if any(first < start < last for first, last in whole):
            used += columns(text[start:end])
            continue
        last = next((last for first, last in whole if first < end <= last), end)
        word = text[start:last]
        if used + columns(word) > width and word.strip() and text[places[-1] : start].strip():
            start += len(word) - len(word.lstrip())
            places.append(start)
            used = indent
        used += columns(text[start:end])
    return [*places, len(text)]


def _cut(line: Line, start: int, end: int) -> Iterator[Span | str]:
    """Give what of a line stands between two places, without blanks at its end."""
    at = 0
    end = start + len(line_text(line)[start:end].rstrip())
    for piece in line:
        text = piece if isinstance(piece, str) else piece.text
        part = text[max(0, start - at) : max(0, end - at)]
        at += len(text)
        if part:
            yield part if isinstance(piece, str) else piece._replace(text=part)
