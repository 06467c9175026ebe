"""Let mailwarden read a simulated log, and judge what it said against the truth."""

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from bench.detection.attacks import Truth
from bench.detection.peers import Ban
from bench.detection.server import Act
from mailwarden.alerts.detection.finding import Finding
from mailwarden.alerts.incidents.incident import Incident, Notification
from mailwarden.alerts.incidents.incidents import Incidents
from mailwarden.alerts.telling.delivery import unpack
from mailwarden.alerts.telling.dispatch import Dispatch
from mailwarden.alerts.telling.routes import Router
from mailwarden.alerts.terms import severity_rank
from mailwarden.pipeline.admission.admission import Admission
from mailwarden.pipeline.configuration.configuration import Configuration
from mailwarden.pipeline.configuration.reading import load
from mailwarden.pipeline.places import store_path
from mailwarden.pipeline.runner import Runner, wall_clock
from mailwarden.pipeline.service.telling import Teller
from mailwarden.pipeline.store import Store

__all__ = ["BEGIN", "Score", "Seen", "Told", "false_alarms", "judge", "judge_ban", "read", "seconds", "write"]

BEGIN = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday
_BEGIN_US = int(BEGIN.timestamp()) * 1_000_000
_TOLD = severity_rank("medium")


class Told(NamedTuple):
    """A notice and when it leaves, in epoch microseconds; a flood may make a digest of several."""

    notice: Notification
    at_us: int


class Found(NamedTuple):
    """A finding that fired: when, of which category, and the names it bears."""

    at_us: int
    category: str
    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class Seen:
    """What mailwarden made of a log."""

    incidents: list[Incident]
    found: list[Found]
    told: list[Told]
    lines: int


@dataclass(slots=True)
class Score:
    """What became of one attack.

    Args:
        recorded_s: Seconds from its beginning until a finding that went into an incident named it; None: never.
        told_s: The same, until a person was told (medium or above, as routes do by default).
        harm: Recipients mailed before that; all of them where nobody was told.
        late_s: Seconds between the twentieth recipient and the notice; negative: before it.
        notices: How many were decided about it.
    """

    truth: Truth
    recorded_s: float | None = None
    told_s: float | None = None
    harm: int = 0
    late_s: float | None = None
    notices: int = 0
    rules: list[str] = field(default_factory=list)
    banned: dict[str, bool] = field(default_factory=dict)  # by peer: whether it acted on an address of the attack


def write(path: Path, acts: Iterable[Act]) -> int:
    """Write acts in their order as a log with ISO stamps; give the number of lines."""
    written = 0
    with path.open("w", encoding="utf-8") as log:
        for act in sorted(acts, key=lambda one: one.at_s):
            stamp = (BEGIN + timedelta(seconds=act.at_s)).strftime("%Y-%m-%dT%H:%M:%S.%f")
            for line in act.lines:
                log.write(f"{stamp}+00:00 mx1 {line}\n")
            written += len(act.lines)
    return written


def _no_clock() -> int:
    """Give the beginning of time: in the simulation nothing is too old to be told."""
    return 0


def read(log: Path, settings: str = "") -> Seen:
    """Let mailwarden read a log as `scan --state` does, and keep what it would tell."""
    with tempfile.TemporaryDirectory() as directory:
        configuration = Configuration()
        if settings:
            file = Path(directory) / "mailwarden.yml"
            file.write_text(settings, encoding="utf-8")
            configuration = load(file)
        with Store.open(store_path(Path(directory))) as store:
            admission = Admission.of_paths(
                [str(log)], configuration=configuration, zone=None, year=None, positions={}, clock=wall_clock
            )
            runner = Runner(store, configuration, admission)
            router = Router(configuration.route(), ["bench"])
            teller = Teller(Dispatch(router, _no_clock, store), router, _no_clock, configuration.site.name)
            teller.dispatch.attach(runner.fold.incidents)
            told: list[Told] = []
            found = _watched(runner.fold.incidents)
            for batch in admission.batches():
                for _, due_us, blob in runner.take(batch, teller).outbox:
                    notice = unpack(blob).notification
                    told.append(Told(notice, due_us + notice.at_us))  # due is told from the clock on
            return Seen(store.incidents(), found, told, admission.statistics.lines)


