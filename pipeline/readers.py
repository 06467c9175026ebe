"""In how many hours of a day each account fetches its mail: a program that never sleeps is told from a person by it."""

import msgspec

from mailwarden.alerts.state.shelf import Backing, Shelf

__all__ = ["READING", "Readers"]

READING = ("imap", "pop3")
"""The protocols by which mail is read."""

_HOUR_US = 3_600_000_000


class _Reader(msgspec.Struct, array_like=True):
    hour: int = 0  # the newest that was counted, since 1970


class Readers:
    """Remembers the newest hour in which each account came by each protocol.

    Args:
        backing: Where it is remembered.
    """

    def __init__(self, backing: Backing) -> None:
        self._readers = Shelf("reader", 1, _Reader, lambda one: (one.hour + 1) * _HOUR_US, backing)
        self.shelves = (self._readers,)
        self._hour = 0
        self._came: set[tuple[str, str]] = set()  # in that hour: most logins are not the first

    def begin_hour(self, account: str, protocol: str, at_us: int) -> bool:
        """Remember that an account came by a protocol in this hour; True where it is its first login of the hour."""
        hour = at_us // _HOUR_US
        if hour != self._hour:
            self._hour, self._came = hour, set()
        who = (account, protocol)
        if who in self._came:
            return False
        self._came.add(who)
        key = f"{protocol}\x1f{account}"
        reader = self._readers.get(key)
        if reader is not None and reader.hour >= hour:
            return False
        self._readers.put(key, _Reader(hour))
        return True
