"""Now: is everything all right, and what needs me?"""

from collections import Counter
from datetime import tzinfo

import msgspec

from mailwarden.alerts.incidents.incident import Incident
from mailwarden.alerts.risk.score import CALM
from mailwarden.alerts.risk.words import trend_word
from mailwarden.alerts.words.providers import provider_name
from mailwarden.alerts.words.translate import N_, Translator
from mailwarden.pipeline.answers.dates import due_text, next_dates
from mailwarden.pipeline.answers.risks import read_risks
from mailwarden.pipeline.answers.words import CLASSES, PROTOCOLS
from mailwarden.pipeline.configuration.configuration import Configuration, Report
from mailwarden.pipeline.rollup_span import OTHER
from mailwarden.pipeline.store import IncidentFilter, OutboxCounts, Reader
from mailwarden.pipeline.web.pulse import Pulse
from mailwarden.pipeline.web.views.card import Card, cards, quieted, sentences_of, silences_of, steps_of
from mailwarden.pipeline.web.views.measures import HOUR_US, Measures, measure, per_hour, usual_per_hour
from mailwarden.pipeline.web.views.numbers import OwnNumbers, Row, measure_word, own_numbers, row_of
from mailwarden.pipeline.web.views.plot import Plot, plot
from mailwarden.pipeline.web.views.reputation import risk_tone
from mailwarden.pipeline.web.visitor import Visitor

__all__ = ["NowView", "now_view"]

_SHOWN = 8
_WAITS = 5
_DATES = 6
_NEAR_DAYS = 14  # in which a certificate must be renewed: most programs do it a month before
_LOOKED_AT = 200  # of what needs a person; beyond that nobody reads
_WORTH = ("critical", "high", "medium")
_MINOR = ("low", "info")
_UNDERSTOOD = 0.99  # below it the log is not well read
_LEAST_HOURS = 2  # of a chart
_PROMPT_US = 60_000_000  # a notice that leaves within this was not late


class Protocol(msgspec.Struct, frozen=True):
    """How people log in by one protocol; `tls` is a share, None where no line tells."""

    code: str
    name: str
    logins: int
    tls: float | None
    clear: int


class Waits(msgspec.Struct, frozen=True):
    """A provider that lets our mail wait: how many, and the main reason."""

    name: str
    deferred: int
    reason: str


class Date(msgspec.Struct, frozen=True):
    """What falls due, and whether it is near enough to be looked at."""

    at_us: int
    whole_day: bool
    what: str
    mark: str


class NowView(msgspec.Struct, frozen=True):
    """The first page.

    Args:
        tone: Of the verdict: ok, minor, watch or critical.
        verdict: The sentence that judges.
        warnings: What would make calm false: notices that wait, lines not understood.
        needs: What needs a person, the worst first.
        next_step: What to do first about the worst of them; "" where nothing is, or it would name others.
        more: How many more do.
        held: How many are silenced, and how many of these are critical.
        minor: How many are minor.
        until_us: Where the 24 hours end: the hour that goes on is not over yet.
        measures: Numbers of 24 hours; None for who sees only a part.
        history: Whether there is a usual.
        charts: By the hour.
        protocols: How people log in.
        waits: Who lets our mail wait.
        dates: What falls due next.
    """

    tone: str
    verdict: str
    warnings: list[str]
    is_told: bool  # False: no channel is set, so calm here is known to whoever looks, and trouble, too
    needs: list[Card]
    next_step: str
    more: int
    held: int
    held_critical: int
    minor: int
    until_us: int
    is_read: bool  # False: no line was read, so nothing is known
    measures: Measures | None
    rows: list[Row]
    own: OwnNumbers | None  # of who sees only a part
    history: bool
    charts: list[Plot]
    protocols: list[Protocol]
    waits: list[Waits]
    dates: list[Date]
    risk: str  # of the sender that is nearest to a block; "" where none is judged
    risk_mark: str


