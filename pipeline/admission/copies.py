"""Notice that a line was admitted before, from another source."""

from mailwarden.parsers.event import Event, said

__all__ = ["KEEP_US", "Copies"]

KEEP_US = 60_000_000  # a source that lags behind its siblings by more than this brings its copies in again
_NEAR_US = 2_000_000  # two programs stamp the same message up to two seconds apart
_MOST = 200_000  # lines remembered at a generation: at 150 bytes each, 60 MiB with both


class _Line:
    """One text within two seconds: how often each source gave it, and how often it was admitted."""

    __slots__ = ("admitted", "counts", "first_us", "last_us")

    def __init__(self, stamp_us: int) -> None:
        self.first_us = self.last_us = stamp_us
        self.admitted = 0
        self.counts: dict[int, int] = {}


class Copies:
    """Counts the same line (host, program, process, text) over several sources.

    A source's n-th copy counts only when no other source gave n of them before: so the number admitted is that of the
    source with most, in whichever order they come.
    """

    def __init__(self) -> None:
        self._young: dict[int, _Line] = {}
        self._old: dict[int, _Line] = {}
        self._turned_us = 0
        self._hosts: dict[str | None, str] = {}

    def take(self, event: Event, number: int) -> bool:
        """Count a line of source `number`; False when another source gave it before."""
        stamp = event.timestamp_us
        key = self._key(event)
        line = self._young.get(key)
        if line is None:
            line = self._old.get(key)
            if line is None or not line.first_us - _NEAR_US <= stamp <= line.last_us + _NEAR_US:
                line = _Line(stamp)
            self._young[key] = line
            if event.stream_us - self._turned_us > KEEP_US or len(self._young) > _MOST:
                self._old, self._young = self._young, {}
                self._turned_us = event.stream_us
        elif not line.first_us - _NEAR_US <= stamp <= line.last_us + _NEAR_US:
            line = self._young[key] = _Line(stamp)
        if stamp > line.last_us:
            line.last_us = stamp
        elif stamp < line.first_us:
            line.first_us = stamp
        count = line.counts[number] = line.counts.get(number, 0) + 1
        if count > line.admitted:
            line.admitted = count
            return True
        return False

    def _key(self, event: Event) -> int:
        host = event.host_hostname
        short = self._hosts.get(host)
        if short is None:
            if len(self._hosts) > 10_000:
                self._hosts.clear()
            short = self._hosts[host] = (host or "").partition(".")[0].lower()
        return hash((short, event.process_name, event.process_pid, said(event)))
