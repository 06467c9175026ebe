"""Compile Sigma rules for a stream.

A rule file holds Sigma documents: the events a rule looks at and, where it counts, correlations over them. The one that
no other names is the finding; its `mailwarden:` key says what an incident needs to know. What we do not evaluate is
refused when the rule is loaded, with the file, the line, the feature and the mend. The door to pySigma.
"""

import re
import stat
from collections.abc import Callable, Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from sigma.correlations import (
    SigmaCorrelationConditionOperator,
    SigmaCorrelationRule,
    SigmaCorrelationType,
    SigmaExtendedCorrelationCondition,
)
from sigma.exceptions import SigmaError
from sigma.rule import SigmaRule
from yaml import MarkedYAMLError, YAMLError

from mailwarden.alerts.rulebook.condition import (
    Condition,
    ConditionError,
    actions_of,
    all_of,
    any_of,
    compile_condition,
    excepting,
    fields_of,
    words_of,
)
from mailwarden.alerts.rulebook.fields import reader
from mailwarden.alerts.rulebook.rule import Count, Rule, RuleSettings
from mailwarden.alerts.rulebook.rule_documents import RuleDocuments, RuleFault, told
from mailwarden.alerts.rulebook.rule_lines import RuleLines
from mailwarden.alerts.rulebook.sigma_words import adapt, adopted, field_name, module_of
from mailwarden.alerts.terms import CATEGORIES, CAUSES, SEVERITIES, Detection
from mailwarden.alerts.words.escape import printable
from mailwarden.alerts.words.library_words import heard
from mailwarden.parsers.errors import ConfigurationError, changed, said_of, worded
from mailwarden.parsers.event import Event
from mailwarden.parsers.system_errors import reason

__all__ = ["MAX_SPAN_US", "MOST_VALUES", "compile_file"]

_US = 1_000_000
_FILLED = frozenset(
    {
        "account", "accounts", "address", "addresses", "count", "country", "domain", "entity", "failures", "host", "id", "list",
        "measure", "network", "others", "provider", "reason", "span", "threshold",
    }
)  # fmt: skip
"""What an incident fills the sentences of a rule with."""
_NAME = re.compile(r"\{([A-Za-z_]+)\}")
MAX_SPAN_US = 30 * 86_400 * _US
"""The longest window: the ledger knows a network for 30 days, and a first start reads no older logs."""
_MOST_EVENTS = 1_000_000_000  # more than a month of the busiest site
MOST_VALUES = 1000  # different values of a key; each costs some 20 bytes of its state, which is to stay small
_MOST_BYTES = 2_000_000
_TEMPORAL = (SigmaCorrelationType.TEMPORAL, SigmaCorrelationType.TEMPORAL_ORDERED)
_OWN_KEYS = frozenset(
    {
        "advice", "category", "cause", "entities", "harmless", "id", "needs", "primary", "span_s", "title", "version", "weather",
        "weight", "why",
    }
)  # fmt: skip


def compile_file(path: Path, settings: RuleSettings | None = None, fields: frozenset[str] | None = None) -> Rule | None:
    """Compile one rule file; None where the configuration switches it off.

    Raises:
        ConfigurationError: The file is no valid rule, or uses what is not supported.
    """
    settings = settings or RuleSettings()
    if not settings.enabled:
        return None
    lines = None
    try:
        _ensure_file(path)
        lines = RuleLines(path.read_text(encoding="utf-8-sig"))
        rule = _compile(path, lines, settings, fields)
    except RuleFault as fault:
        line = lines.line(fault.place) if lines is not None else 1
        said = changed(fault.said, printable)
        raise ConfigurationError(
            [worded("{path}:{line}: {said}. {mend}", path=path, line=line, said=said, mend=fault.mend)]
        ) from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise ConfigurationError([_no_yaml(path, line, heard(error.problem or error.context))]) from None
    except UnicodeDecodeError as error:
        said = worded(
            "{path}:1: is not UTF-8 text (byte {start}). Save it as UTF-8, or remove it.", path=path, start=error.start
        )
        raise ConfigurationError([said]) from None
    except YAMLError as error:
        line = path.read_text(encoding="utf-8").count("\n", 0, getattr(error, "position", 0)) + 1
        said = worded("holds a character that YAML does not allow")
        raise ConfigurationError([_no_yaml(path, line, said)]) from None
    except RecursionError:
        raise ConfigurationError(
            [worded("{path}:1: is nested too deeply to be read. Mend or remove this file.", path=path)]
        ) from None
    except (SigmaError, ValueError, TypeError, AttributeError, KeyError) as error:
        # a value of a kind, or a depth, that nobody expects: it must not cost the other rules
        said = heard(printable(str(error))[:200])
        raise ConfigurationError(
            [worded("{path}:1: no rule that can be read: {said}. Mend or remove this file.", path=path, said=said)]
        ) from None
    except OSError as error:
        raise ConfigurationError(
            [worded("{path}: cannot be read: {reason}. Mend or remove this file.", path=path, reason=reason(error))]
        ) from None
    if settings.threshold is not None and not rule.counts:
        name = rule.detection.name
        raise ConfigurationError(
            [worded("rules.{name}.threshold: {name} fires at the first event. Remove the threshold.", name=name)]
        )
    return rule


