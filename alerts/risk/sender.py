"""What is remembered of one sender: some kilobytes, whatever it sends."""

from collections.abc import Callable

import msgspec

from mailwarden.alerts.risk.decay import Fading, faded
from mailwarden.alerts.risk.parts import PARTS

__all__ = ["HOUR_US", "Sender", "Story", "blame", "keep_story", "roll"]

HOUR_US = 3_600_000_000
_HOURS = 24
_DAYS = 35  # five weeks: a monthly mailing is no ramp
_HIGHS = 56  # days: what a weekly report puts beside each other
_NAMES = 8  # behind a part, by what they were counted for; rarer ones fall out
_STORIES = 12


class Story(msgspec.Struct, array_like=True):
    """How one decline went. Epoch microseconds, 0 for what did not happen.

    `warned_us` is when the risk was first told, `blocked_us` the first real block or listing after the first sign.
    """

    sign_us: int
    warned_us: int = 0
    blocked_us: int = 0
    ended_us: int = 0  # the risk had fallen again
    peak: int = 0


class Sender(msgspec.Struct, array_like=True):
    """One sending address or domain of ours."""

    first_us: int = 0
    last_us: int = 0
    addresses: dict[str, int] = {}  # that replies quoted as ours, by count
    hour: int = 0  # since the epoch
    hours: list[int] = []  # recipients of the hours before, newest last; at most 23
    this_hour: int = 0
    days: list[int] = []  # recipients of whole days before
    peaks: list[int] = []  # the busiest hour of each of these days
    final: Fading = msgspec.field(default_factory=Fading)  # recipients taken or refused for good
    unknown: Fading = msgspec.field(default_factory=Fading)  # of these, those that do not exist
    sums: dict[str, Fading] = {}  # by part
    usual: dict[str, float] = {}  # by part: its mean sum at the end of a day
    behind: dict[str, dict[str, int]] = {}  # by part: accounts, scripts, forwards
    receivers: dict[str, dict[str, int]] = {}  # by part: who said so
    state: dict[str, dict[str, float]] = {}  # by part: what stands until it is withdrawn, with its weight
    scores: list[int] = []  # at the end of each of the hours before, newest last; at most 24
    told_us: int = 0
    told: int = 0  # the score when it was last told
    stories: list[Story] = []  # newest last
    young_us: int = 0  # since when it sends, or sends from an address that is new; 0: nobody saw it begin
    early: dict[str, list[int]] = {}  # while young, by provider: the day, its recipients, the most of a day before
    highs: list[int] = []  # the highest score of each whole day before (UTC), newest last; eight weeks


def blame(names: dict[str, int], name: str) -> None:
    """Count a name behind a part, for the most frequent (Misra and Gries 1982)."""
    if name in names or len(names) < _NAMES:
        names[name] = names.get(name, 0) + 1
        return
    for other in list(names):
        names[other] -= 1
        if not names[other]:
            del names[other]


def roll(sender: Sender, now_us: int, score_at: Callable[[Sender, int], int]) -> None:
    """Let the hours pass up to now: close each with its score, and the day where one ended."""
    hour = now_us // HOUR_US
    if not sender.hour:
        sender.hour = hour
    if hour - sender.hour > _DAYS * 24:  # silent for so long that nothing of before says anything
        sender.hours, sender.days, sender.peaks, sender.scores, sender.highs = [], [], [], [], []
        sender.this_hour, sender.hour = 0, hour
    while sender.hour < hour:
        sender.hour += 1
        hours = [*sender.hours, sender.this_hour]
        sender.scores = [*sender.scores, score_at(sender, sender.hour * HOUR_US)][-_HOURS:]
        sender.this_hour = 0
        if sender.hour % _HOURS == 0:
            _close_day(sender, hours[-_HOURS:])
        sender.hours = hours[-(_HOURS - 1) :]


def _close_day(sender: Sender, today: list[int]) -> None:
    sender.days = [*sender.days, sum(today)][-_DAYS:]
    sender.peaks = [*sender.peaks, max(today)][-_DAYS:]
    sender.highs = [*sender.highs, max(sender.scores)][-_HIGHS:]
    end_us = sender.hour * HOUR_US
    for name, fading in sender.sums.items():
        sum_ = min(faded(fading, end_us, PARTS[name].half_life_us), 3 * _floor(sender, name))
        sender.usual[name] = 0.9 * sender.usual.get(name, 0.0) + 0.1 * sum_


def _floor(sender: Sender, name: str) -> float:
    """Give at most how far a day may raise what is usual: a decline must not become the usual at once."""
    return max(1.0, sender.usual.get(name, 0.0))


def keep_story(sender: Sender, story: Story) -> None:
    """Begin a story."""
    sender.stories = [*sender.stories, story][-_STORIES:]
