"""What stands between our text and a person's terminal: escaping, colour, and where each kind of word goes.

Results go to standard output, progress and errors to standard error. Text from logs passes `printable` on its way: a
client chooses half of every line, and a terminal obeys what it is sent. Colour never carries meaning alone.
"""

import os
import sys
from collections.abc import Iterable, Sequence
from typing import IO, Literal, NamedTuple

import click

from mailwarden.alerts.words.escape import printable

__all__ = [
    "Line",
    "Span",
    "Style",
    "coloured",
    "line_text",
    "page_width",
    "tell",
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
