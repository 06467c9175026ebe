"""`mailwarden rules`: what is looked for, and whether a rule of one's own is right."""

import functools
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mailwarden.alerts.detectors import load_detectors
from mailwarden.alerts.facts.geography import Geography
from mailwarden.alerts.rulebook.rule_files import rule_files
from mailwarden.alerts.rulebook.rulebook import load_rules
from mailwarden.alerts.terms import Detection, severity_rank
from mailwarden.alerts.words.advice import advice_keys
from mailwarden.alerts.words.blanks import blanks
from mailwarden.alerts.words.escape import printable
from mailwarden.alerts.words.translate import N_, Translator
from mailwarden.parsers.errors import Coded, ConfigurationError, coded, worded
from mailwarden.pipeline.cli import completing, options
from mailwarden.pipeline.cli.incident_view import block, style_of
from mailwarden.pipeline.cli.root import Command, Group
from mailwarden.pipeline.cli.session import Session, session
from mailwarden.pipeline.cli.terminal import Line, Span, tell, write
from mailwarden.pipeline.configuration.configuration import RuleSetting
from mailwarden.pipeline.configuration.reading import rule_directory, rule_names
from mailwarden.pipeline.showing.columns import columns, pad
from mailwarden.pipeline.showing.jsonl import json_line
from mailwarden.pipeline.showing.sentences import Sentences

if TYPE_CHECKING:
    from mailwarden.pipeline.scan import ScanResult
    from mailwarden.pipeline.trial.cases import Subject, Verdict

__all__ = ["command"]


@click.group("rules", cls=Group)
def command() -> None:
    """List, show, test, tune and lint the detection rules."""


def _detections(now: Session) -> dict[str, Detection]:
    """Give what every rule and detector says of itself, as it stands in its file; own ones that are broken are told."""
    book = replace(now.configuration, rules={}).rulebook()
    for fault in book.faults:
        tell(now.tongue.told(fault))
    found = [rule.detection for rule in book.rules]
    found += [detector.detection for detector in load_detectors()]
    return {detection.name: detection for detection in sorted(found, key=lambda one: one.name)}


def _known(name: str, now: Session, context: click.Context) -> str:
    names = rule_names(now.configuration.rules_directory)
    if name in names:
        return name
    from difflib import get_close_matches

    meant = get_close_matches(name, names, 1)
    own = now.configuration.rules_directory
    said = [worded("None is your own: there is no rules.d beside the configuration.")]
    if own is not None:
        said = [worded("Your own are read from {directory}.", directory=own)]
    if meant:
        said.insert(0, worded("Did you mean `{meant}`?", meant=meant[0]))
    else:
        said.append(worded("List them with  mailwarden rules list"))
    raise click.UsageError(
        coded("MW8111", "No rule `{name}`. {first} {second}", name=name, first=said[0], second=said[1]), context
    )


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
    one = _detections(now).get(_known(name, now, context))
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


@command.command(
    "lint",
    cls=Command,
    examples=[("mailwarden rules lint own.yaml", ""), ("mailwarden rules lint /etc/mailwarden/rules.d", "")],
)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE|DIR]...")
@click.pass_context
def lint(context: click.Context, paths: tuple[Path, ...]) -> int:
    """Check rule files; without any, your own and those that come with mailwarden."""
    files: list[Path] = []
    now = session(context, own=True)
    own = None if paths else now.configuration.rules_directory
    for path in paths or [rule_directory(), *([own] if own else [])]:
        within = rule_files(path) if path.is_dir() else [path]
        if not within:
            raise click.UsageError(
                coded("MW8108", "{path}: holds no rule, which is a file NAME.yml.", path=path), context
            )
        files += within
    good = 0
    seen: dict[tuple[str, str], Path] = {}
    for path in files:
        faults = _faults(path, seen)
        good += not faults
        for fault in faults:
            tell(now.tongue.told(fault))
    said = now.tongue.say(N_("{good} of {total} rules are right."), {"good": good, "total": len(files)})
    write([[said]])
    return 0 if good == len(files) else 2


