"""Numbers over time: by hour for a day's chart, by week for the weekly report."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo

import msgspec
import pandas as pd

from mailwarden.alerts.risk.score import daily
from mailwarden.pipeline.answers.risks import Standing
from mailwarden.pipeline.report.figures import day_start_us, measure_masks
from mailwarden.pipeline.store import Store

__all__ = ["Hours", "Week", "by_hour", "by_week"]

_HOUR_US = 3_600_000_000
_COLUMNS = ["hour_us", "name", "a", "b", "c", "count"]
_HOURS_MOST = 48  # a longer stretch is charted by day
WEEKS = 8
_AS_SPAM = ("spam_content", "reputation", "blocklist")
_WEEKLY = ("lines", "delivery", "message", "reject", "login", "auth_failure")


class Hours(msgspec.Struct, frozen=True):
    """Failed logins along the time of a report: one number an hour, or a day where it is long."""

    from_us: int
    step_us: int
    failed: list[int]


class Week(msgspec.Struct, frozen=True):
    """What is told of one week beside others."""

    first: str  # its Monday or first day, ISO
    failed_logins: int
    sent: int
    bounced: int
    deferred: int
    clear_logins: int
    pop3_logins: int
    logins: int
    taken_for_spam: int = 0  # refused or put off for what it was, or for our name
    providers: dict[str, tuple[int, int]] = {}  # by provider: deliveries taken, and not taken
    risk: int | None = None  # the highest of our worst sender; None: nothing is kept of it


def by_hour(store: Store, first: date, last: date, zone: tzinfo) -> Hours:
    """Count failed logins of strangers and others by the hour, or by the day where more than two are told."""
    from_us, to_us = day_start_us(first, zone), day_start_us(last + timedelta(days=1), zone)
    step_us = _HOUR_US if (to_us - from_us) // _HOUR_US <= _HOURS_MOST else 24 * _HOUR_US
    frame = pd.DataFrame(store.rollups(from_us, to_us, "auth_failure"), columns=_COLUMNS)
    slots = max(1, -(-(to_us - from_us) // step_us))
    counts = frame.groupby((frame["hour_us"] - from_us) // step_us)["count"].sum().reindex(range(slots), fill_value=0)
    return Hours(from_us, step_us, [int(count) for count in counts])


def by_week(store: Store, last: date, zone: tzinfo, standings: Sequence[Standing], weeks: int = WEEKS) -> list[Week]:
    """Sum what is told of the weeks that end with a day, the oldest first; weeks in which nothing was read are left out."""
    found = []
    risks = _risk_by_day(standings, 7 * weeks + 7)
    for back in range(weeks - 1, -1, -1):
        end = last - timedelta(days=7 * back)
        begin = end - timedelta(days=6)
        rows = store.rollup_sums(day_start_us(begin, zone), day_start_us(end + timedelta(days=1), zone), _WEEKLY)
        if rows:
            known = [risks[day] for n in range(7) if (day := begin + timedelta(days=n)) in risks]
            found.append(msgspec.structs.replace(_week(begin, rows), risk=max(known, default=None)))
    return found


def _risk_by_day(standings: Sequence[Standing], days: int) -> dict[date, int]:
    """Give the risk of the worst sender of each of the last days (UTC) of which something is kept."""
    worst: dict[date, int] = {}
    for one in standings:
        today = datetime.fromtimestamp(one.as_of_us / 1_000_000, UTC).date()
        for back, score in enumerate(reversed(daily(one.sender, one.as_of_us, one.risk.score, days))):
            if score is not None:
                day = today - timedelta(days=back)
                worst[day] = max(score, worst.get(day, 0))
    return worst


def _week(begin: date, rows: Sequence[tuple[str, str, str, str, int]]) -> Week:
    frame = pd.DataFrame(rows, columns=["name", "a", "b", "c", "count"])
    masks = {name: mask for name, mask in measure_masks(frame).items() if name in Week.__struct_fields__}
    masks["pop3_logins"] = masks["logins"] & (frame["a"] == "pop3")
    away = (frame["name"] == "delivery") & (frame["a"] != "local") & (frame["b"] != "retried")
    masks["taken_for_spam"] = away & frame["c"].isin(_AS_SPAM)
    counts = {key: int(frame["count"].where(mask, 0).sum()) for key, mask in masks.items()}
    return Week(begin.isoformat(), providers=_providers(frame[away]), **counts)


def _providers(deliveries: pd.DataFrame) -> dict[str, tuple[int, int]]:
    """Count by provider how many deliveries were taken and how many not, those that get most first."""
    taken = deliveries["count"].where(deliveries["b"] == "sent", 0).groupby(deliveries["a"]).sum()
    all_ = deliveries.groupby("a")["count"].sum().sort_values(ascending=False, kind="stable")
    return {str(name): (int(taken[name]), int(number - taken[name])) for name, number in all_.items()}
