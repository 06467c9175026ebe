"""The numbers of the last 24 hours beside those of the same hours a week, two, three and four weeks before.

A number stands beside its usual value, which is the median of those; with less than seven days of history there is none.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from statistics import median

import msgspec

from mailwarden.pipeline.store import HourRow, Reader, SumRow

__all__ = [
    "FAILED",
    "HISTORY_DAYS",
    "HOUR_US",
    "WEEKS",
    "Measure",
    "Measures",
    "judged",
    "lines_of_day",
    "measure",
    "per_hour",
    "usual_per_hour",
]

HOUR_US = 3_600_000_000
HISTORY_DAYS = 7
_WEEK_US = 7 * 24 * HOUR_US
WEEKS = 4
_CHANGED = 2.0  # times the usual, or its inverse; as the report has it
_CHANGED_AT_LEAST = 20
FAILED = ("bounced", "expired", "undeliverable")
_NAMES = ("lines", "delivery", "auth_failure", "login", "message", "reject")

_HOURLY = {"failed_logins": ("auth_failure", ""), "sent": ("delivery", "sent")}
"""Of the numbers that are drawn: under which name they are counted, and with which second word."""
NUMBERS = (
    "failed_logins",
    "received",
    "sent",
    "deferred",
    "bounced",
    "rejected",
    "logins",
    "clear_logins",
    "not_understood",
)
"""In the order in which they are shown."""


def _kinds_of(row: HourRow | SumRow) -> Iterator[str]:
    """Say to which numbers a count belongs."""
    match row.name:
        case "auth_failure":
            yield "failed_logins"
        case "message" if row.a == "inbound":
            yield "received"
        case "delivery" if row.a != "local":
            if row.b in ("sent", "deferred"):
                yield row.b
            elif row.b in FAILED:
                yield "bounced"
        case "reject":
            yield "rejected"
        case "login":
            yield "logins"
            if row.b == "no":
                yield "clear_logins"
        case "lines" if row.a == "pipeline_error":
            yield "not_understood"


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
    before: list[Counter[str]] = []
    if began_us is not None and history_days >= HISTORY_DAYS:
        starts = [from_us - week * _WEEK_US for week in range(1, WEEKS + 1)]
        spans = [reader.sums(start, start + 24 * HOUR_US, _NAMES) for start in starts if start >= began_us]
        before = [_tally(span) for span in spans if span]  # a day on which nothing at all was read is no usual
    lines = _lines(rows)
    counted = _tally(rows)
    return Measures(
        from_us=from_us,
        to_us=end_us,
        history_days=history_days,
        lines=sum(lines.values()),
        understood=lines["event"],
        of_mail=lines["event"] + lines["pipeline_error"],
        numbers=[judged(name, counted[name], before) for name in NUMBERS],
        rows=rows,
    )


def lines_of_day(reader: Reader, now_us: int) -> Counter[str]:
    """Count the lines of the 24 hours before an instant, by `event.kind`."""
    kinds: Counter[str] = Counter()
    for row in reader.sums(now_us - 24 * HOUR_US, now_us + HOUR_US, ("lines",)):
        kinds[row.a] += row.number
    return kinds


def per_hour(measures: Measures, name: str) -> tuple[list[int], list[int]]:
    """Give the hours, and one of the numbers in each; those in which nothing was counted are there too."""
    counts: dict[int, int] = defaultdict(int)
    for row in measures.rows:
        if name in _kinds_of(row):
            counts[row.hour_us - row.hour_us % HOUR_US] += row.number
    hours = list(range(measures.from_us, measures.to_us, HOUR_US))
    return hours, [counts[hour] for hour in hours]


def usual_per_hour(reader: Reader, measures: Measures, name: str) -> list[float]:
    """Give what is usual in each of the hours: the median of the same hours of the weeks before; nothing without history."""
    began_us = reader.store.first_rollup_us()
    if began_us is None or measures.history_days < HISTORY_DAYS:
        return []
    before: list[Counter[int]] = []
    for week in range(1, WEEKS + 1):
        from_us = measures.from_us - week * _WEEK_US
        if from_us >= began_us:
            hours = reader.totals(from_us, measures.to_us - week * _WEEK_US, *_HOURLY[name])
            before.append(Counter({(hour_us - from_us) // HOUR_US: number for hour_us, number in hours}))
    before = [one for one in before if one] or before[:1]  # a day on which nothing at all was read is no usual
    hours_count = (measures.to_us - measures.from_us) // HOUR_US
    return [float(median(one[place] for one in before)) for place in range(hours_count)] if before else []


def _tally(rows: Iterable[HourRow | SumRow]) -> Counter[str]:
    counted: Counter[str] = Counter()
    for row in rows:
        for kind in _kinds_of(row):
            counted[kind] += row.number
    return counted


def judged(name: str, count: int, before: Sequence[Counter[str]]) -> Measure:
    """Put a number beside what is usual: the median of what was counted in the same time before, where anything is known."""
    if not before:
        return Measure(name, count, None, False)
    usual = float(median(span[name] for span in before))
    low, high = sorted((float(count), usual))
    return Measure(name, count, usual, high - low >= _CHANGED_AT_LEAST and high >= _CHANGED * low)


def _lines(rows: Iterable[HourRow]) -> dict[str, int]:
    kinds: dict[str, int] = defaultdict(int)
    for row in rows:
        if row.name == "lines":
            kinds[row.a] += row.number
    return kinds
