"""What falls due is told in its order, once, and to whom it belongs."""

from collections.abc import Iterator
from datetime import UTC, datetime, time
from pathlib import Path

import pytest

from mailwarden.alerts.words.translate import translator
from mailwarden.pipeline.answers.dates import due_text, next_dates
from mailwarden.pipeline.configuration.configuration import Report
from mailwarden.pipeline.store import Commit, Posture, Store

DAY_US = 86_400_000_000
NOW_US = round(datetime(2026, 11, 26, 8, tzinfo=UTC).timestamp()) * 1_000_000  # a Thursday


def certificate(name: str, ends: str, port: int = 25) -> Posture:
    details = {"ends": ends, "name": name, "port": port}
    return Posture("192.0.2.25", "certificate", f"{name}:{port}", NOW_US, NOW_US, "ok", now=ends, details=details)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store with certificates, a silence and an exception that end, and one that does not."""
    with Store.open(tmp_path / "mailwarden.db") as one:
        postures = [certificate("mx1.example.org", "2026-12-06"), certificate("mx1.example.org", "2026-12-06", 993)]
        postures += [certificate("old.example.org", "2026-11-20"), certificate("far.example.org", "2027-06-01")]
        one.commit(Commit(1, postures=postures))
        ana = {"who": "op", "because": "x", "about": ["user.name", "ana@example.org"], "cause": "sending"}
        one.add_act("silence", ana | {"until": "time", "until_us": NOW_US + DAY_US}, NOW_US)
        one.add_act("silence", ana | {"until": "worse"}, NOW_US)
        normal = {"rules": ["sending_burst"], "primary": ["user.name", "bob@example.net"]}
        bob = ana | {"about": ["user.name", "bob@example.net"], "exception": normal}
        one.add_act("silence", bob | {"until": "time", "until_us": NOW_US + 9 * DAY_US}, NOW_US)
        yield one


def test_what_falls_due_stands_in_its_order(store: Store) -> None:
    """A certificate stands once whatever ports show it, and stays when it has ended; what is far away is left out."""
    report = Report(time=time(7))
    english = translator("en")

    said = [due_text(one, english) for one in next_dates(store, NOW_US, UTC, report=report)]

    assert said == [
        "the certificate of old.example.org ends",
        "the report of the day",
        "the silence about ana@example.org ends",
        "the report of the week",
        "what is normal of bob@example.net is looked at again",
        "the certificate of mx1.example.org ends",
    ]


def test_a_customer_sees_only_what_is_theirs(store: Store) -> None:
    """Neither certificates nor what is silenced of others."""
    found = next_dates(store, NOW_US, UTC, owns=lambda name: name.endswith("@example.net"))

    assert [one.about for one in found] == ["bob@example.net"]


def test_reports_come_at_their_hour_of_the_zone(store: Store) -> None:
    """One whose hour is still to come is today's; none is told where none is written."""
    early = NOW_US - 2 * 3_600_000_000
    found = [one.at_us for one in next_dates(store, early, UTC, report=Report(time=time(7))) if one.kind == "report"]

    assert found == [NOW_US - 3_600_000_000]
    assert not [one for one in next_dates(store, NOW_US, UTC, report=Report(enabled=False)) if "report" in one.kind]
