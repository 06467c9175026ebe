"""A report of a day that is long over tells what stood then, and says what is not known of it any more."""

from collections.abc import Iterator
from datetime import UTC, timedelta
from pathlib import Path

import pytest
from counted_days import HOUR, QUIET, TODAY, Days, incident

from mailwarden.alerts.incidents.incident import Judged
from mailwarden.alerts.risk.outcomes import KIND
from mailwarden.alerts.risk.sender import Sender, Story
from mailwarden.alerts.state.blob import encode
from mailwarden.pipeline.report import build
from mailwarden.pipeline.report.figures import day_start_us
from mailwarden.pipeline.store import Store

DAY = TODAY - timedelta(days=20)
DAY_US = day_start_us(DAY, UTC)


@pytest.fixture
def days(tmp_path: Path) -> Iterator[Days]:
    with Store.open(tmp_path / "mailwarden.db") as store:
        days = Days(store)
        days.weeks(QUIET)
        days.commit(meta={"stream_us": str(day_start_us(TODAY, UTC))})
        yield days


def at(hours: float) -> int:
    """Give an instant so many hours after the day began."""
    return DAY_US + int(hours * HOUR)


def seen(value: str, first: float, last: float, **fields: object) -> object:
    """Make an incident that closed since."""
    fields = {"status": "closed", "span_us": HOUR, "rules": ["sending_burst"]} | fields
    return incident(value, opened_us=at(first), first_seen_us=at(first), last_seen_us=at(last), **fields)


def test_what_was_open_then_is_open_there(days: Days) -> None:
    """What has ended since is open, with its step; what ended before the evening, and what opened later, is told as such."""
    days.commit(
        incidents=[
            seen("evening@example.org", 20, 23, advice="takeover", values={"account": "evening@example.org"}),
            seen("went.on@example.org", 9, 40),
            seen("later@example.org", 25, 26),
        ]
    )

    text = " ".join(days.text(DAY).split())

    assert (
        "evening@example.org was taken over and sends spam (new) → change the password of evening@example.org" in text
    )
    assert "sends spam (new, as of" in text  # of what went on, the sentences are of later
    assert "later@example.org" not in text
    assert "(ended)" not in text
    assert f"as they did at the end of {DAY:%a} {DAY.day} {DAY:%b} {DAY.year}" in text


def test_what_ended_by_the_evening_has_ended_there(days: Days) -> None:
    """Twice the span of its rule, and a day of quiet, after it was last seen."""
    days.commit(incidents=[seen("long.ago@example.org", -40, 1, span_us=60_000_000)])

    week = days.text(DAY - timedelta(days=6), until=DAY + timedelta(days=2))

    assert "(ended)" in " ".join(week.split())


def test_it_is_as_grave_as_it_was_and_called_so(days: Days) -> None:
    """Guessing that led to a takeover on the next day is guessing on the day before."""
    tries = Judged(
        version=1,
        at_us=at(10),
        severity="medium",
        span_us=HOUR,
        counted=[("", 40, 10)],
        fields={},
        values={"address": "198.51.100.7", "count": 40},
    )
    days.commit(
        incidents=[
            seen(
                "ana@example.org",
                9,
                40,
                lead="send_from_new_network",
                rules=["fast_guessing", "send_from_new_network"],
                timeline=[(at(9), "fast_guessing"), (at(39), "send_from_new_network")],
                judged={"fast_guessing": encode(tries)},
            )
        ]
    )

    then, now = days.text(DAY), days.text(DAY, until=TODAY)

    assert "▲ MEDIUM" in then
    assert "198.51.100.7" in then
    assert "taken over" not in then
    assert "taken over" in now


def test_risk_is_that_of_the_day(days: Days) -> None:
    """The highest of that day, what is kept of two weeks before it, and no block that came later."""
    today_us = day_start_us(TODAY, UTC)
    highs = [0] * 30 + [12, 40] + [90] * 19
    sender = Sender(
        hour=today_us // HOUR,
        last_us=today_us,
        highs=highs,
        stories=[Story(sign_us=at(5), warned_us=at(6), blocked_us=at(60))],
    )
    days.commit(states=[(KIND, "server mx1", 1, today_us * 2, encode(sender))])

    text = days.text(DAY)

    assert "  mx1                    40  rising  not kept" in text
    assert "no block so far" in text
    assert "not kept are how many" in " ".join(text.split())


def test_the_report_of_the_day_before_is_of_now(days: Days) -> None:
    """Who reads it in the morning is told what has ended in the night, and nothing of a later making."""
    yesterday = TODAY - timedelta(days=1)
    at_us = day_start_us(yesterday, UTC) + HOUR
    days.commit(incidents=[incident(opened_us=at_us, first_seen_us=at_us, last_seen_us=at_us, status="closed")])

    text = days.text(yesterday)

    assert "(ended)" in text
    assert "made later" not in text
    assert build(days.store, yesterday).as_data()["made_later"] is False