def now_view(
    reader: Reader,
    visitor: Visitor,
    tongue: Translator,
    zone: tzinfo,
    pulse: Pulse,
    now_us: int,
    present_us: int,
    configuration: Configuration,
) -> NowView:
    """Look at everything that is open, and at the 24 hours before `present_us`."""
    wanted = IncidentFilter(
        statuses=("open", "quiet"), severities=_WORTH, domains=visitor.domains, parts=not visitor.sees_all
    )
    silences = silences_of(reader)
    found = reader.incidents(wanted, limit=_LOOKED_AT)
    needing = [one for one in found if quieted(one, silences, now_us, visitor) is None]
    minor = reader.count(msgspec.structs.replace(wanted, severities=_MINOR))
    measures = measure(reader, present_us) if visitor.sees_all else None
    rows = [row_of(one, tongue) for one in measures.numbers] if measures else []
    own = own_numbers(reader, visitor.domains, tongue, zone, present_us) if visitor.domains is not None else None
    warnings = (
        _warnings(reader.store.outbox_counts(now_us - _PROMPT_US), measures, pulse, tongue, zone, now_us)
        if visitor.sees_all
        else []
    )
    history = any(row.usual for row in rows)
    read = measures is not None and measures.lines > 0  # nothing read is no calm
    calm = history and read and not warnings and not any(row.mark for row in rows)
    if own is not None:
        calm = own.is_calm
    critical, watch = _how_many(found, needing, reader, wanted)
    tone, verdict = _verdict(critical, watch, pulse, calm, tongue)
    if tone == "ok" and visitor.sees_all and not read:
        tone, verdict = "watch", tongue.gettext("Nothing was read: nobody knows whether all is well.")
    if tone == "ok" and warnings and not pulse.lost:
        tone, verdict = "watch", tongue.gettext("Nothing is known to be wrong, but not everything is as it should be:")
    shown = needing[:_SHOWN]
    sentences = sentences_of(reader, shown, visitor, tongue, zone)
    risk_mark, risk = _risk(reader, tongue, present_us, configuration.called) if visitor.sees_all else ("", "")
    return NowView(
        tone=tone,
        verdict=verdict,
        warnings=warnings,
        is_told=bool(configuration.channels) or not visitor.sees_all,
        needs=cards(shown, sentences, silences, visitor, now_us),
        next_step=next((step.text for one in shown[:1] for step in steps_of(one, sentences, visitor)), ""),
        more=max(0, critical + watch - _SHOWN),
        held=len(found) - len(needing),
        held_critical=_criticals(found) - _criticals(needing),
        minor=minor,
        until_us=min(measures.to_us, present_us) if measures else 0,
        is_read=read or not visitor.sees_all,
        measures=measures,
        rows=rows,
        own=own,
        history=history,
        charts=_plots(reader, measures, tongue) if measures else [],
        protocols=_protocols(measures) if measures else [],
        waits=_waits(measures, tongue) if measures else [],
        dates=_dates(reader, visitor, tongue, zone, now_us, configuration.report),
        risk=risk,
        risk_mark=risk_mark,
    )


def _criticals(incidents: list[Incident]) -> int:
    return sum(1 for one in incidents if one.severity == "critical")


def _dates(
    reader: Reader, visitor: Visitor, tongue: Translator, zone: tzinfo, now_us: int, report: Report
) -> list[Date]:
    found = next_dates(reader.store, now_us, zone, report=report if visitor.sees_all else None, owns=visitor.owns)
    near_us = now_us + _NEAR_DAYS * 24 * HOUR_US
    return [
        Date(
            one.at_us,
            one.whole_day,
            due_text(one, tongue),
            "▲" if one.kind == "certificate" and one.at_us < near_us else "",
        )
        for one in found[:_DATES]
    ]


def _plots(reader: Reader, measures: Measures, tongue: Translator) -> list[Plot]:
    """Draw two of the numbers, from the first hour that was ever counted on: what was before is not nothing."""
    began_us = reader.store.first_rollup_us() or measures.to_us
    if began_us > measures.from_us - 24 * HOUR_US:  # counts of a day stand at its midnight, before the first line
        began_us = min((row.hour_us for row in measures.rows if row.name == "lines"), default=began_us)
    plots = []
    for name in ("failed_logins", "sent"):
        hours, counts = per_hour(measures, name)
        first = next((place for place, hour in enumerate(hours) if hour >= began_us), len(hours))
        if len(hours) - first >= _LEAST_HOURS:
            plots.append(
                plot(
                    name,
                    measure_word(name, tongue),
                    hours[first:],
                    counts[first:],
                    usual_per_hour(reader, measures, name)[first:],
                )
            )
    return plots


def _protocols(measures: Measures) -> list[Protocol]:
    by_name: dict[str, Counter[str]] = {}
    for row in measures.rows:
        if row.name == "login":
            by_name.setdefault(row.a, Counter())[row.b] += row.number
    made = []
    for name, tls in by_name.items():
        told = tls.total() - tls["unknown"]
        share = (told - tls["no"]) / told if told else None
        made.append(Protocol(name, PROTOCOLS.get(name, name or "?"), tls.total(), share, tls["no"]))
    return sorted(made, key=lambda one: (-one.logins, one.name))


