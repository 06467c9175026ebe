"""How much a first login from a network looks like a thief's: the sum of what tells him from the account's owner, in bits.

Each sign is worth the logarithm of how much likelier it is where a thief comes than where the owner comes from a new network
(naive Bayes; Freeman and others, "Who Are You?", NDSS 2016). What is rare for this account is learned by account
(`alerts/facts/habits.py`), where guessers and people come from by site (`alerts/facts/ranges.py`); the rest are the few signs
below. By Wald's inequality such a sum exceeds T for at most one owner's login in 2^T: at 16, where it is told, one in 65,000
logins from new networks, if the signs were independent and their worth exact.

What a change of passwords explains is worth nothing while one goes on: devices fail with the old one everywhere then, and
those behind one carrier's address fail at each other's accounts in the eyes of the log. No devices are in a range of guessers:
what failed from there counts.
"""

from collections.abc import Mapping
from math import log2
from typing import Any

from mailwarden.alerts.facts.ranges import HOSTILE
from mailwarden.parsers.event import Event

__all__ = ["FAILURES", "guessed", "points", "sprayed"]

FAILURES = 10
"""So many failures before the right password, while the owner's devices go on: it was not changed, but found."""

_JOURNEY = 13.0  # network, range, country, hour and what goes on at home together: a journey explains them all
_BESIDES = (
    1.0  # what the account has elsewhere goes on meanwhile: on a journey one device in two is left running at home
)
_FOUND_OUT = 9.0
_FAILED = (
    2.0  # at least once, here, before: one in ten of an owner's logins from a new place, one in three of a thief's
)
_ONE_OF_THEM = 3.5  # and all of those who come out of a day of guessing
_BY_MANY = 3.0  # bits of the guessing, for that
_SPRAYED, _MOST_SPRAYED = 4.0, 12.0  # the network failed at another account within the day,
_EACH_DOUBLING = 2.5  # and this for twice as many
_GHOSTS, _LEAST_GHOSTS = 3, 3  # so many of them nobody has: no typo
_LEAST_GUESSED, _MOST_GUESSED = 5, 5.0  # networks that failed at the account within the day
_SENDS, _READS_OTHERWISE = 2, 5  # it never sent so far, or never read; it reads by a protocol it never used
_TRAVEL = 3
_ASLEEP, _ASLEEP_DAYS = 2, 60


def points(event: Event) -> float:
    """Add up what is unusual about a login; nothing where its facts were not asked for."""
    facts = event.facts or {}
    found: float = facts.get("mailwarden.surprise", 0.0) + facts.get("mailwarden.source.range", 0.0)
    is_known = _is_known(facts)
    if is_known and facts.get("mailwarden.pair.young") and facts.get("mailwarden.user.elsewhere"):
        found += _BESIDES
    found = min(_JOURNEY, found)
    if is_known and facts.get("mailwarden.protocol.new"):
        found += _READS_OTHERWISE if facts.get("mailwarden.protocol.switch") else _SENDS
    found += _TRAVEL * bool(facts.get("mailwarden.travel.kmh"))
    found += _ASLEEP * (facts.get("mailwarden.user.asleep_days", 0) >= _ASLEEP_DAYS)
    return found + _before(facts)


def _before(facts: Mapping[str, Any]) -> float:
    """Weigh the failures that went before: of the network elsewhere, and of whoever it was at this account."""
    by_many = guessed(facts) if _is_known(facts) else 0.0
    is_hostile = facts.get("mailwarden.source.range", 0.0) >= HOSTILE
    if facts.get("mailwarden.rollout") and not is_hostile:  # its own device failed here
        return sprayed(facts) + by_many
    is_one_of_them = by_many >= _BY_MANY and is_hostile
    failed = _ONE_OF_THEM if is_one_of_them else _FAILED
    here = failed * bool(facts.get("mailwarden.source.failures")) + by_many
    if facts.get("mailwarden.source.failures", 0) >= FAILURES and facts.get("mailwarden.user.undisturbed"):
        here = max(here, _FOUND_OUT)
    return sprayed(facts) + here


def _is_known(facts: Mapping[str, Any]) -> bool:
    """Say whether an account's habits are known: on its first days everything that it does is new, and any guessing unusual."""
    return "mailwarden.surprise" in facts


def sprayed(facts: Mapping[str, Any]) -> float:
    """Give the bits of what a network did at other accounts within the day; nothing where people are who mistype."""
    others: int = facts.get("mailwarden.source.others", 0)
    is_people = facts.get("mailwarden.rollout") and not facts.get("mailwarden.source.sprayed")
    if not others or is_people or facts.get("mailwarden.source.shared"):
        return 0.0
    ghosts = _GHOSTS if facts.get("mailwarden.source.ghosts", 0) >= _LEAST_GHOSTS else 0
    return min(_MOST_SPRAYED, _SPRAYED + _EACH_DOUBLING * log2(others)) + ghosts


def guessed(facts: Mapping[str, Any]) -> float:
    """Give the bits of the networks that failed at an account today, against the tries that it sees every day."""
    networks = facts.get("mailwarden.user.failing_networks", 0)
    if networks < _LEAST_GUESSED:
        return 0.0
    return max(0.0, min(_MOST_GUESSED, log2(networks / (1 + 2 * facts.get("mailwarden.user.usual_tries", 0.0)))))
