"""Every sample that stands beside a format, read as the service would read it."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from mailwarden.parsers import formats
from mailwarden.parsers.claims import claims
from mailwarden.parsers.envelope import Reader
from mailwarden.parsers.event import Event, to_ecs
from mailwarden.parsers.pattern import Format, Read

FOLDER = Path(formats.__path__[0])
HINT_US = 1_790_000_000_000_000  # September 2026: samples bear no year
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _samples() -> list[Any]:
    return [
        pytest.param(path.stem, sample, id=f"{path.stem}-{number}-{sample['pattern']}")
        for path in sorted(FOLDER.rglob("*.yaml"))
        for number, sample in enumerate(yaml.load(path.read_text(encoding="utf-8"), LOADER), start=1)
    ]


SAMPLES = _samples()


@pytest.fixture
def texts(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Format, Event, str]]:
    """What each format was given to read, with the event as it was before."""
    given: list[tuple[Format, Event, str]] = []
    reader = Format.reader

    def listening(self: Format, program: str | None) -> Read:
        read = reader(self, program)

        def listen(event: Event, text: str) -> bool:
            given.append((self, copy.copy(event), text))
            return read(event, text)

        return listen

    monkeypatch.setattr(Format, "reader", listening)
    return given


@pytest.mark.parametrize(("form", "sample"), SAMPLES)
def test_sample(form: str, sample: dict[str, Any], texts: list[tuple[Format, Event, str]]) -> None:
    """A sample gives the fields it states, and exactly one pattern knows it."""
    source = Reader(hint_year_us=HINT_US)
    source.read_lines(sample.get("before", []))
    texts.clear()
    events = source.read_lines(sample.get("lines") or [sample["line"]])
    record = next(event for event in events if event.event_action != "continuation")
    got = to_ecs(record)

    assert {name: got.get(name) for name in sample["fields"]} == sample["fields"]
    assert record.event_module == form
    reader, event, text = next(one for one in texts if one[0].name == form)
    assert list(dict.fromkeys(reader.explain(event, text))) == [sample["pattern"]]


@pytest.mark.parametrize("form", sorted({sample.values[0] for sample in SAMPLES}))
def test_each_pattern_has_a_sample(form: str) -> None:
    """No pattern stands without a line that proves it."""
    reader = claims().named(form)
    assert reader is not None
    shown = {sample.values[1]["pattern"] for sample in SAMPLES if sample.values[0] == form}

    assert {pattern.name for pattern in reader.patterns} - shown == set()


def test_each_format_has_samples() -> None:
    """Every format stands beside its samples."""
    assert {one.name for one in claims().formats()} == {sample.values[0] for sample in SAMPLES}
