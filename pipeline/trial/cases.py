"""Try rules and detectors on their cases: short stories in real log lines that must, or must not, raise an incident.

Beside `NAME.yaml` (a rule) or `NAME.py` (a detector) stands `NAME.cases.yaml`, a list of

    - name: ten tries in five minutes from one stranger
      fires: true                 # or false
      evades: true                # a known way around the rule; told as such, whether it fires or not
      severity: low               # of the incident
      incidents: 1                # how many it raises
      site: {domains: [example.org], labels: {shared: [office@example.org]}, databases: [places.mmdb]}
      unknown: true               # some of its lines are meant to be understood by nobody
      before:                     # what went on until then: it is learned, and raises nothing that counts
        - {imap_login: {user: bob@example.org, ip: 192.0.2.10}, repeat: 5, every: 1d}
      lines:
        - 'postfix/smtpd[100]: warning: unknown[203.0.113.7]: SASL LOGIN authentication failed: UGFzc3dvcmQ6'
        - {imap_refused: {user: 'user{n}@example.org', ip: 203.0.113.7}, repeat: 9, every: 20s, after: 1m}

A line stands as it is in the log, without time and host. A mapping names a turn of `alerts/turns.yaml` (lines that servers
write together) with what fills it, or has `line` or `lines` of its own. It comes `after` the line before it (1 s) and is
repeated `every` so often (1 s); `{n}` is the number of the repetition, `{id}` one queue id or session for each.
`places.mmdb` knows where the networks for documentation are: 192.0.2.0/24 in Berlin, 198.51.100.0/24 in Munich (a carrier),
203.0.113.0/24 and 2001:db8:b::/48 in Sao Paulo, 2001:db8:d::/48 in Hamburg, 2001:db8:f::/48 in Paris.
Cases go the whole way of a log: read, correlated, enriched, judged.
"""

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from mailwarden.alerts.detection.detector import Detector
from mailwarden.alerts.detectors import load_detectors
from mailwarden.alerts.facts.site import Site
from mailwarden.alerts.incidents.incident import Incident
from mailwarden.alerts.rulebook.compiler import compile_file
from mailwarden.alerts.rulebook.rule import Rule, RuleSettings
from mailwarden.alerts.rulebook.rule_files import rule_files
from mailwarden.alerts.state.shelf import Nowhere
from mailwarden.alerts.terms import SEVERITIES, severity_rank
from mailwarden.alerts.words.library_words import heard
from mailwarden.parsers.envelope import Reader
from mailwarden.parsers.errors import ConfigurationError, coded
from mailwarden.parsers.event import Event
from mailwarden.pipeline.configuration.times import parse_duration
from mailwarden.pipeline.fold import Fold
from mailwarden.pipeline.trial.vocabulary import event_words

__all__ = ["Case", "Subject", "Verdict", "cases_of", "subject", "subjects", "try_case"]

_START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)  # a Monday morning
_HOST = "mx1"
_SECOND = timedelta(seconds=1)
_MOST_REPEATED = 5000
_PLACE = re.compile(r"\{([a-z_]+)\}")
_PACE = frozenset({"repeat", "every", "after"})
_FIRST_ID = 0x1A0000  # Postfix and Exim write at least six characters


