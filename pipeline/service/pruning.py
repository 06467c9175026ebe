"""Forget what is over: files of reports, what was delivered, old counts. In one place, and little by little.

Once a day it begins; each call deletes at most some thousand rows, so that no batch waits for it. What is not yet
delivered stays, however old.
"""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from mailwarden.parsers.errors import StoreBusyError, coded
from mailwarden.parsers.system_errors import reason
from mailwarden.pipeline.configuration.configuration import Keep
from mailwarden.pipeline.store import Store

__all__ = ["Pruner"]

_DAY_US = 86_400_000_000
_ROWS = 2_000  # some milliseconds
_FILES = 500
_FORMS = frozenset({".txt", ".html", ".json", ".csv", ".eml", ".quiet", ".new"})


class Pruner:
    """Deletes what is older than the configuration keeps.

    Args:
        store: The database of the service.
        reports: Where the files of reports are.
        keep: How long.
        say: Writes into the service's log.
    """

    def __init__(self, store: Store, reports: Path, keep: Keep, say: Callable[[str], None]) -> None:
        self._store = store
        self._reports = reports
        self._keep = keep
        self._say = say
        self._day = -1  # that was begun
        self._left = False  # whether more of it may be left to do

    def tick(self, now_us: int) -> None:
        """Delete a little, if the day's work is not done; never waits."""
        if not now_us:  # a stream that is the clock has not begun
            return
        if now_us // _DAY_US != self._day:
            self._day, self._left = now_us // _DAY_US, True
        if not self._left:
            return
        alerts_us, counts_us = (now_us - _us(kept) for kept in (self._keep.alerts, self._keep.counts))
        try:
            rows = self._store.prune(delivered_before_us=alerts_us, counted_before_us=counts_us, limit=_ROWS)
        except StoreBusyError:  # another time: there is no hurry
            return
        files = self._delete_files(now_us - _us(self._keep.reports))
        self._left = rows >= _ROWS or files >= _FILES

    def _delete_files(self, before_us: int) -> int:
        """Delete the oldest files of reports; give how many."""
        try:
            there = [one for one in self._reports.iterdir() if one.suffix in _FORMS and one.is_file()]
            old = [one for one in there if one.stat().st_mtime_ns // 1000 < before_us][:_FILES]
            for one in old:
                one.unlink(missing_ok=True)
        except FileNotFoundError:
            return 0
        except OSError as error:
            self._say(
                coded(
                    "MW5206",
                    "{path}: old reports cannot be deleted ({reason}). They take room; nothing else suffers.",
                    path=self._reports,
                    reason=reason(error),
                )
            )
            return 0
        return len(old)


def _us(kept: timedelta) -> int:
    return round(kept.total_seconds()) * 1_000_000
