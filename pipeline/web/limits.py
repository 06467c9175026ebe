"""Hold back who asks too often: passwords by person and by address, everything else by address."""

import threading
from collections import OrderedDict
from collections.abc import Callable

import msgspec

from mailwarden.parsers.address import ip, network

__all__ = ["Bucket", "Limiter", "line_of"]

_REMEMBERED = 10_000  # names and addresses; the one seen longest ago is forgotten


class Bucket(msgspec.Struct, frozen=True):
    """How much is let through: so many at once, and one more each so many seconds."""

    burst: int
    each_s: float


class _Level(msgspec.Struct):
    left: float
    at_s: float


class Limiter:
    """Counts tries by name; any thread may ask.

    Args:
        bucket: How much each name may.
        clock: Seconds that never run back.
    """

    def __init__(self, bucket: Bucket, clock: Callable[[], float]) -> None:
        self._bucket = bucket
        self._clock = clock
        self._levels: OrderedDict[str, _Level] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, name: str) -> float:
        """Count a try; give 0 where it is let through, else the seconds until one would be."""
        now = self._clock()
        with self._lock:
            level = self._levels.pop(name, None) or _Level(float(self._bucket.burst), now)
            level.left = min(self._bucket.burst, level.left + (now - level.at_s) / self._bucket.each_s)
            level.at_s = now
            self._levels[name] = level
            if len(self._levels) > _REMEMBERED:
                self._levels.popitem(last=False)
            if level.left < 1:
                return (1 - level.left) * self._bucket.each_s
            level.left -= 1
            return 0.0

    def forgive(self, name: str) -> None:
        """Forget the tries of a name: it has proved to be who it says."""
        with self._lock:
            self._levels.pop(name, None)


def line_of(address: str) -> str:
    """Give whose line an address is of: of IPv6 the /64, since whoever has one address there has all of them (RFC 6177)."""
    known = ip(address)
    return network(known) if known is not None and ":" in known else address
