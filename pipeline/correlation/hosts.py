"""The hosts whose messages are known here, for lines that name none: filters write files of their own."""

import msgspec

from mailwarden.alerts.state.shelf import Backing, Shelf
from mailwarden.parsers.event import Event

__all__ = ["Hosts"]

_MOST = 8
_KEY = "site"


class _Known(msgspec.Struct, array_like=True):
    names: list[str] = []
    since_us: dict[str, int] = {}  # host, "" where lines name none -> its first message


class Hosts:
    """Remembers the hosts that mail was seen at last.

    Args:
        backing: Where they are remembered.
    """

    def __init__(self, backing: Backing) -> None:
        self._shelf = Shelf("check.hosts", 1, _Known, lambda _: 1 << 62, backing)
        self.shelves = (self._shelf,)
        self._since_us = (self._shelf.get(_KEY) or _Known()).since_us

    def meet(self, event: Event) -> None:
        """Remember the host of a message."""
        host = event.host_hostname or ""
        if host in self._since_us:
            return
        known = self._shelf.get(_KEY) or _Known()
        names = [*known.names, host][-_MOST:] if host and host not in known.names else known.names
        since_us = {name: at_us for name, at_us in known.since_us.items() if name in names or not name}
        self._since_us = since_us | {host: event.stream_us}
        self._shelf.put(_KEY, _Known(names, self._since_us))

    def known(self) -> tuple[str, ...]:
        """Give them, the newest first."""
        return tuple(reversed((self._shelf.get(_KEY) or _Known()).names))

    def since_us(self, host: str | None, now: int) -> int:
        """Give when the first message of a host was seen: `now` where none was."""
        return self._since_us.get(host or "", now)
