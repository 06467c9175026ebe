"""Load the rules that come with mailwarden and the operator's own, so that a broken one stops no other."""

import importlib.resources
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from mailwarden.alerts.rulebook.known_plans import KnownPlans
from mailwarden.alerts.rulebook.plan import built
from mailwarden.alerts.rulebook.rule import Rule, RuleSettings
from mailwarden.alerts.rulebook.rule_files import rule_files
from mailwarden.parsers.errors import Coded, ConfigurationError, coded, worded

__all__ = ["Rulebook", "load_named", "load_rulebook", "load_rules"]

_OURS = Path(str(importlib.resources.files("mailwarden.alerts") / "rules"))


@dataclass(frozen=True, slots=True)
class Rulebook:
    """The rules that could be loaded, and what is wrong with those of the operator that could not."""

    rules: tuple[Rule, ...]
    faults: tuple[Coded, ...] = ()


def load_rules(directory: Path | None = None, settings: Mapping[str, RuleSettings] | None = None) -> list[Rule]:
    """Load the rules that come with mailwarden and those of a directory, by name, all or none.

    Raises:
        ConfigurationError: Holds the fault of every file that could not be loaded.
    """
    book = load_rulebook(directory, settings)
    if book.faults:
        raise ConfigurationError(list(book.faults))
    return list(book.rules)


def load_rulebook(
    directory: Path | None = None,
    settings: Mapping[str, RuleSettings] | None = None,
    fields: frozenset[str] | None = None,
    known: KnownPlans | None = None,
) -> Rulebook:
    """Load the rules that come with mailwarden and those of a directory; a broken file there stops no other.

    Args:
        directory: The operator's own rules; None where there are none.
        settings: What the configuration changes, by the name of the rule.
        fields: Every field that an event can have, and as `event.action=reject` what words one can hold where they are known;
            a rule that asks for another is refused. None: not looked at.
        known: What is known from before of what stands in the files.

    Raises:
        ConfigurationError: A rule of ours cannot be loaded, or a setting names none.
    """
    settings, known = settings or {}, known or KnownPlans()
    ours, faults = _load(rule_files(_OURS), settings, None, known)
    own = rule_files(directory) if directory else []
    theirs, broken = _load(own, settings, fields, known)
    names = {path.stem for path in [*rule_files(_OURS), *own]}
    names |= {path.stem for path in (_OURS.parent / "detectors").glob("[a-z]*.py")}
    faults += [
        coded("MW2117", 'rules.{name}: no rule has the name "{name}". See  mailwarden rules list', name=name)
        for name in sorted(set(settings) - names)
    ]
    if faults:
        raise ConfigurationError(faults + broken)
    loaded = {rule.detection.name: rule for rule in ours}
    ids = {id_: rule.path for rule in ours for id_ in rule.ids}
    for rule in theirs:
        name = rule.detection.name
        taken = [id_ for id_ in rule.ids if id_ in ids]
        if name in loaded:
            said = coded(
                "MW3107",
                'the name "{name}" is that of {other}. Give this file another name.',
                name=name,
                other=loaded[name].path,
            )
            broken.append(coded(said.code, "{path}:{line}: {fault}", path=rule.path, line=1, fault=said))
        elif taken:
            line = _line_of(taken[0], Path(rule.path))
            said = coded(
                "MW3107",
                'the id "{id}" is that of {other} too. Give this rule another (uuidgen).',
                id=taken[0],
                other=ids[taken[0]],
            )
            broken.append(coded(said.code, "{path}:{line}: {fault}", path=rule.path, line=line, fault=said))
        else:
            loaded[name] = rule
            ids |= dict.fromkeys(rule.ids, rule.path)
    rest = worded("All others are loaded ({number}).", number=len(loaded))
    if broken:  # once, however many are broken
        broken[-1] = coded(broken[-1].code, "{first} {second}", first=broken[-1], second=rest)
    return Rulebook(tuple(loaded[name] for name in sorted(loaded)), tuple(broken))


def _line_of(text: str, path: Path) -> int:
    from mailwarden.alerts.rulebook.rule_lines import RuleLines  # reads YAML, which nobody needs where all is well

    return RuleLines(path.read_text("utf-8")).holding(text)


def load_named(
    names: Collection[str],
    directory: Path | None = None,
    settings: Mapping[str, RuleSettings] | None = None,
    known: KnownPlans | None = None,
) -> list[Rule]:
    """Load some rules by their names, ours before those of a directory; what cannot be loaded, or is none, is left out."""
    files = {path.stem: path for path in [*(rule_files(directory) if directory else []), *rule_files(_OURS)]}
    wanted = [files[name] for name in sorted(names) if name in files]
    rules, _ = _load(wanted, settings or {}, None, known or KnownPlans())
    return rules


def _load(
    files: list[Path], settings: Mapping[str, RuleSettings], fields: frozenset[str] | None, known: KnownPlans
) -> tuple[list[Rule], list[Coded]]:
    rules: list[Rule] = []
    faults: list[Coded] = []
    for path in files:
        setting = settings.get(path.stem, RuleSettings())
        try:
            if setting.enabled:
                rules.append(built(known.plan(path, fields), str(path), setting))
        except ConfigurationError as error:
            faults += error.faults
    return rules, faults