def _faults(path: Path, seen: dict[tuple[str, str], Path]) -> list[Coded]:
    """Say what is wrong with a rule file, with the cases beside it, and with what it shares with files before it."""
    from mailwarden.alerts.rulebook.rule_lines import RuleLines
    from mailwarden.pipeline.trial.cases import cases_of, subject

    if not path.exists():
        return [coded("MW8108", "{path}: is not there. Check the path.", path=path)]
    try:
        one = subject(path)
        if one.cases.exists():
            cases_of(one.cases)
    except ConfigurationError as error:
        return list(error.faults)
    assert one.rule is not None  # the subject of a file
    detection = one.rule.detection
    if detection.advice not in advice_keys():
        said = coded(
            "MW3111",
            '{path}:{line}: mailwarden.advice: "{given}" is none of {known}.',
            path=path,
            line=RuleLines(path.read_text("utf-8")).holding(detection.advice),
            given=detection.advice,
            known=", ".join(advice_keys()),
        )
        return [said]
    text = path.read_text("utf-8")
    others = seen if path.parent == rule_directory() else {**_ours(), **seen}
    faults: list[Coded] = []
    for what, value in [("name", detection.name), *(("id", id_) for id_ in one.rule.ids)]:
        other = others.get((what, value), path)
        seen[what, value] = path
        if other != path:
            line = RuleLines(text).holding(value)
            shared = N_('{path}:{line}: the {what} "{value}" is that of {other} too. Give this one another.')
            faults.append(coded("MW3107", shared, path=path, line=line, what=what, value=value, other=other))
    return faults


@functools.cache
def _ours() -> dict[tuple[str, str], Path]:
    """Give which of our files holds which name and which id."""
    taken = {("name", rule.detection.name): Path(rule.path) for rule in load_rules()}
    return taken | {("id", id_): Path(rule.path) for rule in load_rules() for id_ in rule.ids}


@command.command(
    "test",
    cls=Command,
    examples=[
        ("mailwarden rules test", "every rule on its cases"),
        ("mailwarden rules test fast_guessing", "what one must find, must not, and cannot"),
        ("mailwarden rules test own.yaml", "your own, with own.cases.yaml beside it"),
    ],
)
@click.argument("names", nargs=-1, metavar="[NAME|FILE|DIR]...", shell_complete=completing.rules)
@click.pass_context
def test(context: click.Context, names: tuple[str, ...]) -> int:
    """Try rules on their cases: stories in log lines that must, or must not, raise an incident."""
    from mailwarden.pipeline.trial.cases import cases_of, try_case

    tried = wrong = 0
    lines: list[Line] = []
    now = session(context, own=True)
    tongue = now.tongue
    for one in _subjects(names, now, context):
        verdicts = [try_case(one, case) for case in cases_of(one.cases)]
        faulty = [verdict for verdict in verdicts if verdict.fault is not None]
        tried, wrong = tried + len(verdicts), wrong + len(faulty)
        shown = verdicts if names else faulty
        if shown:
            lines += [[Span(one.name, "strong")], *(_case(verdict, tongue) for verdict in shown), []]
    right = tongue.say(N_("{right} of {total} cases come to what they say."), {"right": tried - wrong, "total": tried})
    write([*lines, [Span(right, "critical" if wrong else "ok")]])
    return 1 if wrong else 0


def _subjects(names: tuple[str, ...], now: Session, context: click.Context) -> "list[Subject]":
    """Give what is to be tried: by name, by file, by directory; all of ours and of the operator without any."""
    from mailwarden.pipeline.trial.cases import subject, subjects

    found: list[Subject] = []
    own = {one.name: one for one in subjects()}
    directory = now.configuration.rules_directory
    for file in rule_files(directory) if directory else ():
        try:
            own.setdefault(file.stem, subject(file))
        except ConfigurationError as error:  # it must not keep another from being tried
            tell(now.tongue.error(error))
    for name in names:
        path = Path(name)
        if path.is_dir():
            found += [subject(file) for file in rule_files(path)]
        elif path.suffix in (".yaml", ".yml"):
            if not path.is_file():
                raise click.UsageError(coded("MW8108", "{path}: is not there. Check the path.", path=path), context)
            found.append(subject(path))
        else:
            found.append(own[_known(name, now, context)])
    return found if names else list(own.values())


