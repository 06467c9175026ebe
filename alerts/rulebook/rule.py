"""A compiled rule: what the engine evaluates, and what the configuration may change of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mailwarden.alerts.rulebook.condition import Condition
from mailwarden.alerts.terms import Detection
from mailwarden.parsers.event import Event

__all__ = ["Count", "Rule", "RuleSettings"]


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
    test: Callable[[Event], bool] | None  # None: it looks at all that the rule does
    actions: frozenset[str]
    field: Callable[[Event], Any] | None
    span_us: int
    threshold: int


@dataclass(frozen=True, slots=True)
class Rule:
    """A compiled rule. Without `counts` it fires at the first event; else when all of them hold, or were reached in order."""

    detection: Detection
    actions: frozenset[str]  # empty: every action
    condition: Condition
    group_by: tuple[Callable[[Event], Any], ...]
    counts: tuple[Count, ...]
    weight: Callable[[Event], int]
    path: str
    ids: tuple[str, ...] = ()  # Sigma's, of its documents
    grouped: str = ""  # the names that it groups by: rules that group alike keep their windows together
    asks: tuple[str, ...] = ()  # the fields it looks at
    order_us: int = 0  # where the counts must be reached in their order: within this time; 0: in any order
    never_silent: bool = False  # something is counted of it every day: a window may be armed for weeks before it fires
