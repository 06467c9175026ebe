"""What holds for every line of every format, whoever wrote parts of it: none raises, none takes long."""

import copy
import re
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailwarden.parsers import formats
from mailwarden.parsers.claims import claims
from mailwarden.parsers.envelope import Reader
from mailwarden.parsers.event import Event, to_ecs
from mailwarden.parsers.pattern import Format, Read

FOLDER = Path(formats.__path__[0])
FORMS = sorted(form.name for form in claims().formats())
HINT_US = 1_790_000_000_000_000  # September 2026: samples bear no year
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
ANY = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\r"), max_size=60)
SIGNS = st.sampled_from(
    ["", '"', "\\", "<", ">", "((((", ")", "[192.0.2.1]", "\x00\x1b[31m", "\u2028\u0085", "9" * 26, ": ", "="]
)
LONG = 90_000


class Given(NamedTuple):
    """A sample as its format is given it to read: the event so far, and the text behind the envelope."""

    event: Event
    text: str


@cache
def samples(name: str) -> Sequence[Given]:
    """Give the samples that stand beside a format."""
    found: list[Given] = []
    make = Format.reader

    def listening(self: Format, program: str | None) -> Read:
        read = make(self, program)

        def listen(event: Event, text: str) -> bool:
            if self.name == name:
                found.append(Given(copy.copy(event), text))
            return read(event, text)

        return listen

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Format, "reader", listening)
        for sample in yaml.load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"), LOADER):
            Reader(hint_year_us=HINT_US).read_lines(sample.get("lines") or [sample["line"]])
    return found


def read(name: str, sample: Given, text: str) -> Event:
    """Let a format read another text in the place of a sample's."""
    form = claims().named(name)
    assert form is not None
    event = copy.copy(sample.event)
    form.read(event, text)
    return event


@pytest.mark.parametrize("name", FORMS)
@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_no_text_raises(name: str, data: st.DataObject) -> None:
    """Whatever stands behind a program's name, it is read or counted, never an exception."""
    sample = data.draw(st.sampled_from(samples(name)))

    event = read(name, sample, data.draw(st.text(max_size=300)))

    assert event.event_kind in {"event", "pipeline_error", "ignored"}
    to_ecs(event)


@given(st.text(max_size=200), st.booleans())
def test_whose_line_it_is_can_be_asked_of_any_text(text: str, own_file: bool) -> None:
    """No format raises where it is asked whether a tag or a text is its own."""
    claims().tag(text)
    claims().text(text, own_file)
    claims().any_text(text)


@pytest.mark.parametrize("name", FORMS)
@settings(max_examples=800, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_no_mutation_raises(name: str, data: st.DataObject) -> None:
    """A known line that was cut, doubled, spliced with another or written over is read or counted."""
    sample, other = data.draw(st.tuples(*[st.sampled_from(samples(name))] * 2))
    first, last = sorted(data.draw(st.tuples(*[st.integers(0, len(sample.text))] * 2)))
    begin, end = sorted(data.draw(st.tuples(*[st.integers(0, len(other.text))] * 2)))
    put = data.draw(SIGNS | ANY | st.just(other.text[begin:end]) | st.just(sample.text[first:last] * 2))

    event = read(name, sample, sample.text[:first] + put + sample.text[last:])

    assert event.event_kind in {"event", "pipeline_error", "ignored"}
    to_ecs(event)


@pytest.mark.parametrize("name", FORMS)
def test_no_number_is_too_large_to_be_kept(name: str) -> None:
    """Whatever digits stand where a line has a number, what is read of it fits the archive and the database."""
    for sample in samples(name):
        for number in re.finditer(r"\d+", sample.text):
            for digits in ("9" * 20, "9" * 26):
                event = read(name, sample, sample.text[: number.start()] + digits + sample.text[number.end() :])

                numbers = {name: value for name, value in to_ecs(event).items() if isinstance(value, int)}
                assert {name: value for name, value in numbers.items() if abs(value) >= 10**18} == {}, sample.text


@pytest.mark.parametrize("name", FORMS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_line_takes_long(name: str, data: st.DataObject) -> None:
    """A line of 90,000 characters, made to let a pattern try again and again, is read in the time of a glance."""
    sample = data.draw(st.sampled_from(samples(name)))
    first, last = sorted(data.draw(st.tuples(*[st.integers(0, len(sample.text))] * 2)))
    again = sample.text[first : min(last, first + 40)] or data.draw(SIGNS) or " "
    text = sample.text[:first] + again * (LONG // len(again)) + sample.text[first:]
    began = time.process_time()

    read(name, sample, text)

    assert time.process_time() - began < 0.5
