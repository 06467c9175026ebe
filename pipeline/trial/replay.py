"""Fold what happened once more, for several sets of rules at once: what would each of them have told?

The ledger and the correlation are those of one fold, for facts do not depend on rules; each variant has windows and
incidents of its own. All stays in memory, within what expires.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mailwarden.alerts.detection.detector import Detector
from mailwarden.alerts.detection.engine import Engine
from mailwarden.alerts.facts.site import Site
from mailwarden.alerts.incidents.incident import Incident
from mailwarden.alerts.incidents.incidents import Incidents
from mailwarden.alerts.incidents.normals import Normal
from mailwarden.alerts.rulebook.rule import Rule
from mailwarden.alerts.state.shelf import Nowhere, Shelves
from mailwarden.parsers.event import Event
from mailwarden.pipeline.fold import Fold

__all__ = ["Comparison", "Outcome", "Replay", "Variant", "compare"]


class Variant(NamedTuple):
    """One set of rules and detectors."""

    rules: Sequence[Rule]
    detectors: Sequence[Detector[Any]]


@dataclass(slots=True)
class Outcome:
    """What one variant came to."""

    incidents: dict[str, Incident] = field(default_factory=dict)
    notices: int = 0  # messages that would have gone out


@dataclass(slots=True)
class _Side:
    engine: Engine
    incidents: Incidents
    outcome: Outcome = field(default_factory=Outcome)

    def gather(self) -> None:
        changed, notices = self.incidents.drain()
        self.outcome.incidents.update((incident.id, incident) for incident in changed)
        self.outcome.notices += len(notices)


class Replay(Fold):
    """A fold with a side for each variant.

    Args:
        site: What is ours.
        variants: By name.
        normals: What an operator said is normal here.
    """

    def __init__(self, site: Site, variants: Mapping[str, Variant], normals: Iterable[Normal] = ()) -> None:
        rules = [rule for variant in variants.values() for rule in variant.rules]
        detectors = [detector for variant in variants.values() for detector in variant.detectors]
        super().__init__(site, rules, detectors, Nowhere(), _unnamed)
        self._sides = {
            name: _Side(
                Engine(variant.rules, variant.detectors, Nowhere(), _unnamed),
                Incidents(site.name, Nowhere(), servers=self.ledger.servers),
            )
            for name, variant in variants.items()
        }
        for side in self._sides.values():
            for number, normal in enumerate(normals):
                side.incidents.normals.add(str(number), normal)

    def take(self, events: Sequence[Event], clock_us: int = 0) -> None:
        """Fold events; nothing is counted for reports."""
        super().take(events, clock_us)
        self.rollups.drain()
        self.unparsed = {}
        for side in self._sides.values():
            side.gather()

    def outcomes(self) -> dict[str, Outcome]:
        """Give what each variant came to so far."""
        return {name: side.outcome for name, side in self._sides.items()}

    def _detect(self, event: Event) -> None:
        event.mailwarden_site = self.site.name
        for side in self._sides.values():
            for finding in side.engine.detect(event):
                side.incidents.take(self.with_risk(finding))

    def _tick(self, stream_us: int) -> int:
        swept_us = self.swept_us
        next_us = super()._tick(stream_us)
        for side in self._sides.values():
            side.incidents.tick(self.now_us)
            if self.swept_us > swept_us:
                Shelves([*side.engine.shelves, *side.incidents.shelves]).sweep(self.swept_us)
        return next_us


def _unnamed(_: int) -> str:
    return "archive"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Which incidents a change brings and takes; `changed` holds those of another severity, as (before, after)."""

    gained: list[Incident]
    lost: list[Incident]
    changed: list[tuple[Incident, Incident]]
    same: int


def compare(before: Sequence[Incident], after: Sequence[Incident]) -> Comparison:
    """Match the incidents of two variants: one entity, one cause, and a time that they share.

    Ids are no help: they hold which incident came before, and that one may be lost itself.
    """
    open_: dict[tuple[str, tuple[str, str]], list[Incident]] = {}
    for incident in sorted(after, key=lambda one: (one.first_seen_us, one.id)):
        open_.setdefault((incident.cause, incident.primary), []).append(incident)
    lost, changed, same = [], [], 0
    for incident in sorted(before, key=lambda one: (one.first_seen_us, one.id)):
        others = open_.get((incident.cause, incident.primary), [])
        other = next((one for one in others if _overlap(incident, one)), None)
        if other is None:
            lost.append(incident)
            continue
        others.remove(other)
        if other.severity != incident.severity:
            changed.append((incident, other))
        else:
            same += 1
    gained = [incident for rest in open_.values() for incident in rest]
    return Comparison(sorted(gained, key=lambda one: (one.first_seen_us, one.id)), lost, changed, same)


def _overlap(one: Incident, other: Incident) -> bool:
    slack_us = 2 * max(one.span_us, other.span_us)  # so long an incident stays open
    return one.first_seen_us <= other.last_seen_us + slack_us and other.first_seen_us <= one.last_seen_us + slack_us
