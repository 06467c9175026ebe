"""Read the time a line bears, and complete what it leaves out: the year, the zone, the hour that comes twice."""

import re
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mailwarden.parsers.counted_time import SECOND_US, Stamp, microseconds, tai64n, unix_time
from mailwarden.parsers.months import MONTHS
from mailwarden.parsers.worded_time import HALF, WORDED, in_english
from mailwarden.parsers.zone_words import ZONE_WORDS, is_called, offset_of

__all__ = ["SECONDS", "Clock"]

_EPOCH = datetime(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)
_PLAIN = 15  # characters of `Mar  3 04:05:06`
_ZONE_MAX = 16  # characters behind a clock: half of the day, zone
_DAY_US = 86_400 * SECOND_US
_SHORT_YEAR, _CENTURY = 2, 2000
_FAR_US = 1100 * _DAY_US  # three years
_BACK_US = 92 * _DAY_US  # a stamp up to three months before its predecessor is late, not of the next year
_FULL_DATE_REACH_US = 400 * _DAY_US  # a full date further off than this is a broken clock and tells no year
_FOLD_SLACK_US = 1800 * SECOND_US  # half an hour: clocks step back by seconds, a change of zone by 30 or 60 minutes
_YEAR_UNKNOWN = 2000  # nothing told the year; a leap year, so that every date exists

_SIXTY = [f"{number:02}" for number in range(60)]
SECONDS: dict[str, int] = {
    minute + ":" + second + tail: (60 * minutes + seconds) * SECOND_US
    for minutes, minute in enumerate(_SIXTY)
    for seconds, second in enumerate(_SIXTY)
    for tail in ("", " ")
}
"""Microseconds since the full hour by `MM:SS`, alone and with the blank that ends a traditional stamp."""

_ZONE = rf"(?: ?([Zz]|{ZONE_WORDS}|[+-][0-9]{{2}}(?::?[0-9]{{2}})?(?![0-9])))?:?(?=[ \t\[\]]|$)"
_ISO = re.compile(
    rf"([0-9]{{4}})[-/]([0-9]{{2}})[-/]([0-9]{{2}})[Tt _]([0-9]{{2}}):([0-9]{{2}}):([0-9]{{2}})(?:[.,]([0-9]{{1,9}}))?"
    rf"(?:{HALF})?{_ZONE}"
)
# `20260303040506`, `20260303 04:05:06`, and with the year first elsewhere: `2026.03.03 04:05:06`, `2026. 3. 3. 4:05:06`,
# `2026:03:03-04:05:06`.
_OTHER_ISO = re.compile(
    r"((?:19|20)[0-9]{2})(?:([0-9]{2})([0-9]{2})[T _-]?|([./:-]|\. )([0-9]{1,2})\4([0-9]{1,2})\.?[T -])"
    r"([0-9]{2}|[0-9](?=:)):?([0-9]{2}):?([0-9]{2})(?![0-9])"
)
# With the year last: of Germany `03.03.2026 04:05:06`, of the United States `3/13/26, 4:05:06.123 AM`, of others `13-03-2026`.
_YEAR_LAST = re.compile(
    r"([0-9]{1,2})([./-])([0-9]{1,2})\2((?:19|20)?[0-9]{2}),? ([0-9]{1,2}):([0-9]{2}):([0-9]{2})(?:[.,]([0-9]{1,9}))?"
    rf"(?:{HALF})?{_ZONE}"
)
# As web servers write it: `03/Mar/2026:04:05:06 +0000`.
_WEB = re.compile(rf"([0-9]{{2}})/({'|'.join(MONTHS)})/([0-9]{{4}}):([0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}})")
_DASHED = re.compile(rf"({'|'.join(MONTHS)})-([0-9]{{2}})-([0-9]{{2}}) (?=[0-9]{{2}}:)")
_PLACE = re.compile(r" ([A-Z][A-Za-z]{1,20}(?:/[A-Z][A-Za-z_-]{1,30}){1,2})\]")
_SCREENING = re.compile(
    r"([0-9]{2})([0-9]{2})([0-9]{2}) ([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{3})(?= [A-Z] \[[0-9A-F]{8}\] 0x)"
)
_WEEKDAY = re.compile(r"[A-Z][a-z]{2} (?=[0-9]{4}-)")
_ZONE_WORD = re.compile(r" [A-Z]{2,5}(?= )")


