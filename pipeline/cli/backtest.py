"""`mailwarden backtest`: what a changed rule would have told."""

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from mailwarden.alerts.incidents.incident import Incident
from mailwarden.alerts.incidents.normals import Normal
from mailwarden.alerts.telling.render import severity_shape, severity_word
from mailwarden.alerts.terms import SEVERITIES
from mailwarden.alerts.words.escape import printable
from mailwarden.alerts.words.translate import N_, Translator, translator
from mailwarden.parsers.errors import said_of, worded
from mailwarden.parsers.event import iso
from mailwarden.pipeline.cli import options
from mailwarden.pipeline.cli.incident_view import style_of
from mailwarden.pipeline.cli.root import Command
from mailwarden.pipeline.cli.session import Session, session
from mailwarden.pipeline.cli.terminal import Line, Span, page_width, tell, write
from mailwarden.pipeline.configuration.times import parse_duration
from mailwarden.pipeline.places import store_path
from mailwarden.pipeline.showing.columns import wrap
from mailwarden.pipeline.showing.incident_json import as_data
from mailwarden.pipeline.showing.jsonl import json_line
from mailwarden.pipeline.showing.sentences import Sentences, span_of

__all__ = ["command", "normals_of", "since_option"]

_SHOWN = 5  # examples of each kind


def since_option(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> Any:
    """Read a duration."""
    if value is None:
        return None
    try:
        return parse_duration(value)
    except ValueError as error:
        raise click.BadParameter(said_of(error)) from None


@click.command(
    "backtest",
    cls=Command,
    examples=[
        ("mailwarden backtest --set fast_guessing.threshold=10 --since 30d", "another threshold, on the last 30 days"),
        ("mailwarden backtest --rule own.yml", "a new rule, or another wording of one, on all that is kept"),
        ("mailwarden backtest --rule own.yml mail.log mail.log.1.gz", "on log files instead of the archive"),
    ],
)
@click.argument("paths", nargs=-1, metavar="[LOG]...")
@click.option(
    "--rule",
    "rules",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A rule file: comes new, or stands for the rule of its name.",
)
@click.option(
    "--set", "sets", multiple=True, metavar="NAME.threshold=N", help="A setting; also .severity and .enabled."
)
@click.option("--since", callback=since_option, metavar="30d", help="How far back to judge (default: all there is).")
@click.option("--all", "everything", is_flag=True, help="Show every incident gained, lost or changed.")
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
@options.state
@options.timezone
@options.year
@click.pass_context
def command(
    context: click.Context,
    paths: tuple[str, ...],
    rules: tuple[Path, ...],
    sets: tuple[str, ...],
    since: Any,
    everything: bool,
    as_json: bool,
    state: Path | None,
    zone: str | None,
    year: int | None,
) -> int:
    """Try a change on what happened here: which incidents would come, and which would go?

    Reads the archive that `mailwarden run` writes, or the logs that are given. Changes nothing and tells nobody.
    """
    from mailwarden.pipeline.trial import backtest
    from mailwarden.pipeline.trial.replay import compare

    now = session(context, zone=zone)
    if not rules and not sets:
        raise click.UsageError(worded("what is to be tried? Give  --rule FILE  or  --set NAME.threshold=N"), context)
    before, book = backtest.as_it_is(now.configuration, rules)
    for fault in book.faults:
        tell(now.tongue.worded(fault))
    after, changes = backtest.changed(now.configuration, rules, sets)
    past = backtest.past_of(
        now.configuration,
        paths,
        since,
        directory=state / "archive" if state else None,
        zone=zone or now.configuration.timezone,
        year=year,
    )
    tried = backtest.try_out(past, now.configuration, {"before": before, "after": after}, normals_of(now, state))
    for problem in tried.problems:
        tell(now.tongue.worded(problem))
    sides = {name: tried.incidents(name) for name in ("before", "after")}
    compared = compare(sides["before"], sides["after"])
    tongue = translator("en") if as_json else now.tongue
    sentences = Sentences([*sides["before"], *sides["after"]], tongue, now.zone)
    if as_json:
        data = {
            "changes": changes,
            "events": tried.events,
            "since": iso(tried.from_us),
            "until": iso(tried.last_us),
            "before": _counts(sides["before"]) | {"notices": tried.outcomes["before"].notices},
            "after": _counts(sides["after"]) | {"notices": tried.outcomes["after"].notices},
            "gained": [as_data(one, sentences) for one in compared.gained],
            "lost": [as_data(one, sentences) for one in compared.lost],
            "changed": [
                {"before": as_data(one, sentences), "after": as_data(other, sentences)}
                for one, other in compared.changed
            ],
            "same": compared.same,
        }
        sys.stdout.buffer.write(json_line(data) + b"\n")
        return 3 if tried.problems else 0
    values = {
        "gained": len(compared.gained),
        "lost": len(compared.lost),
        "changed": len(compared.changed),
        "before": len(sides["before"]),
        "after": len(sides["after"]),
    }
    first = tongue.say(
        N_("{gained} gained, {lost} lost, {changed} of another severity (incidents before: {before}, after: {after})."),
        values,
    )
    lines: list[Line] = [[Span(row, "strong")] for row in wrap(first, page_width())]
    stretch = {
        "changes": ", ".join(map(printable, changes)),
        "span": span_of(tried.from_us, tried.last_us, tongue, now.zone),
        "events": f"{tried.events:,}",
        "seconds_s": tried.seconds,
        "before": tried.outcomes["before"].notices,
        "after": tried.outcomes["after"].notices,
    }
    said = N_(
        "Tried {changes} on {span}, {events} lines, in {seconds}. Messages to people: {before} before, {after} after."
    )
    lines += [[row] for row in wrap(tongue.say(said, stretch), page_width())]
    limit = None if everything else _SHOWN
    lines += _examples(tongue.gettext("Gained"), compared.gained, sentences, limit)
    lines += _examples(tongue.gettext("Lost"), compared.lost, sentences, limit)
    lines += _changed(compared.changed, sentences, limit)
    write(lines)
    return 3 if tried.problems else 0


def normals_of(now: Session, state: Path | None) -> list[Normal]:
    """Give what is normal here, where the service keeps it."""
    from mailwarden.pipeline.store import Store

    path = store_path(state or now.configuration.state_directory)
    if not path.exists():
        return []
    found = []
    with Store.open(path, read_only=True) as store:
        for act in store.silences():
            try:
                normal = Normal.of_act(act.payload)
            except ValueError:  # the service says so when it takes it up
                continue
            if normal is not None:
                found.append(normal)
    return found


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
