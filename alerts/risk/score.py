"""Weigh a sender: the score with its parts, the trend, and the forecast where own history supports one."""

import math
from statistics import median
from typing import NamedTuple

from mailwarden.alerts.risk.decay import faded
from mailwarden.alerts.risk.parts import PARTS, Part
from mailwarden.alerts.risk.sender import HOUR_US, Sender, Story

__all__ = [
    "ALARM",
    "CALM",
    "WATCH",
    "Grade",
    "Risk",
    "assess",
    "before",
    "daily",
    "forecast_us",
    "open_story",
    "trend",
    "volume_of",
    "volume_since",
]

ALARM, WATCH, CALM = 60, 20, 5
"""From which score on people are told, a sender is watched, and something is seen at all."""

_KNOWN_DAYS = 7  # of history before a volume can be unusual
_STEADY = 5  # points within six hours that are no trend
_SPAN_H = 6
_DAY_H = 24
_EXPECTED = 0.03  # the share of unknown recipients that ordinary mail has
_BAD = 0.15  # the share that gives all points (OUT-04 fires at 0.2)
_PRIOR = 25  # recipients of ordinary mail that are taken for granted: ten recipients prove no share
_ENOUGH = 8  # unknown recipients that make the share believed
_RELATIVE = frozenset({"deferrals", "content"})
_MANY = 500  # recipients of late that halve what one sign tells
_STORIES_FOR_FORECAST = 5


class Grade(NamedTuple):
    """One part as it stands: its points, what it counted, and who is behind it."""

    part: Part
    points: float
    amount: float
    behind: dict[str, int]
    receivers: dict[str, int]


class Risk(NamedTuple):
    """What a sender's standing looks like now. `checked` is false for parts that nobody looked at."""

    score: int
    trend: str  # rising, steady, falling
    grades: list[Grade]  # those that count, the heaviest first
    unchecked: list[str]  # parts that nothing was heard of


def assess(sender: Sender, now_us: int, state: dict[str, dict[str, float]] | None = None) -> Risk:
    """Weigh a sender.

    Args:
        sender: What is remembered of it.
        now_us: Stream time, or the clock where somebody looks.
        state: What stands of listings and posture, instead of what the record holds.
    """
    known = sender.state if state is None else {**sender.state, **state}
    grades = []
    for part in PARTS.values():
        points, amount = _points(part, sender, now_us, known)
        if points >= 0.5:
            grades.append(
                Grade(
                    part, points, amount, _names(sender.behind, part.name, known), sender.receivers.get(part.name, {})
                )
            )
    score = min(100, round(sum(grade.points for grade in grades)))
    grades.sort(key=lambda grade: -grade.points)
    unchecked = [name for name in ("listings", "posture") if name not in known]
    return Risk(score, trend(sender, score), grades, unchecked)


def trend(sender: Sender, score: int) -> str:
    """Say where a score goes: against the lowest and the highest of the last six hours."""
    recent = sender.scores[-_SPAN_H:] or [0]
    if score - min(recent) >= _STEADY and score >= max(recent) - _STEADY:
        return "rising"
    return "falling" if max(recent) - score >= _STEADY else "steady"


def before(sender: Sender, hours: int) -> int:
    """Give the lowest score of the last hours: what a rise is measured from."""
    return min(sender.scores[-hours:], default=0)


def daily(sender: Sender, now_us: int, score: int, days: int) -> list[int | None]:
    """Give the highest score of each of the last days (UTC), today's last; None for a day of which nothing is kept."""
    today, newest = now_us // (_DAY_H * HOUR_US), sender.hour // _DAY_H  # the day of the last hour that was counted
    known: dict[int, int] = {newest - back: high for back, high in enumerate(reversed(sender.highs), 1)}
    begun = sender.hour % _DAY_H
    if begun and sender.scores:
        known[newest] = max(sender.scores[-begun:])
    known[today] = max(score, known.get(today, 0))
    return [known.get(today - back) for back in range(days - 1, -1, -1)]


