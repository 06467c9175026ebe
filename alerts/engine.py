"""Run the rules and detectors over the events, each over its own small state by key."""

import importlib
import pkgutil
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

import mailwarden.alerts.detectors as detectors_package
from mailwarden.alerts.compiler import Count, Rule, RuleSettings
from mailwarden.alerts.condition import selector
from mailwarden.alerts.detector import Detector
from mailwarden.alerts.fields import reader
from mailwarden.alerts.finding import Detection, Finding, evidence_of
from mailwarden.alerts.shelf import Backing, Row, Shelf
from mailwarden.alerts.windows import Window, add, add_value, crossed, gather, wants_more
from mailwarden.parsers.event import Event

__all__ = ["Engine", "load_detectors"]

_SEPARATOR = "\x1f"
_VALUES_CAP = 256


class _Windows(msgspec.Struct, array_like=True):
    """The windows of one rule and key: one a count."""

    windows: list[Window]
    expires_us: int = 0


_Bound = tuple[Rule, tuple[tuple[str, Any], ...], Any]


def _bind(rule: Rule) -> _Bound:
    return rule, _entities(rule.detection), reader(rule.detection.primary)


def load_detectors(settings: dict[str, RuleSettings] | None = None) -> list[Detector[Any]]:
    """Find the detectors by name: each module of `alerts.detectors` exports `DETECTOR`."""
    found: list[Detector[Any]] = []
    for module in sorted(m.name for m in pkgutil.iter_modules(detectors_package.__path__)):
        detector = importlib.import_module(f"{detectors_package.__name__}.{module}").DETECTOR
        if (settings or {}).get(module, RuleSettings()).enabled:
            found.append(detector)
    return found


