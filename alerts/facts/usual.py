"""What is usual of an amount: learned from the days before, by part of the week, and unknown until there are enough.

The most of an hour is kept for each day and part of the week (nights, working hours and evenings, of working days and of
weekends): of the last twenty days that had any, and of the last twelve weeks. Usual is the third largest of either: one odd
day, or two, teach nothing, and a newsletter that goes out every week is known after its third. A day teaches at most half as
much again as was usual: who sends each day just less than six times the usual needs two weeks from ten to five hundred an
hour (tests/alerts/facts/test_usual.py).
"""

from collections.abc import Container, Mapping
from typing import Any

import msgspec

__all__ = ["Usual", "is_repeat", "learn", "tempered", "usual_of"]

_DAY_US = 86_400_000_000
_MONDAY = 3  # 1 January 1970 was a Thursday
_PARTS_A_DAY = 3
_PART_US = _DAY_US // _PARTS_A_DAY
_DAYS = 20
_WEEKS = 12  # three months: what comes once a month is seen three times
_LEAST = 5
_RANK = 3
_KNOWN_US = 7 * _DAY_US  # a week holds each weekday once
_MOST_TAUGHT = 1.5
_SMALL = 10  # below it anything may double


_ONCE_MORE = 1.5  # a list grows between two issues
_A_RUN = 50  # fewer recipients in an hour are no run


class Usual(msgspec.Struct, array_like=True):
    """What was seen of one amount: the most of an hour, newest last, by part of the week."""

    first_us: int = 0
    end_us: int = 0  # of the present part of the day
    best: int = 0  # of the present part
    value: int | None = None  # what is usual in the present part
    days: dict[int, list[int]] = {}
    weeks: dict[int, list[tuple[int, int]]] = {}  # (week, most)


def is_repeat(facts: Mapping[str, Any] | None, measure: int) -> bool:
    """Say whether an account did as much before, on another day and from its own networks: it was told then."""
    run = facts.get("mailwarden.user.run", 0) if facts else 0
    return run >= _A_RUN and measure <= _ONCE_MORE * run


def tempered(severity: str, usual: int | None, *, to: str = "low", keeps: Container[str] = ()) -> str:
    """Lower a severity while nobody knows what is usual: in the first week of an account, a machine or a server.

    Args:
        severity: What it would be, were the usual known.
        usual: None or 0 while it is not known.
        to: What it becomes until then.
        keeps: Severities that stand all the same, as their evidence needs no history (a network that is new to the account).
    """
    return severity if usual or severity in keeps else to


def learn(usual: Usual, now_us: int, amount: int) -> None:
    """Learn the amount of the last hour."""
    if now_us >= usual.end_us:
        _turn(usual, now_us)
    if amount > usual.best:
        usual.best = amount


def usual_of(usual: Usual, now_us: int) -> int | None:
    """Give the usual most of an hour in this part of the week; None before a week and five days are known."""
    if now_us >= usual.end_us:
        _turn(usual, now_us)
    return usual.value


def _turn(usual: Usual, now_us: int) -> None:
    """Begin another part of a day."""
    usual.first_us = usual.first_us or now_us
    if usual.best:
        _keep(usual, now_us)
    usual.best = 0
    usual.end_us = (now_us // _PART_US + 1) * _PART_US
    part = _part(now_us)
    daily = _daily(usual, part) if now_us - usual.first_us >= _KNOWN_US else None
    weekly = [most for _, most in usual.weeks.get(part, ())]
    usual.value = daily and max(daily, sorted(weekly)[-_RANK] if len(weekly) >= _RANK else 0)


def _keep(usual: Usual, now_us: int) -> None:
    """Keep the most of the part of the day that is over."""
    part, best = _part(usual.end_us - 1), usual.best
    week = ((usual.end_us - 1) // _DAY_US + _MONDAY) // 7
    weeks = usual.weeks.get(part, [])
    if weeks and weeks[-1][0] == week:
        weeks[-1] = (week, max(best, weeks[-1][1]))
    else:
        weeks = [*weeks, (week, best)]
    usual.weeks[part] = [each for each in weeks if each[0] > week - _WEEKS]
    if now_us - usual.first_us >= _KNOWN_US:
        best = min(best, round(_MOST_TAUGHT * max(_daily(usual, part) or best, _SMALL)))
    usual.days[part] = [*usual.days.get(part, ()), best][-_DAYS:]


def _part(now_us: int) -> int:
    weekend = (now_us // _DAY_US + _MONDAY) % 7 >= 5
    return now_us % _DAY_US // _PART_US + (_PARTS_A_DAY if weekend else 0)


def _daily(usual: Usual, part: int) -> int | None:
    """Give the third largest of a part of the week, or of the whole week where the part is hardly known."""
    seen = usual.days.get(part, [])
    if len(seen) < _LEAST:
        seen = [most for other in usual.days.values() for most in other]
    return sorted(seen)[-_RANK] if len(seen) >= _LEAST else None
