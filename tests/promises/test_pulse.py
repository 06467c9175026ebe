"""The service goes on while no line comes, and systemd is told that it does."""

import os
import re
import socket
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pager import paging
from takeovers import takeover
from watcher import Watcher, until

from mailwarden.pipeline.blocking import blocker
from mailwarden.pipeline.cli.setup import page_unit, unit
from mailwarden.pipeline.probes import prober
from mailwarden.pipeline.service import heartbeat, telling
from mailwarden.pipeline.store import Commit, Store


class Manager:
    """Hears what a service tells systemd."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.setblocking(False)
        self.heard: list[str] = []

    def hears(self, state: str) -> bool:
        while True:
            try:
                self.heard.append(self._socket.recv(4096).decode())
            except BlockingIOError:
                return state in self.heard

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    manager = Manager(tmp_path / "notify")
    yield manager
    manager.close()


def test_a_service_that_reads_nothing_new_is_seen_to_live(tmp_path: Path) -> None:
    """Over an empty log, where nothing is ever written, the page and `doctor` do not say that nobody is watching."""
    (tmp_path / "mail.log").touch()
    watcher = Watcher(tmp_path, {"sources": [str(tmp_path / "mail.log")]})
    watcher.start()
    database = watcher.database
    until(database.exists, "a database")
    try:
        for _ in range(3):  # what its start writes is over by the second time
            os.utime(database, (0, 0))
            until(lambda: database.stat().st_mtime > 0, "the sign that it lives")
    finally:
        watcher.stop()


def test_systemd_hears_that_it_lives(tmp_path: Path, manager: Manager, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told when the service is ready, that its loop turns though no line comes, and that it ends."""
    (tmp_path / "mail.log").touch()
    watcher = Watcher(tmp_path, {"sources": [str(tmp_path / "mail.log")]})
    monkeypatch.setenv("NOTIFY_SOCKET", str(manager.path))

    watcher.start()
    until(lambda: manager.hears("READY=1"), "READY=1")
    until(lambda: manager.hears("WATCHDOG=1"), "WATCHDOG=1")

    assert watcher.stop() == 0
    until(lambda: manager.hears("STOPPING=1"), "STOPPING=1")


def test_a_store_that_is_waited_for_is_no_hang(
    tmp_path: Path, manager: Manager, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it waits for a locked store systemd goes on hearing of it, or it would be killed for waiting."""
    log = tmp_path / "mail.log"
    log.touch()
    watcher = Watcher(tmp_path, {"sources": [str(log)]})
    monkeypatch.setenv("NOTIFY_SOCKET", str(manager.path))
    watcher.start()
    until(lambda: manager.hears("READY=1"), "READY=1")

    with closing(sqlite3.connect(watcher.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        log.write_bytes(b"".join(takeover(0)))
        until(lambda: "it is tried again" in watcher.said.read_text(), "the lock to be told")
        manager.hears("")
        before = manager.heard.count("WATCHDOG=1")
        until(
            lambda: manager.hears("WATCHDOG=1") and manager.heard.count("WATCHDOG=1") > before + 1, "two signs of life"
        )
        other.execute("ROLLBACK")
        until(lambda: "can be written again" in watcher.said.read_text(), "it to go on")

    assert watcher.stop() == 0


def test_a_report_comes_on_a_day_without_a_line(tmp_path: Path) -> None:
    """On a server whose logs stand still the report of the day still comes: silence is not taken for calm."""
    log = tmp_path / "mail.log"
    log.write_bytes(b"".join(takeover(0)))
    with paging() as pager:
        settings = {
            "sources": [str(log)],
            "alerts": {"channels": {"chat": pager.url}},
            "report": {"time": "00:00", "receivers": ["chat"], "weekly": False},
        }
        watcher = Watcher(tmp_path, settings, clock="wall")
        watcher.state.mkdir()
        long_ago = (datetime.now(UTC) - timedelta(days=3)).date().isoformat()
        with Store.open(watcher.database) as store:
            store.commit(Commit(1, meta={"reported": long_ago}))

        watcher.start()

        until(lambda: any(id_.startswith("report-") for id_ in pager.accepted), "the report")
        assert watcher.stop() == 0


@pytest.mark.program("systemd-analyze")
@pytest.mark.parametrize(("name", "make"), [("mailwarden", unit), ("mailwarden-web", page_unit)])
def test_the_units_are_such_that_systemd_takes(tmp_path: Path, name: str, make: Callable[[str, Path], str]) -> None:
    """systemd finds nothing wrong with the units that `setup` writes wherever they lead, and calls what is left open small."""
    place = tmp_path / "a place of 100% $HOME"
    place.mkdir()
    program = place / "mailwarden"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    path = tmp_path / f"{name}.service"
    path.write_text(make(str(program), place / "mailwarden.yml"))

    done = subprocess.run(["systemd-analyze", "verify", "--man=no", str(path)], capture_output=True, text=True)
    exposure = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=50", str(path)], capture_output=True, text=True
    )

    assert [line for line in done.stderr.splitlines() if "mailwarden" in line] == []
    assert exposure.returncode == 0, exposure.stdout + os.linesep + exposure.stderr


def test_the_unit_leaves_time_to_end() -> None:
    """systemd waits longer than the threads may take one after the other: a notice under way is not sent twice."""
    takes_s = 2 * telling._ANSWERS_S + heartbeat._CONNECT_S + heartbeat._ANSWER_S
    takes_s += prober._PATIENCE_S + 2 * blocker._TIMEOUT_S

    given = re.search(r"^TimeoutStopSec=(\d+)$", unit("mailwarden", Path("mailwarden.yml")), re.MULTILINE)

    assert given is not None
    assert takes_s < int(given[1]) < 180  # and shorter than the watchdog's patience