def forecast_us(sender: Sender, now_us: int) -> int | None:
    """Give in how long a block is to be expected, told from this sender's own declines; None without five of them.

    The half of the past stories that ended soonest after their first sign say when; nothing is said once it is over.
    """
    ended = [story for story in sender.stories if story.blocked_us]
    now = sender.stories[-1] if sender.stories else None
    if len(ended) < _STORIES_FOR_FORECAST or now is None or now.blocked_us or now.ended_us:
        return None
    took = int(median(story.blocked_us - story.sign_us for story in ended))
    left = took - (now_us - now.sign_us)
    return left if left > 0 else None


def open_story(sender: Sender) -> Story | None:
    """Give the decline that goes on."""
    return sender.stories[-1] if sender.stories and not sender.stories[-1].ended_us else None


def _names(behind: dict[str, dict[str, int]], name: str, known: dict[str, dict[str, float]]) -> dict[str, int]:
    if name in ("listings", "posture"):
        return dict.fromkeys(known.get(name, {}), 1)
    return behind.get(name, {})


def _points(part: Part, sender: Sender, now_us: int, known: dict[str, dict[str, float]]) -> tuple[float, float]:
    if part.name == "unknown_recipients":
        return _unknown(part, sender, now_us)
    if part.name == "volume":
        return _volume(part, sender)
    if not part.scale:  # what stands until it is withdrawn
        weights = known.get(part.name, {})
        return min(part.most, part.most * sum(weights.values())), float(len(weights))
    fading = sender.sums.get(part.name)
    if fading is None:
        return 0.0, 0.0
    amount = faded(fading, now_us, part.half_life_us)
    # What a large server hears every day of the year is no sign: it counts for a quarter of its usual, and the rest whole.
    telling = max(amount - sender.usual.get(part.name, 0.0), amount / 4)
    scale = part.scale
    if part.name in _RELATIVE:  # two deferrals of a thousand recipients are none of ten
        scale *= 1 + faded(sender.final, now_us, PARTS["unknown_recipients"].half_life_us) / _MANY
    return part.most * (1 - math.exp(-telling / scale)), amount


def _unknown(part: Part, sender: Sender, now_us: int) -> tuple[float, float]:
    unknown = faded(sender.unknown, now_us, part.half_life_us)
    share = unknown / (faded(sender.final, now_us, part.half_life_us) + _PRIOR)
    rise = min(1.0, max(0.0, (share - _EXPECTED) / (_BAD - _EXPECTED)))
    return part.most * rise * min(1.0, unknown / _ENOUGH), unknown


def volume_of(sender: Sender) -> tuple[int, int, int] | None:
    """Give the recipients of the last 24 hours, of a usual day (two weeks' median) and of the busiest of five weeks.

    None without a week of history.
    """
    if len(sender.days) < _KNOWN_DAYS:
        return None
    return sum(sender.hours) + sender.this_hour, round(median(sender.days[-14:])), max(sender.days)


def volume_since(sender: Sender, now: int) -> int:
    """Give the beginning of the first of the last 24 hours that had recipients."""
    hours = [*sender.hours, sender.this_hour]
    idle = next((place for place, recipients in enumerate(hours) if recipients), len(hours) - 1)
    return (now // HOUR_US - (len(hours) - 1 - idle)) * HOUR_US


def _volume(part: Part, sender: Sender) -> tuple[float, float]:
    """Compare the last hour and the last 24 with the busiest of five weeks and with what is usual."""
    volume = volume_of(sender)
    if volume is None:
        return 0.0, 0.0
    today, usual, busiest = volume
    recent = max(sender.this_hour, sender.hours[-1] if sender.hours else 0)
    ratio = max(today / max(busiest, 2 * usual, 50), recent / max(*sender.peaks, 20))
    return part.most * min(1.0, max(0.0, (ratio - 1.1) / 1.9)), float(today)
