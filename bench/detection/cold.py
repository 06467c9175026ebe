"""Cold starts: an hour, or a day, of ordinary life read without what went before it.

Who tries mailwarden gives it the log at hand: begun at midnight by logrotate, or an hour ago. Then every account, network and
habit is new, and nothing of that may alarm.
"""

import random
import tempfile
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from bench.detection.life import DAY_S, Life
from bench.detection.server import Act, Server
from bench.detection.trial import false_alarms, read, seconds, write
from bench.detection.weather import Weather
from mailwarden.alerts.incidents.incident import Incident

__all__ = ["Begun", "begun"]

_HOUR_S = 3_600.0
_WORKING_HOURS = 12
_PEOPLE = (120, 45)  # of a server; the mishaps need some
_DAYS = 30


class Begun(NamedTuple):
    """What was raised in parts of a log that were each read by themselves, how many parts, and their lines."""

    wrong: list[str]
    parts: int
    lines: int


def begun(seed: int, weather: int, serve: Callable[[random.Random], Server]) -> Begun:
    """Read each working hour, and a day, of each day of a month in which nothing happens but mishaps, by itself."""
    found = Begun([], 0, 0)
    for people in _PEOPLE:
        life = Life(seed, people, _DAYS, serve=serve)
        acts = sorted([*life.acts(), *Weather(weather).acts(life), *life.mishaps(0)], key=lambda act: act.at_s)
        moments = [act.at_s for act in acts]
        for begin_s, end_s in _parts(random.Random(seed)):
            part = acts[bisect_left(moments, begin_s) : bisect_left(moments, end_s)]
            wrong, lines = _read(part)
            found.wrong.extend(f"{people} people, {(end_s - begin_s) / _HOUR_S:.0f} h: {_told(one)}" for one in wrong)
            found = found._replace(parts=found.parts + 1, lines=found.lines + lines)
    return found


def _parts(chance: random.Random) -> Iterator[tuple[float, float]]:
    """Give a day from a random hour on, and each hour of a working day, of every day."""
    for day in range(1, _DAYS - 1):
        begin = day * DAY_S + chance.uniform(0, 10 * _HOUR_S)
        yield begin, begin + DAY_S
        first = day * DAY_S + chance.uniform(6, 7) * _HOUR_S
        for hour in range(_WORKING_HOURS):
            yield first + hour * _HOUR_S, first + (hour + 1) * _HOUR_S


def _read(acts: Sequence[Act]) -> tuple[list[Incident], int]:
    with tempfile.TemporaryDirectory() as directory:
        write(log := Path(directory) / "mail.log", acts)
        seen = read(log)
    return false_alarms(seen, (), 0), seen.lines


def _told(one: Incident) -> str:
    return f"day {seconds(one.opened_us) / DAY_S:.2f} {one.severity} {one.primary[1]} ({', '.join(one.rules)})"
