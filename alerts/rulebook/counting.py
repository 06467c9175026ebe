"""Read Sigma's correlations: what a rule counts, in which time, and how much of it fires."""

from sigma.correlations import (
    SigmaCorrelationConditionOperator,
    SigmaCorrelationRule,
    SigmaCorrelationType,
    SigmaExtendedCorrelationCondition,
)
from sigma.rule import SigmaRule

from mailwarden.alerts.rulebook.plain_rule import condition_of
from mailwarden.alerts.rulebook.plan import CountPlan
from mailwarden.alerts.rulebook.rule_documents import RuleDocuments, RuleFault
from mailwarden.alerts.rulebook.sigma_words import field_name
from mailwarden.alerts.rulebook.tree import Node, either
from mailwarden.parsers.errors import coded, worded

__all__ = ["MAX_SPAN_US", "MOST_VALUES", "counts_of", "order_us"]

_US = 1_000_000
MAX_SPAN_US = 30 * 86_400 * _US
"""The longest window: the ledger knows a network for 30 days, and a first start reads no older logs."""
_MOST_EVENTS = 1_000_000_000  # more than a month of the busiest site
MOST_VALUES = 1000  # different values of a key; each costs some 20 bytes of its state, which is to stay small
_TEMPORAL = (SigmaCorrelationType.TEMPORAL, SigmaCorrelationType.TEMPORAL_ORDERED)


def counts_of(last: SigmaCorrelationRule, documents: RuleDocuments) -> tuple[CountPlan, ...]:
    """Read what is counted: one correlation, or all that a temporal one joins. A plain rule in one counts once.

    Raises:
        RuleFault: It asks for what we do not evaluate.
    """
    if last.type not in _TEMPORAL:
        return (_count(last, documents),)
    _ensure_alone(last, documents)
    if isinstance(last.condition, SigmaExtendedCorrelationCondition):
        said = coded(
            "MW3206",
            '"condition: {given}" is not supported: a temporal correlation asks for all of its rules',
            given=last.condition.expression[:80],
        )
        raise RuleFault(said, documents.at(last, "correlation", "condition"), worded("Remove the condition."))
    if last.type is SigmaCorrelationType.TEMPORAL_ORDERED and len(last.rules) < 2:
        said = coded("MW3209", "a temporal_ordered correlation of one rule has no order")
        raise RuleFault(said, documents.at(last, "correlation", "rules"), worded("Name two rules or more."))
    span_us = _span_us(last, documents)
    counts = []
    for base in documents.referred(last):
        if isinstance(base, SigmaCorrelationRule):
            counts.append(_count(base, documents))
        else:
            condition, actions = condition_of(base, documents)
            name = str(base.name or base.title)
            counts.append(CountPlan(name, "event_count", condition, actions, None, span_us, 1))
    return tuple(counts)


def order_us(last: SigmaCorrelationRule, documents: RuleDocuments) -> int:
    """Give in which time the rules of a correlation are to fire in their order, in microseconds; 0: in any order."""
    return _span_us(last, documents) if last.type is SigmaCorrelationType.TEMPORAL_ORDERED else 0


def _span_us(document: SigmaCorrelationRule, documents: RuleDocuments) -> int:
    span_us = int(document.timespan.seconds) * _US
    if not 0 < span_us <= MAX_SPAN_US:
        days = MAX_SPAN_US // _US // 86_400
        said = coded(
            "MW3204",
            '"timespan: {given}" is longer than what is seen is kept for counting ({days}d)',
            given=document.timespan.spec,
            days=days,
        )
        mend = worded("Write {days}d or less.", days=days)
        raise RuleFault(said, documents.at(document, "correlation", "timespan"), mend)
    return span_us


def _count(document: SigmaCorrelationRule, documents: RuleDocuments) -> CountPlan:
    at = documents.at(document, "correlation")
    kinds = {
        SigmaCorrelationType.EVENT_COUNT: "event_count",
        SigmaCorrelationType.VALUE_COUNT: "value_count",
        SigmaCorrelationType.VALUE_SUM: "value_sum",
    }
    kind = kinds.get(document.type)
    if kind is None:
        kind_name = document.type.name.lower()
        said = coded(
            "MW3206",
            'correlation type "{given}" is not supported; use {known}, temporal or temporal_ordered',
            given=kind_name,
            known=", ".join(kinds.values()),
        )
        raise RuleFault(said, (*at, "type"))
    _ensure_alone(document, documents)
    conditions: list[Node] = []
    actions: set[str] = set()
    limited = True
    for base in documents.referred(document):
        if not isinstance(base, SigmaRule):
            name = base.name or base.title
            said = coded("MW3206", '{kind} of the correlation "{name}" is not supported', kind=kind, name=name)
            raise RuleFault(said, (*at, "rules"))
        condition_of_base, wanted = condition_of(base, documents)
        conditions.append(condition_of_base)
        actions |= wanted
        limited = limited and bool(wanted)
    field, threshold = _measured(document, kind, documents)
    return CountPlan(
        name=str(document.name or document.title),
        kind=kind,
        condition=either(conditions),
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
        raise RuleFault(
            coded("MW3206", "generate: true is not supported: only the correlation is told"), (*at, "generate")
        )
    if document.aliases and document.aliases.aliases:
        said = coded("MW3206", "aliases are not supported: group by fields that all of its events have")
        raise RuleFault(said, (*at, "aliases"))


def _measured(document: SigmaCorrelationRule, kind: str, documents: RuleDocuments) -> tuple[str | None, int]:
    """Give what is counted of an event, None for the event itself, and how much of it the rule fires at."""
    place = documents.at(document, "correlation", "condition")
    condition = document.condition
    threshold = int(condition.count)
    if condition.op is SigmaCorrelationConditionOperator.GT:
        threshold += 1
    elif condition.op is not SigmaCorrelationConditionOperator.GTE:
        said = coded("MW3209", "a correlation's condition may be gte or gt: a stream cannot know what will not come")
        raise RuleFault(said, place)
    if threshold < 1:
        said = coded("MW3205", 'threshold "{threshold}": it would fire without any event', threshold=threshold)
        raise RuleFault(said, place, worded("Write 1 or more."))
    if threshold > _MOST_EVENTS:
        said = coded("MW3205", 'threshold "{threshold}" cannot be reached', threshold=threshold)
        raise RuleFault(said, place, worded("Write {most} or less.", most=_MOST_EVENTS))
    if kind == "event_count":
        return None, threshold
    names = condition.fieldref
    name = names if isinstance(names, str) else (names or [None])[0]
    if not name:
        raise RuleFault(coded("MW3209", "{kind} needs a field in its condition", kind=kind), place)
    name = documents.use(document, str(name), place)
    if kind == "value_count":
        grouped = [field_name(one) for one in document.group_by or ()]
        if name in grouped and threshold > 1:
            said = coded(
                "MW3205",
                'threshold "{threshold}" cannot be reached: within one {name} there is one {name}',
                threshold=threshold,
                name=name,
            )
            raise RuleFault(said, place, worded("Count another field, or group by another."))
        if threshold > MOST_VALUES:
            said = coded(
                "MW3205",
                'threshold "{threshold}" is more than the {most} different values that are remembered of a key',
                threshold=threshold,
                most=MOST_VALUES,
            )
            raise RuleFault(said, place, worded("Write less, or count events."))
    return name, threshold
