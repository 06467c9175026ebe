"""Guessing is recorded in the time that was promised, at any pace and from any number of addresses."""

import random
import statistics
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from mailwarden.alerts.detectors import load_detectors
from mailwarden.alerts.facts.site import Site
from mailwarden.alerts.incidents.incident import Incident
from mailwarden.alerts.rulebook.rulebook import load_rules
from mailwarden.alerts.state.shelf import Nowhere
from mailwarden.alerts.terms import severity_rank
from mailwarden.parsers.envelope import Reader
from mailwarden.parsers.event import Event
from mailwarden.pipeline.fold import Fold

START = datetime(2026, 3, 2, tzinfo=UTC)
HOUR_S, DAY_S = 3_600, 86_400
LEARNED = 8  # days
SEEDS = range(3)
Line = tuple[float, str]
"""Second since the start, and what stands in the log."""


def login(at_s: float, user: str, address: str) -> Line:
    """Give a login that is let in."""
    return (
        at_s,
        f"dovecot: imap-login: Login: user=<{user}>, method=PLAIN, rip={address}, lip=192.0.2.5, TLS, session=<A>",
    )


def refused(at_s: float, user: str, address: str) -> Line:
    """Give a login that is refused."""
    text = f"user=<{user}>, method=PLAIN, rip={address}, lip=192.0.2.5, TLS, session=<A>"
    return at_s, f"dovecot: imap-login: Disconnected (auth failed, 1 attempts in 2 secs): {text}"


def person(number: int) -> str:
    """Give an account."""
    return f"person{number}@example.org"


