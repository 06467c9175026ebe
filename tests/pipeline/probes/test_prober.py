"""The thread that asks, with a real name server, a real store and the whole way to an incident."""

import json
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from faults import Reply, answering

from mailwarden.alerts.facts.site import Site
from mailwarden.alerts.incidents.incident import Notification
from mailwarden.alerts.telling.render import render
from mailwarden.pipeline.configuration.configuration import Configuration, SiteSetting, SourceSetting
from mailwarden.pipeline.places import store_path
from mailwarden.pipeline.probes import prober as prober_module
from mailwarden.pipeline.probes.machine import Machine
from mailwarden.pipeline.probes.prober import Pace, Prober
from mailwarden.pipeline.probes.settings import ProbesSetting
from mailwarden.pipeline.runner import wall_clock
from mailwarden.pipeline.service.service import run
from mailwarden.pipeline.store import Commit, Listing, Posture, Store

OURS = "192.0.2.66"
ON_ZEN = "66.2.0.192.zen.spamhaus.org"


class World:
    """A name server's answers that a test changes while it runs."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], Reply] = {
            (".", "NS"): ["a.root.test."],
            ("", "NS"): ["a.root.test."],
            ("2.0.0.127.zen.spamhaus.org", "A"): ["127.0.0.2", "127.0.0.4"],
            ("dbltest.com.dbl.spamhaus.org", "A"): ["127.0.1.2"],
            ("mx.example.org", "A"): [OURS],
            ("example.org", "MX"): ["10 mx.example.org."],
        }

    def __call__(self, name: str, type_: str) -> Reply:
        return self.records.get((name, type_))

    def list_us(self) -> None:
        """Put our address on Spamhaus ZEN."""
        self.records[(ON_ZEN, "A")] = ["127.0.0.4"]
        self.records[(ON_ZEN, "TXT")] = ["https://check.example.net/"]


def _until(is_so: Callable[[], bool], what: str) -> None:
    until_s = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < until_s, what
        time.sleep(0.02)


class _Asked:
    """A prober that runs while the block lasts, and what it put into the inbox."""

    def __init__(self, path: Path, port: int, pace: Pace, **more: object) -> None:
        settings = ProbesSetting(
            resolvers=(("127.0.0.1", port),),
            addresses=(OURS,),
            ports=(),
            **({"domains": ("example.org",)} | more),  # type: ignore[arg-type]
        )
        self.said: list[str] = []
        self.nudged = threading.Event()
        self._prober = Prober(
            settings,
            Site(),
            path,
            wall_clock,
            self.nudged.set,
            self.said.append,
            pace,
            lambda: Machine(helo="mx.example.org"),
        )
        self._path = path

    def __enter__(self) -> "_Asked":
        self._prober.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._prober.stop()

    def lines(self, word: str) -> list[dict[str, object]]:
        """Give the records of one word, in their order."""
        with Store.open(self._path) as store:
            texts = [one.line.split(" mailwarden-probe: ")[1] for one in store.inbox.read(10_000)]
        return [json.loads(text.removeprefix(f"{word} ")) for text in texts if text.startswith(f"{word} ")]

    def states(self, zone: str) -> list[str]:
        """Give what was said of our address on one list, one after the other."""
        return [
            one["state"]
            for record in self.lines("listings")
            if record["subject"] == OURS
            for one in record["lists"]  # type: ignore[attr-defined]
            if one["zone"] == zone
        ]


def _store(tmp_path: Path) -> Path:
    path = tmp_path / "mailwarden.db"
    Store.open(path).close()
    return path


def test_a_listing_is_looked_at_a_second_time(tmp_path: Path) -> None:
    """Seen once it is suspected; the second look, when it is due, makes it listed."""
    world = World()
    world.list_us()
    with answering(world) as server, _Asked(_store(tmp_path), server.port, Pace(0, 600, 0.6, 600)) as asked:
        _until(lambda: len(asked.states("zen.spamhaus.org")) >= 2, "two looks")

        assert asked.states("zen.spamhaus.org")[:2] == ["suspected", "listed"]
        assert asked.nudged.is_set()
    assert asked.said == []


def test_what_was_gone_at_the_second_look_is_not_told(tmp_path: Path) -> None:
    """A listing of minutes wakes nobody."""
    world = World()
    world.list_us()
    with answering(world) as server, _Asked(_store(tmp_path), server.port, Pace(0, 600, 0.6, 600)) as asked:
        _until(lambda: asked.states("zen.spamhaus.org") != [], "the first look")
        del world.records[(ON_ZEN, "A")]
        _until(lambda: len(asked.states("zen.spamhaus.org")) >= 2, "the second look")

        assert asked.states("zen.spamhaus.org") == ["suspected", "clear"]


def test_a_list_that_falls_silent_does_not_clear_us(tmp_path: Path) -> None:
    """It is without an answer, and what was known before is told with it; a clear answer ends it."""
    world = World()
    world.list_us()
    with answering(world) as server, _Asked(_store(tmp_path), server.port, Pace(0, 0.5, 0.3, 600)) as asked:
        _until(lambda: "listed" in asked.states("zen.spamhaus.org"), "listed")
        world.records[("2.0.0.127.zen.spamhaus.org", "A")] = ["127.255.255.254"]
        _until(lambda: "no answer" in asked.states("zen.spamhaus.org"), "silent")
        silent = [
            one
            for record in asked.lines("listings")
            for one in record["lists"]  # type: ignore[attr-defined]
            if (record["subject"], one["zone"], one["state"]) == (OURS, "zen.spamhaus.org", "no answer")
        ]
        del world.records[(ON_ZEN, "A")]
        world.records[("2.0.0.127.zen.spamhaus.org", "A")] = ["127.0.0.2"]
        _until(lambda: "clear" in asked.states("zen.spamhaus.org"), "clear")

    assert silent[0]["before"] == "listed"
    assert silent[0]["weight"] == 1.0


def test_a_restart_remembers_what_was_seen(tmp_path: Path) -> None:
    """What was listed before it is listed at the first look after it."""
    path, world = _store(tmp_path), World()
    world.list_us()
    hour_ago = wall_clock() - 3_600_000_000
    with Store.open(path) as store:
        store.commit(
            Commit(
                1, listings=[Listing(OURS, "zen.spamhaus.org", hour_ago, hour_ago, "listed", "Z", 1.0, ("127.0.0.4",))]
            )
        )
    with answering(world) as server, _Asked(path, server.port, Pace(0, 600, 600, 600)) as asked:
        _until(lambda: asked.states("zen.spamhaus.org") != [], "the first look")

        assert asked.states("zen.spamhaus.org") == ["listed"]


def test_a_restart_asks_no_sooner(tmp_path: Path) -> None:
    """A service that starts again and again asks lists no more often than one that runs on; what was suspected is asked."""
    path, world = _store(tmp_path), World()
    now = wall_clock()
    rows = [
        Listing(OURS, "zen.spamhaus.org", now - 60_000_000, now - 60_000_000, "clear", "Z", 0.0),
        Listing(OURS, "bl.spamcop.net", now - 60_000_000, now - 60_000_000, "suspected", "S", 0.7, ("127.0.0.2",)),
    ]
    with Store.open(path) as store:
        store.commit(Commit(1, listings=rows))
    with answering(world) as server, _Asked(path, server.port, Pace(0, 600, 0.1, 600)) as asked:
        _until(lambda: asked.states("bl.spamcop.net") != [], "the second look")
        names = {name for name, _ in server.asked}

    assert not any(name.endswith("zen.spamhaus.org") for name in names)
    assert any(name.endswith("bl.spamcop.net") for name in names)


def test_what_is_learned_later_is_looked_at_soon(tmp_path: Path) -> None:
    """A domain that was not known yesterday does not wait for tomorrow."""
    path, world = _store(tmp_path), World()
    now = wall_clock()
    with Store.open(path) as store:
        store.commit(Commit(1, postures=[Posture("old.example", "spf", "old.example", now, now, "ok")]))
    with answering(world) as server, _Asked(path, server.port, Pace(0, 600, 600, 600)) as asked:
        _until(lambda: any(one["subject"] == "example.org" for one in asked.lines("posture")), "its records")


def test_a_fault_of_its_own_ends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said, and asked again later: a monitor that falls silent would be worse."""
    world, asked_for = World(), []

    async def break_(*_: object) -> None:
        asked_for.append(1)
        raise ValueError("nobody thought of this")

    monkeypatch.setattr(prober_module, "look", break_)
    monkeypatch.setattr(prober_module, "_AFTER_FAULT_S", 0.2)
    with answering(world) as server, _Asked(_store(tmp_path), server.port, Pace(0, 600, 600, 600)) as asked:
        _until(lambda: len(asked_for) >= 2, "tried again")

    assert "nobody thought of this" in asked.said[0]


