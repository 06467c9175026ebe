"""Notice when a channel gets too much: then everything but the critical comes as one digest, at most one an hour."""

from collections import defaultdict, deque

import msgspec

__all__ = ["Flood", "FloodLimit"]

_SECOND = 1_000_000


class FloodLimit(msgspec.Struct, frozen=True):
    """More than so many notices within a window (seconds) are a flood; while it lasts, a digest comes once in so long."""

    notices: int = 6
    window_s: float = 600.0
    digest_s: float = 3600.0


class Flood:
    """What each channel was sent lately."""

    def __init__(self, limit: FloodLimit | None = None) -> None:
        self._limit = limit or FloodLimit()
        self._sent: dict[str, deque[int]] = defaultdict(deque)
        self._digest_us: dict[str, int] = {}

    def note(self, channel: str, now_us: int, *, digest: bool = False) -> None:
        """Count a message that a channel has accepted."""
        self._forget(channel, now_us)
        self._sent[channel].append(now_us)
        if digest:
            self._digest_us[channel] = max(now_us, self._digest_us.get(channel, 0))

    def room(self, channel: str, now_us: int) -> int:
        """Give how many more a channel takes one by one: none while a digest is less than its interval old."""
        if now_us < self.digest_from_us(channel):
            return 0
        self._forget(channel, now_us)
        return max(0, self._limit.notices - len(self._sent[channel]))

    def _forget(self, channel: str, now_us: int) -> None:
        """Let go of what was sent before the window."""
        sent = self._sent[channel]
        while sent and sent[0] <= now_us - int(self._limit.window_s * _SECOND):
            sent.popleft()

    def digest_from_us(self, channel: str) -> int:
        """Give the earliest time of a channel's next digest; 0 when none was sent."""
        last_us = self._digest_us.get(channel)
        return 0 if last_us is None else last_us + int(self._limit.digest_s * _SECOND)