class Clock:
    """Turn the stamps of one source, in their order, into epoch microseconds.

    Args:
        zone: Zone of stamps that name none; None is this machine's own.
        year: Year of the first line, where it is stated.
        hint_us: A moment the first line is not later than (a file's name or time), where no year is stated.
    """

    def __init__(self, zone: tzinfo | None = None, year: int | None = None, hint_us: int | None = None) -> None:
        self._zone = zone
        self._year = year
        self._hint_us = hint_us
        self._last_us: int | None = None
        self._day_first: bool | None = None  # of dates in figures with the year last; None: nothing has shown it
        self._before_us: int | None = None  # of the stamp before a jump of more than a day that nothing has confirmed
        lacks_year, lacks_zone = year is None, zone is None
        self._whole_quality = "inferred_zone" if lacks_zone else None
        self.quality = ("inferred_year_zone" if lacks_zone else "inferred_year") if lacks_year else self._whole_quality
        self.forget()

    def forget(self) -> None:
        """Drop the remembered hours, which only save work."""
        self.hour, self.hour_us = "", 0
        self.own_hour, self.own_us, self.own_quality = "", 0, self._whole_quality
        self.iso_hour, self.iso_us, self.iso_zone = "", 0, ""
        self.iso_from, self.iso_end, self.iso_digits, self.iso_scale = 0, 0, 0, 0

    def kept(self) -> tuple[str, int, str, int, str, int, int, int, int, str | None]:
        """Give what reads the stamps of the hour at hand: its text and time, traditional and as RFC 3339, and the latter's
        zone with the blank behind it, where that begins and ends, where the fraction ends and what it counts in; quality.
        """
        return (
            self.hour, self.hour_us, self.iso_hour, self.iso_us, self.iso_zone, self.iso_from, self.iso_end,
            20 + self.iso_digits, self.iso_scale, None if self.iso_hour else self.quality,
        )  # fmt: skip

    def stamp(self, text: str) -> Stamp | None:
        """Read a stamp of any kind at the start of the text, also in brackets."""
        first = text[:1]
        if first == "@":
            return tai64n(text)
        if first == "[":
            return self._in_brackets(text)
        if first.isdigit():
            return (
                self.iso(text)
                or self.other_iso(text)
                or unix_time(text)
                or self.traditional(text)
                or self.year_last(text)
                or self.screening(text)
            )
        return self.traditional(text) or self.weekday(text) or self.dashed(text)

    def _in_brackets(self, text: str) -> Stamp | None:
        """Read `[Mar  3 04:05:06]`, also with a place for the zone, as PHP writes it: `[03-Mar-2026 04:05:06 Europe/Berlin]`."""
        inner = self.stamp(text[1:64])
        if inner is None:
            return None
        end = inner.end + 1
        if text[end : end + 1] == "]":
            return inner._replace(end=end + 1)
        place = _PLACE.match(text, end)
        if place is None:
            return None
        try:
            there = Clock(ZoneInfo(place[1]), self._year, self._hint_us).stamp(text[1:end] + " ")
        except (ZoneInfoNotFoundError, ValueError, OSError):
            return None
        return there._replace(end=place.end()) if there else None

    def traditional(self, text: str) -> Stamp | None:
        """Read `Mar  3 04:05:06` (RFC 3164), or a relative of it, at the start of the text."""
        found = WORDED.match(text)
        return self._in_other_words(text) if found is None else self._worded(text, found)

    def _worded(self, text: str, found: re.Match[str]) -> Stamp | None:
        early, before, name, behind, middle, hour, minute, second, fraction, half, zone, late = found.groups()
        years = [one for one in (early, middle, late) if one]
        if (before is None) == (behind is None) or len(years) > 1:
            return None
        month, day, clock = MONTHS[name], int(before or behind), (_hour(hour, half), int(minute), int(second))
        local = _moment(int(years[0]), month, day, clock) if years else self._date(month, day, clock)
        if local is None:
            return None
        us, sure = self._utc(local) if zone is None else (self._zoned(local, zone)[0], False)
        self._last_us = us
        if sure and found.end() == _PLAIN:
            self.iso_hour = ""
            self.hour, self.hour_us = text[:10], us - SECONDS.get(text[10:15], 0)
            if text[10:15] not in SECONDS or not self._whole_hour(local):
                self.hour = ""
        return Stamp(us + microseconds(fraction), self._quality(bool(years), zone is not None), found.end())

    def _in_other_words(self, text: str) -> Stamp | None:
        """Read `11月 03 04:05:06` (journalctl) or `27 nov. 2026 14:02:03` at the start of the text."""
        english = in_english(text)
        if english is None:
            return None
        written, end = english
        whole = written + text[end : end + _ZONE_MAX]
        found = WORDED.match(whole)
        stamp = self._worded(whole, found) if found else None
        if stamp is None:
            return None
        if end == _PLAIN and self.hour:
            self.hour = text[:10]
        return stamp._replace(end=stamp.end - len(written) + end)

    def iso(self, text: str) -> Stamp | None:
        """Read `2026-03-03T04:05:06.123456+01:00` (RFC 3339, ISO 8601 and their relatives) at the start of the text."""
        found = _ISO.match(text)
        if found is None:
            return None
        year, month, day, hour, minute, second, fraction, half, offset = found.groups()
        local = _moment(int(year), int(month), int(day), (_hour(hour, half), int(minute), int(second)))
        if local is None:
            return None
        if offset is None and text[10] != "_":
            us, sure = self._utc(local)
            quality = self._whole_quality
            if sure and text[10] == " " and found.end() == 19 and text[:14] != self.own_hour:
                whole = text[14:19] in SECONDS and self._whole_hour(local)
                self.own_hour, self.own_us = (text[:14], us - SECONDS[text[14:19]]) if whole else ("", 0)
        else:
            us, quality = self._zoned(local, offset or "Z")
            if text[10] == "T" and half is None and text[19 : found.start(9)] != " ":
                self._keep_iso(text, us, fraction, found.start(9), found.end())
        self._learn(us)
        return Stamp(us + microseconds(fraction), quality, found.end())

    def other_iso(self, text: str) -> Stamp | None:
        """Read `20260303T040506Z` (ISO 8601, basic form) and dates with other marks at the start of the text."""
        found = _OTHER_ISO.match(text)
        if found is None:
            return None
        year, month, day, _, loose_month, loose_day, hour, minute, second = found.groups()
        whole = f"{year}-{month or loose_month:0>2}-{day or loose_day:0>2}T{hour:0>2}:{minute}:{second}"
        stamp = self.iso(whole + text[found.end() : found.end() + 20])
        return stamp._replace(end=stamp.end - len(whole) + found.end()) if stamp else None

    def year_last(self, text: str) -> Stamp | None:
        """Read a date in figures with the year last; which of day and month is first shows where one is above twelve."""
        web = _WEB.match(text)
        if web:
            return self.traditional(f"{web[2]} {web[1]} {web[3]} {web[4]}{text[web.end() : web.end() + 7]}")  # as long
        found = _YEAR_LAST.match(text)
        if found is None:
            return None
        first, mark, other, year, hour, minute, second, fraction, half, zone = found.groups()
        clock = (_hour(hour, half), int(minute), int(second))
        whole_year = int(year) if len(year) > _SHORT_YEAR else _CENTURY + int(year)
        local = self._day_and_month(whole_year, int(first), int(other), clock, day_first=mark == ".")
        if local is None or (len(year) == _SHORT_YEAR and self._is_far(local)):
            return None
        us, quality = self._zoned(local, zone) if zone else (self._utc(local)[0], self._whole_quality)
        self._learn(us)
        return Stamp(us + microseconds(fraction), quality, found.end())

    def _is_far(self, local: datetime) -> bool:
        """Say whether a date is years from what is known of the file's time: then its parts stand in another order."""
        near = self._last_us if self._last_us is not None else self._hint_us
        return near is not None and abs(_naive_us(local) - near) > _FAR_US

    def _day_and_month(
        self, year: int, one: int, other: int, clock: tuple[int, int, int], *, day_first: bool
    ) -> datetime | None:
        """Give the date; where both orders make one, that of the lines before, else the nearer."""
        english, european = _moment(year, one, other, clock), _moment(year, other, one, clock)
        if day_first or english is None:
            self._day_first = self._day_first or (not day_first and european is not None)
            return european
        if european is None or english == european or self._day_first is not None:
            if european is None:
                self._day_first = False
            return european if self._day_first else english
        near = self._last_us if self._last_us is not None else self._hint_us
        if near is None:
            return english
        return min(english, european, key=lambda date: abs(_naive_us(date) - near))

    def _zoned(self, local: datetime, zone: str) -> tuple[int, str | None]:
        """Give the epoch microseconds of a stamp that names its zone, by its distance or in a word, and how sure they are.

        A word that the file's own zone uses at that moment means that zone, and tells which of two like hours it is.
        """
        if zone[0] in "+-Zz" or zone in ("UTC", "GMT"):
            return _naive_us(local) - _offset_us(zone), None
        for one in (local, local.replace(fold=1)):
            if is_called(zone, one, self._zone):
                return _epoch_us(one, self._zone), None
        offset = offset_of(zone)
        if offset is None:
            return self._utc(local)[0], "inferred_zone"
        return _naive_us(local) - offset, None

    def _quality(self, has_year: bool, has_zone: bool) -> str | None:
        """Say what of a stamp in words had to be inferred."""
        if not has_zone:
            return self._whole_quality if has_year else self.quality
        return None if has_year or self._year is not None else "inferred_year"

    def weekday(self, text: str) -> Stamp | None:
        """Read `Tue 2026-03-03 04:05:06 CET` (journalctl -o short-full) at the start of the text."""
        day = _WEEKDAY.match(text)
        found = _ISO.match(text, day.end()) if day else None
        stamp = self.iso(text[found.start() : found.end() + 1]) if found else None
        if found is None or stamp is None:
            return None
        zone = _ZONE_WORD.match(text, found.end()) if found[9] is None else None
        return stamp._replace(end=zone.end() if zone else found.end())

    def dashed(self, text: str) -> Stamp | None:
        """Read `Mar-03-26 04:05:06` (ASSP) at the start of the text."""
        found = _DASHED.match(text)
        stamp = self.traditional(f"{found[1]} {found[2]} 20{found[3]} {text[10:19]}") if found else None
        return stamp._replace(end=stamp.end - 2) if stamp else None  # the century's

    def screening(self, text: str) -> Stamp | None:
        """Read `260303 040506123` (MDaemon's Dynamic Screening) at the start of the text."""
        found = _SCREENING.match(text)
        if found is None:
            return None
        year, month, day, hour, minute, second, fraction = found.groups()
        stamp = self.iso(f"20{year}-{month}-{day} {hour}:{minute}:{second}.{fraction}")
        return stamp._replace(end=found.end()) if stamp else None

    def snapshot(self) -> dict[str, Any]:
        """Give what must outlive a restart, as JSON."""
        zone = self._zone
        name = getattr(zone, "key", None)
        if zone is not None and name is None:
            offset = zone.utcoffset(None)
            name = offset // timedelta(minutes=1) if offset is not None else None
        return {
            "zone": name,
            "year": self._year,
            "hint_us": self._hint_us,
            "last_us": self._last_us,
            "before_us": self._before_us,
            "day_first": self._day_first,
        }

    @classmethod
    def restore(cls, snapshot: dict[str, Any]) -> "Clock":
        """Make a clock that goes on where the snapshot was taken."""
        name = snapshot.get("zone")
        zone: tzinfo | None = None
        if isinstance(name, int):
            zone = timezone(timedelta(minutes=name))
        elif name is not None:
            try:
                zone = ZoneInfo(name)
            except (ZoneInfoNotFoundError, ValueError):
                zone = None
        clock = cls(zone, snapshot.get("year"), snapshot.get("hint_us"))
        clock._last_us, clock._before_us = snapshot.get("last_us"), snapshot.get("before_us")
        clock._day_first = snapshot.get("day_first")
        return clock

    def _learn(self, us: int) -> None:
        if self._last_us is None:
            if self._year is None and us > 0:
                self._last_us = us
        elif abs(us - self._last_us) < _FULL_DATE_REACH_US:
            self._last_us = us

    def _date(self, month: int, day: int, clock: tuple[int, int, int]) -> datetime | None:
        """Find the year a date without one belongs to.

        Time may run back a little (a relay, a clock that was set) and forward a lot (a quiet server), so the year is
        the one that puts the date at most three months before, else behind, the line before. One wrong line moves
        nothing: what goes on where the line before it stood is of that line's year.
        """
        if self._last_us is not None:
            goes_on = self._between(self._before_us, (month, day, clock), _DAY_US, _DAY_US)
            if goes_on is not None:
                self._before_us = None
                return goes_on
            local = self._between(self._last_us, (month, day, clock), _BACK_US, 366 * _DAY_US - _BACK_US)
            if local is None:
                return _nearest(_year_of(self._last_us), month, day, clock)
            jumps = _naive_us(local) - self._last_us > _DAY_US
            self._before_us = self._last_us if jumps else None
            return local
        if self._year is not None:
            return _nearest(self._year, month, day, clock)
        if self._hint_us is None:
            return _moment(_YEAR_UNKNOWN, month, day, clock)
        latest = _EPOCH + timedelta(microseconds=self._hint_us + _DAY_US)
        for year in range(latest.year, latest.year - 9, -1):  # eight years hold a 29 February, even about 2100
            local = _moment(year, month, day, clock)
            if local is not None and local <= latest:
                return local
        return None

    def _between(
        self, near_us: int | None, date: tuple[int, int, tuple[int, int, int]], back_us: int, ahead_us: int
    ) -> datetime | None:
        """Give the date in the year that puts it at most so far before a moment, and less than so far behind it."""
        if near_us is None:
            return None
        year = _year_of(near_us)
        for one in (year + 1, year, year - 1):
            local = _moment(one, *date)
            if local is not None and -back_us <= _naive_us(local) - near_us < ahead_us:
                return local
        return None

    def _utc(self, local: datetime) -> tuple[int, bool]:
        """Give epoch microseconds of a local time, and whether the clock showed it but once."""
        first, second = _epoch_us(local, self._zone), _epoch_us(local.replace(fold=1), self._zone)
        if first < second and self._last_us is not None and first < self._last_us - _FOLD_SLACK_US:
            return second, False
        return first, first == second

    def _whole_hour(self, local: datetime) -> bool:
        """Say whether no change of zone falls into this hour."""
        start = local.replace(minute=0, second=0)
        end = local.replace(minute=59, second=59)
        span = _epoch_us(end, self._zone) - _epoch_us(start, self._zone)
        return span == SECONDS["59:59"] and all(
            _epoch_us(one, self._zone) == _epoch_us(one.replace(fold=1), self._zone) for one in (start, end)
        )

    def _keep_iso(self, text: str, us: int, fraction: str | None, zone_from: int, end: int) -> None:
        digits = len(fraction or "")
        if digits in (0, 3, 6, 9) and text[14:19] in SECONDS and text[end : end + 1] == " ":
            self.iso_hour, self.iso_us = text[:14], us - SECONDS[text[14:19]]
            self.iso_digits = min(digits, 6)
            self.iso_scale = 10 ** (6 - self.iso_digits) if digits else 0
            self.iso_from, self.iso_end = zone_from, end + 1
            self.iso_zone = text[zone_from : end + 1]
            self.hour = ""  # one style a file: the reader asks for the hour of one only