@dataclass(frozen=True, slots=True)
class Subject:
    """A rule or detector and where its cases stand."""

    name: str
    rule: Rule | None
    detector: Detector[Any] | None
    cases: Path


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One story and what it must come to; see the module's docstring."""

    name: str
    fires: bool
    lines: list[str | dict[str, Any]]
    before: list[str | dict[str, Any]] = []
    evades: bool = False
    severity: str | None = None
    incidents: int | None = None
    unknown: bool = False
    site: Site = Site(domains=frozenset({"example.org"}))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a case. `fault` says what is wrong, None where all is as it must be; `raised`: its incidents."""

    case: Case
    fired: bool
    severity: str | None
    fault: str | None
    raised: tuple[Incident, ...]


def subjects() -> list[Subject]:
    """Give every rule and detector that comes with mailwarden."""
    own = Path(str(files("mailwarden.alerts")))
    found = [subject(path) for path in rule_files(own / "rules")]
    for detector in load_detectors():
        name = detector.detection.name
        found.append(Subject(name, None, detector, own / "detectors" / f"{name}.cases.yaml"))
    return sorted(found, key=lambda one: one.name)


def subject(path: Path) -> Subject:
    """Give the rule of a file.

    Raises:
        ConfigurationError: It is no valid rule.
    """
    ours = path.parent == Path(str(files("mailwarden.alerts"))) / "rules"
    rule = compile_file(path, RuleSettings(), None if ours else event_words())
    assert rule is not None  # nothing switches it off here
    return Subject(path.stem, rule, None, path.with_suffix(f".cases{path.suffix}"))


def cases_of(path: Path) -> list[Case]:
    """Read a file of cases.

    Raises:
        ConfigurationError: It is not there, or no list of cases.
    """
    import yaml

    try:
        cases = msgspec.convert(yaml.safe_load(path.read_text(encoding="utf-8")), list[Case])
    except FileNotFoundError:
        model = files("mailwarden.alerts") / "rules" / "fast_guessing.cases.yaml"
        raise ConfigurationError(
            [
                coded(
                    "MW3301",
                    "{path}: is not there. Write cases for this rule, like those in {model}.",
                    path=path,
                    model=model,
                )
            ]
        ) from None
    except (yaml.YAMLError, msgspec.ValidationError, UnicodeDecodeError) as error:
        said = coded("MW3301", "{path}: no list of cases: {error}. Mend it.", path=path, error=heard(error))
        raise ConfigurationError([said]) from None
    faults = [
        coded(
            "MW3302",
            '{path}: "{name}": severity "{severity}" is none of {known}.',
            path=path,
            name=case.name,
            severity=case.severity,
            known=", ".join(SEVERITIES),
        )
        for case in cases
        if case.severity is not None and case.severity not in SEVERITIES
    ]
    if faults:
        raise ConfigurationError(faults)
    return cases


def try_case(one: Subject, case: Case) -> Verdict:
    """Fold a case's lines with its rule alone; say whether it fired, and whether that is right.

    Raises:
        ConfigurationError: A line of the case cannot be built or read.
    """
    rules = [] if one.rule is None else [one.rule]
    detectors = [] if one.detector is None else [one.detector]
    here = one.cases.parent.parent / "detectors"
    databases = tuple(str(here / name) for name in case.site.databases)
    fold = Fold(replace(case.site, databases=databases), rules, detectors, Nowhere(), lambda _: one.cases.name)
    story = _Story(f'{one.cases}: "{case.name}"', has_unknown=case.unknown)
    fold.take(list(story.events(case.before)))
    begins_us = story.now_us
    fold.take(list(story.events(case.lines)))
    changed, _ = fold.incidents.drain()
    fresh = [one for one in changed if any(at_us > begins_us for at_us, _ in one.timeline)]
    severity = max((incident.severity for incident in fresh), key=severity_rank, default=None)
    return Verdict(case, bool(fresh), severity, _fault(case, len(fresh), severity), tuple(fresh))


def _fault(case: Case, fresh: int, severity: str | None) -> str | None:
    if case.fires and not fresh:
        return coded("MW3303", "raises no incident, and must")
    if not case.fires and fresh:
        return coded("MW3303", "raises an incident ({severity}), and must not", severity=severity)
    if case.severity is not None and severity != case.severity:
        return coded("MW3303", "is {severity}, and must be {wanted}", severity=severity, wanted=case.severity)
    if case.incidents is not None and fresh != case.incidents:
        return coded(
            "MW3303",
            "incidents that it raises: {number}; that it must raise: {wanted}",
            number=fresh,
            wanted=case.incidents,
        )
    return None


class _Story:
    """Builds the lines of one case and reads them."""

    def __init__(self, where: str, *, has_unknown: bool = False) -> None:
        self._where = where
        self._has_unknown = has_unknown
        self._reader = Reader(zone=UTC)
        self._moment = _START
        self._id = _FIRST_ID
        self._offset = 0

    @property
    def now_us(self) -> int:
        """Where the story stands."""
        return int(self._moment.timestamp()) * 1_000_000

    def events(self, steps: list[str | dict[str, Any]]) -> Iterator[Event]:
        """Give the events of some steps; time goes on."""
        for step in steps:
            for text in self._texts(step):
                line = f"{self._moment:%Y-%m-%dT%H:%M:%S}+00:00 {_HOST} {text}"
                event = self._reader.read(line)
                event.stream_us, event.log_offset = event.timestamp_us, self._offset
                self._offset += len(line) + 1
                if event.event_kind == "pipeline_error" and not self._has_unknown:
                    said = coded("MW3304", "{where}: no pattern knows this line: {text}", where=self._where, text=text)
                    raise ConfigurationError([said])
                yield event

    def _texts(self, step: str | dict[str, Any]) -> Iterator[str]:
        if isinstance(step, str):
            step = {"line": step}
        repeat, every = step.get("repeat", 1), self._duration(step.get("every", "1s"))
        if not isinstance(repeat, int) or not 0 < repeat <= _MOST_REPEATED:
            said = coded(
                "MW3302",
                '{where}: repeat: "{given}" is no number from 1 to {most}.',
                where=self._where,
                given=repeat,
                most=_MOST_REPEATED,
            )
            raise ConfigurationError([said])
        self._moment += self._duration(step.get("after", "1s"))
        lines, values = self._lines(step)
        for number in range(1, repeat + 1):
            if number > 1:
                self._moment += every
            self._id += 1
            own = {"n": str(number), "id": f"{self._id:X}"}
            filled = own | {name: self._fill(str(value), own) for name, value in values.items()}
            for line in lines:
                yield self._fill(line, filled)

    def _lines(self, step: Mapping[str, Any]) -> tuple[list[str], dict[str, Any]]:
        """Give the lines of a step and what fills them."""
        (name, *others) = [key for key in step if key not in _PACE] or ["nothing"]
        if others:
            said = coded(
                "MW3302",
                '{where}: "{name}" and "{other}" in one step: write two.',
                where=self._where,
                name=name,
                other=others[0],
            )
            raise ConfigurationError([said])
        if name in ("line", "lines"):
            given = [step["line"]] if name == "line" else step["lines"]
            if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
                said = coded(
                    "MW3302", "{where}: {name}: what stands here is log lines, as text.", where=self._where, name=name
                )
                raise ConfigurationError([said])
            return given, {}
        turn = _turns().get(name)
        if turn is None:
            said = coded(
                "MW3302",
                '{where}: no turn is named "{name}". They stand in alerts/turns.yaml.',
                where=self._where,
                name=name,
            )
            raise ConfigurationError([said])
        if not isinstance(step[name], dict):
            said = coded(
                "MW3302",
                '{where}: {name}: what fills it is a mapping, such as "user: bob@example.org".',
                where=self._where,
                name=name,
            )
            raise ConfigurationError([said])
        return turn.lines, {**turn.values, **step[name]}

    def _fill(self, text: str, values: Mapping[str, str]) -> str:
        return _PLACE.sub(self._filler(text, values), text)

    def _filler(self, text: str, values: Mapping[str, str]) -> "Callable[[re.Match[str]], str]":
        def value(match: re.Match[str]) -> str:
            if match[1] not in values:
                said = coded(
                    "MW3302", "{where}: nothing fills {place} in: {text}", where=self._where, place=match[0], text=text
                )
                raise ConfigurationError([said])
            return values[match[1]]

        return value

    def _duration(self, text: Any) -> timedelta:
        try:
            return parse_duration(str(text))
        except ValueError:
            said = coded(
                "MW3302", '{where}: "{text}" is no duration such as 90s, 10m, 2h or 1d.', where=self._where, text=text
            )
            raise ConfigurationError([said]) from None


class _Turn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Lines that servers write together, and what fills them where a case does not say."""

    lines: list[str]
    values: dict[str, Any] = {}


@functools.cache
def _turns() -> dict[str, _Turn]:
    import yaml

    text = (files("mailwarden.alerts") / "turns.yaml").read_text(encoding="utf-8")
    return msgspec.convert(yaml.safe_load(text), dict[str, _Turn])
