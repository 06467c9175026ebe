"""The hosts whose messages are known here, for lines that name none: filters write files of their own."""

import msgspec

from mailwarden.alerts.state.shelf import Backing, Shelf
from mailwarden.parsers.event import Event

__all__ = ["Hosts"]

_MOST = 8
_KEY = "site"


class _Known(msgspec.Struct, array_like=True):
    names: list[str] = []


class Hosts:
    """Remembers the hosts that mail was seen at last.

    Args:
        backing: Where they are remembered.
    """

    def __init__(self, backing: Backing) -> None:
        self._shelf = Shelf("check.hosts", 1, _Known, lambda _: 1 << 62, backing)
        self.shelves = (self._shelf,)
        self._names = frozenset((self._shelf.get(_KEY) or _Known()).names)

    def meet(self, event: Event) -> None:
        """Remember the host of a message."""
        host = event.host_hostname
        if host is None or host in self._names:
            return
        known = self._shelf.get(_KEY) or _Known()
        self._shelf.put(_KEY, _Known([*known.names, host][-_MOST:]))
        self._names = frozenset((self._shelf.get(_KEY) or _Known()).names)

    def known(self) -> tuple[str, ...]:
        """Give them, the newest first."""
        return tuple(reversed((self._shelf.get(_KEY) or _Known()).names))
