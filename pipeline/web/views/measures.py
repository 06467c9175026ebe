"""The numbers of the last 24 hours beside those of the same hours a week, two, three and four weeks before.

A number stands beside its usual value, which is the median of those; with less than seven days of history there is none.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from statistics import median

import msgspec

from mailwarden.pipeline.store import HourRow, Reader

__all__ = ["HISTORY_DAYS", "HOUR_US", "Measure", "Measures", "measure", "per_hour"]

HOUR_US = 3_600_000_000
HISTORY_DAYS = 7
_WEEK_US = 7 * 24 * HOUR_US
_WEEKS = 4
_CHANGED = 2.0  # times the usual, or its inverse; as the report has it
_CHANGED_AT_LEAST = 20
_FAILED = ("bounced", "expired", "undeliverable")
_NAMES = ("lines", "delivery", "auth_failure", "login", "message", "reject")

_KINDS: dict[str, Callable[[HourRow], bool]] = {
    "failed_logins": lambda row: row.name == "auth_failure",
    "received": lambda row: row.name == "message" and row.a == "inbound",
    "sent": lambda row: row.name == "delivery" and row.a != "local" and row.b == "sent",
    "deferred": lambda row: row.name == "delivery" and row.a != "local" and row.b == "deferred",
    "bounced": lambda row: row.name == "delivery" and row.a != "local" and row.b in _FAILED,
    "rejected": lambda row: row.name == "reject",
    "logins": lambda row: row.name == "login",
    "clear_logins": lambda row: row.name == "login" and row.b == "no",
    "not_understood": lambda row: row.name == "lines" and row.a == "pipeline_error",
}


class Measure(msgspec.Struct, frozen=True):
    """One number; `usual` None: there is no history yet."""

    name: str
    count: int
    usual: float | None
    changed: bool


class Measures(msgspec.Struct, frozen=True):
    """What was counted in 24 hours that end with `to_us`."""

    from_us: int
    to_us: int
    history_days: int
    lines: int
    understood: int
    of_mail: int
    numbers: list[Measure]
    rows: list[HourRow]


def measure(reader: Reader, to_us: int) -> Measures:
    """Count the 24 hours before an instant; the hour that holds it counts as one of them."""
    end_us = to_us - to_us % HOUR_US + HOUR_US
    from_us = end_us - 24 * HOUR_US
    rows = reader.hours(from_us, end_us, _NAMES)
    began_us = reader.store.first_rollup_us()
    history_days = 0 if began_us is None else max(0, (from_us - began_us) // (24 * HOUR_US))
    before: list[list[HourRow]] = []
    if began_us is not None and history_days >= HISTORY_DAYS:
        starts = [from_us - week * _WEEK_US for week in range(1, _WEEKS + 1)]
        spans = [reader.hours(start, start + 24 * HOUR_US, _NAMES) for start in starts if start >= began_us]
        before = [span for span in spans if span]  # a day on which nothing at all was read is no usual
    lines = _lines(rows)
    return Measures(
        from_us=from_us,
        to_us=end_us,
        history_days=history_days,
        lines=sum(lines.values()),
        understood=lines["event"],
        of_mail=lines["event"] + lines["pipeline_error"],
        numbers=[_measure(name, rows, before) for name in _KINDS],
        rows=rows,
    )


def per_hour(measures: Measures, name: str) -> tuple[list[int], list[int]]:
    """Give the hours, and one of the numbers in each; those in which nothing was counted are there too."""
    wanted = _KINDS[name]
    counts: dict[int, int] = defaultdict(int)
    for row in measures.rows:
        if wanted(row):
            counts[row.hour_us - row.hour_us % HOUR_US] += row.number
    hours = list(range(measures.from_us, measures.to_us, HOUR_US))
    return hours, [counts[hour] for hour in hours]


def _measure(name: str, rows: Iterable[HourRow], before: list[list[HourRow]]) -> Measure:
    wanted = _KINDS[name]
    count = sum(row.number for row in rows if wanted(row))
    if not before:
        return Measure(name, count, None, False)
    usual = float(median(sum(row.number for row in span if wanted(row)) for span in before))
    low, high = sorted((float(count), usual))
    return Measure(name, count, usual, high - low >= _CHANGED_AT_LEAST and high >= _CHANGED * low)


def _lines(rows: Iterable[HourRow]) -> dict[str, int]:
    kinds: dict[str, int] = defaultdict(int)
    for row in rows:
        if row.name == "lines":
            kinds[row.a] += row.number
    return kinds