class Engine:
    """Turns events with facts into findings.

    Args:
        rules: The compiled rules.
        detectors: The detectors in code.
        backing: Where their state is kept.
        file_of: Gives the configured path of a source by its rank, for evidence.
    """

    def __init__(
        self, rules: Sequence[Rule], detectors: Sequence[Detector[Any]], backing: Backing, file_of: Callable[[int], str]
    ):
        self._file_of = file_of
        self._windows = Shelf("window", 1, _Windows, lambda w: w.expires_us, backing)
        self._rules: dict[str, tuple[Callable[[Event], Sequence[int]], list[_Bound]]] = {}
        by_action: dict[str, list[Rule]] = defaultdict(list)
        everywhere = [rule for rule in rules if not rule.actions]
        for rule in rules:
            for action in rule.actions:
                by_action[action].append(rule)
        for action, some in by_action.items():
            bound = [_bind(rule) for rule in (*some, *everywhere)]
            self._rules[action] = (selector([rule.condition for rule in (*some, *everywhere)]), bound)
        self._elsewhere = (selector([rule.condition for rule in everywhere]), [_bind(rule) for rule in everywhere])
        self._detectors: dict[str, list[tuple[Detector[Any], tuple[tuple[str, Any], ...], Any, Shelf[Any]]]] = (
            defaultdict(list)
        )
        self._shelves: list[Shelf[Any]] = [self._windows]
        for detector in detectors:
            ttl = detector.ttl_us
            shelf: Shelf[Any] = Shelf(
                f"detector.{detector.detection.name}",
                detector.version,
                detector.state,
                lambda state, ttl=ttl: state.last_us + ttl,  # type: ignore[misc]
                backing,
            )
            self._shelves.append(shelf)
            one = (detector, _entities(detector.detection), reader(detector.detection.primary), shelf)
            for action in detector.actions:
                self._detectors[action].append(one)
        self.actions = frozenset(self._rules) | frozenset(self._detectors)
        self.sees_everything = bool(everywhere)

    def drain(self) -> list[Row]:
        """Give the rows to commit."""
        return [row for shelf in self._shelves for row in shelf.drain()]

    def detect(self, event: Event) -> list[Finding]:
        """Give what this event shows."""
        findings: list[Finding] = []
        select, bound = self._rules.get(event.event_action, self._elsewhere)
        for place in select(event):
            self._rule(*bound[place], event, findings)
        for detector, entities, primary, shelf in self._detectors.get(event.event_action, ()):
            for key in detector.keys(event):
                state = shelf.get(key) or detector.state()
                fired = detector.update(state, event)
                shelf.put(key, state)
                if fired is not None:
                    name = primary(event) or key
                    findings.append(
                        Finding(
                            detection=detector.detection,
                            primary=str(name),
                            at_us=event.stream_us,
                            first_us=event.stream_us,
                            fired=fired.fired,
                            tries=fired.tries,
                            measure=fired.measure,
                            entities=_collect(entities, event),
                            evidence=[evidence_of(event, self._file_of)],
                            event=event,
                            severity=fired.severity,
                            values=fired.values,
                        )
                    )
        return findings

    def _rule(
        self, rule: Rule, entities: tuple[tuple[str, Any], ...], primary: Any, event: Event, findings: list[Finding]
    ) -> None:
        detection = rule.detection
        name = primary(event)
        if name is None:
            return
        if not rule.counts:
            findings.append(self._at_once(rule, entities, str(name), event))
            return
        parts = [read(event) for read in rule.group_by]
        if any(part is None for part in parts):
            return
        key = _SEPARATOR.join((detection.name, *map(str, parts)))
        record = self._windows.get(key)
        if record is None:
            record = _Windows([Window() for _ in rule.counts])
        now = event.stream_us
        reached = True
        measures = []
        for count, window in zip(rule.counts, record.windows, strict=False):
            measure = (
                _measure(count, window, rule, event)
                if len(rule.counts) == 1 or count.test(event)
                else _standing(window, now, count)
            )
            reached = reached and measure >= count.threshold
            measures.append(measure)
        record.expires_us = now + detection.span_us * 2
        self._windows.put(key, record)
        first, measure, tries = record.windows[0], measures[0], rule.weight(event)
        if not reached and not first.level:
            first.seen += tries
            if wants_more(first):
                gather(first, evidence_of(event, self._file_of), _collect(entities, event))
            return
        here, evidence = _collect(entities, event), evidence_of(event, self._file_of)
        if reached and crossed(first, measure):
            gather(first, evidence, here)
            tries += first.seen
            findings.append(
                self._finding(rule, str(name), event, True, tries, measure, first.entities, first.lines, first)
            )
        else:
            findings.append(self._finding(rule, str(name), event, False, tries, measure, here, [evidence], first))
        first.lines, first.entities, first.seen = [], {}, 0

    def _at_once(self, rule: Rule, entities: tuple[tuple[str, Any], ...], name: str, event: Event) -> Finding:
        return Finding(
            detection=rule.detection,
            primary=name,
            at_us=event.stream_us,
            first_us=event.stream_us,
            fired=True,
            tries=max(rule.weight(event), 1),
            measure=1,
            entities=_collect(entities, event),
            evidence=[evidence_of(event, self._file_of)],
            event=event,
            severity=_severity(rule.detection, event),
            values={},
        )

    def _finding(
        self,
        rule: Rule,
        name: str,
        event: Event,
        fired: bool,
        tries: int,
        measure: int,
        entities: dict[str, list[str]],
        lines: list[Any],
        window: Window,
    ) -> Finding:
        return Finding(
            detection=rule.detection,
            primary=name,
            at_us=event.stream_us,
            first_us=window.first_us,
            fired=fired,
            tries=tries,
            measure=measure,
            entities=entities,
            evidence=lines,
            event=event,
            severity=_severity(rule.detection, event),
            values={},
        )


def _severity(detection: Detection, event: Event) -> str:
    """Guessing is weather: `low`, unless it far exceeds what this site usually sees (DESIGN.md, "Weather")."""
    if not detection.weather:
        return detection.severity
    exceeded = event.facts is not None and event.facts.get("mailwarden.weather.exceeded")
    return detection.severity if exceeded else "low"


def _measure(count: Count, window: Window, rule: Rule, event: Event) -> int:
    now = event.stream_us
    if count.kind == "value_count":
        value = count.field(event) if count.field else None
        if value is None:
            return _standing(window, now, count)
        return add_value(window, now, count.span_us, str(value), max(count.threshold * 4, _VALUES_CAP))
    amount = rule.weight(event) if count.field is None else int(count.field(event) or 0)
    return add(window, now, count.span_us, amount)


def _standing(window: Window, now: int, count: Count) -> int:
    """Give what a window holds now, nothing added."""
    total = add(window, now, count.span_us, 0)
    return len(window.values) if count.kind == "value_count" else total


def _entities(detection: Detection) -> tuple[tuple[str, Any], ...]:
    names = dict.fromkeys((detection.primary, *detection.entities))
    return tuple((name, reader(name)) for name in names)


def _collect(entities: tuple[tuple[str, Any], ...], event: Event) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, read in entities:
        value = read(event)
        if value is not None and value != []:
            found[name] = [str(v) for v in value] if isinstance(value, list) else [str(value)]
    return found
