"""Read the places that are configured, and put what is new into the inbox: each report once, whatever happens meanwhile.

What was read and how far goes into the store with the reports themselves. A folder is read on from the newest change
that was seen in it, so that years of old reports are not opened every quarter of an hour; a mailbox from its highest number.
"""

import json
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec

from mailwarden.parsers.event import iso
from mailwarden.pipeline.feedback.imap import Folder, opened
from mailwarden.pipeline.feedback.reading import Reading, read_data, read_reports
from mailwarden.pipeline.feedback.settings import Mailbox
from mailwarden.pipeline.store import Store

__all__ = ["Gathering", "keep"]

_SLACK_NS = 600_000_000_000  # a file may bear the time at which somebody began to write it
_AT_ONCE = 20  # messages a transaction
_MOST_LETTERS = 2000  # a round; the next one goes on there


class Gathering:
    """Reads places into a store.

    Args:
        store: Whose inbox.
        ours: Our domains.
        clock: Epoch microseconds, now.
    """

    def __init__(
        self, store: Store, ours: Collection[str], clock: Callable[[], int] = lambda: time.time_ns() // 1000
    ) -> None:
        self._store, self._ours, self._clock = store, ours, clock

    def path(self, path: Path) -> Iterator[Reading]:
        """Read a file, folder or mbox on from where it was read to."""
        name, now_us = f"path:{path}", self._clock()
        before = int(self._store.heard.position(name).get("changed_ns", 0))
        newest = before

        def wanted(file: Path) -> bool:
            nonlocal newest
            changed = file.stat().st_ctime_ns
            newest = max(newest, min(changed, now_us * 1000))
            return changed > before - _SLACK_NS

        found = list(read_reports([path], self._ours, self._store.heard, now_us, wanted))
        keep(self._store, found, now_us, name, {"changed_ns": newest})
        yield from found

    def mailbox(self, mailbox: Mailbox, password: str) -> Iterator[Reading]:
        """Read a folder of an IMAP server on from where it was read to.

        Raises:
            MailboxError: It cannot be read.
        """
        now_us, name = self._clock(), str(mailbox)
        with opened(mailbox, password) as folder:
            position = self._store.heard.position(name)
            same = position.get("uidvalidity") == folder.validity
            if same and position.get("unsettled"):  # the end came between the reports and what was to be done with them
                folder.settle(position["unsettled"])
            after = int(position["uid"]) if same else None
            today: date = datetime.fromtimestamp(now_us / 1e6, UTC).date()
            uids = folder.fresh(after, today)[:_MOST_LETTERS]
            if not uids and not same:
                keep(self._store, [], now_us, name, {"uidvalidity": folder.validity, "uid": 0})
            for start in range(0, len(uids), _AT_ONCE):
                yield from self._some(folder, name, uids[start : start + _AT_ONCE], now_us)

    def _some(self, folder: Folder, name: str, uids: Sequence[int], now_us: int) -> Iterator[Reading]:
        """Read some messages, keep what they hold, and only then do with them what is set."""
        found: list[Reading] = []
        settled: list[int] = []
        seen: set[str] = set()
        for uid, data in folder.letters(uids):
            read = list(read_data(f"{name};uid={uid}", data, self._ours, self._store.heard, seen, now_us))
            found += read
            if all(one.is_report for one in read):
                settled.append(uid)
        position: dict[str, object] = {"uidvalidity": folder.validity, "uid": uids[-1]}
        keep(self._store, found, now_us, name, {**position, "unsettled": settled})
        folder.settle(settled)
        if settled:
            self._store.heard.take([], now_us, name, position)
        yield from found


def keep(
    store: Store,
    found: Collection[Reading],
    now_us: int,
    place: str | None = None,
    position: dict[str, object] | None = None,
) -> None:
    """Put reports into the inbox, and remember them: both, or nothing. What is old is only remembered."""
    reports = [(one.digest, None if one.is_old else _line(one, now_us)) for one in found if one.report is not None]
    store.heard.take(reports, now_us, place, position)


def _line(one: Reading, now_us: int) -> str:
    return f"{iso(now_us)} localhost mailwarden-probe: report {json.dumps(msgspec.to_builtins(one.report))}"