def life(chance: random.Random, days: float, people: int = 60, tries: int = 150) -> Iterator[Line]:
    """Give people who come from home thrice a day, and strangers who try names that nobody has, many times each."""
    for day in range(int(days)):
        for number in range(people):
            for _ in range(3):
                yield login((day + chance.uniform(0.3, 0.8)) * DAY_S, person(number), f"10.{number}.0.4")
        for number in range(tries // 30):
            address = f"100.{chance.randrange(64, 128)}.{chance.randrange(256)}.9"
            for _ in range(30):
                yield refused((day + chance.random()) * DAY_S, f"oracle{number}@example.org", address)


def strangers(chance: random.Random, count: int) -> list[str]:
    """Give addresses of as many networks."""
    return [f"100.{64 + number % 64}.{chance.randrange(256)}.{number % 250 + 1}" for number in range(count)]


def fold_of(lines: list[Line]) -> Fold:
    """Fold a log with all rules and detectors."""
    fold = Fold(Site(domains=frozenset({"example.org"})), load_rules(), load_detectors(), Nowhere(), lambda _: "log")
    reader = Reader(zone=UTC)
    fold.take([_event(reader, line) for line in sorted(lines)])
    return fold


def _event(reader: Reader, line: Line) -> Event:
    event = reader.read(f"{START + timedelta(seconds=round(line[0], 3)):%Y-%m-%dT%H:%M:%S.%f}+00:00 mx1 {line[1]}")
    event.stream_us = event.timestamp_us
    assert event.event_kind == "event"
    return event


def recorded_s(fold: Fold, names: set[str], begin_s: float) -> float:
    """Give the seconds from the beginning of an attack until an incident that names it told of it; a week where none did."""
    begin_us = int((START.timestamp() + begin_s) * 1e6)
    found: list[Incident] = [
        one
        for one in fold.incidents.drain()[0]
        if names & {one.primary[1], *(value for values in one.entities.values() for value in values)}
    ]
    times = [at_us for one in found for at_us, _ in one.timeline if at_us >= begin_us]
    return (min(times) - begin_us) / 1e6 if times else 7 * DAY_S


def every(gap_s: float, count: int, make: Callable[[int], tuple[str, str]]) -> Callable[[float], list[Line]]:
    """Give an attack of as many tries with about this gap."""
    return lambda begin_s: [refused(begin_s + number * gap_s, *make(number)) for number in range(count)]


def shapes(chance: random.Random) -> dict[str, tuple[float, Callable[[float], list[Line]]]]:
    """Give the attacks, each with the seconds within which half of them must be recorded."""
    pool, walk = strangers(chance, 500), f"100.{chance.randrange(64, 128)}.7"
    victim = person(7)
    return {
        "300 addresses, one account": (HOUR_S, every(288, 300, lambda n: (victim, pool[n]))),
        "60 addresses, one account": (HOUR_S, every(1440, 60, lambda n: (victim, pool[n]))),
        "one address, every account": (HOUR_S, every(120, 60, lambda n: (person(n), pool[0]))),
        "500 addresses, 500 names": (HOUR_S, every(172, 500, lambda n: (person(n), pool[n]))),
        "a /24": (HOUR_S, every(400, 200, lambda n: (victim, f"{walk}.{n + 1}"))),
        "a /64": (HOUR_S, every(400, 200, lambda n: (victim, f"2001:db8:9::{n + 1:x}"))),
        "a try in 15 minutes": (HOUR_S, every(900, 90, lambda n: (victim, pool[0]))),
        "a try in 3 hours": (3 * DAY_S, every(3 * HOUR_S, 40, lambda n: (victim, pool[0]))),
    }


@pytest.mark.parametrize("name", list(shapes(random.Random(0))))
def test_half_of_each_shape_is_recorded_in_time(name: str) -> None:
    """After a week of life and weather, over three seeds; addresses of the attack or its account are named."""
    times, limit_s = [], 0.0
    for seed in SEEDS:
        chance = random.Random(seed)
        limit_s, attack = shapes(chance)[name]
        begin_s = (LEARNED + chance.random()) * DAY_S
        lines = attack(begin_s)
        names = {word.partition(",")[0].strip("<>") for _, text in lines for word in text.replace("=", " ").split()}
        days = LEARNED + (lines[-1][0] - begin_s) / DAY_S + 2
        times.append(recorded_s(fold_of([*life(chance, days), *lines]), names, begin_s))

    assert statistics.median(times) <= limit_s


def test_a_surge_in_the_weather_is_told_within_the_hour_and_once() -> None:
    """Eight times the tries of a day within three hours, from 900 addresses: one incident of medium or above."""
    chance = random.Random(3)
    begin_s = (LEARNED + 0.4) * DAY_S
    pool = strangers(chance, 900)
    attack = [
        refused(begin_s + number * 4.5, f"name{chance.randrange(300)}@example.org", chance.choice(pool))
        for number in range(2400)
    ]

    changed, notices = fold_of([*life(chance, LEARNED + 2), *attack]).incidents.drain()
    told = [one for one in changed if severity_rank(one.severity) >= severity_rank("medium") and one.parent is None]
    begin_us = int((START.timestamp() + begin_s) * 1e6)

    assert [one.primary[0] for one in told] == ["mailwarden.site"]
    assert begin_us <= min(one.at_us for one in notices) <= begin_us + HOUR_S * 1_000_000
    assert sum(one.at_us <= begin_us + HOUR_S * 1_000_000 for one in notices) <= 3


def test_passwords_changed_for_everybody_need_nobody() -> None:
    """Phones go on with the old one, at home and on their way, each in a network of its own: nothing of medium or above."""
    chance = random.Random(5)
    begin_s = (LEARNED + 0.4) * DAY_S
    lines = list(life(chance, LEARNED + 3))
    for number in range(60):
        change_s = begin_s + chance.uniform(0, 2 * HOUR_S)
        for place in (f"10.{number}.0.4", f"100.{64 + number}.{chance.randrange(256)}.4"):
            lines += [refused(change_s + n * 120, person(number), place) for n in range(chance.choice((1, 3, 8, 30)))]
            lines.append(login(change_s + 4000, person(number), place))

    changed, _ = fold_of(lines).incidents.drain()

    assert [one.rules for one in changed if severity_rank(one.severity) >= severity_rank("medium")] == []