def _risk(reader: Reader, tongue: Translator, present_us: int, called: str) -> tuple[str, str]:
    """Give the mark and the words for the sender that is nearest to a block."""
    standings, _ = read_risks(reader.store, present_us, called=called)
    if not standings:
        return "", ""
    worst = standings[0]
    values = {"sender": worst.shown, "risk": worst.risk.score, "trend": trend_word(worst.risk.trend, tongue)}
    mark = risk_tone(worst.risk.score)[0] if worst.risk.score >= CALM else ""
    return mark, tongue.say(N_("{risk} of 100, {trend} ({sender})"), values)


def _waits(measures: Measures, tongue: Translator) -> list[Waits]:
    reasons: dict[str, Counter[str]] = {}
    for row in measures.rows:
        if row.name == "delivery" and row.a != "local" and row.b == "deferred":
            reasons.setdefault(row.a, Counter())[row.c] += row.number
    waits = []
    for name, by_class in sorted(reasons.items(), key=lambda one: -one[1].total())[:_WAITS]:
        reason = by_class.most_common(1)[0][0]
        word = tongue.gettext(CLASSES[reason]) if reason in CLASSES else reason
        word = "" if reason == "other" else word
        who = tongue.gettext("Other receivers") if name == OTHER else provider_name(name)
        waits.append(Waits(who, by_class.total(), word))
    return waits


def _how_many(
    found: list[Incident], needing: list[Incident], reader: Reader, wanted: IncidentFilter
) -> tuple[int, int]:
    """Count what needs a person, critical and others; beyond what is looked at, all that is open counts."""
    critical = _criticals(needing)
    watch = len(needing) - critical
    if len(found) < _LOOKED_AT:
        return critical, watch
    held = len(found) - len(needing)
    held_critical = _criticals(found) - critical
    all_critical = reader.count(msgspec.structs.replace(wanted, severities=("critical",)))
    return all_critical - held_critical, reader.count(wanted) - all_critical - (held - held_critical)


def _verdict(critical: int, watch: int, pulse: Pulse, calm: bool, tongue: Translator) -> tuple[str, str]:
    parts = []
    if critical:
        parts.append(tongue.count("{number} critical", "{number} critical", critical))
    if watch:
        parts.append(tongue.count("{number} to watch", "{number} to watch", watch))
    told = tongue.say(N_("{told}."), {"told": tongue.gettext(", ").join(parts)}) if parts else ""
    tone = "critical" if critical else "watch" if watch else "ok"
    if pulse.tone == "critical":
        blind = tongue.gettext("Nobody is watching: what happens now is not seen.")
        if pulse.lost:
            blind = tongue.gettext("A source is lost: not everything is seen.")
        return "critical", tongue.say(N_("{first} {second}"), {"first": blind, "second": told}).strip()
    if parts:
        rest = tongue.gettext("Everything else is normal.") if calm else ""
        return tone, tongue.say(N_("{first} {second}"), {"first": told, "second": rest}).strip()
    if calm:
        return "ok", tongue.gettext("All is well. Nothing needs you.")
    return "ok", tongue.gettext("Nothing is wrong that needs you.")


def _warnings(
    counts: OutboxCounts, measures: Measures | None, pulse: Pulse, tongue: Translator, zone: tzinfo, now_us: int
) -> list[str]:
    said = []
    if pulse.ahead_s:
        text = N_(
            "The newest line of the logs is dated {ahead} ahead of this machine's clock: one of the two is wrong."
        )
        said.append(tongue.say(text, {"ahead_s": pulse.ahead_s}))
    if counts.waiting and counts.oldest_us:
        since = tongue.time(counts.oldest_us, zone=zone, near_us=now_us)
        said.append(
            tongue.count(
                "{number} notice waits to be delivered since {since}.",
                "{number} notices wait to be delivered since {since}.",
                counts.waiting,
                {"since": since},
            )
        )
    if measures and measures.of_mail and measures.understood < _UNDERSTOOD * measures.of_mail:
        ratio = 1 - measures.understood / measures.of_mail
        text = N_("{unread} of the mail servers' lines were not understood.")
        said.append(tongue.say(text, {"unread_ratio": ratio}))
    return said
