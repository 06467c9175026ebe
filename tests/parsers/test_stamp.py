"""Stamps: what they leave out, and how it is found."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwarden.parsers.counted_time import tai64n
from mailwarden.parsers.event import iso
from mailwarden.parsers.stamp import Clock
from mailwarden.parsers.worded_time import year_of_first_line

BERLIN = ZoneInfo("Europe/Berlin")


def us(*moment: int, zone: timezone | ZoneInfo = UTC, fold: int = 0) -> int:  # type: ignore[assignment]
    return round(datetime(*moment, tzinfo=zone, fold=fold).timestamp() * 1_000_000)  # type: ignore[misc,arg-type]


def read(clock: Clock, text: str) -> int:
    stamp = clock.traditional(text + " mx1") or clock.iso(text + " mx1")
    assert stamp is not None
    return stamp.us


@pytest.mark.parametrize(
    ("text", "expected", "quality"),
    [
        ("2026-03-03T04:05:06.123456+01:00", us(2026, 3, 3, 3, 5, 6, 123456), None),
        ("2026-03-03T04:05:06Z", us(2026, 3, 3, 4, 5, 6), None),
        ("2026-03-03T04:05:06.123-0530", us(2026, 3, 3, 9, 35, 6, 123000), None),
        ("2026-03-03T04:05:06,123456789+00:00", us(2026, 3, 3, 4, 5, 6, 123456), None),
        ("2026-03-03 04:05:06 +0100", us(2026, 3, 3, 3, 5, 6), None),
        ("2026-03-03T04:05:06", us(2026, 3, 3, 4, 5, 6), "inferred_zone"),
    ],
)
def test_full_dates(text: str, expected: int, quality: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every spelling of RFC 3339 and its relatives is read; without a zone it is the source's."""
    clock = Clock(UTC) if quality else Clock()
    stamp = clock.iso(text + " mx1")

    assert stamp is not None
    assert stamp.us == expected
    assert stamp.quality in (quality, None)


def test_quality_says_what_was_inferred() -> None:
    """What is stated is exact."""
    text = "Mar  3 04:05:06 "

    assert [Clock(zone, year).quality for zone, year in ((UTC, 2026), (UTC, None), (None, 2026), (None, None))] == [
        None,
        "inferred_year",
        "inferred_zone",
        "inferred_year_zone",
    ]
    assert Clock(UTC, 2026).traditional(text).quality is None  # type: ignore[union-attr]


def test_year_changes_at_new_year() -> None:
    """January behind December is the next year's."""
    clock = Clock(UTC, 2025)

    assert read(clock, "Dec 31 23:59:59") == us(2025, 12, 31, 23, 59, 59)
    assert read(clock, "Jan  1 00:00:00") == us(2026, 1, 1)
    assert read(clock, "Dec 31 23:59:58") == us(2025, 12, 31, 23, 59, 58)


def test_hint_is_the_latest_the_line_may_be() -> None:
    """A line that would be later than its file was written a year before."""
    hint = us(2026, 3, 3)

    assert read(Clock(UTC, None, hint), "Mar  2 04:05:06") == us(2026, 3, 2, 4, 5, 6)
    assert read(Clock(UTC, None, hint), "Nov 23 04:05:06") == us(2025, 11, 23, 4, 5, 6)


def test_leap_day_picks_a_leap_year() -> None:
    """29 February is of the nearest year that has it."""
    assert read(Clock(UTC, 2025), "Feb 29 00:00:00") == us(2024, 2, 29)
    assert read(Clock(UTC, None, us(2026, 3, 3)), "Feb 29 00:00:00") == us(2024, 2, 29)


@pytest.mark.parametrize("wrong", ["Jan  1", "Feb 23", "May 23", "Sep 20", "Dec 31"])
def test_one_wrong_line_moves_no_year(wrong: str) -> None:
    """A clock that was wrong for one line, by however much, does not put the next into another year, not after a restart."""
    clock = Clock(UTC, 2026)
    read(clock, "Mar 20 00:00:00")
    read(clock, f"{wrong} 00:00:09")
    clock = Clock.restore(clock.snapshot())

    assert read(clock, "Mar 20 00:00:01") == us(2026, 3, 20, 0, 0, 1)


def test_a_jump_that_is_gone_on_from_is_believed() -> None:
    """A server that was quiet for half a year, and then for another, is in the next year."""
    clock = Clock(UTC, 2026)
    for text in ("Mar 20 00:00:00", "Sep 20 00:00:00", "Sep 20 03:00:00"):
        read(clock, text)

    assert read(clock, "Mar 20 00:00:01") == us(2027, 3, 20, 0, 0, 1)


def test_full_date_tells_the_year() -> None:
    """A full date among the lines gives the year where none was stated."""
    clock = Clock(UTC)
    clock.iso("2023-05-05T00:00:00Z mx1")

    assert read(clock, "May  6 00:00:00") == us(2023, 5, 6)


