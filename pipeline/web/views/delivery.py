"""Delivery: which provider slows or refuses us, since when, and why?"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from statistics import median
from typing import Any

import msgspec

from mailwarden.alerts.words.providers import provider_name
from mailwarden.alerts.words.translate import N_, Translator
from mailwarden.parsers.errors import StoreError
from mailwarden.pipeline.answers.words import CLASSES
from mailwarden.pipeline.archive.index import ELSEWHERE, Index, refusal_of
from mailwarden.pipeline.archive.refusals import newest_refusals
from mailwarden.pipeline.rollup_span import OTHER
from mailwarden.pipeline.store import HourRow, IncidentFilter, Reader, SumRow
from mailwarden.pipeline.web.views.measures import HOUR_US
from mailwarden.pipeline.web.views.messages import listed
from mailwarden.pipeline.web.views.plot import Plot, plot
from mailwarden.pipeline.web.views.replies import Reply, replies_of

__all__ = ["SPANS", "DeliveryView", "delivery_view", "read_span"]

SPANS = {"1": N_("24 hours"), "7": N_("7 days"), "30": N_("30 days")}
_STEPS = {"1": 1, "7": 6, "30": 24}  # hours of a point of the chart, by days
_FAILED = ("bounced", "expired", "undeliverable")
_FEW = 5  # failures from which on a provider is marked, where they are
_RATIO = 0.05  # this part of its mail; as the report has it
_REASONS = 3
_DOMAINS = 10
_ASKED = 40  # provider and reason, of which what was said is looked for


class Reason(msgspec.Struct, frozen=True):
    """Why mail was not taken: in words, how often, and what was said, the most frequent kind of reply first."""

    word: str
    number: int
    replies: list[Reply]


class Ages(msgspec.Struct, frozen=True):
    """How old mail was when it was put off, of the newest that was: in the middle, and at most."""

    median_s: float
    longest_s: float


class Provider(msgspec.Struct, frozen=True):
    """How one provider took our mail.

    `waited` was taken after an hour or more, `waited_day` of these after a day or more; `ages` are those of what it put off.
    `since_us` is the first hour of its trouble in this time, 0 without.
    """

    id: str
    name: str
    sent: int
    deferred: int
    bounced: int
    waited: int
    waited_day: int
    ages: Ages | None
    reasons: list[Reason]
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
    said: list[Reason]  # by the one that is looked at, every reason
    charts: list[Plot]
    domains: list[Provider]  # of ours, whose mail it was,
    more_domains: int
    reasons_shown: int  # of each in the list of all
    domains_us: int  # since the beginning of that day
    local: int
    incidents: int


def read_span(values: Mapping[str, str]) -> str:
    """Read how many days are wanted."""
    days = values.get("days", "1")
    return days if days in SPANS else "1"


def delivery_view(
    reader: Reader, days: str, chosen: str, tongue: Translator, now_us: int, index: Index | None = None
) -> DeliveryView:
    """Count how our mail was taken; what was said of it comes from the archive that `index` is of."""
    to_us = now_us - now_us % HOUR_US + HOUR_US
    from_us = to_us - int(days) * 24 * HOUR_US
    rows = reader.sums(from_us, to_us, ("delivery", "delivery_waited"))
    away: dict[str, list[SumRow]] = defaultdict(list)
    for row in rows:
        away[row.a].append(row)
    local = sum(row.number for row in away.pop("local", []) if row.name == "delivery" and row.b == "sent")
    reasons = {name: _reasons(of) for name, of in away.items()}
    refused = _refused(index, reasons, from_us) if index is not None else []
    replies, ages = replies_of(refused), _ages(refused)
    said = {
        name: [_reason(name, klass, number, replies, tongue) for klass, number in of.most_common()]
        for name, of in reasons.items()
    }
    providers = [_provider(name, of, said[name], ages.get(name), tongue) for name, of in away.items()]
    providers.sort(key=lambda one: (not one.bad, one.id == OTHER, -(one.deferred + one.bounced), -one.sent, one.name))
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
        chosen_name=tongue.gettext("other receivers") if chosen == OTHER else _name(chosen, tongue) if chosen else "",
        said=[one for one in said.get(chosen, ()) if one.replies],
        charts=_charts(of_one, begins, step_us, tongue),
        domains=domains[:_DOMAINS],
        reasons_shown=_REASONS,
        more_domains=max(0, len(domains) - _DOMAINS),
        domains_us=domains_us,
        local=local,
        incidents=reader.count(IncidentFilter(statuses=("open", "quiet"), category="blocklist_risk")),
    )


def _reasons(rows: list[SumRow]) -> Counter[str]:
    """Count why mail was not taken, by class."""
    reasons: Counter[str] = Counter()
    for row in rows:
        if row.name == "delivery" and (row.b == "deferred" or row.b in _FAILED):
            reasons[row.c or ELSEWHERE] += row.number
    return reasons


def _refused(index: Index, reasons: Mapping[str, Counter[str]], from_us: int) -> list[dict[str, Any]]:
    """Give the newest deliveries that failed, of each provider and class."""
    pairs = [(name, klass) for name, of in reasons.items() for klass in of]
    pairs.sort(key=lambda pair: -reasons[pair[0]][pair[1]])
    try:
        return newest_refusals(index, pairs[:_ASKED], from_us)
    except StoreError:  # a damaged file of the archive: the counts are shown all the same
        return []


def _ages(refused: Iterable[Mapping[str, Any]]) -> dict[str, Ages]:
    """Measure how old each provider's mail was when it was last put off, each recipient of a message once."""
    ages: dict[str, dict[tuple[str, ...], float]] = defaultdict(dict)
    for event in refused:  # the newest first
        pair, age_s = refusal_of(event), event.get("mail.delivery.delay")
        if pair is None or age_s is None or event.get("mail.delivery.status") != "deferred":
            continue
        message = (str(event.get("host.hostname")), str(event.get("mail.queue.id")))
        ages[pair[0]].setdefault((*message, *listed(event.get("email.to.address"))), float(age_s))
    return {name: Ages(median(of.values()), max(of.values())) for name, of in ages.items()}