def _watched(incidents: Incidents) -> list[Found]:
    """Note each finding that fires, on its way into an incident: those write down the first twenty only."""
    found: list[Found] = []
    take = incidents.take

    def noted(finding: Finding) -> Incident | None:
        if finding.fired:
            names = frozenset(value for values in finding.entities.values() for value in values)
            found.append(Found(finding.at_us, finding.detection.category, names | {finding.primary}))
        return take(finding)

    incidents.take = noted  # type: ignore[method-assign]
    return found


def seconds(at_us: int) -> float:
    """Give seconds since the simulation began."""
    return (at_us - _BEGIN_US) / 1_000_000


def _is_during(at_s: float, truth: Truth) -> bool:
    """Say whether something was said while an attack lasted or in the two hours after it; of a takeover, within a day."""
    end_s = max(truth.end_s + 7_200, truth.begin_s + 86_400 if truth.must_tell else 0)
    return truth.begin_s - 60 <= at_s <= end_s


def _names(incident: Incident) -> set[str]:
    return {incident.primary[1], *(value for values in incident.entities.values() for value in values)}


def _is_about(incident: Incident, truth: Truth) -> bool:
    """Say whether an incident has a category and a name of the attack, and was seen while it lasted."""
    lasted = seconds(incident.last_seen_us) >= truth.begin_s - 1 and seconds(incident.opened_us) <= truth.end_s + 7_200
    named = not truth.names or bool(_names(incident) & truth.names)
    return lasted and named and bool(truth.categories & set(incident.categories))


def judge(truth: Truth, seen: Seen) -> Score:
    """Say when an attack was recorded, when a person was told, and what it had done until then."""
    score = Score(truth)
    about = [one for one in seen.incidents if _is_about(one, truth)]
    fired = [
        at
        for one in seen.found
        if one.category in truth.categories
        and (not truth.names or one.names & truth.names)
        and _is_during(at := seconds(one.at_us), truth)
    ]
    if fired:
        score.recorded_s = max(0.0, min(fired) - truth.begin_s)
    score.rules = sorted({rule for one in about for rule in one.rules})
    ids = {one.id for one in about}
    told = [
        seconds(at_us)
        for notice, at_us in seen.told
        if notice.incident.id in ids
        and _is_during(seconds(at_us), truth)
        and severity_rank(notice.incident.severity) >= _TOLD
        and notice.kind in ("opened", "worse", "returned")
    ]
    score.notices = sum(one.notice.incident.id in ids and _is_during(seconds(one.at_us), truth) for one in seen.told)
    score.harm = len(truth.recipients_s)
    if told:
        score.told_s = max(0.0, min(told) - truth.begin_s)
        score.harm = sum(at < min(told) for at in truth.recipients_s)
        if len(truth.recipients_s) >= 20:
            score.late_s = min(told) - truth.recipients_s[19]
    return score


def judge_ban(truth: Truth, bans: Iterable[Ban]) -> bool:
    """Say whether a peer acted on an address of an attack while it lasted."""
    begin = BEGIN.timestamp()
    return any(ban.address in truth.names and _is_during(ban.at_s - begin, truth) for ban in bans)


def false_alarms(seen: Seen, truths: Iterable[Truth], first_day: float) -> list[Incident]:
    """Give the incidents of medium or above after a day that are about no attack; parts of a story count with it."""
    known = list(truths)
    return [
        one
        for one in seen.incidents
        if severity_rank(one.severity) >= _TOLD
        and one.parent is None
        and seconds(one.opened_us) >= first_day * 86_400
        and not any(_is_about(one, truth) or _names(one) & truth.tried for truth in known)
    ]
