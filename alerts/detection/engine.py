"""Run the rules and detectors over the events, each over its own small state by key."""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from mailwarden.alerts.detection.counting import count_all, count_in_order
from mailwarden.alerts.detection.detector import Detector, Fired
from mailwarden.alerts.detection.finding import Finding, evidence_of
from mailwarden.alerts.detection.memories import Memory, memories
from mailwarden.alerts.detection.notes import Windows, note, windows_of
from mailwarden.alerts.detection.senders import senders_of
from mailwarden.alerts.detection.windows import Window, crossed, gather, held, keep, renew, since, wants_more
from mailwarden.alerts.rulebook.condition import needing
from mailwarden.alerts.rulebook.fields import reader
from mailwarden.alerts.rulebook.rule import Rule
from mailwarden.alerts.rulebook.selection import selector
from mailwarden.alerts.state.shelf import Backing, Shelf
from mailwarden.alerts.terms import Detection, Evidence
from mailwarden.parsers.event import Event

__all__ = ["Engine", "severity_of"]

_SEPARATOR = "\x1f"
_FEW = 3  # recipients of an hour, failures of a day: what everybody has

_Entities = tuple[tuple[str, Any], ...]
_Bound = tuple[Rule, _Entities, Any]


class _Watcher(NamedTuple):
    """A detector, what of it is asked for every event, and what an incident of it gathers."""

    keys: Callable[[Event], Iterable[str]]
    recall: Callable[[str, Event], Any]
    update: Callable[[Any, Event], Fired | None]
    is_excepted: Callable[[Event], bool] | None
    gathers: str
    detector: Detector[Any]
    entities: _Entities
    primary: Any

    @classmethod
    def of(cls, one: Detector[Any], memory: Memory) -> "_Watcher":
        """Bind a detector to what it remembers."""
        entities, primary = _entities(one.detection), reader(one.detection.primary)
        return cls(one.keys, memory.recall, one.update, one.is_excepted, one.gathers, one, entities, primary)


class _Plan(NamedTuple):
    """What looks at the events of one action; `select` gives the places of rules, and behind them those of watchers."""

    select: Callable[[Event], Sequence[int]]
    rules: list[_Bound]
    watchers: list[_Watcher]

    @classmethod
    def of(cls, rules: Sequence[Rule], watchers: list[_Watcher], action: str | None) -> "_Plan":
        """Bind rules and detectors together."""
        conditions = [rule.condition for rule in rules] + [needing(watcher.detector.needs) for watcher in watchers]
        return cls(selector(conditions, action), [_bind(rule) for rule in rules], watchers)


