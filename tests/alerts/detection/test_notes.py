"""What is noted of a key's first event counts as its windows would have."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mailwarden.alerts.detection.counting import alone, put
from mailwarden.alerts.detection.engine import Engine
from mailwarden.alerts.detection.notes import Windows, windows_of
from mailwarden.alerts.detection.windows import Window
from mailwarden.alerts.rulebook.compiler import compile_file
from mailwarden.alerts.rulebook.rule import Count
from mailwarden.alerts.rulebook.rulebook import load_rulebook
from mailwarden.alerts.state.blob import decoder
from mailwarden.alerts.state.shelf import Nowhere
from mailwarden.alerts.state.weight import weigh
from mailwarden.parsers.event import Event

HOUR_US = 3_600_000_000
START_US = 20_000 * 24 * HOUR_US


def count_of(kind: str) -> Count:
    """Give a count of a kind within an hour."""
    never: Any = None
    return Count("any", kind, never, None, frozenset(), None, HOUR_US, 5)


@pytest.mark.parametrize(
    ("kind", "counted"),
    [("event_count", 3), ("value_sum", 0), ("value_count", "ann"), ("value_count", ["a", "b", "a"])],
)
def test_what_stands_alone_measures_what_its_window_does(kind: str, counted: Any) -> None:
    """Whether one event is noted or put into a window, it measures the same."""
    assert alone(counted) == put(count_of(kind), Window(), START_US, counted)


def guess(engine: Engine, address: str, account: str, at_us: int) -> list[tuple[Any, ...]]:
    """Have a stranger fail; give what fired."""
    event = Event()
    event.event_action, event.stream_us, event.log_offset = "auth-failure", at_us, int(account[-1])
    event.source_ip, event.mailwarden_network, event.mailwarden_account = address, "192.0.2.0/24", account
    event.mailwarden_attempts, event.mailwarden_site = 1, "here"
    event.facts = {}
    return [
        (one.detection.name, one.fired, one.tries, one.measure, one.first_us, one.entities, one.evidence)
        for one in engine.detect(event)
    ]


def tries(engine: Engine, between: Callable[[], None]) -> list[list[tuple[Any, ...]]]:
    """Have six addresses of one network try six accounts, two of them at the very first second."""
    told = []
    for number, at_s in enumerate((0, 0, 60, 120, 3_000, 9_000)):
        told.append(guess(engine, f"192.0.2.{number}", f"person{number}", START_US + at_s * 1_000_000))
        between()
    return told


def test_a_second_event_finds_the_first_in_all_windows() -> None:
    """What fires names the first try, its line and its account, whether or not it was packed and read again meanwhile."""
    rules = load_rulebook().rules
    engine, again = Engine(rules, [], Nowhere(), str), Engine(rules, [], Nowhere(), str)

    def pack() -> None:
        for shelf in again.shelves:
            shelf.turn()
            shelf.turn()

    told = tries(engine, lambda: None)

    assert told == tries(again, pack)
    (steady,) = [one for one in told[3] if one[0] == "steady_guessing"]
    assert steady[1:5] == (True, 4, 4, START_US)
    assert steady[5]["mailwarden.account"] == ["person0", "person1", "person2", "person3"]
    assert [line.offset for line in steady[6]] == [0, 1, 2, 3]


def test_of_one_try_there_are_no_windows() -> None:
    """A network that tried once takes less than half of the memory that its windows would."""
    rules = load_rulebook().rules
    engine = Engine(rules, [], Nowhere(), str)

    guess(engine, "192.0.2.1", "person1", START_US)

    blobs = [row[4] for row in engine.shelves[0].drain() if "192.0.2.0" in row[1]]
    record = decoder(Windows)(blobs[0] or b"")
    assert (record.rules, len(record.noted) >= 5) == ({}, True)
    noted_bytes = weigh(record)
    made = {rule.detection.name: windows_of(record, rule) for rule in rules if rule.detection.name in record.noted}
    assert (len(made), record.noted) == (len(record.rules), {})
    assert noted_bytes * 2 < weigh(record)


@pytest.mark.parametrize("counted", ["event_count", "value_count"])
def test_the_first_event_of_what_is_never_silent_counts(tmp_path: Path, counted: str) -> None:
    """A rule about the whole site, from whose windows old names and lines go, tells of the very first try, too."""
    field = "field: mailwarden.account, " if counted == "value_count" else ""
    (tmp_path / "own.yaml").write_text(
        "title: t\nname: base\nlogsource: {product: mail}\ndetection:\n  x: {event.action: auth-failure}\n  condition: x\n"
        f"---\ntitle: s\nname: own\ncorrelation:\n  type: {counted}\n  rules: [base]\n  timespan: 1h\n"
        f"  condition: {{{field}gte: 3}}\nlevel: low\nmailwarden: {{id: X-01, cause: guessing, category: auth_attack,\n"
        "  primary: mailwarden.site, entities: [mailwarden.account], title: t, why: w, advice: look}\n"
    )
    rule = compile_file(tmp_path / "own.yaml")
    assert rule is not None
    engine = Engine([rule], [], Nowhere(), str)

    first, second, third = (
        guess(engine, "192.0.2.1", f"person{number}", START_US + number * 60_000_000) for number in range(3)
    )

    assert (first, second, len(third)) == ([], [], 1)
    name, fired, count, measure, first_us, entities, evidence = third[0]
    assert (name, fired, count, measure, first_us) == ("own", True, 3, 3, START_US)
    assert entities == {"mailwarden.account": ["person0", "person1", "person2"]}
    assert [line.offset for line in evidence] == [0, 1, 2]
