"""The heartbeat: an address elsewhere is called as long as mailwarden watches, so that silence is not taken for calm.

It beats only while the main loop turns and the thread that tells people lives. When its receiver does not take it three
times in a row, people are told by the channels, and told again when it does; how it stands is kept for `doctor`.
"""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from mailwarden.alerts.telling.delivery import Delivery, pack
from mailwarden.alerts.telling.render_own import heartbeat_notice
from mailwarden.alerts.telling.routes import Router
from mailwarden.alerts.telling.senders.address import blot
from mailwarden.alerts.telling.senders.http import call
from mailwarden.alerts.words.escape import printable
from mailwarden.parsers.errors import Coded, DeliveryError, StoreError, changed, coded, packed, unpacked
from mailwarden.pipeline.store import Store

__all__ = ["HEARTBEAT", "Beat", "Heartbeat", "beat_of"]

HEARTBEAT = "heartbeat"  # the name under which the store keeps how it stands
_TOLD_AFTER = 3  # failures in a row: one may be a restart of the receiver
_CONNECT_S, _ANSWER_S = 5.0, 10.0
_LOOK_S = 1.0


class Beat(msgspec.Struct, frozen=True):
    """How the heartbeat stands. Instants in epoch microseconds; 0: never."""

    ok_us: int = 0
    failed_us: int = 0
    since_us: int = 0  # of the failures that go on
    fails: int = 0
    told: bool = False
    error: str = ""
    worded: Any = ""  # the same, packed: it is said in whatever language

    @property
    def said(self) -> str:
        """What went wrong, as it was worded."""
        return unpacked(self.worded or self.error)


def beat_of(kept: str | None) -> Beat:
    """Read how it stands, as the store keeps it."""
    try:
        return msgspec.json.decode(kept or "{}", type=Beat)
    except msgspec.MsgspecError:
        return Beat()


class Heartbeat:
    """The thread that calls.

    Args:
        path: The store.
        url: What is called.
        method: GET or POST.
        interval_s: How often.
        turns: Counts the turns of the main loop, from 1; while they do not go on, or are -1, nothing is called.
        clock: The time of day.
        router: Who is told when it fails; None: nobody can be.
        site: Named in what is told.
        say: Writes into the service's log.
    """

    def __init__(
        self,
        path: Path,
        url: str,
        method: str,
        interval_s: float,
        *,
        turns: Callable[[], int],
        clock: Callable[[], int],
        router: Router | None,
        site: str,
        say: Callable[[str], None],
    ) -> None:
        self._path = path
        self._url, self._method, self._interval_s = url, method, interval_s
        self._turns = turns
        self._seen = 0
        self._clock = clock
        self._router = router
        self._site = site
        self._say = say
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Begin.

        Raises:
            StoreError: The store cannot be opened.
        """
        self._store = Store.open(self._path)
        self._thread.start()

    def stop(self) -> None:
        """End; a call that is under way is not waited for longer than it may take."""
        self._stopped.set()
        self._thread.join(_CONNECT_S + _ANSWER_S)

    def _work(self) -> None:
        with self._store as store:
            beat = beat_of(store.meta(HEARTBEAT))
            while not self._stopped.is_set():
                turns = self._turns()
                if turns in (self._seen, -1):
                    self._stopped.wait(_LOOK_S)
                    continue
                self._seen = turns
                try:
                    beat = self.beat(store, beat)
                except StoreError as error:
                    self._say(coded(error.said.code, "heartbeat: {error}", error=error.said))
                self._stopped.wait(self._interval_s)

    def beat(self, store: Store, beat: Beat) -> Beat:
        """Call once, keep and tell how it went, and give that; what could not be kept was not told either.

        Raises:
            StoreError: It could not be kept.
        """
        error = beat_once(self._url, self._method)
        now_us = self._clock()
        if error is None:
            new = Beat(ok_us=now_us, failed_us=beat.failed_us)
            rows = self._rows("", beat.since_us, now_us, beat.told, True)
        else:
            self._say(coded(error.code, "heartbeat: {error}", error=error))
            since_us, fails = beat.since_us or now_us, beat.fails + 1
            tells = not beat.told and fails >= _TOLD_AFTER
            new = Beat(beat.ok_us, now_us, since_us, fails, beat.told or tells, str(error), packed(error))
            rows = self._rows(error, since_us, now_us, tells, False)
        store.set_meta(HEARTBEAT, msgspec.json.encode(new).decode(), rows)
        return new

    def _rows(self, error: str, since_us: int, now_us: int, tells: bool, is_over: bool) -> list[tuple[str, int, bytes]]:
        if self._router is None or not tells:
            return []
        notice = heartbeat_notice(self._site, error, since_us, now_us, is_over=is_over, every_s=self._interval_s)
        plans = self._router.plans(notice.incident, now_us)[:1]
        return [(notice.id, plan.shifted_us(notice, now_us), pack(Delivery.of(notice, plan))) for plan in plans]


def beat_once(url: str, method: str) -> Coded | None:
    """Call; give what went wrong, without the address, which is a secret."""
    try:
        call(method, url, b"" if method == "POST" else None, connect_s=_CONNECT_S, answer_s=_ANSWER_S)
    except DeliveryError as error:
        return changed(error.said, lambda text: printable(blot(text, url)))
    return None
