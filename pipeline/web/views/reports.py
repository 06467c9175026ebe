"""Reports: those of a day and of a week as they are sent, and two days beside each other."""

import json
import os
import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

import msgspec

from mailwarden.alerts.terms import SEVERITIES
from mailwarden.alerts.words.translate import N_, Translator
from mailwarden.parsers.errors import StoreError, coded
from mailwarden.pipeline.answers.words import MEASURES
from mailwarden.pipeline.configuration.zones import zone_words
from mailwarden.pipeline.rollup_span import OTHER
from mailwarden.pipeline.service.reporting import report_directory, report_name
from mailwarden.pipeline.store import Reader
from mailwarden.pipeline.web.jobs import Jobs, Made
from mailwarden.pipeline.web.visitor import Visitor

__all__ = [
    "ReportQuery",
    "ReportsView",
    "counted_since",
    "kept_html",
    "read_report_query",
    "report_html",
    "reports_view",
    "servers_of",
]

_FRESH_S = 60.0  # of a day that goes on
_OLD_S = 3600.0
_DAYS = 14  # offered to click on
_FIRST_YEAR = 1990
_SEEN_DAYS = 2
_DAY_US = 86_400_000_000
_FOUND = (
    (N_("critical incidents"), SEVERITIES[4:]),
    (N_("incidents to watch"), SEVERITIES[2:4]),
    (N_("minor incidents"), SEVERITIES[:2]),
)
_SERVER = re.compile(r"[a-z0-9][a-z0-9._:-]{0,252}")


class ReportQuery(msgspec.Struct, frozen=True):
    """What stands in the address bar: a day, or the week that ends with it; beside another."""

    day: date
    week: bool = False
    beside: date | None = None
    domain: str = ""
    server: str = ""

    @property
    def first(self) -> date:
        """The first of its days."""
        return self.day - timedelta(days=6) if self.week else self.day

    @property
    def name(self) -> str:
        """The name under which the service keeps it, where it was sent."""
        return report_name(self.first, self.day, self.domain, self.server)

    def values(self, **other: object) -> dict[str, object]:
        """Give it as it stands in the address bar, with some of it changed."""
        values: dict[str, object] = {
            "day": self.day.isoformat(),
            "week": "1" if self.week else "",
            "with": self.beside.isoformat() if self.beside else "",
            "domain": self.domain,
            "server": self.server,
        }
        return values | other


class Pair(msgspec.Struct, frozen=True):
    """A number of the day and of the one beside it."""

    word: str
    one: int
    other: int
    mark: str
    change: str  # by which part of the other; "" where that says nothing


class ReportsView(msgspec.Struct, frozen=True):
    """One report, and the way to others. `made` False: it is being made, look again."""

    query: ReportQuery
    days: list[date]
    made: bool
    kept: bool  # the mail that was sent is there, too
    fault: str
    verdict: str
    pairs: list[Pair]
    domains: tuple[str, ...]
    servers: tuple[str, ...]  # empty where there is one


def counted_since(reader: Reader, zone: tzinfo) -> date:
    """Give the first day that something was counted of."""
    return datetime.fromtimestamp((reader.store.first_rollup_us() or 0) / 1_000_000, zone).date()


def read_report_query(values: Mapping[str, str], visitor: Visitor, today: date, began: date = date.min) -> ReportQuery:
    """Read the address bar; what cannot be understood is left out.

    Args:
        values: What stands there.
        visitor: Who asks.
        today: The day of the site that goes on; yesterday's report is shown first,
        began: unless nothing was counted before today.
    """
    domain, server = values.get("domain", "").lower(), values.get("server", "").lower()
    if visitor.domains is not None and domain not in visitor.domains:
        domain = visitor.domains[0] if visitor.domains else ""
    day = _day(values.get("day", ""), today) or (today if began >= today else today - timedelta(days=1))
    return ReportQuery(
        day=day,
        week=values.get("week") == "1",
        beside=_day(values.get("with", ""), today),
        domain=domain if visitor.domains is not None else "",
        server=server if visitor.sees_all and _SERVER.fullmatch(server) else "",
    )


