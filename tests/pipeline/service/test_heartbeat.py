"""The heartbeat: it is called while all is well, not while nothing turns, and its failure is told."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from receiver import Receiver, receiving

from mailwarden.alerts.telling.delivery import unpack
from mailwarden.alerts.telling.routes import Route, Router
from mailwarden.parsers.errors import StoreError
from mailwarden.pipeline.service.heartbeat import HEARTBEAT, Beat, Heartbeat, beat_of
from mailwarden.pipeline.store import Store, database

NOON_US = 1_795_393_828_000_000
MINUTE_US = 60_000_000
KEY = "sekrit0815"


class Watch:
    """A heartbeat whose clock goes on by five minutes each time it is asked."""

    def __init__(self, path: Path, receiver: Receiver, router: Router | None, method: str = "GET") -> None:
        self.now_us = NOON_US
        self.turns = 0
        self.said: list[str] = []
        url = f"http://{receiver.address}/{KEY}"
        self.heartbeat = Heartbeat(
            path,
            url,
            method,
            0.02,
            turns=lambda: self.turns,
            clock=self.clock,
            router=router,
            site="mx1",
            say=self.said.append,
        )

    def clock(self) -> int:
        self.now_us += 5 * MINUTE_US
        return self.now_us


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store."""
    Store.open(tmp_path / "mailwarden.db").close()
    return tmp_path / "mailwarden.db"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Who is called."""
    with receiving() as receiver:
        yield receiver


def test_it_beats_while_the_service_turns(path: Path, receiver: Receiver) -> None:
    """Called again as long as the main loop goes on; not once more when it stands still."""
    watch = Watch(path, receiver, None, "POST")
    came = threading.Event()
    ticking = threading.Thread(target=lambda: [_turn(watch) for _ in iter(lambda: len(receiver.posts) < 3, False)])
    watch.heartbeat.start()
    ticking.start()
    ticking.join(20)
    still = len(receiver.posts)
    came.wait(0.3)
    watch.heartbeat.stop()

    assert still >= 3
    assert len(receiver.posts) <= still + 1
    assert {post.path for post in receiver.posts} == {f"/{KEY}"}
    with Store.open(path) as store:
        assert beat_of(store.meta(HEARTBEAT)).ok_us > NOON_US


def _turn(watch: Watch) -> None:
    watch.turns += 1
    threading.Event().wait(0.005)


def test_its_failure_is_told_after_the_third_and_its_mend_once(path: Path, receiver: Receiver) -> None:
    """Two failures are told by nobody; the third is told once, also by another run, and the end of it as well."""
    router = Router(Route(), ["chat"])
    receiver.status = 500
    with Store.open(path) as store:
        for _ in range(2):
            Watch(path, receiver, router).heartbeat.beat(store, beat_of(store.meta(HEARTBEAT)))
        assert store.outbox_counts().waiting == 0
        for _ in range(3):
            watch = Watch(path, receiver, router)
            watch.heartbeat.beat(store, beat_of(store.meta(HEARTBEAT)))
        failing = beat_of(store.meta(HEARTBEAT))
        receiver.status = 200
        for _ in range(2):
            watch.heartbeat.beat(store, beat_of(store.meta(HEARTBEAT)))
        told = [unpack(blob).notification for _, _, blob in store.outbox_due(1 << 62, 9)]
        well = beat_of(store.meta(HEARTBEAT))

    assert (failing.fails, failing.told, failing.error) == (5, True, "answered 500: {}")
    assert sorted(one.kind for one in told) == ["ended", "opened"]
    assert len({one.incident.id for one in told}) == 1
    assert (well.fails, well.error, well.since_us) == (0, "", 0)
    assert KEY not in "".join(watch.said)


def test_what_could_not_be_kept_is_told_later(path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that is locked at the third failure, or at the mend, costs no notice."""
    monkeypatch.setattr(database, "BUSY_S", 0.05)
    watch = Watch(path, receiver, Router(Route(), ["chat"]))
    other = sqlite3.connect(path, isolation_level=None)
    with closing(other), Store.open(path) as store:
        beat = Beat()
        for status, calls in ((500, 2), (500, 0), (500, 1), (200, 0), (200, 1)):
            receiver.status = status
            if not calls:
                other.execute("BEGIN IMMEDIATE")
                with pytest.raises(StoreError):
                    watch.heartbeat.beat(store, beat)
                other.execute("ROLLBACK")
            for _ in range(calls):
                beat = watch.heartbeat.beat(store, beat)
        told = [unpack(blob).notification.kind for _, _, blob in store.outbox_due(1 << 62, 9)]

    assert sorted(told) == ["ended", "opened"]


def test_what_cannot_be_read_counts_as_never() -> None:
    """A damaged note in the store stops nothing."""
    assert beat_of("{") == beat_of(None) == Beat()
