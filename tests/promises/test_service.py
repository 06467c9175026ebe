"""The service ends and begins anew when asked to, and outlives what goes wrong around it."""

import os
import resource
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pager import Pager, paging
from receiver import receiving
from takeovers import takeover
from watcher import Watcher, until

from mailwarden.pipeline.store import Store

BROKEN: list[tuple[dict[str, Any], str]] = [
    ({"sources": 7}, "sources"),
    ({"alerts": {"channels": {"pager": "slak://x/y"}}}, "slak"),
    ({"alerts": {"channels": {"pager": "${NO_SUCH_SECRET}"}}}, "NO_SUCH_SECRET"),
    ({"rules": {"no_such_rule": {"enabled": False}}}, "no_such_rule"),
]


class Place:
    """A log, a pager and a service."""

    def __init__(self, directory: Path, pager: Pager) -> None:
        self.log = directory / "mail.log"
        self.log.touch()
        self.pager = pager
        self.written = 0
        self.watcher = Watcher(directory, self.settings())

    def settings(self, **more: Any) -> dict[str, Any]:
        route = {"at_least": "medium", "group_wait": "0s", "group_interval": "0s"}
        channels = {"pager": self.pager.url}
        return {"sources": [str(self.log)], "alerts": {"channels": channels, "routes": [route]}} | more

    def write(self, *turns: int) -> None:
        with self.log.open("ab") as file:
            for turn in turns:
                lines = takeover(turn)
                self.written += len(lines)
                file.write(b"".join(lines))

    def follow(self) -> None:
        """Wait until all that was written is committed and told."""
        self.watcher.read_all(self.written)
        until(lambda: not self.watcher.waiting(), "all notices to be told")

    def said(self) -> str:
        return self.watcher.said.read_text()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with paging() as pager:
        place = Place(tmp_path, pager)
        yield place
        place.watcher.kill()


def test_sigterm_ends_it_cleanly_and_it_goes_on_there(place: Place) -> None:
    """SIGTERM ends it with 0; what was written meanwhile is read once at the next start. A second one is refused."""
    place.watcher.start()
    place.write(0)
    place.follow()

    second = place.watcher.command("run")

    assert second.returncode == 3
    assert "another mailwarden watches" in second.stderr  # two would tell everything twice
    assert place.watcher.stop() == 0
    place.write(1)
    place.watcher.start()
    place.follow()

    assert place.watcher.stop() == 0
    assert "Traceback" not in place.said()


def test_sighup_takes_over_a_good_configuration(place: Place) -> None:
    """After SIGHUP the new configuration holds: here a rule is off, so nothing new opens."""
    place.watcher.start()
    place.write(0)
    place.follow()
    before = place.watcher.ask("SELECT COUNT(*) FROM incidents WHERE cause = 'takeover'")

    off = {"send_from_new_network": {"enabled": False}}
    place.watcher.configure(place.settings(rules=off))
    batches = place.watcher.batches()
    place.watcher.send(signal.SIGHUP)
    until(lambda: place.watcher.batches() > batches, "the new configuration to be followed")
    place.write(1)
    place.follow()

    assert place.watcher.ask("SELECT COUNT(*) FROM incidents WHERE cause = 'takeover'") == before
    assert place.watcher.stop() == 0


def test_sighup_keeps_the_old_configuration_when_the_new_one_is_broken(place: Place) -> None:
    """A broken configuration is told with what is wrong; the service goes on with the one it has."""
    place.watcher.start()
    place.write(0)
    place.follow()

    for broken, word in BROKEN:
        place.watcher.configure(place.settings() | broken)
        place.watcher.send(signal.SIGHUP)
        place.watcher.send(signal.SIGHUP)  # a second one while the first is done harms nothing
        until(lambda word=word: word in place.said(), f"{word} to be told")  # type: ignore[misc]
    place.write(1)
    place.follow()

    assert place.said().count("The configuration was not changed.") >= len(BROKEN)
    assert place.watcher.stop() == 0


def test_a_broken_configuration_starts_nothing(place: Place) -> None:
    """All faults are told, each with its line, and the exit code is 2."""
    place.watcher.configure(place.settings(sources=7, hold_ms="long"))

    answer = place.watcher.command("run")

    assert answer.returncode == 2
    assert "sources" in answer.stderr and "hold_ms" in answer.stderr
    assert not place.watcher.database.exists()


