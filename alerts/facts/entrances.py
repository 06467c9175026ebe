"""When people were last let in, server by server: nothing tells better that passwords can be checked.

Kept to the minute: it is written down once a minute, however many come.
"""

import msgspec

from mailwarden.alerts.state.shelf import Backing, Shelf

__all__ = ["Entrances"]

_MINUTE_US = 60_000_000
_KEEP_US = 86_400_000_000
_LOCAL = "localhost"


class _Open(msgspec.Struct, array_like=True):
    """The newest minute in which somebody was let in, since 1970."""

    minute: int = 0


class Entrances:
    """Remembers when each server last let somebody in.

    Args:
        backing: Where it is kept.
    """

    def __init__(self, backing: Backing) -> None:
        self.shelf = Shelf("ledger.entrance", 1, _Open, lambda one: one.minute * _MINUTE_US + _KEEP_US, backing)

    def open(self, host: str | None, now: int) -> None:
        """Learn that a server let somebody in."""
        host, minute = host or _LOCAL, now // _MINUTE_US
        known = self.shelf.get(host)
        if known is None or known.minute != minute:
            self.shelf.put(host, _Open(minute))

    def last_us(self, host: str | None) -> int | None:
        """Give the beginning of the newest minute in which a server let somebody in; None where it did not within the day."""
        known = self.shelf.get(host or _LOCAL)
        return None if known is None else known.minute * _MINUTE_US