def reports_view(
    jobs: Jobs,
    store: Path,
    query: ReportQuery,
    visitor: Visitor,
    tongue: Translator,
    zone: tzinfo,
    now: datetime,
    host: str,
    servers: tuple[str, ...] = (),
    began: date = date.min,
) -> ReportsView:
    """Give a report, or say that it is being made."""
    today = now.astimezone(zone).date()
    made = _ask(jobs, store, query, tongue, zone, today, host)
    other = None
    if query.beside is not None:
        beside = msgspec.structs.replace(query, day=query.beside, beside=None)
        other = _ask(jobs, store, beside, tongue, zone, today, host)
    data = _data(made)
    return ReportsView(
        query=query,
        days=[day for day in (today - timedelta(days=n) for n in range(_DAYS)) if day >= began or day == today],
        made=made is not None and (query.beside is None or other is not None),
        kept=os.access(_kept(store.parent, query), os.R_OK),
        fault=tongue.told(made.fault) if made is not None else "",
        verdict=str(data.get("verdict", "")),
        pairs=_pairs(data, _data(other), tongue),
        domains=visitor.domains or (),
        servers=servers,
    )


def servers_of(reader: Reader, visitor: Visitor, now_us: int) -> tuple[str, ...]:
    """List the servers whose lines were read of late, where there are several and the visitor may see them all."""
    if not visitor.sees_all:
        return ()
    found = {row.a.lower() for row in reader.sums(now_us - _SEEN_DAYS * _DAY_US, now_us + _DAY_US, ("host_lines",))}
    return tuple(sorted(found - {OTHER})) if len(found) > 1 else ()


def kept_html(state: Path, query: ReportQuery) -> str | None:
    """Give a report as the service sent it, which later lines do not change; None where none is kept."""
    try:
        return _kept(state, query).read_text()
    except OSError:
        return None


def _kept(state: Path, query: ReportQuery) -> Path:
    return report_directory(state) / f"{query.name}.html"


def report_html(
    jobs: Jobs, store: Path, query: ReportQuery, tongue: Translator, zone: tzinfo, now: datetime, host: str
) -> str | None:
    """Give a report as it is sent; None where it is not there yet.

    Raises:
        StoreError: It cannot be made.
    """
    made = _ask(jobs, store, query, tongue, zone, now.astimezone(zone).date(), host)
    if made is None:
        return None
    if made.fault:
        raise StoreError(coded("MW4110", "{error}", error=made.fault))
    return str(json.loads(made.out)["html"])


def _ask(
    jobs: Jobs, store: Path, query: ReportQuery, tongue: Translator, zone: tzinfo, today: date, host: str
) -> Made | None:
    words = [
        "mailwarden.pipeline.report", str(store), "--page", "--from", query.first.isoformat(), "--to",
        query.day.isoformat(), *zone_words(zone), "--language", tongue.language,
    ]  # fmt: skip
    words += ["--weekly"] if query.week else []
    words += [f"--domain={query.domain}"] if query.domain else []
    words += [f"--server={query.server}"] if query.server else []
    words += [f"--host={host}"] if host else []
    return jobs.get(words, _FRESH_S if query.day >= today - timedelta(days=1) else _OLD_S)


def _data(made: Made | None) -> dict[str, Any]:
    if made is None or made.fault:
        return {}
    data = json.loads(made.out)["data"]
    return data if isinstance(data, dict) else {}


def _pairs(one: dict[str, Any], other: dict[str, Any], tongue: Translator) -> list[Pair]:
    if not one or not other:
        return []
    pairs = [_pair(word, _found(one, levels), _found(other, levels), tongue) for word, levels in _FOUND]
    for name, measure in one.get("measures", {}).items():
        beside = other.get("measures", {}).get(name)
        if beside is None or name not in MEASURES:
            continue
        pairs.append(_pair(MEASURES[name], int(measure["count"]), int(beside["count"]), tongue))
    return pairs


def _found(data: dict[str, Any], levels: tuple[str, ...]) -> int:
    """Count the incidents of a report."""
    return sum(one["severity"] in levels for one in data.get("incidents", ()))


def _pair(word: str, one: int, other: int, tongue: Translator) -> Pair:
    mark = "▲" if one > other else "▼" if one < other else "="
    change = tongue.value("x_ratio", abs(one - other) / other) if one != other and other else ""
    if one != other and not (one and other):
        change = tongue.gettext("gone") if other else tongue.gettext("new")
    return Pair(tongue.gettext(word), one, other, mark, change)


def _day(text: str, today: date) -> date | None:
    try:
        day = date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None
    return day if day is not None and day.year >= _FIRST_YEAR and day <= today else None
