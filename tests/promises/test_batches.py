"""Where batches end, when the service begins anew and what stays in memory never changes what comes out."""

import random
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC
from pathlib import Path
from typing import Any, NamedTuple, cast

import msgspec
import pytest
from logs import lines_of

from mailwarden.alerts.incidents.incident import Notification
from mailwarden.alerts.rulebook.rulebook import load_rulebook
from mailwarden.alerts.state import shelf
from mailwarden.alerts.state.shelf import Row
from mailwarden.parsers.event import Event
from mailwarden.pipeline import rollup_span
from mailwarden.pipeline.admission.admission import Admission
from mailwarden.pipeline.admission.batch import Batch
from mailwarden.pipeline.configuration.configuration import Configuration
from mailwarden.pipeline.runner import Runner
from mailwarden.pipeline.service.telling import Teller
from mailwarden.pipeline.sources.files import FileSource
from mailwarden.pipeline.store import OutboxRow, Store

MINUTE_US = 60_000_000
RULES = load_rulebook()
LOGS = [
    "mixed_day.mail.log",
    "account_compromise.mail.log",
    "log_injection.mail.log",
    "exim_account_compromise.mainlog",
]
_NAMED = {"exim_account_compromise.mainlog": "exim_account_compromise.exim_mainlog.log"}


class Ears:
    """Stands where the teller stands, and keeps what it is given."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str, int, str]] = []
        self.dispatch = self

    def sweep(self, now_us: int) -> None:
        """Forget nothing."""

    def rows(self) -> list[Row]:
        return []

    def backlog(self) -> list[str]:
        return []

    def decide(self, notices: Sequence[Notification], stream_us: int, *, live: bool) -> list[OutboxRow]:
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
    monkeypatch.setattr(Configuration, "rulebook", lambda _: RULES)


def admission_of(path: Path) -> Admission:
    source = FileSource(path, only=[path], name="mail.log")
    return Admission([source], follow=False, clock=lambda: 1_790_000_000_000_000, zone=UTC, year=2026)


def silent_minutes(events: list[Event], at: int) -> list[int]:
    """Give the whole minutes between an event and the one before it: what the clock tells while no line comes."""
    first = events[at - 1].stream_us // MINUTE_US + 1
    return [minute * MINUTE_US for minute in range(first, events[at].stream_us // MINUTE_US + 1)]


def folded(log: Path, directory: Path, chance: random.Random | None) -> Outcome:
    """Fold a log: in one batch, or in any, with silent minutes told by the clock and restarts between them."""
    directory.mkdir()
    path = directory / "mailwarden.db"
    admission = admission_of(log)
    events, ears, at = [event for batch in admission.batches() for event in batch.events], Ears(), 0
    teller = cast(Teller, ears)
    store = Store.open(path)
    runner = Runner(store, Configuration(), admission)
    while at < len(events):
        if chance and at and chance.random() < 0.7:
            for minute_us in silent_minutes(events, at):
                runner.take(Batch([], {}, minute_us, True, {}), teller)
        size = chance.choice([1, 2, chance.randint(1, 300)]) if chance else len(events)
        runner.take(Batch(events[at : at + size], {}, 0, False, {}), teller)
        at += size
        if chance and chance.random() < 0.2:
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
    return outcome


def as_written(name: str) -> list[bytes]:
    return lines_of(_NAMED.get(name, name))


def spoilt(name: str) -> list[bytes]:
    """Put bytes that are no UTF-8 into names of accounts, now and then."""
    chance = random.Random(name)
    return [
        line.replace(word, word + b"\xff\xc3", 1) if word in line and chance.random() < 0.3 else line
        for line in as_written(name)
        for word in [next((word for word in (b"office", b"user=<", b"sasl_username=") if word in line), b"office")]
    ]


def again_and_again(name: str) -> list[bytes]:
    """Let the same day come again, the next day and after a pause in which everything ends."""
    lines = as_written(name)
    days: Iterator[tuple[bytes, bytes]] = iter([(b"20", b"20"), (b"20", b"21"), (b"20", b"26")])
    if lines[0].startswith(b"Mar 21"):
        days = iter([(b"21", b"21"), (b"21", b"22"), (b"21", b"27")])
    return [line.replace(old, new, 1) for old, new in days for line in lines]


VARIANTS: dict[str, Callable[[str], list[bytes]]] = {
    "as written": as_written,
    "spoilt": spoilt,
    "again and again": again_and_again,
}


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", LOGS)
def test_batches_ticks_restarts_and_eviction_change_nothing(
    name: str, variant: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Incidents, notices, state and counts are the same for any batches, with restarts between and a tiny memory."""
    log = tmp_path / "mail.log"
    log.write_bytes(b"".join(VARIANTS[variant](name)))
    monkeypatch.setattr(rollup_span, "_LIMIT", 2)
    for name in rollup_span.DAILY_LIMITS:
        monkeypatch.setitem(rollup_span.DAILY_LIMITS, name, 3)
    expected = folded(log, tmp_path / "whole", None)
    monkeypatch.setattr(shelf, "BUDGET_BYTES", 2_000)

    for seed in range(2):
        actual = folded(log, tmp_path / str(seed), random.Random(seed))

        for part, first, second in zip(Outcome._fields, expected, actual, strict=True):
            assert first == second, part
    assert expected.incidents
