"""Where guessers come from and where people do: of each provider's range, how many networks of either kind were seen.

A login from a range that sends this site many guessers and hardly a person is so many bits likelier a thief's than its
owner's; one from a range where people are is less likely. Source: Freeman, Jain, Dürmuth, Biggio and Giacinto, "Who Are You?
A Statistical Approach to Measuring User Authenticity", NDSS 2016, with the attack data that each site has for nothing: its
weather. A range is an autonomous system where a database tells it, else /16, or /32 for IPv6.

Counted are networks that begin to guess, and networks from which people come, once a day; both fade with a half-life of
twenty days. An attacker who comes from many ranges makes each of them say less, never an innocent one say more than that.
"""

from math import log2

import msgspec

from mailwarden.alerts.state.shelf import Backing, Shelf

__all__ = ["HOSTILE", "Ranges"]

_DAY_US = 86_400_000_000
_FADE = 0.966  # a day; half-life 20 days
_KEEP_DAYS = 100  # then 3 % are left
_ALL = ""  # the key of the sums over all ranges
_LEAST_SITE = 10  # networks of either kind, before a site's ranges say anything
_LEAST_RANGE = 4  # of both kinds together: a single neighbour who guesses is no range of guessers
_MOST, _LEAST = 5.0, -4.0
HOSTILE = 3.0
"""Bits from which on a range is one of guessers: no people of this site are there."""


class _Range(msgspec.Struct, array_like=True):
    day: int = 0
    guessers: float = 0.0
    people: float = 0.0


class Ranges:
    """The ranges of one site.

    Args:
        backing: Where they are kept.
    """

    def __init__(self, backing: Backing) -> None:
        self.shelf: Shelf[_Range] = Shelf(
            "ledger.range", 1, _Range, lambda one: (one.day + _KEEP_DAYS) * _DAY_US, backing
        )

    def guessed(self, name: str, now: int) -> None:
        """Learn that another network of a range guesses."""
        for key in (name, _ALL):
            one = self._at(key, now)
            one.guessers += 1
            self.shelf.put(key, one)

    def came(self, name: str, now: int) -> None:
        """Learn that somebody came from a network of a range, today for the first time."""
        for key in (name, _ALL):
            one = self._at(key, now)
            one.people += 1
            self.shelf.put(key, one)

    def bits(self, name: str, now: int) -> float:
        """Give how much likelier a guesser comes from a range than a person, in bits; 0 where too little is known."""
        every, one = self._at(_ALL, now), self._at(name, now)
        if min(every.guessers, every.people) < _LEAST_SITE or one.guessers + one.people < _LEAST_RANGE:
            return 0.0
        of_guessers = (one.guessers + 0.5) / (every.guessers + 1)
        of_people = (one.people + 0.5) / (every.people + 1)
        least = _LEAST if one.people >= 1 else 0.0  # that few guess from where nobody lives speaks for nobody
        return round(max(least, min(_MOST, log2(of_guessers / of_people))), 1)

    def _at(self, key: str, now: int) -> _Range:
        """Give what is known of a range, faded to the present day."""
        day = now // _DAY_US
        one = self.shelf.get(key)
        if one is None:
            return _Range(day)
        if day > one.day:
            faded = _FADE ** (day - one.day)
            one.day, one.guessers, one.people = day, one.guessers * faded, one.people * faded
        return one
