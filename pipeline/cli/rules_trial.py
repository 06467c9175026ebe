"""`mailwarden rules test`, `try` and `tune`: rules on their cases, on logs, on what happened here."""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mailwarden.alerts.rulebook.rule_files import rule_files
from mailwarden.alerts.words.escape import printable
from mailwarden.alerts.words.translate import N_, Translator
from mailwarden.parsers.errors import ConfigurationError, coded
from mailwarden.pipeline.cli import completing, options
from mailwarden.pipeline.cli.incident_view import block, style_of
from mailwarden.pipeline.cli.known_rule import known_rule
from mailwarden.pipeline.cli.root import Command
from mailwarden.pipeline.cli.session import Session, session
from mailwarden.pipeline.cli.terminal import Line, Span, tell, write
from mailwarden.pipeline.configuration.configuration import RuleSetting
from mailwarden.pipeline.configuration.reading import rule_names
from mailwarden.pipeline.showing.columns import columns
from mailwarden.pipeline.showing.sentences import Sentences

if TYPE_CHECKING:
    from mailwarden.pipeline.scan import ScanResult
    from mailwarden.pipeline.trial.cases import Subject, Verdict

__all__ = ["test", "try_", "tune_"]


@click.command(
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
            found.append(own[known_rule(name, now, context)])
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


@click.command(
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
    known_rule(name, now, context)
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


@click.command(
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
    known_rule(name, now, context)
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
