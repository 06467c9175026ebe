"""The counts of one hour or one day, within limits: what a client may choose cannot fill the store, nor memory."""

from collections.abc import Iterable

__all__ = ["DAILY_LIMITS", "OTHER", "KnownKeys", "RollupKey", "RollupSpan", "known_of"]

RollupKey = tuple[int, str, str, str, str]
"""hour_us, name, and the words."""

OTHER = "other"
"""What is counted together beyond the limit."""

KnownKeys = dict[str, set[int]]
"""By name, the marks of the keys that have a place.

A mark is Python's hash of a key, of 64 bits and for this process alone: 80 bytes each where the key itself takes 190, so that
all places of a day are 25 MB at most. Nobody can choose words that share one, as the hash of text is keyed at random.
"""

_LIMIT = 300  # of a name in an hour: at most 7,200 rows of 80 bytes a day under the worst attack
_HOST_LIMIT = 2_000  # no client chooses the name of a host
DAILY_LIMITS = {
    "login_account": 20_000,
    "login_network": 40_000,
    "read_hours": 20_000,
    "read_trait": 40_000,
    "sent": 20_000,
    "sent_recipients": 20_000,
    "sent_trait": 100_000,
    "pop3_fetched": 20_000,
    "pop3_deleted": 20_000,
    "auth_account": 2_000,
    "delivery_domain": 20_000,
}
"""What is counted by the day, and how many of it; a large hoster has thousands of accounts."""
_OPEN = frozenset({"login_network"})  # names whose third word people choose: beyond the limit it is left out


def known_of(keys: Iterable[RollupKey]) -> dict[int, KnownKeys]:
    """Give the keys that were counted before a restart, by the hour or day they belong to."""
    known: dict[int, KnownKeys] = {}
    for key in keys:
        known.setdefault(key[0], {}).setdefault(key[1], set()).add(hash(key))
    return known


class RollupSpan:
    """The counts of one hour or one day.

    Keys take their places as they come, so what is counted under one name must all be gathered first, or all be counted at once:
    else the size of a batch would decide who has a place.
    """

    def __init__(self) -> None:
        self.start_us = -1
        self._counts: dict[RollupKey, int] = {}
        self._known: KnownKeys = {}

    def __len__(self) -> int:
        return len(self._counts)

    def begin(self, start_us: int, known: KnownKeys) -> None:
        """Begin a new span, with the keys that were counted in it before a restart."""
        self.start_us = start_us
        self._counts = {}
        self._known = known

    def add(self, name: str, a: str, b: str, c: str, count: int) -> None:
        """Add to a count, by its name and words."""
        counts = self._counts
        key = (self.start_us, name, a, b, c)
        try:
            counts[key] += count
        except KeyError:
            key = self._placed(key)
            counts[key] = counts.get(key, 0) + count

    def take(self) -> dict[RollupKey, int]:
        """Give what was counted since the last time."""
        taken, self._counts = self._counts, {}
        return taken

    def _placed(self, key: RollupKey) -> RollupKey:
        """Give a key its place within the limit of its name, or "other" its place."""
        key = _spelt(key)
        start_us, name, _, b, c = key
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = set()
        mark = hash(key)
        if mark in known:
            return key
        if len(known) < DAILY_LIMITS.get(name, _HOST_LIMIT if name.startswith("host_") else _LIMIT):
            known.add(mark)
            return key
        return start_us, name, OTHER, b, "" if name in _OPEN else c


def _spelt(key: RollupKey) -> RollupKey:
    """Spell out bytes that are no text, as the store does: so the key is found again after a restart."""
    start_us, name, a, b, c = key
    if (a + b + c).isascii():  # nearly always
        return key
    a, b, c = (word.encode("utf-8", "backslashreplace").decode() for word in (a, b, c))
    return start_us, name, a, b, c
