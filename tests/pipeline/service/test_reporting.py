"""A report that cannot be made stops nothing else, and days are those of the site's zone, whatever names it."""

import json
import subprocess
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone
from pathlib import Path

import pytest

from mailwarden.alerts.telling.delivery import unpack
from mailwarden.pipeline.configuration.configuration import Configuration, Report
from mailwarden.pipeline.places import store_path
from mailwarden.pipeline.service.reporting import Reporter
from mailwarden.pipeline.store import Commit, Store

NOON_US = round(datetime(2026, 11, 24, 12, tzinfo=UTC).timestamp()) * 1_000_000
MINUTE_US = 60_000_000


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store in which nothing was counted."""
    Store.open(store_path(tmp_path)).close()
    return store_path(tmp_path)


@pytest.fixture
def no_fork(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine without memory for one more process."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(12, "Cannot allocate memory")

    with monkeypatch.context() as patch:
        patch.setattr("mailwarden.pipeline.service.reporting.subprocess.Popen", refuse)
        yield


@pytest.mark.usefixtures("no_fork")
def test_a_machine_without_room_for_a_report_goes_on(store: Path) -> None:
    """It is tried again four times within an hour and a half; then its receivers are told, and the day is over."""
    said: list[str] = []
    report = Report(receivers=("ops",))
    reporter = Reporter(Configuration(timezone="UTC", report=report), store, "2026-11-22", said.append)

    drained = {}
    for minute in range(90):
        reporter.tick(NOON_US + minute * MINUTE_US)
        drained[minute] = reporter.drain()
    done = [minute for minute, one in drained.items() if one.notes]

    assert done == [82]  # begun after a minute; then 1, 6, 21 and 81 later
    assert drained[82].notes == {"reported": "2026-11-23"}
    assert len(said) == 2
    assert all("Cannot allocate memory" in one and "mailwarden report 2026-11-23" in one for one in said)
    (row,) = drained[82].rows
    notice = unpack(row[2]).notification
    assert (notice.kind, notice.incident.values["reason"]) == ("report", "Cannot allocate memory")


def test_a_report_that_says_much_before_it_fails_is_not_stopped_by_it(store: Path, tmp_path: Path) -> None:
    """Its process may fill any pipe: what it says goes into a file, and its last line is told."""
    store.write_bytes(b"no database" * 9_000)
    said: list[str] = []
    reporter = Reporter(Configuration(timezone="UTC"), store, "2026-11-22", said.append)

    for _ in range(600):
        reporter.tick(NOON_US)
        if said:
            break
        subprocess.run(["sleep", "0.1"], check=True)

    assert "could not be written" in said[0]
    assert "is tried again" in said[0]
    reporter.stop()


@pytest.mark.parametrize(
    ("reported", "written"),
    [
        ("2026-11-22", ["2026-11-23"]),
        ("2026-11-20", ["2026-11-23", "2026-11-16--2026-11-22"]),  # off from Saturday to Tuesday
        ("2026-10-20", ["2026-11-23", "2026-11-16--2026-11-22"]),
    ],
)
def test_the_week_is_reported_late_where_nothing_ran_on_monday(store: Path, reported: str, written: list[str]) -> None:
    """Of days that went by while nothing ran the last is reported, and of weeks the last that is over."""
    configuration = Configuration(timezone="UTC", report=Report())
    reporter = Reporter(configuration, store, reported, pytest.fail)

    for _ in range(900):
        reporter.tick(NOON_US)
        if reporter.drain().notes:
            break
        subprocess.run(["sleep", "0.1"], check=True)

    assert sorted(path.stem for path in (store.parent / "reports").glob("*.json")) == sorted(written)


def test_each_server_has_a_report_of_its_own(store: Path) -> None:
    """What one server's lines say, and nothing of another's; what was written is sent without waiting for the others."""
    with Store.open(store) as opened:
        hour_us = NOON_US - 24 * 60 * MINUTE_US
        rollups = {(hour_us, "host_lines", host, "event", "postfix"): 9 for host in ("mx1", "mx2")}
        rollups |= {
            (hour_us, "host_delivery", "mx1", "google", "sent"): 7,
            (hour_us, "host_delivery", "mx2", "yahoo", "sent"): 5,
        }
        rollups |= {(hour_us, "host_auth_failure", "mx1", "bad_password", "imap"): 30}
        opened.commit(Commit(1, rollups=rollups))
    report = Report(servers={"mx1": ("ops",)}, receivers=("ops",))
    reporter = Reporter(Configuration(timezone="UTC", report=report), store, "2026-11-22", pytest.fail)

    rows: list[str] = []
    for _ in range(900):
        reporter.tick(NOON_US)
        done = reporter.drain()
        rows += [unpack(row[2]).notification.incident.primary[1] for row in done.rows]
        if done.notes:
            break
        subprocess.run(["sleep", "0.1"], check=True)

    assert rows == ["2026-11-23", "2026-11-23.server-mx1"]
    kept = json.loads((store.parent / "reports" / "2026-11-23.server-mx1.json").read_text())
    text = (store.parent / "reports" / "2026-11-23.server-mx1.txt").read_text()
    assert (kept["lines"], kept["measures"]["sent"]["count"], kept["measures"]["failed_logins"]["count"]) == (9, 7, 30)
    assert "30 failed logins on this server." in text
    assert "yahoo" not in text.lower()


def test_days_are_those_of_a_zone_without_a_name(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system says how far it is from UTC and no more, its reports begin at its midnight all the same."""
    monkeypatch.setenv("TZ", "JST-9")
    begins = datetime.combine(date(2026, 11, 23), time(), timezone(timedelta(hours=9)))
    said: list[str] = []
    reporter = Reporter(Configuration(), store, "2026-11-22", said.append)

    for minute in range(600):
        reporter.tick(NOON_US + minute * 1_000_000)
        notes = reporter.drain().notes
        if notes:
            break
        subprocess.run(["sleep", "0.1"], check=True)

    assert (said, notes) == ([], {"reported": "2026-11-23"})
    kept = json.loads((store.parent / "reports" / "2026-11-23.json").read_text())
    assert kept["from_us"] == begins.timestamp() * 1_000_000
