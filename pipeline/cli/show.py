"""`mailwarden show`: everything about one incident."""

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mailwarden.alerts.incidents.incident import Incident
from mailwarden.alerts.incidents.severity import severity_shape, severity_word
from mailwarden.alerts.telling.cost import cost_lines
from mailwarden.alerts.terms import severity_rank
from mailwarden.alerts.words.escape import printable
from mailwarden.alerts.words.translate import N_, translator
from mailwarden.pipeline.cli import completing, options
from mailwarden.pipeline.cli.incident_view import style_of
from mailwarden.pipeline.cli.root import Command
from mailwarden.pipeline.cli.session import nobody_told, session
from mailwarden.pipeline.cli.silence import silenced
from mailwarden.pipeline.cli.terminal import Line, Span, page_width, tell, write
from mailwarden.pipeline.cli.verdict_view import verdict_data, verdict_lines
from mailwarden.pipeline.configuration.configuration import Configuration
from mailwarden.pipeline.showing.columns import columns, pad, shorten, wrap
from mailwarden.pipeline.showing.incident_json import as_data
from mailwarden.pipeline.showing.jsonl import json_line
from mailwarden.pipeline.showing.sentences import Sentences
from mailwarden.pipeline.showing.story import named, said_by, turns
from mailwarden.pipeline.store import IncidentFilter, Reader

if TYPE_CHECKING:
    from mailwarden.alerts.rulebook.rule import Rule

__all__ = ["command", "story_view", "urgent_view"]

_HEAD = 9  # columns of the word before each part
_PROOF = 3  # lines of evidence shown
_PROOF_WIDTH = 160
_RELATED = 5
_NAMES = 12  # columns before the names that are listed


