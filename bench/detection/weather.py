"""The weather of a server: strangers who guess passwords for ever, persistent ones, large pools, sprays and scans."""

from collections.abc import Iterator
from dataclasses import dataclass

from bench.detection.life import DAY_S, Life
from bench.detection.server import Act

__all__ = ["Weather"]

_GUESSED = (
    "admin",
    "info",
    "test",
    "sales",
    "office",
    "support",
    "contact",
    "mail",
    "postmaster",
    "user",
    "scan",
    "root",
)


@dataclass(frozen=True, slots=True)
class Weather:
    """Guessing that goes on for ever.

    Args:
        tries_a_day: About how many, varying by day and hour.
        names: Existing accounts that strangers know of.
    """

    tries_a_day: int
    names: int = 12

    def acts(self, life: Life) -> Iterator[Act]:
        """Give the guessing of strangers: persistent ones, large pools with few tries each, sprays, scans."""
        chance = life.chance
        known = [one.account for one in life.people[5 : 5 + self.names]]
        pool = [life.stranger() for _ in range(max(50, self.tries_a_day // 3))]
        for day in range(life.days):
            tries = int(self.tries_a_day * chance.lognormvariate(0, 0.35))
            pool = [one if chance.random() < 0.7 else life.stranger() for one in pool]
            yield from _persistent(life, day, int(tries * 0.4), known)
            for _ in range(int(tries * 0.4)):
                at = day * DAY_S + chance.uniform(0, DAY_S)
                yield _try(life, at, _guess(life, known), chance.choice(pool))
            yield from _sprays(life, day, int(tries * 0.15))
            for _ in range(int(tries * 0.03)):
                at = day * DAY_S + chance.uniform(0, DAY_S)
                yield life.server.probe(at, life.stranger())
            for _ in range(int(tries * 0.02)):
                at = day * DAY_S + chance.uniform(0, DAY_S)
                name = f"{chance.choice(_GUESSED)}{chance.randrange(90)}@{chance.choice(life.domains)}"
                yield life.server.unknown_recipient(at, life.stranger(), name)


def _persistent(life: Life, day: int, tries: int, known: list[str]) -> Iterator[Act]:
    chance = life.chance
    while tries > 0:
        own = min(tries, int(chance.lognormvariate(4, 1)) + 5)
        address, begin = life.stranger(), day * DAY_S + chance.uniform(0, DAY_S * 0.8)
        gap = chance.choice((3.0, 20.0, 90.0, 600.0))
        names = [_guess(life, known) for _ in range(chance.randrange(1, 12))]
        for number in range(own):
            at = begin + number * gap * chance.uniform(0.7, 1.3)
            if at < (day + 1) * DAY_S:
                yield _try(life, at, chance.choice(names), address)
        tries -= own


def _sprays(life: Life, day: int, tries: int) -> Iterator[Act]:
    chance = life.chance
    while tries > 0:
        own = min(tries, chance.randrange(20, 80))
        address, begin = life.stranger(), day * DAY_S + chance.uniform(0, DAY_S * 0.9)
        for number in range(own):
            name = f"{chance.choice(_GUESSED)}{number}@{chance.choice(life.domains)}"
            yield _try(life, begin + number * 8, name, address)
        tries -= own


def _guess(life: Life, known: list[str]) -> str:
    chance = life.chance
    if known and chance.random() < 0.25:
        return chance.choice(known)
    return f"{chance.choice(_GUESSED)}@{chance.choice(life.domains)}"


def _try(life: Life, at_s: float, who: str, address: str) -> Act:
    if life.chance.random() < 0.6:
        return life.server.smtp_refused(at_s, who, address)
    return life.server.refused(at_s, who, address)
