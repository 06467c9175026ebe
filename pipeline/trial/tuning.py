"""Propose a threshold for a rule from what happened here: the lowest that keeps within so many incidents a time."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from mailwarden.alerts.incidents.normals import Normal
from mailwarden.alerts.rulebook.counting import MOST_VALUES
from mailwarden.alerts.rulebook.rule import Rule
from mailwarden.parsers.errors import UsageError, coded
from mailwarden.pipeline.configuration.configuration import Configuration
from mailwarden.pipeline.trial.backtest import Past, Tried, try_out
from mailwarden.pipeline.trial.replay import Variant

__all__ = ["LEAST", "Proposal", "Target", "parse_target", "tune"]

LEAST = timedelta(days=7)
"""A week at least: mail has a rhythm of days and weeks."""
_TIMES = 3
"""History must be so many times as long as the target's period. What was never seen in n trials may still come up to 3/n
times. Source: Hanley and Lippman-Hand, If nothing goes wrong, is everything all right?, JAMA 1983."""
_PERIODS = {
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
    "month": timedelta(days=30),
}
_TARGET = re.compile(r"([1-9][0-9]{0,3})/(hour|day|week|month)")
_GROWTH = 1.25  # from one threshold that is tried to the next
_SMALL = 40  # up to here every one is tried
_FACTOR = 50  # and none beyond so many times the rule's own


@dataclass(frozen=True, slots=True)
class Target:
    """At most `number` incidents in each `period`."""

    number: int
    period: timedelta

    def within(self, incidents: int, span: timedelta) -> bool:
        """Say whether so many incidents in a span keep within it."""
        return incidents * self.period <= self.number * span


@dataclass(frozen=True, slots=True)
class Proposal:
    """What was tried: incidents by threshold; `lowest` is the first that keeps within the target, None where none does."""

    own: int
    counts: dict[int, int]
    lowest: int | None
    tried: Tried
    needed: timedelta

    @property
    def is_enough(self) -> bool:
        """Say whether the history is long enough to speak."""
        return self.tried.judged >= self.needed


def parse_target(text: str) -> Target:
    """Read `1/week`.

    Raises:
        UsageError: It is no such thing.
    """
    found = _TARGET.fullmatch(text)
    if found is None:
        raise UsageError(
            coded(
                "MW8105",
                '--target: "{text}" is no number in a time. Write it like 1/week, 2/day or 1/month.',
                text=text,
            )
        )
    return Target(int(found[1]), _PERIODS[found[2]])


def tune(
    rule: Rule, target: Target, past: Past, configuration: Configuration, normals: Sequence[Normal] = ()
) -> Proposal:
    """Fold the past once, with the rule at many thresholds.

    Raises:
        UsageError: The rule counts nothing.
    """
    if not rule.counts:
        raise UsageError(
            coded("MW8114", "{name}: fires at the first event; it has no threshold to tune.", name=rule.detection.name)
        )
    own = rule.counts[0].threshold
    thresholds = _ladder(own, MOST_VALUES if rule.counts[0].kind == "value_count" else None)
    tried = try_out(past, configuration, {str(n): Variant([_at(rule, n)], []) for n in thresholds}, normals)
    counts = {n: len(tried.incidents(str(n))) for n in thresholds}
    fitting = (n for n in thresholds if target.within(counts[n], tried.judged))
    return Proposal(own, counts, next(fitting, None), tried, max(LEAST, _TIMES * target.period))


def _ladder(own: int, most: int | None) -> list[int]:
    """Give the thresholds to try: each small one, then ever wider steps; the rule's own among them."""
    found = {own, *range(1, _SMALL + 1)}
    step = float(_SMALL)
    while step < _FACTOR * own:
        step *= _GROWTH
        found.add(round(step))
    return sorted(n for n in found if most is None or n <= most)


def _at(rule: Rule, threshold: int) -> Rule:
    first = replace(rule.counts[0], threshold=threshold)
    return replace(rule, counts=(first, *rule.counts[1:]), detection=rule.detection._replace(threshold=threshold))
