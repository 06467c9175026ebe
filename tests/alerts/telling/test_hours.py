"""Hours of the day and of the week, in the site's zone."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from mailwarden.alerts.telling.hours import covering, end_of, parse_hours

BERLIN = ZoneInfo("Europe/Berlin")


def us(text: str, zone: ZoneInfo = BERLIN) -> int:
    """Give an instant as people write it."""
    return round(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("span", "at", "end"),
    [
        ("22:00-07:00", "2026-11-23 23:30", "2026-11-24 07:00"),
        ("22:00-07:00", "2026-11-24 06:59", "2026-11-24 07:00"),
        ("22:00-07:00", "2026-11-24 07:00", None),
        ("22:00-07:00", "2026-11-23 21:59", None),
        ("12:00-13:00", "2026-11-23 12:00", "2026-11-23 13:00"),
        ("sat,sun 00:00-24:00", "2026-11-28 12:00", "2026-11-29 00:00"),
        ("sat,sun 00:00-24:00", "2026-11-27 12:00", None),
        ("mon-fri 22:00-06:00", "2026-11-28 05:00", "2026-11-28 06:00"),  # Friday's night, on Saturday
        ("mon-fri 22:00-06:00", "2026-11-29 05:00", None),
        ("sun-mon 08:00-09:00", "2026-11-23 08:30", "2026-11-23 09:00"),
        ("22:00-07:00", "2026-10-24 23:00", "2026-10-25 07:00"),  # the clock goes back in that night
        ("22:00-07:00", "2026-03-28 23:00", "2026-03-29 07:00"),  # and on in this one
    ],
)
def test_a_span_knows_its_end(span: str, at: str, end: str | None) -> None:
    """A span over midnight belongs to the day on which it begins, and ends by the clock on the wall."""
    assert parse_hours(span).end_us(us(at), BERLIN) == (us(end) if end else None)


def test_spans_that_touch_are_one() -> None:
    """The end of a Friday's night that a weekend follows is Monday's morning."""
    spans = (parse_hours("22:00-07:00"), parse_hours("sat,sun 00:00-24:00"))

    assert end_of(spans, us("2026-11-27 23:00"), BERLIN) == us("2026-11-30 07:00")
    assert not covering(spans, us("2026-11-30 07:00"), BERLIN)


def test_a_week_without_a_gap_ends() -> None:
    """Quiet hours that never end hold nothing for ever."""
    at_us = us("2026-11-27 23:00")

    assert at_us < end_of((parse_hours("00:00-24:00"),), at_us, BERLIN) <= at_us + 15 * 86_400_000_000
    assert end_of((), at_us, UTC) == at_us


@pytest.mark.parametrize(
    "text", ["22-07", "22:00-25:00", "24:00-07:00", "son 10:00-11:00", "mon10:00-11:00", "", "never"]
)
def test_what_is_no_span_is_told(text: str) -> None:
    """What cannot be read says how it is written."""
    with pytest.raises(ValueError, match=r"Write it like|is no day"):
        parse_hours(text)
