"""`mailwarden rules lint`: whether rule files are right."""

import functools
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mailwarden.alerts.rulebook.rule_files import rule_files
from mailwarden.alerts.rulebook.rulebook import load_rules
from mailwarden.alerts.words.advice import advice_keys
from mailwarden.alerts.words.translate import N_
from mailwarden.parsers.errors import Coded, ConfigurationError, coded
from mailwarden.pipeline.cli.root import Command
from mailwarden.pipeline.cli.session import session
from mailwarden.pipeline.cli.terminal import tell, write
from mailwarden.pipeline.configuration.reading import rule_directory

if TYPE_CHECKING:
    pass

__all__ = ["lint"]


@click.command(
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
