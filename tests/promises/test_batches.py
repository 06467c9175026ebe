"""Where batches end, when the service begins anew and what stays in memory never changes what comes out."""

import random
from collections.abc import Iterator, Sequence
from datetime import UTC
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from logs import lines_of

from mailwarden.alerts import shelf
from mailwarden.alerts.compiler import load_rules
from mailwarden.alerts.incident import Notification
from mailwarden.parsers.event import Event
from mailwarden.pipeline import runner as runner_module
from mailwarden.pipeline.admission import Admission
from mailwarden.pipeline.batch import Batch
from mailwarden.pipeline.configuration import Configuration
from mailwarden.pipeline.runner import Runner
from mailwarden.pipeline.sources import FileSource
from mailwarden.pipeline.store import OutboxRow, Store

LOGS = [
    "mixed_day.mail.log",
    "account_compromise.mail.log",
    "log_injection.mail.log",
    "exim_account_compromise.exim_mainlog.log",
]
RULES = load_rules(settings={})


class Ears:
    """Stands where the teller stands, and keeps what it is given."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str, int, str]] = []

    def decide(self, notices: Sequence[Notification], *, live: bool) -> list[OutboxRow]:
        self.heard += [(one.id, one.kind, one.at_us, one.incident.id) for one in notices]
        return []


class Outcome(NamedTuple):
    """All that a fold leaves behind."""

    incidents: list[Any]
    notices: list[tuple[str, str, int, str]]
    state: list[tuple[Any, ...]]
    rollups: list[tuple[Any, ...]]
    unparsed: list[Any]


@pytest.fixture(autouse=True)
def _rules_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner_module, "load_rules", lambda **_: RULES)


def admission_of(path: Path) -> Admission:
    source = FileSource(path, only=[path], name="mail.log")
    return Admission([source], follow=False, clock=lambda: 1_790_000_000_000_000, zone=UTC, year=2026)


def events_of(path: Path) -> list[Event]:
    return [event for batch in admission_of(path).batches() for event in batch.events]


def folded(log: Path, directory: Path, sizes: Iterator[int], reopen: "Iterator[bool]") -> Outcome:
    """Fold a log in batches of these sizes; begin anew after a batch where `reopen` says so."""
    directory.mkdir()
    path = directory / "mailwarden.db"
    events, ears, at = events_of(log), Ears(), 0
    store = Store.open(path)
    admission = admission_of(log)
    admission._begin()
    runner = Runner(store, Configuration(), admission)
    while at < len(events):
        size = next(sizes)
        runner.take(Batch(events[at : at + size], {}, 0, False), ears)  # type: ignore[arg-type]
        at += size
        if next(reopen):
            store.close()
            store = Store.open(path)
            runner = Runner(store, Configuration(), admission)
    outcome = Outcome(
        [msgspec.to_builtins(incident) for incident in store.incidents()],
        ears.heard,
        store._rows("SELECT kind, key, version, expires_us, blob FROM state ORDER BY kind, key"),
        sorted(store.rollups(0, 1 << 62)),
        store.unparsed(),
    )
    store.close()
    admission.close()
    return outcome


def whole() -> Iterator[int]:
    yield 1 << 30


def often(chance: random.Random, most: int) -> Iterator[int]:
    while True:
        yield chance.choice([1, 1, 2, 3, chance.randint(1, most)])


def sometimes(chance: random.Random) -> Iterator[bool]:
    while True:
        yield chance.random() < 0.2


def never() -> Iterator[bool]:
    while True:
        yield False


def hostile(name: str) -> list[bytes]:
    """Put bytes that are no UTF-8 into names of accounts and hosts, and make them fail and succeed again."""
    chance, made = random.Random(name), []
    for line in lines_of(name):
        for word in (b"office", b"user=<", b"sasl_username="):
            if word in line and chance.random() < 0.3:
                line = line.replace(word, word + b"\xff\xc3", 1)
        made.append(line)
    return made


def compare(expected: Outcome, actual: Outcome) -> None:
    for name, first, second in zip(Outcome._fields, expected, actual, strict=True):
        assert first == second, name


@pytest.mark.parametrize("spoilt", [False, True])
@pytest.mark.parametrize("name", LOGS)
def test_batches_restarts_and_eviction_change_nothing(
    name: str, spoilt: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Incidents, notices, state and counts are the same for any batches, with restarts between and a tiny memory."""
    log = tmp_path / "mail.log"
    log.write_bytes(b"".join(hostile(name) if spoilt else lines_of(name)))
    expected = folded(log, tmp_path / "whole", whole(), never())

    monkeypatch.setattr(shelf.Shelf.__init__, "__defaults__", (2,))
    for seed in range(3):
        chance = random.Random(seed)
        actual = folded(log, tmp_path / str(seed), often(chance, 300), sometimes(chance))
        compare(expected, actual)