def _bind(rule: Rule) -> _Bound:
    return rule, _entities(rule.detection), reader(rule.detection.primary)


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
        self._windows = Shelf("window", 2, Windows, lambda w: w.expires_us, backing)
        self._seen: Event | None = None
        self._seen_windows: dict[str, Windows | None] = {}  # of the event, by what rules group by
        self._seen_evidence: Evidence | None = None
        # by the identity of what is gathered: to hash it takes longer
        self._seen_entities: dict[int, dict[str, list[str]]] = {}
        kept, shelves = memories(detectors, backing)
        self.shelves: list[Shelf[Any]] = [self._windows, *shelves]
        watchers = [_Watcher.of(one, memory) for one, memory in zip(detectors, kept, strict=True)]
        actions = {action for rule in rules for action in rule.actions}
        actions |= {action for detector in detectors for action in detector.actions}
        self._plans = {
            action: _Plan.of(
                [rule for rule in rules if action in rule.actions or not rule.actions],
                [watcher for watcher in watchers if action in watcher.detector.actions],
                action,
            )
            for action in actions
        }
        self._elsewhere = _Plan.of([rule for rule in rules if not rule.actions], [], None)
        self.actions = frozenset(actions)

    def detect(self, event: Event) -> Sequence[Finding]:
        """Give what this event shows."""
        plan = self._plans.get(event.event_action, self._elsewhere)
        places = plan.select(event)
        if not places:
            return ()
        self._see(event)
        findings: list[Finding] = []
        rules, behind = plan.rules, len(plan.rules)
        for place in places:
            if place < behind:
                self._rule(*rules[place], event, findings)
                continue
            keys, recall, update, is_excepted, gathers, *_ = watcher = plan.watchers[place - behind]
            for key in keys(event):
                if is_excepted is not None and is_excepted(event):
                    continue
                state = recall(key, event)
                window = getattr(state, gathers) if gathers else None
                before = held(window) if window is not None else 0
                fired = update(state, event)
                if fired is not None:
                    findings.append(self._fired(watcher, key, event, fired))
                    if window is not None and fired.fired and _is_its_own(watcher, fired):
                        findings[-1] = self._with_earlier(watcher, window, findings[-1])
                elif window is not None and held(window) > before:
                    self._keep(watcher, window, event)
        return findings

    def _fired(self, watcher: "_Watcher", key: str, event: Event, fired: Fired) -> Finding:
        detector, shown = watcher.detector, fired.shown or event
        return Finding(
            detection=fired.detection or detector.detection,
            primary=str(watcher.primary(shown) or key),
            at_us=event.stream_us,
            first_us=max(fired.first_us or event.stream_us, event.stream_us - detector.detection.span_us),
            fired=fired.fired,
            tries=fired.tries,
            measure=fired.measure,
            entities=self._entities(watcher.entities, shown),
            evidence=[self._evidence(shown)],
            event=shown,
            severity=detector.severity or fired.severity,
            values=fired.values,
        )

    def _keep(self, watcher: "_Watcher", window: Window, event: Event) -> None:
        """Keep what a detector counted, for the finding that may come; of what everybody does daily nothing is kept."""
        detection = watcher.detector.detection
        entities = self._entities(watcher.entities, event)
        senders = senders_of(detection, entities)
        if senders or held(window) >= min(_FEW, detection.threshold // 4):
            keep(window, event.stream_us, detection.span_us, self._evidence(event), entities, senders)

    def _with_earlier(self, watcher: "_Watcher", window: Window, finding: Finding) -> Finding:
        detection = watcher.detector.detection
        return _with_earlier(finding, window, detection.span_us, senders_of(detection, finding.entities))

    def _rule(self, rule: Rule, entities: _Entities, primary: Any, event: Event, findings: list[Finding]) -> None:
        detection = rule.detection
        name = primary(event)
        if name is None:
            return
        if not rule.counts:
            findings.append(self._at_once(rule, entities, str(name), event))
            return
        seen, grouped = self._seen_windows, rule.grouped
        record = seen[grouped] if grouped in seen else self._windows_of(rule, event)
        if record is None:
            return
        now, tries = event.stream_us, rule.weight(event)
        is_first = record.line is None or record.line is self._seen_evidence
        if is_first and not rule.never_silent and note(record, rule, tries, event):
            record.expires_us = max(record.expires_us, now + detection.span_us * 2)
            if record.line is None or record.names is not self._seen_entities.get(id(entities)):
                self._share(record, entities, event)
            return
        windows = windows_of(record, rule)
        counted = count_in_order if rule.order_us else count_all
        reached, measures = counted(rule, windows, tries, event)
        if reached is None:
            return
        record.expires_us = max(record.expires_us, now + detection.span_us * 2)
        first, measure = windows[-1 if rule.order_us else 0], measures[0]
        if not first.level and rule.never_silent:
            renew(first, now, detection.span_us)
        if not reached and not first.level:
            first.seen += tries
            if wants_more(first):
                self._gather(record, first, entities, event)
            return
        is_new = not first.level  # what it stood for before a doubling is counted already
        if reached and crossed(first, measure):
            self._gather(record, first, entities, event)
            _unshare(record, first, entities)
            tries += first.seen
            if is_new and rule.never_silent and rule.counts[0].kind == "event_count":
                tries = max(tries, measure)
            inputs = tuple((one.name, had, one.threshold) for one, had in zip(rule.counts, measures, strict=True))
            findings.append(
                self._finding(
                    rule,
                    str(name),
                    event,
                    True,
                    tries,
                    measure,
                    first.entities or {},
                    list(dict.fromkeys((*first.lines, self._evidence(event)))),
                    first,
                    inputs,
                )
            )
            first.lines, first.entities, first.seen = (), None, 0
        else:
            here, lines = self._entities(entities, event), [self._evidence(event)]
            findings.append(self._finding(rule, str(name), event, False, tries, measure, here, lines, first))

    def _gather(self, record: Windows, window: Window, entities: _Entities, event: Event) -> None:
        """Keep an event's line and names for the finding that may come."""
        line = self._evidence(event)
        if not window.gathered and (record.line is None or record.line is line):
            self._share(record, entities, event)
            window.gathered, window.shared = 1, True
            return
        if record.line is None:
            record.line = line
        _unshare(record, window, entities)
        gather(window, line, self._entities(entities, event))

    def _share(self, record: Windows, entities: _Entities, event: Event) -> None:
        """Keep the line and the names of a key's first event for all rules."""
        if record.line is None:
            record.line = self._evidence(event)
        names = self._entities(entities, event)
        if record.names is not names:
            record.names = record.names | names if record.names else names

    def _windows_of(self, rule: Rule, event: Event) -> Windows | None:
        """Look up what an event changes, once for all rules that group alike; None where it lacks what they group by."""
        record = None
        parts = [read(event) for read in rule.group_by]
        if None not in parts:
            key = _SEPARATOR.join((rule.grouped, *map(str, parts)))
            record = self._windows.get(key) or Windows()
            self._windows.put(key, record)
        self._seen_windows[rule.grouped] = record
        return record

    def _see(self, event: Event) -> None:
        """Begin with another event."""
        self._seen, self._seen_evidence = event, None
        self._seen_entities, self._seen_windows = {}, {}

    def _evidence(self, event: Event) -> Evidence:
        """Give an event's line; the rules that look at one event share it."""
        if self._seen is not event:  # a detector shows another one than it was asked of
            self._see(event)
        if self._seen_evidence is None:
            self._seen_evidence = evidence_of(event, self._file_of)
        return self._seen_evidence

    def _entities(self, entities: "_Entities", event: Event) -> dict[str, list[str]]:
        """Give the names an event bears; rules that gather the same ones share them, so nobody changes them."""
        if self._seen is not event:
            self._see(event)
        found = self._seen_entities.get(id(entities))
        if found is None:
            found = self._seen_entities[id(entities)] = _collect(entities, event)
        return found

    def _at_once(self, rule: Rule, entities: _Entities, name: str, event: Event) -> Finding:
        return Finding(
            detection=rule.detection,
            primary=name,
            at_us=event.stream_us,
            first_us=event.stream_us,
            fired=True,
            tries=max(rule.weight(event), 1),
            measure=1,
            entities=self._entities(entities, event),
            evidence=[self._evidence(event)],
            event=event,
            severity=severity_of(rule.detection, event),
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
        counted: tuple[tuple[str, int, int], ...] = (),
    ) -> Finding:
        since_us = event.stream_us - rule.detection.span_us if rule.never_silent else 0
        return Finding(
            detection=rule.detection,
            primary=name,
            at_us=event.stream_us,
            first_us=max(window.first_us, since_us),
            fired=fired,
            tries=tries,
            measure=measure,
            entities=entities,
            evidence=lines,
            event=event,
            severity=severity_of(rule.detection, event),
            values={},
            counted=counted,
        )


def _is_its_own(watcher: "_Watcher", fired: Fired) -> bool:
    """Say whether a detector fired by what it gathers: what it tells in other words may be of another time."""
    return fired.detection is None or fired.detection.span_us == watcher.detector.detection.span_us


def _with_earlier(finding: Finding, window: Window, span_us: int, senders: Sequence[str]) -> Finding:
    """Give a finding the lines and names of the events that led to it, when they began, and whose mail they are about."""
    now_us = finding.at_us
    window.gathered = min(window.gathered, 2)  # its own names are not to be missed
    keep(window, now_us, span_us, finding.evidence[0], finding.entities, senders)
    found = msgspec.structs.replace(
        finding,
        evidence=[*window.lines[:-1], *finding.evidence],
        entities=window.entities or finding.entities,
        first_us=max(since(window, span_us), now_us - span_us),
        senders=window.senders or {},
    )
    window.lines, window.entities, window.senders, window.gathered = (), None, None, 0
    return found


def _unshare(record: Windows, window: Window, entities: _Entities) -> None:
    """Give a window its own account of the first event of its key, where that is what it gathered."""
    if window.shared and record.line is not None:
        window.shared, window.lines = False, (record.line,)
        window.entities = {name: record.names[name] for name, _ in entities if name in record.names}


def severity_of(detection: Detection, event: Event) -> str:
    """Guessing is weather: `low`, unless it far exceeds what this site usually sees (ARCHITECTURE.md, "Weather")."""
    if not detection.weather:
        return detection.severity
    exceeding = event.facts.get("mailwarden.weather.exceeded") if event.facts is not None else None
    return detection.severity if exceeding and detection.primary in exceeding else "low"


@lru_cache
def _readers(names: tuple[str, ...]) -> _Entities:
    return tuple((name, reader(name)) for name in names)


def _entities(detection: Detection) -> _Entities:
    """Give what an incident gathers besides its primary entity; equal for rules that gather the same."""
    return _readers(detection.entities)


def _collect(entities: _Entities, event: Event) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, read in entities:
        value = read(event)
        if value is not None and value != []:
            found[name] = [str(v) for v in value] if isinstance(value, list) else [str(value)]
    return found