@click.command(
    "show",
    cls=Command,
    examples=[
        ("mailwarden show 7K2", "an id, or the beginning of one"),
        ("mailwarden show 7K2 --all", "with every line that proves it"),
        ("mailwarden show 7K2 --json", "as data"),
    ],
)
@click.argument("id_", metavar="ID", shell_complete=completing.incidents)
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Show all of it: every line of evidence, every name, what rules looked at.",
)
@click.option("--json", "json_", is_flag=True, help="As one JSON object.")
@options.state
@click.pass_context
def command(context: click.Context, id_: str, everything: bool, json_: bool, state: Path | None) -> None:
    """Show one incident: what to do, why, how it went, and the lines that prove it."""
    now = session(context, own=True)
    with now.holding(id_, state) as (incident, store):
        related, silences = _related(incident, Reader(store)), store.silences()
        ids = store.found.ids()
    if json_:
        rules, _ = _judges(incident, now.configuration)
        data = as_data(incident, Sentences((), translator("en"), ids=ids)) | {"verdicts": verdict_data(incident, rules)}
        sys.stdout.buffer.write(json_line(data) + b"\n")
        return
    sentences = Sentences((), now.tongue, now.zone, ids=ids)
    write(urgent_view(incident, sentences))  # is read while rules are compiled, which takes as long as all before
    rules, titles = _judges(incident, now.configuration)
    write(story_view(incident, related, sentences, everything=everything, rules=rules, titles=titles))
    silent = silenced(silences, [incident], time.time_ns() // 1000)
    for said in (silent and now.tongue.gettext("It is silenced:  mailwarden silence --list"), nobody_told(now)):
        if said:
            tell(said)


def _related(incident: Incident, reader: Reader) -> list[Incident]:
    """Give what it is part of, what is part of it, and what it was before."""
    around = (reader.by_id(incident.parent), reader.by_id(incident.previous))
    parts = reader.incidents(IncidentFilter(of=incident.id), limit=-1)
    return [*(one for one in around if one is not None), *parts]


def _judges(incident: Incident, configuration: Configuration) -> tuple[dict[str, "Rule"], Mapping[str, str]]:
    """Give today's rules of those that found it, and what each of them and the detectors finds, by name."""
    from mailwarden.pipeline.showing.titles import titles_of

    names = {*incident.rules, *(name for _, name in incident.timeline)}
    rules = configuration.rules_called(names)
    return {rule.detection.name: rule for rule in rules}, titles_of(rules, names)


def urgent_view(incident: Incident, sentences: Sentences) -> list[Line]:
    """Show what it is and what to do."""
    return [*_head(incident, sentences), *_steps(incident, sentences)]


def story_view(
    incident: Incident,
    related: list[Incident],
    sentences: Sentences,
    *,
    everything: bool = False,
    rules: Mapping[str, "Rule"] | None = None,
    titles: Mapping[str, str] | None = None,
) -> list[Line]:
    """Show why and how it went, whom it names and what proves it.

    Args:
        incident: The incident.
        related: Those among which what belongs to it is found.
        sentences: The words for them.
        everything: Every name, every line that proves it, all that a rule looked at.
        rules: Today's rules, by which it is judged again.
        titles: What each rule finds, as a sentence with places.
    """
    tongue = sentences.tongue
    lines = _part(
        tongue.gettext("Why"), [sentences.why(incident), *_risk(incident, sentences), _rules(incident, sentences)]
    )
    lines += _part(tongue.gettext("Judged"), verdict_lines(incident, rules or {}, sentences, everything=everything))
    lines += _how(incident, related, sentences, titles or {}, everything=everything)
    lines += _part(tongue.gettext("Cost"), [printable(line) for line in cost_lines(incident, tongue)])
    lines += _names(incident, sentences, everything=everything)
    lines += _proof(incident, sentences, everything)
    for msgid, those in (
        (N_("Part of"), [one for one in related if one.id == incident.parent]),
        (N_("With it"), sorted((one for one in related if one.parent == incident.id), key=_by_weight)),
        (N_("Before"), [one for one in related if one.id == incident.previous]),
    ):
        shown = those if everything else those[:_RELATED]
        rows = [f"{sentences.short(one.id)}  {sentences.title(one)}" for one in shown]
        rest = len(those) - len(shown)
        if rest:
            rows.append(tongue.count("and {number} more (--all)", "and {number} more (--all)", rest))
        lines += _part(tongue.gettext(msgid), rows)
    harmless = sentences.harmless(incident)
    if harmless:
        said = tongue.say(N_("Could it be harmless? {harmless}"), {"harmless": harmless})
        lines += [[row] for row in wrap(said, page_width())]
    silence = f'mailwarden silence {sentences.short(incident.id)} --until worse|2h|forever --because "…"'
    lines.append([_word(tongue.gettext("Silence")), Span(silence, "command")])
    normal = f'mailwarden silence {sentences.short(incident.id)} --normal --because "…"'
    lines.append([_word(tongue.gettext("Normal?")), Span(normal, "command")])
    return lines


def _by_weight(incident: Incident) -> tuple[int, int, str]:
    return -severity_rank(incident.severity), incident.first_seen_us, incident.id


def _head(incident: Incident, sentences: Sentences) -> list[Line]:
    tongue = sentences.tongue
    lasted = tongue.duration((incident.last_seen_us - incident.first_seen_us) / 1_000_000)
    words = {
        "open": N_("open, {lasted} so far"),
        "quiet": N_("quiet now, lasted {lasted}"),
        "closed": N_("ended, lasted {lasted}"),
    }
    life = tongue.say(words.get(incident.status, words["open"]), {"lasted": lasted})
    if incident.acknowledged_by:
        life += " · " + printable(tongue.say(N_("{who} is on it"), {"who": incident.acknowledged_by}))
    mark = f"{severity_shape(incident.severity)} {severity_word(incident.severity, tongue)}"
    short = sentences.short(incident.id)
    lead = columns(mark) + columns(short) + 3
    rows = wrap(sentences.title(incident), page_width() - lead, page_width() - _HEAD)
    lines: list[Line] = [[Span(mark, style_of(incident.severity)), f" {short}  ", Span(rows[0], "strong")]]
    lines += [[" " * _HEAD, Span(row, "strong")] for row in rows[1:]]
    return [*lines, [" " * _HEAD, life]]


def _steps(incident: Incident, sentences: Sentences) -> list[Line]:
    lines: list[Line] = []
    here = f"mailwarden show {sentences.short(incident.id)}"  # whoever reads this has called it
    for number, step in enumerate(sentences.steps(incident), start=1):
        word = _word(sentences.tongue.gettext("Do now") if number == 1 else "")
        rows = wrap(step.text, page_width() - _HEAD - 3)
        lines.append([word, f"{number}. {rows[0]}"])
        lines += [[" " * (_HEAD + 3), row] for row in rows[1:]]
        if step.command and step.command != here:  # whole, however long: it is copied
            lines.append([" " * (_HEAD + 3), Span(step.command, "command")])
    return lines


def _risk(incident: Incident, sentences: Sentences) -> list[str]:
    """Give how near a block the sending server was when this was last told."""
    said = sentences.risk(incident)
    return [said] if said else []


def _rules(incident: Incident, sentences: Sentences) -> str:
    tongue = sentences.tongue
    rules = tongue.gettext(", ").join(map(printable, incident.rules))
    number = max(1, len(incident.rules))
    text = tongue.count("Rule {rules}", "Rules {rules}", number, {"rules": rules})
    return " ".join([text, *map(printable, incident.techniques)])


def _how(
    incident: Incident,
    related: list[Incident],
    sentences: Sentences,
    titles: Mapping[str, str],
    *,
    everything: bool,
) -> list[Line]:
    tongue = sentences.tongue
    values = {
        "first": sentences.time(incident.first_seen_us, 0),  # with its day, whenever it is read
        "last": sentences.time(incident.last_seen_us, incident.first_seen_us),
        "count": tongue.count("{number} event", "{number} events", incident.event_count),
    }
    lines = _part(tongue.gettext("How"), [tongue.say(N_("{first} to {last}, {count}"), values)])
    parts = [one for one in related if one.parent == incident.id]
    said = said_by(incident, parts, sentences, titles)
    for moment, text in turns(incident, said, sentences, everything=everything):
        lead = f"{moment}  " if moment else ""
        first, *more = wrap(text, page_width() - _HEAD - columns(lead))
        lines.append([" " * _HEAD, Span(lead, "faint"), first])
        lines += [[" " * (_HEAD + columns(lead)), row] for row in more]
    return lines


def _names(incident: Incident, sentences: Sentences, *, everything: bool) -> list[Line]:
    """Show whom it names: what the first step asks to look at."""
    rows = named(incident, sentences, page_width() - _HEAD - _NAMES, everything=everything)
    widest = max((columns(word) for word, _ in rows), default=0) + 2
    lines: list[Line] = []
    for word, text in rows:
        first, *more = wrap(text, page_width() - _HEAD - widest)
        head = _word(sentences.tongue.gettext("Named") if not lines else "")
        lines.append([head, Span(pad(word, widest), "faint"), first])
        lines += [[" " * (_HEAD + widest), row] for row in more]
    return lines


def _proof(incident: Incident, sentences: Sentences, everything: bool) -> list[Line]:
    tongue = sentences.tongue
    shown = incident.evidence if everything else incident.evidence[:_PROOF]
    lines: list[Line] = []
    for number, one in enumerate(shown):
        place = tongue.say(N_("{file}, byte {offset}"), {"file": printable(one.file), "offset": one.offset})
        text = f"{place}  {printable(one.line)}"
        word = _word(tongue.gettext("Proof") if number == 0 else "")
        lines.append([word, text if everything else shorten(text, _PROOF_WIDTH)])
    total = max(incident.evidence_count, len(incident.evidence))
    if total > len(shown):
        kept = len(incident.evidence)
        more = (
            N_("{shown} of {total} lines; {kept} are kept (--all)")
            if kept > len(shown)
            else N_("{shown} of {total} lines")
        )
        lines.append([" " * _HEAD, tongue.say(more, {"shown": len(shown), "total": total, "kept": kept})])
    return lines


def _part(word: str, texts: list[str]) -> list[Line]:
    lines: list[Line] = []
    for text in texts:
        for row in wrap(text, page_width() - _HEAD):
            lines.append([_word(word if not lines else ""), row])
    return lines


def _word(word: str) -> Span:
    return Span(word + " " * max(1 if word else 0, _HEAD - columns(word)), "faint" if word else "")
