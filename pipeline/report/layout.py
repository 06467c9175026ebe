"""How a report is laid out: sections, tables, and dates that do not depend on the process's locale."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from mailwarden.alerts.words.escape import printable
from mailwarden.alerts.words.translate import Translator
from mailwarden.pipeline.showing.columns import columns, pad, shorten, wrap

__all__ = ["WIDTH", "Lines", "cut", "date_text", "more_text", "sentence", "table", "with_more"]

WIDTH = 80
_NAME_LEAST = 14  # columns of a name that still tell whose it is
_CELL = 24  # columns of any other cell,
_WORDS = 32  # and of the last one


class Lines(NamedTuple):
    """Lines of a section; a block found something and stands apart."""

    lines: Sequence[str] = ()
    is_block: bool = False


def date_text(day: date, tongue: Translator) -> str:
    """Write a day, never by the locale of the process."""
    if tongue.language == "ja":
        return f"{day.year}年{day.month}月{day.day}日（{'月火水木金土日'[day.weekday()]}）"
    names = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return f"{names[day.weekday()]} {day.day} {months[day.month - 1]} {day.year}"


def more_text(tongue: Translator, number: int) -> str:
    """Say how many are not shown."""
    return tongue.count("and {number} more", "and {number} more", number)


def sentence(text: str) -> Lines:
    """Give a section that found nothing: one sentence."""
    return Lines(wrap(text, WIDTH))


def table(
    tongue: Translator,
    at_most: int,
    title: str,
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    total: int,
    *,
    worded: bool = True,
    is_brief: bool = False,
) -> Lines:
    """Lay out rows under a title: the first column to the left, numbers to the right, a last column of words to the left.

    How many are not shown stands below; with `is_brief` behind the last row, where it has room.
    """
    shown = [head, *rows[:at_most]]
    others = [[*(cut(cell, _CELL) for cell in row[1:-1]), cut(row[-1], _WORDS)] for row in shown]
    widths = [max(map(columns, column)) for column in zip(*others, strict=True)]
    room = max(_NAME_LEAST, WIDTH - 2 - sum(width + 2 for width in widths))
    names = [cut(row[0], room) for row in shown]
    first = max(map(columns, names))
    has_words = worded and len(head) > 2
    lines = wrap(title, WIDTH)
    for name, cells in zip(names, others, strict=True):
        line = pad(name, first)
        for at, (cell, width) in enumerate(zip(cells, widths, strict=True), 1):
            line += "  " + (cell if has_words and at == len(cells) else " " * (width - columns(cell)) + cell)
        lines.append("  " + line)
    rest = total - len(shown) + 1
    if rest > 0 and is_brief:
        with_more(lines, more_text(tongue, rest))
    elif rest > 0:
        lines.append("  " + more_text(tongue, rest))
    return Lines(lines, is_block=True)


def with_more(lines: list[str], more: str) -> None:
    """Say how many are not shown behind the last line, or below it where there is no room."""
    last = lines[-1].rstrip()
    if columns(last) + columns(more) + 4 <= WIDTH:
        lines[-1] = f"{last}  ({more})"
    else:
        lines.append("  " + more)


def cut(text: str, width: int) -> str:
    """Give printable text in at most so many columns."""
    text, room = printable(text), width
    short = shorten(text, room)
    while columns(short) > width:
        room -= 1
        short = shorten(text, room)
    return short
