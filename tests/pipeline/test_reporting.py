"""A report that cannot be made stops nothing else, and days are those of the site's zone, whatever names it."""

import json
import subprocess
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone
from pathlib import Path

import pytest

from mailwarden.pipeline.configuration import Configuration
from mailwarden.pipeline.places import store_path
from mailwarden.pipeline.reporting import Reporter
from mailwarden.pipeline.store import Store

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
        patch.setattr("mailwarden.pipeline.reporting.subprocess.Popen", refuse)
        yield


@pytest.mark.usefixtures("no_fork")
def test_a_machine_without_room_for_a_report_goes_on(store: Path) -> None:
    """The service says what is missing and goes on with the next day's."""
    said: list[str] = []
    reporter = Reporter(Configuration(timezone="UTC"), store, "2026-11-21", said.append)

    for minute in range(3):
        reporter.tick(NOON_US + minute * MINUTE_US)

    assert reporter.drain().notes == {"reported": "2026-11-23"}
    assert said and all("Cannot allocate memory" in one and "mailwarden report 2026-11-23" in one for one in said)


def test_days_are_those_of_a_zone_without_a_name(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system says how far it is from UTC and no more, its reports begin at its midnight all the same."""
    monkeypatch.setenv("TZ", "JST-9")
    begins = datetime.combine(date(2026, 11, 23), time(), timezone(timedelta(hours=9)))
    said: list[str] = []
    reporter = Reporter(Configuration(), store, "2026-11-21", said.append)

    for minute in range(600):
        reporter.tick(NOON_US + minute * 1_000_000)
        notes = reporter.drain().notes
        if notes:
            break
        subprocess.run(["sleep", "0.1"], check=True)

    assert (said, notes) == ([], {"reported": "2026-11-23"})
    kept = json.loads((store.parent / "reports" / "2026-11-23.json").read_text())
    assert kept["from_us"] == begins.timestamp() * 1_000_000
