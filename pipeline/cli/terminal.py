"""What stands between our text and a person's terminal: escaping, colour, and where each kind of word goes.

Results go to standard output, progress and errors to standard error. Text from logs passes `printable` on its way: a
client chooses half of every line, and a terminal obeys what it is sent. Colour never carries meaning alone.
"""

import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Literal, NamedTuple
from unicodedata import combining, east_asian_width

import click

from mailwarden.alerts.words.escape import printable

__all__ = [
    "Line",
    "Span",
    "Style",
    "coloured",
    "columns",
    "line_text",
    "page_width",
    "pieces",
    "shorten",
    "tell",
    "wrap",
    "write",
]

Style = Literal["", "critical", "watch", "minor", "ok", "strong", "faint", "command"]

_STYLES = {  # of the eight colours that every terminal has and its owner has chosen
    "critical": "bold red",
    "watch": "yellow",
    "minor": "cyan",
    "ok": "green",
    "strong": "bold",
    "faint": "dim",
    "command": "bold",
}


class Span(NamedTuple):
    """A piece of a line, and how it looks where there is colour."""

    text: str
    style: Style = ""


Line = Sequence[Span | str]
"""One line of output. Its pieces are printable already."""

_WIDEST, _NARROWEST = 80, 40


def page_width() -> int:
    """Give the columns of a page: 80, or those of a terminal that has fewer, such as a phone's; in a pipe 80."""
    try:
        there = os.get_terminal_size(sys.stdout.fileno()).columns if sys.stdout.isatty() else _WIDEST
    except (OSError, ValueError):  # no terminal behind it
        return _WIDEST
    return min(_WIDEST, max(_NARROWEST, there)) if there else _WIDEST


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


def coloured(stream: IO[str]) -> bool:
    """Say whether a stream gets colour: never with `NO_COLOR`, always with `FORCE_COLOR`, else on a real terminal."""
    context = click.get_current_context(silent=True)
    if context is not None and context.color is not None:
        return context.color
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def line_text(line: Line) -> str:
    """Give a line without its styles."""
    return "".join(piece if isinstance(piece, str) else piece.text for piece in line)


def write(lines: Iterable[Line], stream: IO[str] | None = None, *, fold: bool = True) -> None:
    """Write lines of a result: on a terminal through Rich, broken where words end; anywhere else plain, uncoloured and whole.

    Args:
        lines: The lines.
        stream: Where to; None: the standard output.
        fold: Break what is wider than the terminal. Not for what is copied as it stands, such as a file.
    """
    stream = stream or sys.stdout
    width = _terminal_width(stream) if fold else None
    if width is not None:
        from mailwarden.pipeline.cli.folding import folded

        lines = [row for line in lines for row in folded(line, width)]
    if coloured(stream):
        _write_rich(lines, stream)
        return
    stream.writelines(f"{_encodable(line_text(line), stream)}\n" for line in lines)
    stream.flush()


def _terminal_width(stream: IO[str]) -> int | None:
    """Give the columns of the terminal behind a stream; None where there is none, or it does not tell."""
    try:
        there = os.get_terminal_size(stream.fileno()).columns if stream.isatty() else 0
    except (OSError, ValueError):
        return None
    return max(_NARROWEST, there) if there else None


def _write_rich(lines: Iterable[Line], stream: IO[str]) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(
        file=stream, force_terminal=True, color_system="standard", highlight=False, markup=False, emoji=False
    )
    for line in lines:
        text = Text(no_wrap=True, overflow="ignore")
        for piece in line:
            if isinstance(piece, str):
                text.append(piece)
            else:
                text.append(piece.text, _STYLES.get(piece.style, ""))
        console.print(text, soft_wrap=True)


def _encodable(text: str, stream: IO[str]) -> str:
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def tell(message: str) -> None:
    """Say something to the person beside the result: progress, a warning, an error. One line stays one line."""
    sys.stdout.flush()
    rows: list[Line] = [[printable(line)] for line in message.split("\n")]
    width = _terminal_width(sys.stderr)
    if width is not None:
        from mailwarden.pipeline.cli.folding import folded

        rows = [row for line in rows for row in folded(line, width)]
    sys.stderr.write("".join(f"{_encodable(line_text(row), sys.stderr)}\n" for row in rows))
    sys.stderr.flush()


_WIDE = "\u1100-\u115e\u2e80-\u2fff\u3001-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6"
_NOT_FIRST = "、。，．・：；？！）」』】〉》ーぁぃぅぇぉっゃゅょァィゥェォッャュョ"  # JIS X 4051: never begin a line
_NOT_LAST = "（「『【〈《"
_COUNTED = rf"[^\s{_WIDE}]*[0-9] (?:[{_WIDE}]|(?:%|(?:s|min|h)\b)[^\s{_WIDE}]*)"  # a number and its unit stay together
_PIECE = re.compile(rf"(\s*)([{_NOT_LAST}]*(?:[{_WIDE}]|{_COUNTED}|[^\s{_WIDE}]+)[{_NOT_FIRST}]*|[{_NOT_LAST}]+)")


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
    return lines


def pieces(text: str) -> Iterator[tuple[int, int]]:
    """Give what is not broken: words with the blanks before them, and single East Asian characters, from where to where."""
    return (found.span() for found in _PIECE.finditer(text))


def columns(text: str) -> int:
    """Count the columns that printable text takes: East Asian wide characters take two (UAX #11)."""
    if text.isascii():
        return len(text)
    return sum(2 if east_asian_width(one) in "WF" else not combining(one) for one in text)
