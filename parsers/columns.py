"""Lines in columns: what rsyslog's templates, spreadsheets and stores of logs write with commas, semicolons, bars or tabs.

Where a first line names the columns, these are read by their names. Else a line is one of a table only where a column holds a
time and nothing else; behind it stands a whole line, or a column that names a program of ours, or a text that begins with
one. What clients write stands behind both, so that nothing in it is taken for them.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from mailwarden.parsers.claims import Claims
from mailwarden.parsers.counted_time import Stamp
from mailwarden.parsers.priority import is_priority_word
from mailwarden.parsers.raw import stamped
from mailwarden.parsers.shipped import as_stamp, is_header, shipped
from mailwarden.parsers.wrapped import TAG, Wrapped, number, one_line

__all__ = ["Columns"]

_FIRST = re.compile(r'"?([^",;|\t]{0,64}+)"? ?([,;|\t])')
_DIRECTIVE = "#Fields: "  # of the W3C's extended log format, with commas in Exchange's
_TIME_WITHIN = 6  # columns: Papertrail's archives begin with a number
_BEFORE_TIME = re.compile(r"[\w.:/-]{0,64}")  # no server's own message begins so and goes on with a mark
_TIME_MAX = 48  # characters
_CELLS_MAX = 64
_NAME = re.compile(r"[\w @.\[\]/-]{1,64}")
_HOST = re.compile(r"(?=.{0,254}[A-Za-z.:])[A-Za-z0-9][A-Za-z0-9_.:-]{0,254}")
_TAGGED = re.compile(r"([^\s:\[\]]{1,128})(?:\[[0-9]{1,10}\])?: ")
# A second time's day and hour, apart.
_PART_OF_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{2}:[0-9]{2}:[0-9]{2}")
_LABELLED = re.compile(r"([a-z_]{1,32}):(.*)", re.DOTALL)


class _Cell(NamedTuple):
    text: str
    start: int  # where it stands in the line
    quoted: bool


class Columns:
    """The columns of one source.

    Args:
        claims: Which format claims which tag.
        snapshot: What was remembered.
    """

    def __init__(self, claims: Claims, snapshot: tuple[list[str], str, bool] = ([], "", False)) -> None:
        self._claims = claims
        self._names, self._mark, self.seen = snapshot  # `seen`: the line before was of a table

    def read(self, line: str, stamp: Callable[[str], Stamp | None]) -> Wrapped | None:
        """Give what a line in columns holds; None where it is none, and an empty text for the names of the columns."""
        if line.startswith(_DIRECTIVE):
            self._names, self._mark = line.removeprefix(_DIRECTIVE).strip().split(","), ","
            return Wrapped("")
        mark = self._mark
        found = None if mark else _FIRST.match(line)
        first = found[1].rstrip(" ") if found else ""
        if found and (_NAME.fullmatch(first) or _BEFORE_TIME.fullmatch(first) or _time(first, stamp)):
            mark = found[2]
        wrapped = self._read(line, mark, stamp) if mark else None
        self.seen = wrapped is not None or (self.seen and bool(self._names))
        return wrapped

    def snapshot(self) -> tuple[list[str], str, bool]:
        """Give what the next lines hang on."""
        return self._names, self._mark, self.seen

    def _read(self, line: str, mark: str, stamp: Callable[[str], Stamp | None]) -> Wrapped | None:
        cells = _split(line, mark)
        texts = [cell.text for cell in cells]
        if all(_NAME.fullmatch(text) for text in texts) and len(set(texts)) == len(texts) and is_header(texts):
            self._names, self._mark = texts, mark
            return Wrapped("")
        row = self._claims.row(self._names, texts)
        if row is not None:
            return Wrapped(row.text, time=row.time, tag=row.tag, row=True)
        if mark == "\t":
            labelled = [_LABELLED.fullmatch(text) for text in texts]
            if all(labelled):  # LTSV
                return shipped({one[1]: one[2] for one in labelled if one}, columns=True)
        if len(texts) >= len(self._names) > 1:
            last = len(self._names) - 1
            values = [*texts[:last], _to_end(line, cells, last, mark)]
            wrapped = shipped(dict(zip(self._names, values, strict=True)), columns=True)
            if wrapped is not None:
                return wrapped
        return self._found(line, cells, mark, stamp)

    def _found(self, line: str, cells: list[_Cell], mark: str, stamp: Callable[[str], Stamp | None]) -> Wrapped | None:
        """Find the columns by what they hold."""
        time, at = "", 0
        for place, cell in enumerate(cells[:_TIME_WITHIN]):
            time = _time(cell.text, stamp)
            at = place
            if not time and place + 1 < len(cells):
                time, at = _time(f"{cell.text} {cells[place + 1].text}", stamp), place + 1
            if time or _BEFORE_TIME.fullmatch(cell.text) is None:
                break
        if not time:
            return None
        host = None
        for place in range(at + 1, len(cells)):
            text = cells[place].text
            if stamped(text) and not _time(text, stamp):
                return Wrapped(one_line(_to_end(line, cells, place, mark)), time=time, host=host)
            tagged = _TAGGED.match(text)
            if tagged and self._is_ours(tagged[1], text[tagged.end() :]):
                return Wrapped(one_line(_to_end(line, cells, place, mark)), time=time, host=host)
            tag = TAG.fullmatch(text)
            if tag and place + 1 < len(cells):
                pid, behind = _behind_tag(cells, place + 1, priority=self._claims.tag(tag[1]).format is not None)
                if self._is_ours(tag[1], cells[behind].text):
                    text = one_line(_to_end(line, cells, behind, mark))
                    return Wrapped(text, time=time, host=host, tag=tag[1], pid=number(tag[2]) if tag[2] else pid)
            if (
                text in ("", "-")
                or number(text) is not None
                or is_priority_word(text)
                or _time(text, stamp)
                or _PART_OF_TIME.fullmatch(text)
            ):
                continue
            if _HOST.fullmatch(text) is None:  # what a client wrote may stand from here on: a request, a browser's name
                return None
            host = host or text
        return None

    def _is_ours(self, tag: str, text: str) -> bool:
        return self._claims.tag(tag).format is not None or self._claims.any_text(text) is not None


def _behind_tag(cells: list[_Cell], place: int, *, priority: bool) -> tuple[int | None, int]:
    """Give the process id, if there is one, and where the message stands; facility and severity may stand before it."""
    pid = None
    while place + 1 < len(cells):
        text = cells[place].text
        if pid is None and number(text) is not None:
            pid = number(text)
        elif text not in ("", "-") and not (priority and is_priority_word(text)):
            break
        place += 1
    return pid, place


def _time(text: str, stamp: Callable[[str], Stamp | None]) -> str:
    """Give a text that is a time and nothing else, as a stamp; else nothing."""
    if len(text) > _TIME_MAX:
        return ""
    text = as_stamp(text)
    found = stamp(text + " ")
    return text if found is not None and found.end >= len(text) else ""


def _to_end(line: str, cells: list[_Cell], place: int, mark: str) -> str:
    """Give a column and, where nothing quotes it, what its own marks parted from it."""
    cell = cells[place]
    return cell.text if cell.quoted or mark == "\t" else line[cell.start :]


def _split(line: str, mark: str) -> list[_Cell]:
    """Take a line apart at a mark; within quotes a quote is written twice (RFC 4180)."""
    cells: list[_Cell] = []
    at = 0
    while len(cells) < _CELLS_MAX:
        while line[at : at + 1] == " ":
            at += 1
        end = -1
        if line[at : at + 1] == '"':
            end = at + 1
            while (end := line.find('"', end)) >= 0 and line[end + 1 : end + 2] == '"':
                end += 2
        behind = line[end + 1 :].lstrip(" ")[:1]
        if end >= 0 and behind in ("", mark):
            cells.append(_Cell(line[at + 1 : end].replace('""', '"'), at, True))
            end = line.find(mark, end)
        else:
            end = line.find(mark, at)
            cells.append(_Cell(line[at : end if end >= 0 else None].rstrip(" "), at, False))
        if end < 0:
            break
        at = end + 1
    return cells
