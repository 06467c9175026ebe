"""Accounts that come together to a network that nobody came from before, and how many of them are usual.

An office that moves, a journey of colleagues, a migration bring several; so does whoever has several passwords. How many a
site sees on its days is its own: of each day the most are kept for a fortnight, and usual is the third largest, so that two
odd days teach nothing. Nobody knows it before a week.
"""

import msgspec

from mailwarden.alerts.facts.records import Network
from mailwarden.alerts.state.shelf import Backing, Shelf

__all__ = ["Companies"]

_DAY_US = 86_400_000_000
_DAYS = 14
_KNOWN = 7  # days, before anything is usual
_RANK = 3
_LEAST = 5  # accounts: a family, a car of colleagues
_TIMES = 2


class _Usual(msgspec.Struct, array_like=True):
    """The most accounts that came together to a new network, by day."""

    day: int = 0
    best: int = 0
    days: list[int] = []


class Companies:
    """Counts who comes to a new network within its first day.

    Args:
        site: Its name.
        backing: Where what is usual is kept.
    """

    def __init__(self, site: str, backing: Backing) -> None:
        self._site = site
        self.shelf = Shelf("ledger.companies", 1, _Usual, lambda _: 1 << 62, backing)

    def begin(self, now: int) -> None:
        """Note that people come to this site: from then on a day without a company is one."""
        if self.shelf.get(self._site) is None:
            self.shelf.put(self._site, _Usual(day=now // _DAY_US))

    def come(self, known: Network, now: int) -> tuple[int, int, int] | None:
        """Count an account that is known from elsewhere, on its first login from a network.

        Returns:
            How many came, how many are too many, and since when, where these are; None where nothing is unusual.
        """
        if not known.since_us or now - known.since_us > _DAY_US:
            return None
        known.together += 1
        usual = self._shelve(known.together, now)
        limit = None if usual is None else max(_LEAST, _TIMES * usual + 1)
        if limit is None or known.together < limit:
            return None
        return known.together, limit, known.since_us

    def _shelve(self, together: int, now: int) -> int | None:
        """Learn how many came together; give how many are usual."""
        usual = self.shelf.get(self._site) or _Usual(day=now // _DAY_US)
        if now // _DAY_US != usual.day:
            usual.days = [*usual.days, usual.best, *[0] * min(_DAYS, now // _DAY_US - usual.day - 1)][-_DAYS:]
            usual.day, usual.best = now // _DAY_US, 0
        usual.best = max(usual.best, together)
        self.shelf.put(self._site, usual)
        return sorted(usual.days)[-_RANK] if len(usual.days) >= _KNOWN else None