def test_a_state_directory_that_cannot_be_written_starts_nothing(place: Place) -> None:
    """The message names the directory, what it means and what to do; the exit code is 3."""
    place.watcher.state.write_text("a file stands there")

    answer = place.watcher.command("run")

    assert answer.returncode == 3
    assert str(place.watcher.state) in answer.stderr
    assert "state directory cannot be written" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_locked_database_is_waited_for(place: Place) -> None:
    """While another process holds the database the service says so and waits; asked to end, it ends with 3.

    Nothing of the batch counts as read then, so that nothing is lost.
    """
    place.watcher.start()
    until(place.watcher.is_ready, "the service to begin")

    with closing(sqlite3.connect(place.watcher.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        place.write(0)
        until(lambda: "locked by another process" in place.said(), "the lock to be told")
        assert place.watcher.is_running()
        other.execute("ROLLBACK")
        place.follow()
        assert "can be written again" in place.said()
        other.execute("BEGIN IMMEDIATE")
        place.write(1)
        until(lambda: place.said().count("it is tried again") > 1, "the lock to be told")
        assert place.watcher.stop() == 3
        other.execute("ROLLBACK")

    place.watcher.start()
    place.follow()
    assert place.watcher.stop() == 0


def test_a_database_of_a_newer_version_is_left_alone(place: Place) -> None:
    """A database that a newer mailwarden wrote is neither read nor changed, and the message says what to do."""
    Store.open(place.watcher.database).close()
    with closing(sqlite3.connect(place.watcher.database)) as other, other:
        other.execute("UPDATE alembic_version SET version_num = '9999'")

    answer = place.watcher.command("run")

    assert answer.returncode == 3
    assert "newer mailwarden" in answer.stderr


def test_a_full_disk_is_waited_out(place: Place) -> None:
    """No file may grow any more: the service says so, keeps nothing by half, and loses nothing after a restart."""
    place.watcher.start()
    place.write(0)
    place.follow()
    assert place.watcher.process is not None
    small = 8192  # room for what it says, not for the database
    resource.prlimit(place.watcher.process.pid, resource.RLIMIT_FSIZE, (small, resource.RLIM_INFINITY))
    place.write(*range(1, 20))
    until(lambda: "Nothing is lost" in place.said(), "the fault to be told")
    assert place.watcher.is_running()

    infinite = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    resource.prlimit(place.watcher.process.pid, resource.RLIMIT_FSIZE, infinite)
    place.follow()

    assert place.watcher.stop() == 0
    assert "Traceback" not in place.said()


@pytest.mark.root
def test_a_disk_without_space_is_waited_out(place: Place, tmp_path: Path) -> None:
    """The disk of the state is full: the service waits, and goes on when there is space again."""
    place.watcher.state.mkdir()
    if os.system(f"mount -t tmpfs -o size=3m none {place.watcher.state} 2>/dev/null"):
        pytest.skip("no mounts here")
    try:
        place.watcher.start()
        place.write(0)
        place.follow()
        ballast = place.watcher.state / "ballast"
        with ballast.open("wb", buffering=0) as file, pytest.raises(OSError):
            while True:
                file.write(b"x" * 4096)
        place.write(*range(1, 30))
        until(lambda: "Nothing is lost" in place.said(), "the fault to be told")
        assert place.watcher.is_running()

        ballast.unlink()
        place.follow()

        assert place.watcher.stop() == 0
    finally:
        place.watcher.kill()
        os.system(f"umount {place.watcher.state}")


@pytest.mark.parametrize("trouble", ["down", "slow", "refuses"])
def test_a_target_in_trouble_stops_nothing_and_loses_nothing(trouble: str, place: Place) -> None:
    """Notices wait in the outbox while lines are read on; they come when the target works, also after a restart."""
    if trouble == "refuses":
        place.pager.status = 503
    elif trouble == "slow":
        place.pager.open.clear()
    else:
        settings = place.settings()
        settings["alerts"]["channels"]["pager"] = "json://127.0.0.1:9/"  # the discard port: nobody listens
        place.watcher.configure(settings)
    place.watcher.start()
    place.write(0, 1)
    place.watcher.read_all(place.written)
    if trouble != "slow":
        until(lambda: "channel pager" in place.said(), "the trouble to be told")
    place.write(2)
    place.watcher.read_all(place.written)
    assert place.watcher.ask("SELECT COUNT(*) FROM outbox WHERE done = 0")[0][0] > 0
    assert place.watcher.stop() == 0

    place.pager.status = 200
    place.pager.open.set()
    place.watcher.configure(place.settings())
    place.watcher.start()
    place.write(*range(3, 40))  # stream time passes: what waited is due
    place.follow()

    # Every account's opening, at least.
    assert place.watcher.ask("SELECT COUNT(*) FROM outbox WHERE done = 1")[0][0] > 40
    assert not place.watcher.waiting()
    assert place.watcher.stop() == 0


def test_the_heartbeat_says_that_it_watches(place: Place) -> None:
    """An address is called while the service runs, also over a log that is silent, and no more when it ended."""
    with receiving() as receiver:
        settings = place.settings()
        settings["alerts"]["heartbeat"] = {"url": f"http://{receiver.address}/alive", "interval": "1s"}
        place.watcher.configure(settings)
        place.watcher.start()
        until(lambda: len(receiver.posts) >= 3, "three beats")
        assert place.watcher.stop() == 0
        beats = len(receiver.posts)

        place.watcher.command("doctor")

    assert len(receiver.posts) == beats
    assert {post.path for post in receiver.posts} == {"/alive"}


RULE = """\
title: A message comes in
logsource: {product: mail}
detection:
  one: {event.action: %s}
  condition: one
level: low
"""


def test_sighup_takes_over_ones_own_rules_and_keeps_the_last_good_ones(place: Place) -> None:
    """A rule that comes new is followed; one that is broken changes nothing, is told with its line, and stops nothing."""
    rules = place.watcher.directory / "rules.d"
    rules.mkdir()
    own = rules / "own.yml"
    own.write_text(RULE.replace("level: low", "level: lowest") % "message-received")
    seen = "SELECT last_seen_us FROM incidents WHERE cause = 'protocol'"
    place.watcher.start()
    place.write(0)
    place.follow()
    assert f"{own}:6: " in place.said()  # broken at the start: the others are followed
    assert place.watcher.ask(seen) == []
    assert place.watcher.ask("SELECT COUNT(*) FROM incidents") != [(0,)]

    own.write_text(RULE % "message-received")
    batches = place.watcher.batches()
    place.watcher.send(signal.SIGHUP)
    until(lambda: place.watcher.batches() > batches, "the new rule to be followed")
    place.write(1)
    place.follow()
    before = place.watcher.ask(seen)
    assert len(before) == 1

    own.write_text(RULE % "[")
    place.watcher.send(signal.SIGHUP)
    until(lambda: "The rules were not changed" in place.said(), "the broken rule to be told")
    place.write(2, 3)
    place.follow()
    assert place.watcher.ask(seen) > before
    assert place.watcher.stop() == 0