def test_hour_that_comes_twice() -> None:
    """In autumn the second pass through the hour is told by time not running back."""
    clock = Clock(BERLIN, 2026)

    read(clock, "Oct 25 02:59:59")
    assert read(clock, "Oct 25 02:00:00") == us(2026, 10, 25, 2, 0, 0, zone=BERLIN, fold=1)
    assert read(clock, "Oct 25 02:00:01") == us(2026, 10, 25, 1, 0, 1)
    assert read(clock, "Oct 25 03:00:00") == us(2026, 10, 25, 2, 0, 0)


def test_tai64n() -> None:
    """multilog's stamp is ten seconds and 2^62 ahead of Unix time."""
    stamp = tai64n("@4000000069a65b2a1c9c3804 text")

    assert stamp is not None
    assert stamp.us == (0x69A65B2A - 10) * 1_000_000 + 480_000


def test_year_of_first_line() -> None:
    """The year that is stated is that of a file's last line."""
    assert year_of_first_line("Dec 24 00:00:00 x", "Jan  2 00:00:00 x", 2026) == 2025
    assert year_of_first_line("Jan 24 00:00:00 x", "Mar  2 00:00:00 x", 2026) == 2026


@given(st.text(max_size=60))
def test_nothing_raises(text: str) -> None:
    """No text makes a clock fail."""
    clock = Clock(UTC, 2026)
    for read_one in (clock.traditional, clock.iso, clock.weekday, tai64n):
        read_one(text)
        read_one("Mar  3 04:05:06" + text)
        read_one("2026-03-03T04:05:06" + text)


@given(st.datetimes(datetime(2000, 1, 1), datetime(2036, 1, 1)), st.timedeltas(timedelta(0), timedelta(200)))
def test_year_follows_any_gap(first: datetime, gap: timedelta) -> None:
    """A source may be silent for months and still be dated."""
    first = first.replace(microsecond=0)
    second = (first + gap).replace(microsecond=0)
    clock = Clock(UTC, first.year)

    got = [read(clock, f"{one:%b} {one.day:2} {one:%H:%M:%S}") for one in (first, second)]

    assert got == [round(one.replace(tzinfo=UTC).timestamp()) * 1_000_000 for one in (first, second)]


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("2026-10-25 02:30:00 CEST mx", "Europe/Berlin", "2026-10-25T00:30:00+00:00"),
        ("Sun 2026-10-25 02:30:00 CET mx", "Europe/Berlin", "2026-10-25T01:30:00+00:00"),
        ("2026-03-03 13:05:06 JST mx", "UTC", "2026-03-03T04:05:06+00:00"),
        ("2026-03-03 04:05:06 EST mx", "Europe/Berlin", "2026-03-03T09:05:06+00:00"),
        ("2026-03-03 04:05:06 CST mx", "America/Chicago", "2026-03-03T10:05:06+00:00"),
        ("2026-03-03 12:05:06 CST mx", "Asia/Shanghai", "2026-03-03T04:05:06+00:00"),
        ("2026-03-03 09:35:06 IST mx", "Asia/Kolkata", "2026-03-03T04:05:06+00:00"),
        ("2026-03-03 04:05:06 IST mx", "UTC", "2026-03-03T04:05:06+00:00"),
    ],
)
def test_zone_in_a_word(text: str, zone: str, expected: str) -> None:
    """A zone's word means the file's zone where that uses it, else the one place that does; where several do, the file's."""
    stamp = Clock(ZoneInfo(zone)).stamp(text)

    assert stamp is not None
    assert (iso(stamp.us), text[stamp.end :]) == (expected, " mx")


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        (["13/03/2026", "04/05/2026"], ["2026-03-13", "2026-05-04"]),
        (["03/13/2026", "04/05/2026"], ["2026-03-13", "2026-04-05"]),
        (["03/12/2026", "03/13/2026"], ["2026-03-12", "2026-03-13"]),
        (["04.05.2026"], ["2026-05-04"]),
        (["31/02/2026"], [None]),
    ],
)
def test_day_and_month_in_figures(dates: list[str], expected: list[str | None]) -> None:
    """Which is first shows in a date that is one only so; until then it is what lies nearer."""
    clock = Clock(UTC, None, 1_773_500_000_000_000)  # 14 March 2026

    stamps = [clock.stamp(f"{date} 04:05:06 mx") for date in dates]

    assert [iso(stamp.us)[:10] if stamp else None for stamp in stamps] == expected


def test_a_place_stands_within_the_stamps_own_brackets() -> None:
    """A place that stands later in the line is the line's."""
    line = "[03-Mar-2026 04:05:06 UTC] mx1 postfix/smtpd[1]: connect from unknown[203.0.113.7] Europe/Berlin]"

    found = Clock(UTC, 2026).stamp(line)

    assert found is not None
    assert line[: found.end] == "[03-Mar-2026 04:05:06 UTC]"
