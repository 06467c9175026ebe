"""Sums over all that was ever counted: what Prometheus calls a counter."""

import threading
from collections import Counter

from mailwarden.pipeline.store import Reader, SumRow
from mailwarden.pipeline.web.views.measures import HOUR_US

__all__ = ["Totals"]

_DAY_US = 24 * HOUR_US
_SETTLED_US = 7 * _DAY_US  # counts of hours before that grow no more
_NAMES = ("lines", "delivery", "auth_failure", "login", "reject")

_Key = tuple[str, str, str, str]


class Totals:
    """Sums over all hours; those long past are summed once."""

    def __init__(self) -> None:
        self._settled_us = 0
        self._settled: Counter[_Key] = Counter()
        self._lock = threading.Lock()

    def of(self, reader: Reader) -> Counter[_Key]:
        """Give the sums by name and words."""
        newest_us = int(reader.store.meta("stream_us") or 0)
        with self._lock:
            until_us = (newest_us - _SETTLED_US) // HOUR_US * HOUR_US
            if until_us > self._settled_us:
                self._add(self._settled, reader.sums(self._settled_us, until_us, _NAMES))
                self._settled_us = until_us
            totals = Counter(self._settled)
            self._add(totals, reader.sums(self._settled_us, newest_us + 2 * _DAY_US, _NAMES))
        return totals

    @staticmethod
    def _add(totals: Counter[_Key], rows: list[SumRow]) -> None:
        for row in rows:
            totals[row.name, row.a, row.b, row.c] += row.number
