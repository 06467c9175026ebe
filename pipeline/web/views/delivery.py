"""Delivery: which provider slows or refuses us, since when, and why?"""

from collections import Counter, defaultdict
from collections.abc import Mapping

import msgspec

from mailwarden.alerts.words.providers import provider_name
from mailwarden.alerts.words.translate import N_, Translator
from mailwarden.pipeline.answers.words import CLASSES
from mailwarden.pipeline.rollup_span import OTHER
from mailwarden.pipeline.store import HourRow, IncidentFilter, Reader, SumRow
from mailwarden.pipeline.web.views.measures import HOUR_US
from mailwarden.pipeline.web.views.plot import Plot, plot

__all__ = ["SPANS", "DeliveryView", "delivery_view", "read_span"]

SPANS = {"1": N_("24 hours"), "7": N_("7 days"), "30": N_("30 days")}
_STEPS = {"1": 1, "7": 6, "30": 24}  # hours of a point of the chart, by days
_FAILED = ("bounced", "expired", "undeliverable")
_FEW = 5  # failures from which on a provider is marked, where they are
_RATIO = 0.05  # this part of its mail; as the report has it
_REASONS = 3
_DOMAINS = 10


class Provider(msgspec.Struct, frozen=True):
    """How one provider took our mail. `since_us` is the first hour of its trouble in this time, 0 without."""

    id: str
    name: str
    sent: int
    deferred: int
    bounced: int
    waited: int  # an hour or longer
    reasons: list[tuple[str, int]]
    bad: bool
    share: float
    since_us: int


class DeliveryView(msgspec.Struct, frozen=True):
    """All providers, those with trouble first, and one of them by the hour."""

    days: str
    spans: list[tuple[str, str, bool]]
    providers: list[Provider]
    bad_names: list[str]
    chosen: str
    chosen_name: str
    charts: list[Plot]
    domains: list[Provider]  # of ours, whose mail it was,
    domains_us: int  # since the beginning of that day
    local: int
    incidents: int


def read_span(values: Mapping[str, str]) -> str:
    """Read how many days are wanted."""
    days = values.get("days", "1")
    return days if days in SPANS else "1"


def delivery_view(reader: Reader, days: str, chosen: str, tongue: Translator, now_us: int) -> DeliveryView:
    """Count how our mail was taken."""
    to_us = now_us - now_us % HOUR_US + HOUR_US
    from_us = to_us - int(days) * 24 * HOUR_US
    rows = reader.sums(from_us, to_us, ("delivery", "delivery_waited"))
    away: dict[str, list[SumRow]] = defaultdict(list)
    for row in rows:
        away[row.a].append(row)
    local = sum(row.number for row in away.pop("local", []) if row.name == "delivery" and row.b == "sent")
    providers = [_provider(name, of, tongue) for name, of in away.items()]
    providers.sort(key=lambda one: (not one.bad, -(one.deferred + one.bounced), -one.sent, one.name))
    chosen = chosen if chosen in away else (providers[0].id if providers else "")
    began_us = reader.store.first_rollup_us() or 0
    if began_us > from_us - 24 * HOUR_US:  # counts of a day stand at its midnight, before the first line
        began_us = min((row.first_us for row in rows), default=to_us)
    step_us = _STEPS[days] * HOUR_US
    begins = list(range(max(from_us, began_us), to_us, step_us))
    of_one = reader.hours(from_us, to_us, ("delivery",), a=chosen) if chosen else []
    domains, domains_us = _domains(reader, from_us, to_us, chosen) if chosen else ([], 0)
    return DeliveryView(
        days=days,
        spans=[(value, tongue.gettext(word), value == days) for value, word in SPANS.items()],
        providers=providers,
        bad_names=[one.name for one in sorted(providers, key=lambda one: one.id == OTHER) if one.bad],
        chosen=chosen,
        chosen_name=_name(chosen, tongue) if chosen else "",
        charts=_charts(of_one, begins, step_us, tongue),
        domains=domains,
        domains_us=domains_us,
        local=local,
        incidents=reader.count(IncidentFilter(statuses=("open", "quiet"), category="blocklist_risk")),
    )


def _provider(name: str, rows: list[SumRow], tongue: Translator) -> Provider:
    by_status: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    waited = 0
    trouble: list[int] = []
    for row in rows:
        if row.name == "delivery_waited":
            waited += row.number if row.b in ("hour", "day") else 0
            continue
        by_status["bounced" if row.b in _FAILED else row.b] += row.number
        if row.b == "deferred" or row.b in _FAILED:
            trouble.append(row.first_us)
            reasons[row.c or "other"] += row.number
    words = [
        (tongue.gettext(CLASSES[reason]) if reason in CLASSES else reason, number)
        for reason, number in reasons.most_common(_REASONS)
    ]
    return _of(name, _name(name, tongue), by_status, words, waited, min(trouble, default=0))


def _of(
    id_: str, name: str, by_status: Counter[str], reasons: list[tuple[str, int]], waited: int = 0, since_us: int = 0
) -> Provider:
    sent, failed = by_status["sent"], by_status["deferred"] + by_status["bounced"]
    return Provider(
        id=id_,
        name=name,
        sent=sent,
        deferred=by_status["deferred"],
        bounced=by_status["bounced"],
        waited=waited,
        reasons=reasons,
        bad=failed >= _FEW and failed >= _RATIO * (sent + failed),
        share=failed / (sent + failed) if sent + failed else 0.0,
        since_us=since_us,
    )


def _domains(reader: Reader, from_us: int, to_us: int, chosen: str) -> tuple[list[Provider], int]:
    """Count how one provider took the mail of each of our domains, those with trouble first, and since which day.

    It is counted by the day and stands at its midnight: the day in which the time begins counts as a whole.
    """
    by_domain: dict[str, Counter[str]] = defaultdict(Counter)
    rows = reader.sums(from_us - 23 * HOUR_US, to_us, ("delivery_domain",), b=chosen)
    for row in rows:
        by_domain[row.a]["bounced" if row.c in _FAILED else row.c] += row.number
    found = [_of(name, name, by_status, []) for name, by_status in by_domain.items()]
    found.sort(key=lambda one: (not one.bad, -(one.deferred + one.bounced), -one.sent, one.name))
    return found[:_DOMAINS], min((row.first_us for row in rows), default=0)


def _charts(rows: list[HourRow], begins: list[int], step_us: int, tongue: Translator) -> list[Plot]:
    if len(begins) < 2:
        return []
    counts: dict[str, Counter[int]] = {"sent": Counter(), "failed": Counter()}
    for row in rows:
        if row.name == "delivery" and row.b != "retried":
            begin_us = row.hour_us - (row.hour_us - begins[0]) % step_us
            counts["sent" if row.b == "sent" else "failed"][begin_us] += row.number
    return [
        plot("taken", tongue.gettext("Taken"), begins, [counts["sent"][at_us] for at_us in begins]),
        plot("not-taken", tongue.gettext("Put off or refused"), begins, [counts["failed"][at_us] for at_us in begins]),
    ]


def _name(provider: str, tongue: Translator) -> str:
    return tongue.gettext("all others") if provider == OTHER else provider_name(provider)
