"""Try a changed rule on what happened here: the archive of the service, or log files."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from mailwarden.alerts.detectors import load_detectors
from mailwarden.alerts.incidents.incident import Incident
from mailwarden.alerts.incidents.normals import Normal
from mailwarden.alerts.rulebook.compiler import compile_file
from mailwarden.alerts.rulebook.rulebook import Rulebook
from mailwarden.alerts.terms import SEVERITIES
from mailwarden.parsers.errors import UsageError, coded, worded
from mailwarden.parsers.event import Event
from mailwarden.pipeline.admission.admission import Admission
from mailwarden.pipeline.archive import history
from mailwarden.pipeline.configuration.configuration import Configuration, RuleSetting
from mailwarden.pipeline.configuration.reading import rule_names
from mailwarden.pipeline.runner import wall_clock
from mailwarden.pipeline.trial.replay import Outcome, Replay, Variant
from mailwarden.pipeline.trial.vocabulary import event_words

__all__ = ["Past", "Tried", "as_it_is", "changed", "past_of", "try_out"]

_LEARN = timedelta(days=30)
"""So much before what is judged is read too: the ledger knows a network for 30 days, and guessing after 3."""


@dataclass(slots=True)
class Past:
    """Events of old. `from_us` is where judging begins, None where only the last event tells."""

    batches: Iterator[Sequence[Event]]
    span: timedelta | None
    from_us: int | None = None
    problems: Callable[[], Sequence[str]] = tuple  # what could not be read: asked when all was


@dataclass(slots=True)
class Tried:
    """What the variants came to. Times are epoch microseconds of stream time; `from_us` to `last_us` is judged."""

    outcomes: Mapping[str, Outcome]
    events: int
    first_us: int
    from_us: int
    last_us: int
    seconds: float
    problems: list[str]

    @property
    def judged(self) -> timedelta:
        """How long a stretch is judged."""
        return timedelta(microseconds=self.last_us - self.from_us)

    def incidents(self, variant: str) -> list[Incident]:
        """Give the incidents of a variant that were alive in the time that is judged."""
        found = self.outcomes[variant].incidents.values()
        return [incident for incident in found if incident.last_seen_us >= self.from_us]


def past_of(
    configuration: Configuration,
    paths: Sequence[str],
    span: timedelta | None,
    *,
    directory: Path | None = None,
    zone: str | None = None,
    year: int | None = None,
) -> Past:
    """Find what happened here.

    Args:
        configuration: The settings.
        paths: Log files; empty: the archive.
        span: How far back to judge, from the last event; None: all of it.
        directory: The archive, where it is not the configured one.
        zone: Of stamps in log files that name none.
        year: Of the last line of log files, where stamps name none.

    Raises:
        UsageError: There is no history.
    """
    if paths:
        admission = Admission.of_paths(
            list(paths), configuration=configuration, zone=zone, year=year, positions={}, clock=wall_clock
        )
        return Past((batch.events for batch in admission.batches()), span, problems=lambda: admission.problems)
    directory = directory or configuration.archive_directory
    last_us = history.last_us(directory)
    if last_us is None:
        raise UsageError(
            coded(
                "MW5204",
                "{directory}: holds no history yet: mailwarden run writes it. Give log files instead, as in:"
                "  mailwarden backtest /var/log/mail.log*",
                directory=directory,
            )
        )
    if span is None:
        return Past(history.replay(directory), None)
    from_us = last_us - span // timedelta(microseconds=1)
    return Past(history.replay(directory, from_us - _LEARN // timedelta(microseconds=1)), span, from_us)


def try_out(
    past: Past, configuration: Configuration, variants: Mapping[str, Variant], normals: Iterable[Normal] = ()
) -> Tried:
    """Fold the past with each variant."""
    started = time.monotonic()
    replay = Replay(configuration.as_site(), variants, list(normals))
    count = first_us = last_us = 0
    for events in past.batches:
        if not events:
            continue
        first_us = first_us or events[0].stream_us
        last_us = events[-1].stream_us
        count += len(events)
        replay.take(events)
    from_us = past.from_us or 0
    if past.from_us is None and past.span is not None:
        from_us = last_us - past.span // timedelta(microseconds=1)
    seconds = time.monotonic() - started
    return Tried(replay.outcomes(), count, first_us, max(from_us, first_us), last_us, seconds, list(past.problems()))


# ---------------------------------------------------------------------- what is changed


def as_it_is(configuration: Configuration, without: Sequence[Path] = ()) -> tuple[Variant, Rulebook]:
    """Give the rules of the configuration; the book says which of the operator's own are broken.

    Args:
        configuration: The settings.
        without: Files that are left out: a rule that is tried may stand in its directory already.
    """
    book = configuration.rulebook()
    tried = {path.resolve() for path in without}
    rules = [rule for rule in book.rules if Path(rule.path).resolve() not in tried]
    return Variant(rules, load_detectors(configuration.rule_settings())), book


def changed(configuration: Configuration, files: Sequence[Path], sets: Sequence[str]) -> tuple[Variant, list[str]]:
    """Give the rules with changes, and what is changed in words.

    Args:
        configuration: The settings that are changed.
        files: Rule files that come new or stand for the rule of their name.
        sets: Settings such as `fast_guessing.threshold=10`.

    Raises:
        ConfigurationError: A file is no valid rule, or a rule cannot be changed so.
        UsageError: A setting cannot be read.
    """
    known = {*rule_names(configuration.rules_directory), *(path.stem for path in files)}
    rules = dict(configuration.rules)
    said = []
    for text in sets:
        name = _named(text, known)
        rules[name] = _changed(text, rules.get(name, RuleSetting()))
        said.append(text)
    if files:  # settings of a rule that only the file holds are unknown to the others
        own = {path.stem for path in files}
        others = replace(configuration, rules={name: rule for name, rule in rules.items() if name not in own})
    else:
        others = replace(configuration, rules=rules)
    book = others.rulebook()
    by_name = {rule.detection.name: rule for rule in book.rules}
    settings = replace(configuration, rules=rules).rule_settings()
    for path in files:
        rule = compile_file(path, settings.get(path.stem), event_words())
        if rule is not None:
            by_name[path.stem] = rule
        elif path.stem in by_name:
            del by_name[path.stem]
        said.append(str(path))
    detectors = load_detectors({name: one for name, one in settings.items() if name not in by_name})
    return Variant([by_name[name] for name in sorted(by_name)], detectors), said


def _named(text: str, known: set[str]) -> str:
    """Give the rule that a setting is about."""
    from difflib import get_close_matches

    name = text.partition("=")[0].partition(".")[0]
    if name not in known:
        meant = get_close_matches(name, known, 1)
        mend = worded("List them with  mailwarden rules list")
        if meant:
            mend = worded('Did you mean "{meant}"?', meant=meant[0])
        raise UsageError(coded("MW8111", '--set {text}: no rule "{name}". {mend}', text=text, name=name, mend=mend))
    return name


def _changed(text: str, setting: RuleSetting) -> RuleSetting:
    """Read NAME.threshold=N, NAME.severity=WORD or NAME.enabled=true|false, and change it."""
    where, _, value = text.partition("=")
    key = where.partition(".")[2]
    if key == "threshold" and value.isdecimal() and 0 < int(value) < 1_000_000_000:
        return replace(setting, threshold=int(value))
    if key == "severity" and value in SEVERITIES:
        return replace(setting, severity=value)
    if key == "enabled" and value in ("true", "false"):
        return replace(setting, enabled=value == "true")
    raise UsageError(
        coded(
            "MW8105",
            '--set: "{text}" cannot be set. Write NAME.threshold=10, NAME.severity=high or NAME.enabled=false.',
            text=text,
        )
    )
