"""How the trial of a changed rule is shown."""

from collections import Counter
from collections.abc import Sequence
from datetime import tzinfo
from typing import Any

from mailwarden.alerts.incidents.incident import Incident
from mailwarden.alerts.incidents.severity import severity_shape, severity_word
from mailwarden.alerts.terms import SEVERITIES
from mailwarden.alerts.words.escape import printable
from mailwarden.alerts.words.translate import N_, Translator
from mailwarden.parsers.event import iso
from mailwarden.pipeline.cli.incident_view import style_of
from mailwarden.pipeline.cli.terminal import Line, Span, page_width
from mailwarden.pipeline.showing.columns import wrap
from mailwarden.pipeline.showing.incident_json import as_data
from mailwarden.pipeline.showing.sentences import Sentences, span_of
from mailwarden.pipeline.trial.backtest import Tried
from mailwarden.pipeline.trial.replay import compare

__all__ = ["backtest_json", "backtest_view"]

_SHOWN = 5  # examples of each kind


def backtest_json(tried: Tried, changes: Sequence[str], tongue: Translator, zone: tzinfo) -> dict[str, Any]:
    """Give a trial as data: the incidents gained, lost and of another severity, whole."""
    before, after = tried.incidents("before"), tried.incidents("after")
    compared = compare(before, after)
    sentences = Sentences([*before, *after], tongue, zone)
    return {
        "changes": changes,
        "events": tried.events,
        "since": iso(tried.from_us),
        "until": iso(tried.last_us),
        "before": _counts(before) | {"notices": tried.outcomes["before"].notices},
        "after": _counts(after) | {"notices": tried.outcomes["after"].notices},
        "gained": [as_data(one, sentences) for one in compared.gained],
        "lost": [as_data(one, sentences) for one in compared.lost],
        "changed": [
            {"before": as_data(one, sentences), "after": as_data(other, sentences)} for one, other in compared.changed
        ],
        "same": compared.same,
    }


def backtest_view(
    tried: Tried, changes: Sequence[str], tongue: Translator, zone: tzinfo, *, everything: bool
) -> list[Line]:
    """Give a trial as lines: the verdict, what was tried, and examples of what is gained, lost and changed.

    Args:
        tried: What both sets of rules came to.
        changes: As they were given, such as `fast_guessing.threshold=10`.
        tongue: The reader's language.
        zone: The reader's time zone.
        everything: Show each incident instead of five of a kind.
    """
    before, after = tried.incidents("before"), tried.incidents("after")
    compared = compare(before, after)
    sentences = Sentences([*before, *after], tongue, zone)
    limit = None if everything else _SHOWN
    values = {
        "gained": len(compared.gained),
        "lost": len(compared.lost),
        "changed": len(compared.changed),
        "before": len(before),
        "after": len(after),
    }
    first = tongue.say(
        N_("{gained} gained, {lost} lost, {changed} of another severity (incidents before: {before}, after: {after})."),
        values,
    )
    return [
        *([Span(row, "strong")] for row in wrap(first, page_width())),
        *([row] for row in wrap(_stretch(tried, changes, sentences), page_width())),
        *_examples(tongue.gettext("Gained"), compared.gained, sentences, limit),
        *_examples(tongue.gettext("Lost"), compared.lost, sentences, limit),
        *_changed(compared.changed, sentences, limit),
    ]


def _stretch(tried: Tried, changes: Sequence[str], sentences: Sentences) -> str:
    values = {
        "changes": ", ".join(map(printable, changes)),
        "span": span_of(tried.from_us, tried.last_us, sentences.tongue, sentences.zone),
        "events": f"{tried.events:,}",
        "seconds_s": tried.seconds,
        "before": tried.outcomes["before"].notices,
        "after": tried.outcomes["after"].notices,
    }
    said = N_(
        "Tried {changes} on {span}, {events} lines, in {seconds}. Messages to people: {before} before, {after} after."
    )
    return sentences.tongue.say(said, values)


def _counts(incidents: Sequence[Incident]) -> dict[str, Any]:
    counts = Counter(incident.severity for incident in incidents)
    return {"incidents": len(incidents), "severities": {word: counts[word] for word in SEVERITIES if counts[word]}}


def _examples(word: str, incidents: Sequence[Incident], sentences: Sentences, limit: int | None) -> list[Line]:
    if not incidents:
        return []
    ordered = sorted(incidents, key=lambda one: (-SEVERITIES.index(one.severity), -one.event_count, one.id))
    lines: list[Line] = [[], [Span(f"{word} ({len(incidents):,})", "strong")]]
    for incident in ordered[:limit]:
        lines += _example(incident, sentences, severity_word(incident.severity, sentences.tongue))
    return [*lines, *_rest(len(ordered), limit, sentences.tongue)]


def _changed(pairs: Sequence[tuple[Incident, Incident]], sentences: Sentences, limit: int | None) -> list[Line]:
    if not pairs:
        return []
    tongue = sentences.tongue
    lines: list[Line] = [[], [Span(f"{tongue.gettext('Of another severity')} ({len(pairs):,})", "strong")]]
    for before, after in pairs[:limit]:
        word = f"{severity_word(before.severity, tongue)} → {severity_word(after.severity, tongue)}"
        lines += _example(after, sentences, word)
    return [*lines, *_rest(len(pairs), limit, tongue)]


def _example(incident: Incident, sentences: Sentences, word: str) -> list[Line]:
    tongue = sentences.tongue
    mark = f"{severity_shape(incident.severity)} {word}"
    rows = wrap(sentences.title(incident), page_width() - 4)
    rules = tongue.gettext(", ").join(map(printable, incident.rules))
    count = tongue.count("{number} event", "{number} events", incident.event_count)
    when = span_of(incident.first_seen_us, incident.last_seen_us, tongue, sentences.zone)
    return [
        [Span(mark, style_of(incident.severity)), f"  {rows[0]}"],
        *[["    ", row] for row in rows[1:]],
        ["    ", Span(f"{when} · {count} · {rules}", "faint")],
    ]


def _rest(total: int, limit: int | None, tongue: Translator) -> list[Line]:
    if limit is None or total <= limit:
        return []
    rest = tongue.count("and {number} more", "and {number} more", total - limit)
    return [["    ", f"{rest} (--all)"]]