def _hour(digits: str, half: str | None) -> int:
    """Give the hour of the day, where a clock of twelve hours may tell the half."""
    return int(digits) if half is None else int(digits) % 12 + (12 if half[0] in "Pp" else 0)


def _naive_us(local: datetime) -> int:
    return (local - _EPOCH) // _MICROSECOND


def _offset_us(text: str) -> int:
    if text[0] not in "+-":
        return 0
    seconds = int(text[1:3]) * 3600 + int(text[3:].removeprefix(":") or 0) * 60
    return (-seconds if text[0] == "-" else seconds) * SECOND_US


def _year_of(us: int) -> int:
    return (_EPOCH + timedelta(microseconds=us)).year


def _moment(year: int, month: int, day: int, clock: tuple[int, int, int]) -> datetime | None:
    """Give a naive moment, or None where there is no such date; a leap second counts as the second before it."""
    try:
        return datetime(year, month, day, clock[0], clock[1], min(clock[2], 59))
    except ValueError:
        return None


def _nearest(year: int, month: int, day: int, clock: tuple[int, int, int]) -> datetime | None:
    """Give the date in this year or, for 29 February, in the nearest year that has it."""
    for away in (0, -1, 1, -2, 2, -3, 3, -4, 4):
        local = _moment(year + away, month, day, clock)
        if local is not None:
            return local
    return None


def _epoch_us(local: datetime, zone: tzinfo | None) -> int:
    try:
        return round((local if zone is None else local.replace(tzinfo=zone)).timestamp()) * SECOND_US
    except (ValueError, OverflowError, OSError):
        return _naive_us(local)
