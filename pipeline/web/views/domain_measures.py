"""The numbers of some domains by the day, for who may see these alone, beside those of the same weekdays before.

What concerns single accounts is counted by the day, so a customer is told of days: yesterday beside its usual, and today so far.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta, tzinfo

import msgspec

from mailwarden.pipeline.store import Reader, SumRow
from mailwarden.pipeline.web.views.measures import FAILED, HISTORY_DAYS, WEEKS, Measure, judged

__all__ = ["DomainMeasures", "measure_domains"]

_NAMES = ("login_account", "auth_account", "sent", "delivery_domain")
_NUMBERS = ("written", "sent", "deferred", "bounced", "arrived", "logins", "clear_logins", "failed_logins")
"""In the order in which they are shown; what is counted alike of the whole server has the same name (`views/measures.py`)."""


class DomainMeasures(msgspec.Struct, frozen=True):
    """What was counted.

    Args:
        day_us: The midnight with which the last day began that is over.
        today_us: The midnight after it.
        numbers: Of that day, each beside its usual.
        so_far: Of the day that goes on, in the same order: changed only where already more than usual was counted.
        is_blind: People log in by names without a domain: whose they are nobody knows.
    """

    day_us: int
    today_us: int
    numbers: list[Measure]
    so_far: list[Measure]
    is_blind: bool


def measure_domains(reader: Reader, domains: Sequence[str], now_us: int, zone: tzinfo) -> DomainMeasures:
    """Count what bears these domains, on the day of an instant and on the day before it."""
    today = datetime.fromtimestamp(now_us / 1_000_000, zone).date()
    yesterday = today - timedelta(days=1)
    began_us = reader.store.first_rollup_us()
    so_far, before_today = _counted(reader, domains, today, began_us, zone)
    counted, before = _counted(reader, domains, yesterday, began_us, zone)
    return DomainMeasures(
        day_us=_midnight_us(yesterday, zone),
        today_us=_midnight_us(today, zone),
        numbers=[judged(name, counted[name], before) for name in _NUMBERS],
        so_far=[_only_more(judged(name, so_far[name], before_today)) for name in _NUMBERS],
        is_blind=_is_blind(reader, counted + so_far, _midnight_us(yesterday, zone), now_us),
    )


def _counted(
    reader: Reader, domains: Sequence[str], day: date, began_us: int | None, zone: tzinfo
) -> tuple[Counter[str], list[Counter[str]]]:
    """Give what was counted on a day, and on those that it is compared with; none of these without a week of history."""

    def on(other: date) -> Counter[str]:
        from_us, to_us = _midnight_us(other, zone), _midnight_us(other + timedelta(days=1), zone)
        return _tally(reader.sums_at(from_us, to_us, _NAMES, domains))

    days = [day - timedelta(weeks=week) for week in range(1, WEEKS + 1)]
    history_us = _midnight_us(day - timedelta(days=HISTORY_DAYS), zone)
    if began_us is None or began_us > history_us:
        return on(day), []
    spans = [(_midnight_us(one, zone), _midnight_us(one + timedelta(days=1), zone)) for one in days]
    ran = [one for one, span in zip(days, spans, strict=True) if span[0] >= began_us and reader.totals(*span, "lines")]
    return on(day), [on(one) for one in ran]  # a day on which nothing at all was read is no usual


def _tally(rows: Iterable[SumRow]) -> Counter[str]:
    counted: Counter[str] = Counter()
    for row in rows:
        for kind in _kinds_of(row):
            counted[kind] += row.number
    return counted


def _kinds_of(row: SumRow) -> Iterator[str]:
    """Say to which numbers a count belongs; the words are those of `pipeline/rollups.py`."""
    match row.name:
        case "login_account":
            yield "logins"
            if row.c == "no":
                yield "clear_logins"
        case "auth_account":
            yield "failed_logins"
        case "sent":
            yield "written"
        case "delivery_domain" if row.b == "local":
            if row.c == "sent":
                yield "arrived"
        case "delivery_domain":
            if row.c in ("sent", "deferred"):
                yield row.c
            elif row.c in FAILED:
                yield "bounced"


def _only_more(one: Measure) -> Measure:
    """Of a day that is not over nobody can say that less was counted than usual."""
    return msgspec.structs.replace(one, changed=one.changed and one.usual is not None and one.count > one.usual)


def _is_blind(reader: Reader, counted: Counter[str], from_us: int, to_us: int) -> bool:
    mail = counted["arrived"] + counted["sent"] + counted["deferred"] + counted["bounced"]
    return bool(mail) and not counted["logins"] and reader.has_bare_names(from_us, to_us, "login_account")


def _midnight_us(day: date, zone: tzinfo) -> int:
    return round(datetime.combine(day, time(), zone).timestamp()) * 1_000_000