def test_a_hoster_asks_about_its_domains_by_turns(tmp_path: Path) -> None:
    """Two hundred and fifty of them: a hundred a round, all of them in three."""
    path, world = _store(tmp_path), World()
    names = [f"d{number}.example" for number in range(250)]
    with Store.open(path) as store:
        now = wall_clock()
        store.commit(Commit(1, postures=[Posture(name, "spf", name, now, now, "ok") for name in [*names, OURS]]))

    with answering(world) as server, _Asked(path, server.port, Pace(0, 0.2, 600, 600), domains=tuple(names)) as asked:
        _until(lambda: len(asked.lines("listings")) >= 3 * 101, "three rounds")
        told = [str(record["subject"]) for record in asked.lines("listings")]

    assert set(told[:101]) == {OURS, *names[:100]}
    assert {*names} <= set(told[: 3 * 101])


def test_behind_a_smarthost_addresses_are_not_asked_about(tmp_path: Path) -> None:
    """It is said so; our domains still matter."""
    world = World()
    with (
        answering(world) as server,
        _Asked(_store(tmp_path), server.port, Pace(0, 600, 600, 600), smarthost=True) as asked,
    ):
        _until(lambda: asked.lines("posture") != [], "posture")
        subjects = {record["subject"] for record in asked.lines("listings")}
        asked_names = {name for name, _ in server.asked}

    reasons = {record["reason"] for record in asked.lines("posture")}
    assert subjects == {"example.org"}
    assert not any(name.startswith("66.2.0.192.") for name in asked_names)
    assert "smarthost" in reasons
    assert "ptr_missing" not in reasons


