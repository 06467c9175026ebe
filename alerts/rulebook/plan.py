"""A rule as data: what its file says, checked, in our words. A rule is built of it without Sigma being asked again."""

from collections.abc import Callable
from dataclasses import replace

import msgspec

from mailwarden.alerts.rulebook.condition import Condition, any_of, compile_condition, excepting
from mailwarden.alerts.rulebook.fields import reader
from mailwarden.alerts.rulebook.rule import Count, Rule, RuleSettings
from mailwarden.alerts.rulebook.tree import Node
from mailwarden.alerts.terms import Detection
from mailwarden.parsers.errors import ConfigurationError, coded
from mailwarden.parsers.event import Event

__all__ = ["CountPlan", "Plan", "built"]

_NUMBERS = frozenset({"event.count", "mailwarden.attempts"})  # that every event has
_NEVER_SILENT = frozenset({"mail.provider", "mailwarden.receiver", "mailwarden.site"})  # primary entities that are few


class CountPlan(msgspec.Struct, frozen=True, array_like=True):
    """One correlation: what `Count` is made of."""

    name: str
    kind: str
    condition: Node
    actions: frozenset[str]
    field: str | None
    span_us: int
    threshold: int


class Plan(msgspec.Struct, frozen=True, array_like=True):
    """One rule, as `Rule` has it; `condition` is None where counts have theirs."""

    detection: Detection
    actions: frozenset[str]
    condition: Node | None
    group_by: tuple[str, ...]
    counts: tuple[CountPlan, ...]
    weight: str
    ids: tuple[str, ...]
    asks: tuple[str, ...]
    order_us: int


def built(plan: Plan, path: str, settings: RuleSettings) -> Rule:
    """Build a rule as the configuration changes it.

    Raises:
        ConfigurationError: A threshold is set, and it counts nothing.
    """
    detection, counts = plan.detection, tuple(_count(one) for one in plan.counts)
    condition = (
        any_of([one.condition for one in counts]) if plan.condition is None else compile_condition(plan.condition)
    )
    if len({one.condition.source for one in counts}) == 1:
        counts = tuple(replace(one, test=None) for one in counts)
    if settings.threshold is not None:
        if not counts:
            said = "rules.{name}.threshold: {name} fires at the first event. Remove the threshold."
            raise ConfigurationError([coded("MW2119", said, name=detection.name)])
        counts = (replace(counts[0], threshold=settings.threshold), *counts[1:])
        detection = detection._replace(threshold=settings.threshold)
    if settings.severity is not None:
        detection = detection._replace(severity=settings.severity, weather=False)
    if settings.exceptions:
        condition = excepting(condition, settings.exceptions)
    return Rule(
        detection=detection,
        actions=plan.actions,
        condition=condition,
        group_by=tuple(reader(name) for name in plan.group_by),
        grouped=",".join(plan.group_by),
        counts=counts,
        weight=_weigher(plan.weight),
        path=path,
        ids=plan.ids,
        asks=plan.asks,
        order_us=plan.order_us,
        never_silent=detection.primary in _NEVER_SILENT,
    )


def _count(plan: CountPlan) -> Count:
    condition: Condition = compile_condition(plan.condition)
    return Count(
        name=plan.name,
        kind=plan.kind,
        condition=condition,
        test=condition.function(),
        actions=plan.actions,
        field=None if plan.field is None else reader(plan.field),
        span_us=plan.span_us,
        threshold=plan.threshold,
    )


def _weigher(name: str) -> Callable[[Event], int]:
    weigh = reader(name)
    return weigh if name in _NUMBERS else lambda event: int(weigh(event) or 0)
