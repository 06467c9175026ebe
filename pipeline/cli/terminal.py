"""What stands between our text and a person's terminal: escaping, colour, and where each kind of word goes.

Results go to standard output, progress and errors to standard error. Text from logs passes `printable` on its way: a
client chooses half of every line, and a terminal obeys what it is sent. Colour never carries meaning alone.
"""

import os
import re
import sys
from collections.abc import Iterable, Sequence
from typing import IO, Literal, NamedTuple

import click

__all__ = ["Line", "Span", "Style", "coloured", "line_text", "printable", "shorten", "tell", "write"]

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

# Controls (C0, DEL, C1), what turns or hides text (bidirectional marks, zero-width, tags, separators), and bytes that
# were no UTF-8. Source: Unicode 15.1, general categories Cc, Cf, Zl, Zp, Cs; "Trojan Source", CVE-2021-42574.
_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff"
    "\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)


class Span(NamedTuple):
    """A piece of a line, and how it looks where there is colour."""

    text: str
    style: Style = ""


Line = Sequence[Span | str]
"""One line of output. Its pieces are printable already."""


def printable(text: object) -> str:
    """Write text from a log so that no terminal obeys it: what cannot be seen is spelled out, `\\x1b` or `\\u202e`."""
    return _UNPRINTABLE.sub(_spell, str(text))


def _spell(found: re.Match[str]) -> str:
    code = ord(found[0])
    if 0xDC80 <= code <= 0xDCFF:  # a byte that was no UTF-8, as `surrogateescape` keeps it
        code -= 0xDC00
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def shorten(text: str, width: int) -> str:
    """Cut printable text to `width` characters, the cut shown as `…` in the middle: heads and tails tell most."""
    if len(text) <= width:
        return text
    if width < 3:
        return text[:width]
    tail = (width - 1) // 3
    return text[: width - 1 - tail] + "…" + text[len(text) - tail :]


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


def write(lines: Iterable[Line], stream: IO[str] | None = None) -> None:
    """Write lines of a result: on a terminal through Rich, anywhere else plain, uncoloured and unwrapped."""
    stream = stream or sys.stdout
    if coloured(stream):
        _write_rich(lines, stream)
        return
    stream.write("".join(f"{_encodable(line_text(line), stream)}\n" for line in lines))
    stream.flush()


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
    text = "\n".join(printable(line) for line in message.split("\n"))
    sys.stderr.write(_encodable(text, sys.stderr) + "\n")
    sys.stderr.flush()