def _reason(
    name: str, klass: str, number: int, replies: Mapping[tuple[str, str], list[Reply]], tongue: Translator
) -> Reason:
    word = tongue.gettext(CLASSES[klass]) if klass in CLASSES else klass
    return Reason(word, number, replies.get((name, klass), []))


def _provider(name: str, rows: list[SumRow], reasons: list[Reason], ages: Ages | None, tongue: Translator) -> Provider:
    by_status: Counter[str] = Counter()
    waited: Counter[str] = Counter()
    trouble: list[int] = []
    for row in rows:
        if row.name == "delivery_waited":
            waited[row.b] += row.number
            continue
        by_status["bounced" if row.b in _FAILED else row.b] += row.number
        if row.b == "deferred" or row.b in _FAILED:
            trouble.append(row.first_us)
    found = _of(name, _name(name, tongue), by_status, reasons)
    return msgspec.structs.replace(
        found,
        waited=waited["hour"] + waited["day"],
        waited_day=waited["day"],
        ages=ages,
        since_us=min(trouble, default=0),
    )


def _of(id_: str, name: str, by_status: Counter[str], reasons: list[Reason]) -> Provider:
    sent, failed = by_status["sent"], by_status["deferred"] + by_status["bounced"]
    return Provider(
        id=id_,
        name=name,
        sent=sent,
        deferred=by_status["deferred"],
        bounced=by_status["bounced"],
        waited=0,
        waited_day=0,
        ages=None,
        reasons=reasons,
        bad=failed >= _FEW and failed >= _RATIO * (sent + failed),
        share=failed / (sent + failed) if sent + failed else 0.0,
        since_us=0,
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
    return found, min((row.first_us for row in rows), default=0)


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
    return tongue.gettext("Other receivers") if provider == OTHER else provider_name(provider)
