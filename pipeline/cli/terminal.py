"""What stands between our text and a person's terminal: escaping, colour, and where each kind of word goes.

Results go to standard output, progress and errors to standard error. Text from logs passes `printable` on its way: a
client chooses half of every line, and a terminal obeys what it is sent. Colour never carries meaning alone.
"""

import os
import sys
from collections.abc import Iterable, Sequence
from typing import IO, Any, Literal, NamedTuple

import click

from mailwarden.alerts.words.escape import printable
from mailwarden.pipeline.showing.columns import columns, shorten

__all__ = [
    "Line",
    "Span",
    "Style",
    "announce",
    "answered",
    "coloured",
    "line_text",
    "page_width",
    "tell",
    "write",
]

Style = Literal["", "critical", "watch", "minor", "ok", "strong", "faint", "command"]

_STYLES: dict[Style, dict[str, Any]] = {  # of the eight colours that every terminal has and its owner has chosen
    "critical": {"fg": "red", "bold": True},
    "watch": {"fg": "yellow"},
    "minor": {"fg": "cyan"},
    "ok": {"fg": "green"},
    "strong": {"bold": True},
    "faint": {"dim": True},
    "command": {"bold": True},
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
    """Write lines of a result: on a terminal in colour, broken where words end; anywhere else plain, uncoloured and whole.

    Args:
        lines: The lines.
        stream: Where to; None: the standard output.
        fold: Break what is wider than the terminal. Not for what is copied as it stands, such as a file.
    """
    answered()
    stream = stream or sys.stdout
    width = _terminal_width(stream) if fold else None
    if width is not None:
        from mailwarden.pipeline.cli.folding import folded

        lines = [row for line in lines for row in folded(line, width)]
    as_text = _painted if coloured(stream) else line_text
    stream.writelines(f"{_encodable(as_text(line), stream)}\n" for line in lines)
    stream.flush()


def _terminal_width(stream: IO[str]) -> int | None:
    """Give the columns of the terminal behind a stream; None where there is none, or it does not tell."""
    try:
        there = os.get_terminal_size(stream.fileno()).columns if stream.isatty() else 0
    except (OSError, ValueError):
        return None
    return max(_NARROWEST, there) if there else None


def _painted(line: Line) -> str:
    """Give a line with its styles as a terminal obeys them."""
    return "".join(
        piece if isinstance(piece, str) else click.style(piece.text, **_STYLES.get(piece.style, {})) for piece in line
    )


def _encodable(text: str, stream: IO[str]) -> str:
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def tell(message: str) -> None:
    """Say something to the person beside the result: progress, a warning, an error. One line stays one line."""
    answered()
    sys.stdout.flush()
    rows: list[Line] = [[printable(line)] for line in message.split("\n")]
    width = _terminal_width(sys.stderr)
    if width is not None:
        from mailwarden.pipeline.cli.folding import folded

        rows = [row for line in rows for row in folded(line, width)]
    sys.stderr.write("".join(f"{_encodable(line_text(row), sys.stderr)}\n" for row in rows))
    sys.stderr.flush()


_announced = 0  # columns of what stands there for the time being


def announce(message: str) -> None:
    """Say on a terminal, and only there, what is being done; it is gone as soon as anything else is said."""
    global _announced
    if sys.stderr.isatty():
        text = shorten(_encodable(printable(message), sys.stderr), page_width() - 1)
        sys.stderr.write(text)
        sys.stderr.flush()
        _announced = columns(text)


def answered() -> None:
    """Take away what was announced: with blanks, which every terminal obeys."""
    global _announced
    if _announced:
        sys.stderr.write(f"\r{' ' * _announced}\r")
        sys.stderr.flush()
        _announced = 0