def _ensure_file(path: Path) -> None:
    """Refuse what could hang whoever opens it, or never end.

    Raises:
        RuleFault: It is no file, or longer than any rule.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise RuleFault(worded("is no file"), mend=worded("Remove it from the rules."))
    if status.st_size > _MOST_BYTES:
        said = worded("is larger than {most} bytes", most=_MOST_BYTES)
        raise RuleFault(said, mend=worded("Write less, or several rules."))


def _no_yaml(path: Path, line: int, said: object) -> str:
    return worded("{path}:{line}: not YAML: {said}. Mend or remove this file.", path=path, line=line, said=said)


def _compile(path: Path, lines: RuleLines, settings: RuleSettings, fields: frozenset[str] | None) -> Rule:
    documents = RuleDocuments(lines, fields)
    last = documents.finding
    counts: tuple[Count, ...] = ()
    group_by: list[str] = []
    order_us = 0
    if isinstance(last, SigmaCorrelationRule):
        counts = _counts(last, documents)
        order_us = _span_us(last, documents) if last.type is SigmaCorrelationType.TEMPORAL_ORDERED else 0
        place = documents.at(last, "correlation", "group-by")
        group_by = [documents.use(last, name, place) for name in last.group_by or ()]
        actions = frozenset().union(*(c.actions for c in counts)) if all(c.actions for c in counts) else frozenset()
        condition = any_of([c.condition for c in counts])
    else:
        condition, actions = _condition(last, documents)
    asks = tuple(dict.fromkeys(documents.used))
    own = dict(last.custom_attributes or {}).get("mailwarden")
    if own is None:
        own = adopted(last, group_by=group_by, fields=documents.used, counts=bool(counts))
    elif not isinstance(own, dict):
        raise RuleFault(
            worded('"mailwarden" holds no settings (cause, category, primary, title, why, advice)'),
            documents.at(last, "mailwarden"),
        )
    detection = _detection(path.stem, last, own, counts, documents)
    detection = detection._replace(span_us=max(detection.span_us, order_us))
    if settings.threshold is not None and counts:
        counts = (replace(counts[0], threshold=settings.threshold), *counts[1:])
        detection = detection._replace(threshold=settings.threshold)
    if settings.severity is not None:
        detection = detection._replace(severity=settings.severity, weather=False)
    if settings.exceptions:
        condition = excepting(condition, settings.exceptions)
    weigh = reader(documents.use(last, own.get("weight", "mailwarden.attempts"), documents.at(last, "mailwarden")))
    return Rule(
        detection=detection,
        actions=actions,
        condition=condition,
        group_by=tuple(reader(name) for name in group_by),
        grouped=",".join(group_by),
        counts=counts,
        weight=lambda event: int(weigh(event) or 0),
        path=str(path),
        ids=tuple(str(document.id) for document in documents.all if document.id),
        asks=asks,
        order_us=order_us,
    )


def _detection(
    name: str, last: Any, own: dict[str, Any], counts: tuple[Count, ...], documents: RuleDocuments
) -> Detection:
    at = documents.at(last, "mailwarden")
    unknown = sorted(set(own) - _OWN_KEYS)
    if unknown:
        meant = get_close_matches(unknown[0], _OWN_KEYS, 1)
        mend = worded("Known: {names}.", names=", ".join(sorted(_OWN_KEYS)))
        if meant:
            mend = worded('Did you mean "{meant}"?', meant=meant[0])
        raise RuleFault(worded('mailwarden: unknown key "{name}"', name=unknown[0]), (*at, unknown[0]), mend)
    for key, allowed in (("cause", CAUSES), ("category", CATEGORIES)):
        if own.get(key) not in allowed:
            raise _none_of(f"mailwarden.{key}", own.get(key), allowed, (*at, key))
    for key in ("version", "span_s"):
        if not isinstance(own.get(key, 1), int):
            said = worded('mailwarden.{key}: "{given}" is no whole number', key=key, given=own[key])
            raise RuleFault(said, (*at, key), worded("Write a number."))
    if not isinstance(own.get("entities", []), list):
        said = worded("mailwarden.entities is no list of fields")
        raise RuleFault(said, (*at, "entities"), worded("Write [source.ip]."))
    for key in ("id", "primary", "title", "why", "advice"):
        if not own.get(key):
            raise RuleFault(worded("mailwarden.{key} is missing: an alert must name it", key=key), at)
    for key in ("title", "why", "harmless"):
        strange = set(_NAME.findall(str(own.get(key, "")).replace("{{", ""))) - _FILLED
        if strange and documents.fields is not None:
            said = worded('mailwarden.{key}: nothing fills "{place}"', key=key, place=f"{{{min(strange)}}}")
            raise RuleFault(said, (*at, key), worded("Known: {names}.", names=", ".join(sorted(_FILLED))))
    severity = "medium" if last.level is None else str(last.level).lower().replace("informational", "info")
    if severity not in SEVERITIES:
        known = ("informational", "low", "medium", "high", "critical")
        raise _none_of("level", severity, known, documents.at(last))
    techniques = tuple(
        tag.name.upper() for tag in last.tags if tag.namespace == "attack" and tag.name.lower().startswith("t")
    )
    span_us = max((c.span_us for c in counts), default=int(own.get("span_s", 3600)) * _US)
    if not 0 < span_us <= MAX_SPAN_US:
        most = MAX_SPAN_US // _US
        said = worded('mailwarden.span_s: "{given}" is not from 1 to {most}', given=own.get("span_s"), most=most)
        raise RuleFault(said, (*at, "span_s"))
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
        primary=documents.use(last, str(own["primary"]), (*at, "primary")),
        entities=tuple(documents.use(last, str(one), (*at, "entities")) for one in own.get("entities", ())),
        span_us=span_us,
        threshold=counts[0].threshold if counts else 1,
        weather=bool(own.get("weather", False)),
        needs=str(own.get("needs", "")),
    )


def _none_of(name: str, given: object, known: Sequence[str], place: tuple[str | int, ...]) -> RuleFault:
    said = worded('{place}: "{given}" is none of {known}', place=name, given=given, known=", ".join(known))
    meant = get_close_matches(str(given), known, 1)
    return RuleFault(said, place, worded('Did you mean "{meant}"?', meant=meant[0]) if meant else None)


def _counts(last: SigmaCorrelationRule, documents: RuleDocuments) -> tuple[Count, ...]:
    """Compile what is counted: one correlation, or all that a temporal one joins. A plain rule in one counts once."""
    if last.type not in _TEMPORAL:
        return (_count(last, documents),)
    _ensure_alone(last, documents)
    if isinstance(last.condition, SigmaExtendedCorrelationCondition):
        said = worded(
            '"condition: {given}" is not supported: a temporal correlation asks for all of its rules',
            given=last.condition.expression[:80],
        )
        raise RuleFault(said, documents.at(last, "correlation", "condition"), worded("Remove the condition."))
    if last.type is SigmaCorrelationType.TEMPORAL_ORDERED and len(last.rules) < 2:
        said = worded("a temporal_ordered correlation of one rule has no order")
        raise RuleFault(said, documents.at(last, "correlation", "rules"), worded("Name two rules or more."))
    span_us = _span_us(last, documents)
    counts = []
    for base in documents.referred(last):
        if isinstance(base, SigmaCorrelationRule):
            counts.append(_count(base, documents))
        else:
            condition, actions = _condition(base, documents)
            name = str(base.name or base.title)
            counts.append(Count(name, "event_count", condition, condition.function(), actions, None, span_us, 1))
    return tuple(counts)


def _span_us(document: SigmaCorrelationRule, documents: RuleDocuments) -> int:
    span_us = int(document.timespan.seconds) * _US
    if not 0 < span_us <= MAX_SPAN_US:
        days = MAX_SPAN_US // _US // 86_400
        said = worded(
            '"timespan: {given}" is longer than what is seen is kept for counting ({days}d)',
            given=document.timespan.spec,
            days=days,
        )
        mend = worded("Write {days}d or less.", days=days)
        raise RuleFault(said, documents.at(document, "correlation", "timespan"), mend)
    return span_us


def _count(document: SigmaCorrelationRule, documents: RuleDocuments) -> Count:
    at = documents.at(document, "correlation")
    kinds = {
        SigmaCorrelationType.EVENT_COUNT: "event_count",
        SigmaCorrelationType.VALUE_COUNT: "value_count",
        SigmaCorrelationType.VALUE_SUM: "value_sum",
    }
    kind = kinds.get(document.type)
    if kind is None:
        kind_name = document.type.name.lower()
        said = worded(
            'correlation type "{given}" is not supported; use {known}, temporal or temporal_ordered',
            given=kind_name,
            known=", ".join(kinds.values()),
        )
        raise RuleFault(said, (*at, "type"))
    _ensure_alone(document, documents)
    conditions: list[Condition] = []
    actions: set[str] = set()
    limited = True
    for base in documents.referred(document):
        if not isinstance(base, SigmaRule):
            name = base.name or base.title
            said = worded('{kind} of the correlation "{name}" is not supported', kind=kind, name=name)
            raise RuleFault(said, (*at, "rules"))
        condition_of_base, wanted = _condition(base, documents)
        conditions.append(condition_of_base)
        actions |= wanted
        limited = limited and bool(wanted)
    field, threshold = _measured(document, kind, documents)
    joined = any_of(conditions)
    return Count(
        name=str(document.name or document.title),
        kind=kind,
        condition=joined,
        test=joined.function(),
        actions=frozenset(actions) if limited else frozenset(),
        field=field,
        span_us=_span_us(document, documents),
        threshold=threshold,
    )


def _ensure_alone(document: SigmaCorrelationRule, documents: RuleDocuments) -> None:
    """Refuse what a correlation of any type may ask for elsewhere.

    Raises:
        RuleFault: It asks for it.
    """
    at = documents.at(document, "correlation")
    if document.generate:
        raise RuleFault(worded("generate: true is not supported: only the correlation is told"), (*at, "generate"))
    if document.aliases and document.aliases.aliases:
        said = worded("aliases are not supported: group by fields that all of its events have")
        raise RuleFault(said, (*at, "aliases"))


def _measured(
    document: SigmaCorrelationRule, kind: str, documents: RuleDocuments
) -> tuple[Callable[[Event], Any] | None, int]:
    """Give what is counted of an event, None for the event itself, and how much of it the rule fires at."""
    place = documents.at(document, "correlation", "condition")
    condition = document.condition
    threshold = int(condition.count)
    if condition.op is SigmaCorrelationConditionOperator.GT:
        threshold += 1
    elif condition.op is not SigmaCorrelationConditionOperator.GTE:
        said = worded("a correlation's condition may be gte or gt: a stream cannot know what will not come")
        raise RuleFault(said, place)
    if threshold < 1:
        said = worded('threshold "{threshold}": it would fire without any event', threshold=threshold)
        raise RuleFault(said, place, worded("Write 1 or more."))
    if threshold > _MOST_EVENTS:
        said = worded('threshold "{threshold}" cannot be reached', threshold=threshold)
        raise RuleFault(said, place, worded("Write {most} or less.", most=_MOST_EVENTS))
    if kind == "event_count":
        return None, threshold
    names = condition.fieldref
    name = names if isinstance(names, str) else (names or [None])[0]
    if not name:
        raise RuleFault(worded("{kind} needs a field in its condition", kind=kind), place)
    name = documents.use(document, str(name), place)
    if kind == "value_count":
        grouped = [field_name(one) for one in document.group_by or ()]
        if name in grouped and threshold > 1:
            said = worded(
                'threshold "{threshold}" cannot be reached: within one {name} there is one {name}',
                threshold=threshold,
                name=name,
            )
            raise RuleFault(said, place, worded("Count another field, or group by another."))
        if threshold > MOST_VALUES:
            said = worded(
                'threshold "{threshold}" is more than the {most} different values that are remembered of a key',
                threshold=threshold,
                most=MOST_VALUES,
            )
            raise RuleFault(said, place, worded("Write less, or count events."))
    return reader(name), threshold


def _condition(rule: SigmaRule, documents: RuleDocuments) -> tuple[Condition, frozenset[str]]:
    """Compile the condition of a plain rule; give it with the event actions that can pass it (empty: any)."""
    at = documents.at(rule, "detection")
    source = rule.logsource
    try:
        module = module_of(source.product, source.service, source.category)
    except ValueError as error:
        raise RuleFault(said_of(error), documents.at(rule, "logsource")) from None
    try:
        parsed = rule.detection.parsed_condition
        if len(parsed) != 1:
            said = worded("several conditions in one rule are not supported; write one rule for each")
            raise RuleFault(said, (*at, "condition"))
        tree = adapt(parsed[0].parsed)
    except (SigmaError, RecursionError) as error:
        raise RuleFault(told(error), (*at, "condition"), _mend(rule)) from None
    for name in fields_of(tree):
        documents.use(rule, name)
    for word in words_of(tree, "event.action"):
        documents.ensure_word(rule, "event.action", word)
    try:
        condition = compile_condition(tree)
    except ConditionError as error:
        raise RuleFault(said_of(error), at) from None
    if module is not None:
        condition = all_of([condition, Condition(f"(e.event_module == {module!r})", {})])
    return condition, frozenset(actions_of(tree))


def _mend(rule: SigmaRule) -> str:
    """Say what a condition may name: most faults of one are a name that was spelled otherwise where it is defined."""
    names = ", ".join(f'"{printable(name)}"' for name in rule.detection.detections)
    return worded("Its detection defines {names}: name these in the condition, or define what it names.", names=names)
