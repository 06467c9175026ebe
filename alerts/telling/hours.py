"""Times that come again: hours of the day, of some days of the week or of all, in the site's zone.

Written as people write them: `22:00-07:00`, `sat,sun 00:00-24:00`, `mon-fri 08:00-18:00`. A span whose end is not after its
beginning goes over midnight and belongs to the day on which it begins.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta, tzinfo

import msgspec

from mailwarden.parsers.errors import WrongValueError, coded

__all__ = ["DAYS", "Hours", "covering", "end_of", "parse_hours"]

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = 24 * 60
_WRITTEN = re.compile(r"(?:([a-z,-]{3,60}) )?([01]\d|2[0-3]):([0-5]\d)-(24:00|(?:[01]\d|2[0-3]):[0-5]\d)")


class Hours(msgspec.Struct, frozen=True):
    """One span: from a minute of the day to another (1440: midnight), on these days (0 is Monday; empty: on all)."""

    from_min: int
    to_min: int
    days: tuple[int, ...] = ()

    def end_us(self, at_us: int, zone: tzinfo) -> int | None:
        """Give when the span that holds an instant ends; None where none holds it."""
        local = datetime.fromtimestamp(at_us // 1_000_000, UTC).astimezone(zone)
        minute = local.hour * 60 + local.minute
        over_midnight = self.to_min <= self.from_min
        if self._is_on(local.weekday()) and minute >= self.from_min and (over_midnight or minute < self.to_min):
            day = local.date() + timedelta(days=over_midnight)
        elif over_midnight and minute < self.to_min and self._is_on((local.weekday() - 1) % 7):
            day = local.date()
        else:
            return None
        end = datetime.combine(day + timedelta(days=self.to_min // _DAY), time(), zone)
        end = end.replace(hour=self.to_min % _DAY // 60, minute=self.to_min % 60)
        return round(end.timestamp()) * 1_000_000

    def _is_on(self, weekday: int) -> bool:
        return not self.days or weekday in self.days


def parse_hours(text: str) -> Hours:
    """Read a span as people write it.

    Raises:
        ValueError: It is none.
    """
    match = _WRITTEN.fullmatch(text)
    if match is None:
        raise WrongValueError(
            coded(
                "MW2113",
                '{shown} is no span of hours. Write it like "22:00-07:00" or "sat,sun 00:00-24:00".',
                shown=f'"{text}"',
            )
        )
    hour, _, minute = match[4].partition(":")
    return Hours(int(match[2]) * 60 + int(match[3]), int(hour) * 60 + int(minute), _days(match[1] or "", text))


def _days(written: str, text: str) -> tuple[int, ...]:
    days: set[int] = set()
    for part in filter(None, written.split(",")):
        first, _, last = part.partition("-")
        if first not in DAYS or (last or first) not in DAYS:
            raise WrongValueError(
                coded(
                    "MW2113",
                    '"{part}" in "{text}" is no day. Known: {days}, and mon-fri for several.',
                    part=part,
                    text=text,
                    days=", ".join(DAYS),
                )
            )
        begin, end = DAYS.index(first), DAYS.index(last or first)
        days |= {day % 7 for day in range(begin, end + 1 + (7 if end < begin else 0))}
    return tuple(sorted(days))


def covering(spans: Iterable[Hours], at_us: int, zone: tzinfo) -> bool:
    """Say whether any of the spans holds an instant."""
    return any(span.end_us(at_us, zone) is not None for span in spans)


def end_of(spans: tuple[Hours, ...], at_us: int, zone: tzinfo) -> int:
    """Give the first instant from `at_us` on that none of the spans holds; where they fill the week, a week later."""
    free_us = at_us
    for _ in range(2 * 7 * max(1, len(spans))):
        ends = [end for span in spans if (end := span.end_us(free_us, zone)) is not None]
        if not ends:
            break
        free_us = max(ends)
    return free_us
