"""Who is told: what becomes of a notice, and the thread that delivers it, over real HTTP and a real store."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from memory import Memory
from receiver import Request, serving

from mailwarden.alerts.incidents.incident import Incident, Notification, incident_id
from mailwarden.alerts.telling.channels import Channel, Channels
from mailwarden.alerts.telling.delivery import Delivery, pack, unpack
from mailwarden.alerts.telling.dispatch import Dispatch
from mailwarden.alerts.telling.render import render
from mailwarden.alerts.telling.routes import Plan, Route, Router
from mailwarden.alerts.telling.story import unpack_story
from mailwarden.pipeline.service.telling import Deliverer, Teller
from mailwarden.pipeline.store import Commit, Store

NOON_US = 1_795_393_828_000_000  # 2026-11-23 00:30:28 UTC


class Desk:
    """A receiver: the notices it took, and how long it takes over each."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.said: list[str] = []
        self.takes_s = 0.0
        self.came = threading.Event()
        self.url = ""


@contextmanager
def _attended() -> Iterator[Desk]:
    def answer(request: Request, body: bytes) -> None:
        reached.said.append(body.decode())
        reached.taken.append(request.headers["X-Mailwarden-Id"])
        reached.came.set()
        time.sleep(reached.takes_s)
        request.send_response(200)
        request.send_header("Content-Length", "0")
        request.end_headers()

    reached = Desk()
    with serving(answer) as port:
        reached.url = f"json://127.0.0.1:{port}/"
        yield reached


@pytest.fixture
def desk() -> Iterator[Desk]:
    """A receiver that answers."""
    with _attended() as attended:
        yield attended


def notice(at_us: int = NOON_US, severity: str = "critical") -> Notification:
    """Tell of an account that was taken over."""
    incident = Incident(
        id=incident_id("mx1", "takeover", "mailwarden.account", "ann@example.org", None),
        site="mx1",
        cause="takeover",
        primary=("mailwarden.account", "ann@example.org"),
        category="account_takeover",
        severity=severity,
        title="{account} was taken over and sends spam",
        why="",
        opened_us=at_us,
    )
    return Notification(id="n-1", kind="opened", incident=incident, at_us=at_us)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store with one notice that is due."""
    path = tmp_path / "mailwarden.db"
    blob = pack(Delivery.of(notice(), Plan(("desk",), 0, 0, 0)))
    with Store.open(path) as store:
        store.commit(Commit(1, incidents=[notice().incident], outbox=[("n-1", NOON_US, blob)]))
    return path


def deliverer(path: Path, desk: Desk, clock: Callable[[], int] = lambda: NOON_US) -> Deliverer:
    """Give the thread, not started."""
    return Deliverer(path, Channels([Channel(name="desk", url=desk.url)]), clock, lambda _: None)


def teller() -> Teller:
    """Give what decides, with one channel."""
    router = Router(Route(), ["desk"])
    return Teller(Dispatch(router, lambda: NOON_US, Memory()), router, lambda: NOON_US, "mx1")


@pytest.mark.parametrize(("severity", "wait_us"), [("critical", 0), ("high", 30_000_000)])
def test_a_log_that_is_ahead_delays_nothing(severity: str, wait_us: int) -> None:
    """Stamps of another zone, hours in the future, are told as if they were of now."""
    ((_, due_us, _),) = teller().decide([notice(NOON_US + 9 * 3_600_000_000, severity)], 0, live=True)

    assert due_us == NOON_US + wait_us


def test_old_news_is_summed_up_and_its_end_told_by_nobody() -> None:
    """What began and ended hours ago is in the summary; of what goes on, the end is told when it comes."""
    old_us, decider = NOON_US - 5 * 3_600_000_000, teller()
    opened = notice(old_us)

    rows = decider.decide([opened], 0, live=True)
    ended = decider.decide([msgspec.structs.replace(opened, kind="ended", id="n-2", at_us=NOON_US)], 0, live=True)

    assert [unpack(blob).notification.kind for _, _, blob in rows] == ["summary"]
    assert [unpack(blob).notification.kind for _, _, blob in ended] == ["ended"]


def test_a_summary_of_one_speaks_of_one() -> None:
    """What stands in a summary is named with its id and in the reader's language; of one thing it speaks as of one."""
    old_us = NOON_US - 5 * 3_600_000_000
    one = notice(old_us)
    other = msgspec.structs.replace(one.incident, id="B" * 26, title="{account} was entered after guessing")
    decider = teller()

    ((_, _, alone),) = decider.decide([one], 0, live=True)
    both = [one, msgspec.structs.replace(one, id="n-3", incident=other)]
    ((_, _, several),) = decider.decide(both, 0, live=True)

    single = render(unpack(alone).notification)
    assert single.title == "● CRITICAL mx1: an older incident was found in the logs"
    assert f"● {one.incident.id[:3]} ann@example.org was taken over and sends spam" in single.body
    assert "2 older incidents were found in the logs" in render(unpack(several).notification).title
    assert (
        "● BBB ann@example.org がパスワード推測により侵入を受けました"
        in render(unpack(several).notification, "ja").body
    )


def test_who_was_told_of_old_news_is_known() -> None:
    """An incident that only a summary told of remembers by which notice, so that a page can say so."""
    backing = Memory()
    router = Router(Route(), ["desk"])
    decider = Teller(Dispatch(router, lambda: NOON_US, backing), router, lambda: NOON_US, "mx1")
    old = notice(NOON_US - 5 * 3_600_000_000)

    ((id_, _, _),) = decider.decide([old], 0, live=True)

    ((key, blob),) = [(row[1], row[4]) for row in decider.rows()]
    assert key == old.incident.id
    assert unpack_story(blob).summary == id_


def test_what_is_under_way_at_the_end_is_not_sent_again(path: Path, desk: Desk) -> None:
    """A receiver that is slow to answer while the service begins anew gets its notice once."""
    desk.takes_s = 2.0
    first, second = deliverer(path, desk), deliverer(path, desk)

    first.start()
    desk.came.wait(20)
    first.stop()
    second.start()
    second.stop()

    assert desk.taken == ["n-1"]


def test_the_thread_outlives_any_fault(path: Path, desk: Desk) -> None:
    """What nobody foresaw delays an alert and ends nothing."""
    times = iter([ValueError("no time")])

    def clock() -> int:
        for fault in times:
            raise fault
        return NOON_US

    thread = deliverer(path, desk, clock)
    thread.start()
    came = desk.came.wait(20)
    thread.stop()

    assert came
    assert desk.taken == ["n-1"]


def test_an_incident_that_cannot_be_read_holds_up_no_alert(path: Path, desk: Desk) -> None:
    """A damaged record in the store costs no alert."""
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE incidents SET blob = x'c1'")
    connection.close()
    thread = deliverer(path, desk)

    thread.start()
    came = desk.came.wait(10)
    thread.stop()

    assert came


def test_a_notice_links_to_the_page(path: Path, desk: Desk) -> None:
    """Where it is set how people reach the page, a notice says where on it the incident stands."""
    channels = Channels([Channel(name="desk", url=desk.url)])
    one = Deliverer(path, channels, lambda: NOON_US, lambda _: None, link="https://warden.example.org")

    one.start()
    desk.came.wait(20)
    one.stop()

    assert f"https://warden.example.org/i/{notice().incident.id[:3]}" in desk.said[0]