def _case(verdict: "Verdict", tongue: Translator) -> Line:
    """Show one case: whether it is right, what became of it."""
    case = verdict.case
    what = verdict.severity or tongue.gettext("silent")
    note = (
        f"  {tongue.told(verdict.fault)}"
        if verdict.fault
        else f"  {tongue.gettext('a way around')}"
        if case.evades
        else ""
    )
    word = tongue.gettext("wrong") if verdict.fault else tongue.gettext("right")
    mark = Span(_filled(word, 6), "critical" if verdict.fault else "ok")
    style = style_of(what) if verdict.severity else "faint"
    return ["  ", mark, Span(_filled(what, 9), style), printable(case.name), note]


def _filled(word: str, width: int) -> str:
    """Fill a word up with spaces; a Japanese character takes two columns."""
    return word + " " * max(1, width - columns(word))


@command.command(
    "try",
    cls=Command,
    examples=[("mailwarden rules try relay_probe mail.log", "what this rule alone finds in a log")],
)
@click.argument("name", shell_complete=completing.rules)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@options.timezone
@options.year
@click.pass_context
def try_(context: click.Context, name: str, files: tuple[str, ...], zone: str | None, year: int | None) -> int:
    """Try one rule on logs: what would it have found, with the settings of your configuration?"""
    from mailwarden.pipeline.scan import scan

    now = session(context, zone=zone)
    _known(name, now, context)
    rules = dict.fromkeys(rule_names(now.configuration.rules_directory), RuleSetting(enabled=False))
    rules[name] = replace(now.configuration.rules.get(name, RuleSetting()), enabled=True)
    with tempfile.TemporaryDirectory(prefix="mailwarden-") as directory:
        looked = scan(
            list(files),
            state=Path(directory),
            zone=zone or now.configuration.timezone,
            year=year,
            configuration=replace(now.configuration, rules=rules),
        )
        with looked as result:
            for problem in result.problems:
                tell(now.tongue.told(problem))
            write(_tried(result, now))
            return 3 if result.problems else 0


def _tried(result: "ScanResult", now: Session) -> Iterator[Line]:
    """Show what a rule found in a log."""
    ids = result.found.ids()
    sentences = Sentences((), now.tongue, now.zone, ids=ids)
    number = now.tongue.count("{number} line", "{number} lines", result.lines)
    said = now.tongue.count(
        "{number} incident in {lines}.", "{number} incidents in {lines}.", len(ids), {"lines": number}
    )
    yield [Span(said, "strong")]
    for incident in result.found:
        yield []
        yield from block(incident, sentences)


@command.command(
    "tune",
    cls=Command,
    examples=[
        (
            "mailwarden rules tune fast_guessing --target 1/week",
            "the lowest threshold with one incident a week at most",
        ),
        ("mailwarden rules tune fast_guessing --target 2/day mail.log*", "from log files instead of the archive"),
    ],
)
@click.argument("name", shell_complete=completing.rules)
@click.argument("files", nargs=-1, metavar="[LOG]...")
@click.option("--target", default="1/week", show_default=True, metavar="N/PERIOD", help="hour, day, week or month.")
@options.state
@options.timezone
@options.year
@click.pass_context
def tune_(
    context: click.Context,
    name: str,
    files: tuple[str, ...],
    target: str,
    state: Path | None,
    zone: str | None,
    year: int | None,
) -> int:
    """Propose a threshold from your own history: what would each have come to?"""
    from mailwarden.pipeline.cli.tune_view import tune_view
    from mailwarden.pipeline.trial.backtest import past_of
    from mailwarden.pipeline.trial.tuning import parse_target, tune

    now = session(context, zone=zone)
    _known(name, now, context)
    wanted = parse_target(target)
    rule = next((one for one in now.configuration.rulebook().rules if one.detection.name == name), None)
    if rule is None:
        raise click.UsageError(
            coded(
                "MW8114", "{name} has no threshold of its own: it is off, or compares with what is usual.", name=name
            ),
            context,
        )
    past = past_of(
        now.configuration,
        files,
        None,
        directory=state / "archive" if state else None,
        zone=zone or now.configuration.timezone,
        year=year,
    )
    proposal = tune(rule, wanted, past, now.configuration, now.normals(state))
    for problem in proposal.tried.problems:
        tell(now.tongue.told(problem))
    write(tune_view(name, target, proposal, now.tongue, now.zone))
    return 3 if proposal.tried.problems else 0
