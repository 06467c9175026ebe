"""`mailwarden rules`: what is looked for, and whether a rule of one's own is right."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mailwarden.alerts.detectors import load_detectors
from mailwarden.alerts.facts.geography import Geography
from mailwarden.alerts.rulebook.rule_files import rule_files
from mailwarden.alerts.terms import Detection, severity_rank
from mailwarden.alerts.words.blanks import blanks
from mailwarden.alerts.words.escape import printable
from mailwarden.alerts.words.translate import N_, Translator
from mailwarden.parsers.errors import coded
from mailwarden.pipeline.cli import completing
from mailwarden.pipeline.cli.incident_view import style_of
from mailwarden.pipeline.cli.known_rule import known_rule
from mailwarden.pipeline.cli.root import Command, Group
from mailwarden.pipeline.cli.rules_lint import lint
from mailwarden.pipeline.cli.rules_trial import test, try_, tune_
from mailwarden.pipeline.cli.session import Session, session
from mailwarden.pipeline.cli.terminal import Line, Span, tell, write
from mailwarden.pipeline.configuration.configuration import RuleSetting
from mailwarden.pipeline.configuration.reading import rule_directory
from mailwarden.pipeline.showing.columns import columns, pad
from mailwarden.pipeline.showing.jsonl import json_line

if TYPE_CHECKING:
    pass

__all__ = ["command"]


@click.group("rules", cls=Group)
def command() -> None:
    """List, show, test, tune and lint the detection rules."""


for _one in (lint, test, try_, tune_):
    command.add_command(_one)


def _detections(now: Session) -> dict[str, Detection]:
    """Give what every rule and detector says of itself, as it stands in its file; own ones that are broken are told."""
    book = replace(now.configuration, rules={}).rulebook()
    for fault in book.faults:
        tell(now.tongue.told(fault))
    found = [rule.detection for rule in book.rules]
    found += [detector.detection for detector in load_detectors()]
    return {detection.name: detection for detection in sorted(found, key=lambda one: one.name)}


@command.command(
    "list",
    cls=Command,
    examples=[("mailwarden rules list", "by severity"), ("mailwarden rules list --json", "as data")],
)
@click.option("--json", "json_", is_flag=True, help="One rule a line, as JSON.")
@click.pass_context
def list_(context: click.Context, json_: bool) -> None:
    """List the rules, the most severe first, with what your configuration changes of them."""
    now = session(context, own=True)
    changed, tongue = now.configuration.rules, now.tongue
    detections = sorted(_detections(now).values(), key=lambda one: (-severity_rank(one.severity), one.name))
    if json_:
        for one in detections:
            fields = {**one._asdict(), "enabled": changed.get(one.name, RuleSetting()).enabled}
            sys.stdout.buffer.write(json_line(fields) + b"\n")
        return
    knows = Geography(now.configuration.as_site().databases).knows()
    width = max(len(one.name) for one in detections)
    lines: list[Line] = []
    for one in detections:
        setting = changed.get(one.name, RuleSetting())
        severity = setting.severity or one.severity
        notes = [] if setting.enabled else [tongue.gettext("off")]
        if one.needs and one.needs not in knows:
            notes.append(tongue.gettext("sees nothing: no database of addresses"))
        if setting.severity:
            notes.append(tongue.say(N_("severity was {before}"), {"before": one.severity}))
        if setting.threshold:
            notes.append(tongue.say(N_("threshold was {before}"), {"before": one.threshold}))
        if setting.exceptions:
            notes.append(tongue.count("{number} exception", "{number} exceptions", len(setting.exceptions)))
        text = f"  {one.name:<{width}}  {one.category:<17}"
        text += f"  ({tongue.gettext(', ').join(notes)})" if notes else ""
        lines.append([Span(f"{severity:<9}", style_of(severity)), text.rstrip()])
    what = tongue.say(N_("What one finds, and why: {command}"), {"command": "mailwarden rules show NAME"})
    lines += [[], [what]]
    write(lines)


@command.command("show", cls=Command, examples=[("mailwarden rules show send_from_new_network", "")])
@click.argument("name", shell_complete=completing.rules)
@click.pass_context
def show(context: click.Context, name: str) -> None:
    """Show one rule: what it finds, why, its threshold, and its source."""
    now = session(context, own=True)
    one = _detections(now).get(known_rule(name, now, context))
    if one is None:
        raise click.UsageError(
            coded("MW3213", "The rule `{name}` cannot be loaded: mailwarden rules lint", name=name), context
        )
    tongue, setting = now.tongue, now.configuration.rules.get(name, RuleSetting())
    facts = {
        tongue.gettext("finds"): blanks(tongue.gettext(one.title)),
        tongue.gettext("because"): blanks(tongue.gettext(one.why)),
        tongue.gettext("harmless"): blanks(tongue.gettext(one.harmless)) if one.harmless else "",
        tongue.gettext("severity"): _set(one.severity, setting.severity, tongue),
        tongue.gettext("threshold"): _set(one.threshold, setting.threshold, tongue),
        tongue.gettext("looks back"): tongue.duration(one.span_us / 1_000_000) if one.span_us else "",
        tongue.gettext("about"): one.primary,
        tongue.gettext("category"): one.category,
        tongue.gettext("techniques"): ", ".join(one.techniques),
        tongue.gettext("enabled"): tongue.value("enabled", setting.enabled),
    }
    width = max(map(columns, facts)) + 1
    version = tongue.say(N_("{id} version {version}"), {"id": one.id, "version": one.version})
    lines: list[Line] = [[Span(name, "strong"), f"  {version}"]]
    lines += [[Span(pad(word, width), "faint"), printable(text)] for word, text in facts.items() if text]
    write(lines)
    for path in _files_of(name, now):
        source = path.read_text("utf-8").split("\n")
        write([[], [Span(str(path), "faint")], *([printable(row)] for row in source)], fold=False)  # to be copied


def _files_of(name: str, now: Session) -> list[Path]:
    directories = [rule_directory(), now.configuration.rules_directory]
    return [path for directory in directories if directory for path in rule_files(directory) if path.stem == name]


def _set(own: object, set_to: object, tongue: Translator) -> str:
    return tongue.say(N_("{own}, set to {set}"), {"own": own, "set": set_to}) if set_to else str(own)
