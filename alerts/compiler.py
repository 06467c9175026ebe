"""Compile Sigma rules for a stream.

A rule file holds Sigma documents: the events a rule looks at and, where it counts, correlations over them. The last
document is the finding; its `mailwarden:` key says what an incident needs to know. What we do not evaluate is refused
when the rule is loaded, with the file, the feature and the mend. The door to pySigma.
"""

import importlib.resources
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from sigma.collection import SigmaCollection
from sigma.correlations import SigmaCorrelationConditionOperator, SigmaCorrelationRule, SigmaCorrelationType
from sigma.exceptions import SigmaConditionError, SigmaError, SigmaRegularExpressionError
from sigma.rule import SigmaRule

from mailwarden.alerts.condition import (
    Condition,
    ConditionError,
    actions_of,
    any_of,
    compile_condition,
    excepting,
)
from mailwarden.alerts.fields import reader
from mailwarden.alerts.finding import Detection
from mailwarden.alerts.incident import CATEGORIES, CAUSES, SEVERITIES
from mailwarden.parsers.errors import ConfigurationError
from mailwarden.parsers.event import Event

__all__ = ["Count", "Rule", "RuleSettings", "compile_file", "load_rules"]

_US = 1_000_000
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same, written in C


@dataclass(frozen=True, slots=True)
class RuleSettings:
    """What the configuration changes of one rule: `rules: {NAME: {enabled, severity, threshold, except}}`."""

    enabled: bool = True
    severity: str | None = None
    threshold: int | None = None
    exceptions: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Count:
    """One correlation: what is counted of the events that pass, within `span_us`, against `threshold`."""

    name: str
    kind: str  # event_count, value_count, value_sum
    condition: Condition
    test: Callable[[Event], bool]
    actions: frozenset[str]
    field: Callable[[Event], Any] | None
    span_us: int
    threshold: int


@dataclass(frozen=True, slots=True)
class Rule:
    """A compiled rule. Without `counts` it fires at the first event; else when all of them hold."""

    detection: Detection
    actions: frozenset[str]  # empty: every action
    condition: Condition
    group_by: tuple[Callable[[Event], Any], ...]
    counts: tuple[Count, ...]
    weight: Callable[[Event], int]
    path: str


class _Fault(Exception):
    """A fault of one rule file, told with its place by `compile_file`."""


def load_rules(directory: Path | None = None, settings: Mapping[str, RuleSettings] | None = None) -> list[Rule]:
    """Load the rules that come with mailwarden and those of a directory, by name.

    Raises:
        ConfigurationError: Holds the fault of every file that could not be loaded.
    """
    own = Path(str(importlib.resources.files("mailwarden.alerts") / "rules"))
    files = sorted(own.glob("*.yaml")) + (sorted(directory.glob("*.yaml")) if directory else [])
    rules: dict[str, Rule] = {}
    faults: list[str] = []
    for path in files:
        if path.name.endswith(".cases.yaml"):
            continue
        try:
            rule = compile_file(path, (settings or {}).get(path.stem))
        except ConfigurationError as error:
            faults.extend(error.faults)
            continue
        if rule is not None:
            rules[rule.detection.name] = rule
    detectors = {path.stem for path in (own.parent / "detectors").glob("[a-z]*.py")}
    unknown = set(settings or {}) - {path.stem for path in files} - detectors
    faults.extend(
        f'rules.{name}: no rule has the name "{name}". See  mailwarden rules list' for name in sorted(unknown)
    )
    if faults:
        raise ConfigurationError(faults)
    return [rules[name] for name in sorted(rules)]


def compile_file(path: Path, settings: RuleSettings | None = None) -> Rule | None:
    """Compile one rule file; None where the configuration switches it off.

    Raises:
        ConfigurationError: The file is no valid rule, or uses what is not supported.
    """
    settings = settings or RuleSettings()
    if not settings.enabled:
        return None
    try:
        collection = SigmaCollection.from_dicts(_documents(path.read_text(encoding="utf-8")))
        rule = _compile(path, list(collection.rules), settings)
    except (SigmaError, _Fault, ConditionError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            [f"{path}: {_told(error)}. The other rules are not affected; mend or remove this file."]
        ) from None
    except Exception as error:  # the YAML reader's own errors, with line and column
        raise ConfigurationError([f"{path}: not a rule: {error}. Mend or remove this file."]) from None
    if settings.threshold is not None and not rule.counts:
        name = rule.detection.name
        raise ConfigurationError([f"rules.{name}.threshold: {name} fires at the first event. Remove the threshold."])
    return rule


def _documents(text: str) -> list[Any]:
    """Read the documents of a file; pySigma reads them with a loader in Python, which takes 5 ms a rule."""
    try:
        return list(yaml.load_all(text, _LOADER))
    except yaml.YAMLError:
        return list(yaml.safe_load_all(text))  # tells more of what is wrong


def _told(error: Exception) -> str:
    """Say what is wrong, with the feature where the library does not name it."""
    if isinstance(error, SigmaRegularExpressionError):
        return f"|re: {error}; only what matches in linear time is taken (RE2: no back reference, no look-around)"
    if isinstance(error, SigmaConditionError):
        return f"condition: {error}"
    return str(error)