def test_a_resolver_out_of_reach_says_nothing_of_us(tmp_path: Path) -> None:
    """It is told that nothing can be asked; no list and no record is judged."""
    with (
        answering(lambda name, type_: None) as server,
        _Asked(_store(tmp_path), server.port, Pace(0, 0.3, 600, 600)) as asked,
    ):
        _until(lambda: len(asked.lines("zone")) >= 2, "two rounds")

        assert asked.lines("zone")[0] == {"zone": ".", "name": "DNS", "reason": "no root"}
        assert asked.lines("listings") == []
        assert asked.lines("posture") == []


def test_an_end_does_not_wait_for_a_name_server(tmp_path: Path) -> None:
    """Nothing of it holds the service up when it is told to end."""
    with answering(lambda name, type_: ["a.root.test."] if type_ == "NS" else "hang") as server:
        asked = _Asked(_store(tmp_path), server.port, Pace(0, 600, 600, 600))
        with asked:
            _until(lambda: len(server.asked) > 5, "it asks")
            began_s = time.monotonic()
        assert time.monotonic() - began_s < 8


@pytest.mark.parametrize("listed", [True, False])
def test_from_the_name_server_to_the_incident(tmp_path: Path, listed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """`run` with nothing but a quiet log raises what probes find, and only that; the store holds it, the inbox is empty."""
    import os
    import signal

    world = World()
    if listed:
        world.list_us()
    log = tmp_path / "mail.log"
    log.write_text("2026-03-03T04:00:00+00:00 mx1 postfix/qmgr[2]: 4A11C0D20: removed\n", "utf-8")
    monkeypatch.setattr(prober_module, "Pace", lambda lists_s: Pace(0, 600, 0.5, 600))
    monkeypatch.setattr(prober_module, "read_machine", lambda: Machine(helo="mx.example.org"))
    path = store_path(tmp_path / "state")

    def look() -> list[tuple[str, str, str]]:
        if not path.exists():
            return []
        try:
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
                return connection.execute("SELECT cause, primary_value, severity FROM incidents").fetchall()
        except sqlite3.OperationalError:
            return []

    def end() -> None:
        wanted = {("config", "example.org", "high")} | ({("listed", OURS, "critical")} if listed else set())
        try:
            _until(lambda: wanted <= set(look()), "the incidents")
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    with answering(world) as server:
        configuration = Configuration(
            state=tmp_path / "state",
            sources=(SourceSetting("files", str(log)),),
            site=SiteSetting(domains=("example.org",)),
            probes=ProbesSetting(
                resolvers=(("127.0.0.1", server.port),), addresses=(OURS,), ports=(), every=timedelta(hours=1)
            ),
        )
        ending = threading.Thread(target=end)
        ending.start()
        run(configuration)
        ending.join()

    with Store.open(path) as store:
        incidents = {(one.cause, one.primary[1]): one for one in store.incidents()}
        listings = {one.zone: one.state for one in store.standing.listings() if one.subject == OURS}
        postures = {(one.check, one.subject): one for one in store.standing.postures()}
        assert store.inbox.read(10) == []
    assert (("listed", OURS) in incidents) is listed
    assert listings["zen.spamhaus.org"] == ("listed" if listed else "clear")
    assert listings["bl.spamcop.net"] == "no answer"
    assert postures[("spf", "example.org")].reason == "spf_missing"
    if listed:
        told = render(
            Notification(id="n", kind="opened", incident=incidents[("listed", OURS)], at_us=0), title_limit=200
        )
        assert "192.0.2.66 is on a block list: Spamhaus ZEN" in told.title
        assert "1 lists say so" not in told.body
        assert "Next: find and stop what caused it" in told.body
    spf = incidents[("config", "example.org")]
    assert spf.evidence[0].file == "probes"
    assert "spf_missing" in spf.evidence[0].line
