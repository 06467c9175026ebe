"""Dates as people write them: `27 nov. 2026 14:02:03`, `November 27, 2026 at 2:02:03 PM`, `2026年11月27日 14時02分`.

They stand where a log was copied from a page, a spreadsheet or a phone. Each becomes the stamp that syslog would have written.
"""

import re

from mailwarden.parsers.months import month_of

__all__ = ["as_syslog"]

_CLOCK = r"([0-9]{1,2}):([0-9]{2}):([0-9]{2})"
_WORD = r"[^\W\d_]"
_DAY_FIRST = re.compile(
    rf"(?:{_WORD}{{2,12}}[.,]{{0,2}} )?([0-9]{{1,2}})\.? (?:de )?({_WORD}{{3,12}})\.?,?"
    rf"(?: (?:de )?([0-9]{{4}}))?,? (?:{_WORD}{{1,3}} )?{_CLOCK}"
)
_MONTH_FIRST = re.compile(
    rf"(?:{_WORD}{{2,12}}[.,]{{0,2}} )?({_WORD}{{3,12}})\.? ([0-9]{{1,2}})(?:st|nd|rd|th)?,? ([0-9]{{4}}),? (?:at )?{_CLOCK}"
)
# A minute may be its last.
_EAST_ASIAN = re.compile(
    r"(?:([0-9]{4})[年년] ?)?([0-9]{1,2})[月월] ?([0-9]{1,2})[日일]"
    r"(?: ?[(（]?(?:[日月火水木金土월화수목금토일](?:曜日?|요일)?|(?:星期|周)[一二三四五六日天])[)）]?(?![0-9]))?"
    r" ?(?:([午上下오][前後午전후]) ?)?([0-9]{1,2})(?::|[時时点시] ?)([0-9]{2})(?:[:分분](?: ?([0-9]{2})[秒초]?)?)?"
)
_AFTER_NOON = frozenset({"午後", "下午", "오후"})


def as_syslog(text: str) -> tuple[str, int] | None:
    """Give the date and time at the start of the text as syslog writes them, and the length of the text's own."""
    found = _EAST_ASIAN.match(text)
    if found:
        year, month, day, half, hour, minute, second = found.groups()
        name = month_of(f"{int(month)}月")
        behind = "" if half is None else " PM" if half in _AFTER_NOON else " AM"
        return _written(name, day, year, (hour, minute, second or "00"), behind, found.end())
    found = _DAY_FIRST.match(text)
    if found:
        day, name, year, *clock = found.groups()
        return _written(month_of(name, whole=True), day, year, clock, "", found.end())
    found = _MONTH_FIRST.match(text)
    if found:
        name, day, year, *clock = found.groups()
        return _written(month_of(name, whole=True), day, year, clock, "", found.end())
    return None


def _written(
    month: str | None, day: str, year: str | None, clock: tuple[str, str, str] | list[str], half: str, end: int
) -> tuple[str, int] | None:
    if month is None:
        return None
    hour, minute, second = clock
    return f"{month} {day:>2} {f'{year} ' if year else ''}{hour:0>2}:{minute}:{second}{half}", end