def _compile(path: Path, documents: list[Any], settings: RuleSettings) -> Rule:
    if not documents:
        raise _Fault("holds no rule")
    plain = {str(d.name or d.title): d for d in documents if isinstance(d, SigmaRule)}
    correlations = {str(d.name or d.title): d for d in documents if isinstance(d, SigmaCorrelationRule)}
    last = documents[-1]
    counts: tuple[Count, ...] = ()
    group_by: list[str] = []
    if isinstance(last, SigmaCorrelationRule):
        parts = [last]
        if last.type is SigmaCorrelationType.TEMPORAL:
            parts = [correlations[r.reference] for r in last.rules if r.reference in correlations]
            if len(parts) != len(last.rules):
                raise _Fault("temporal: every rule it names must be a count in the same file")
        counts = tuple(_count(part, plain) for part in parts)
        group_by = list(parts[0].group_by or [])
        actions = frozenset().union(*(c.actions for c in counts)) if all(c.actions for c in counts) else frozenset()
        condition = any_of([c.condition for c in counts])
    else:
        condition, actions = _condition(last)
    own = dict(last.custom_attributes or {}).get("mailwarden")
    if not isinstance(own, dict):
        raise _Fault('the last document lacks the key "mailwarden" (cause, category, primary, title, why, advice)')
    detection = _detection(path.stem, last, own, counts)
    if settings.threshold is not None and counts:
        counts = (replace(counts[0], threshold=settings.threshold), *counts[1:])
        detection = detection._replace(threshold=settings.threshold)
    if settings.severity is not None:
        detection = detection._replace(severity=settings.severity, weather=False)
    if settings.exceptions:
        condition = excepting(condition, settings.exceptions)
    weight_field = own.get("weight", "mailwarden.attempts")
    weigh = reader(weight_field)
    return Rule(
        detection=detection,
        actions=actions,
        condition=condition,
        group_by=tuple(reader(name) for name in group_by),
        counts=counts,
        weight=lambda event: int(weigh(event) or 0),
        path=str(path),
    )


def _detection(name: str, last: Any, own: dict[str, Any], counts: tuple[Count, ...]) -> Detection:
    for key, allowed in (("cause", CAUSES), ("category", CATEGORIES)):
        if own.get(key) not in allowed:
            raise _Fault(f'mailwarden.{key}: "{own.get(key)}" is none of {", ".join(allowed)}')
    for key in ("id", "primary", "title", "why", "advice"):
        if not own.get(key):
            raise _Fault(f"mailwarden.{key} is missing: an alert must name it")
    severity = "info" if str(last.level) == "informational" else str(last.level).lower()
    if severity not in SEVERITIES:
        raise _Fault(f'level: "{severity}" is none of informational, low, medium, high, critical')
    techniques = tuple(
        tag.name.upper() for tag in last.tags if tag.namespace == "attack" and tag.name.lower().startswith("t")
    )
    return Detection(
        name=name,
        id=str(own["id"]),
        version=int(own.get("version", 1)),
        cause=own["cause"],
        category=own["category"],
        severity=severity,
        title=str(own["title"]),
        why=str(own["why"]),
        harmless=str(own.get("harmless", "")),
        advice=str(own["advice"]),
        techniques=techniques,
        primary=str(own["primary"]),
        entities=tuple(own.get("entities", ())),
        span_us=max((c.span_us for c in counts), default=int(own.get("span_s", 3600)) * _US),
        threshold=counts[0].threshold if counts else 1,
        weather=bool(own.get("weather", False)),
    )


def _count(document: SigmaCorrelationRule, plain: dict[str, SigmaRule]) -> Count:
    kinds = {
        SigmaCorrelationType.EVENT_COUNT: "event_count",
        SigmaCorrelationType.VALUE_COUNT: "value_count",
        SigmaCorrelationType.VALUE_SUM: "value_sum",
    }
    kind = kinds.get(document.type)
    if kind is None:
        known = ", ".join(kinds.values())
        raise _Fault(f'correlation type "{document.type.name.lower()}" is not supported; use {known} or temporal')
    condition = document.condition
    threshold = int(condition.count)
    if condition.op is SigmaCorrelationConditionOperator.GT:
        threshold += 1
    elif condition.op is not SigmaCorrelationConditionOperator.GTE:
        raise _Fault("a correlation's condition may be gte or gt: a stream cannot know what will not come")
    conditions: list[Condition] = []
    actions: set[str] = set()
    limited = True
    for reference in document.rules:
        base = plain.get(str(reference.reference))
        if base is None:
            raise _Fault(f'correlation names the rule "{reference.reference}", which is not in the same file')
        condition_of_base, wanted = _condition(base)
        conditions.append(condition_of_base)
        actions |= wanted
        limited = limited and bool(wanted)
    field = None
    if kind != "event_count":
        names = condition.fieldref
        name = names if isinstance(names, str) else (names or [None])[0]
        if not name:
            raise _Fault(f"{kind} needs a field in its condition")
        field = reader(str(name))
    joined = any_of(conditions)
    return Count(
        name=str(document.name or document.title),
        kind=kind,
        condition=joined,
        test=joined.function(),
        actions=frozenset(actions) if limited else frozenset(),
        field=field,
        span_us=int(document.timespan.seconds) * _US,
        threshold=threshold,
    )


def _condition(rule: SigmaRule) -> tuple[Condition, frozenset[str]]:
    """Compile the condition of a plain rule; give it with the event actions that can pass it (empty: any)."""
    parsed = rule.detection.parsed_condition
    if len(parsed) != 1:
        raise _Fault("several conditions in one rule are not supported; write one rule for each")
    tree = parsed[0].parsed
    return compile_condition(tree), frozenset(actions_of(tree))
