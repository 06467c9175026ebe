"""Windows count as a list of all events would, to a sixtieth of their span."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwarden.alerts.detection.windows import BUCKETS, Window, add, add_value, crossed, gather, wants_more
from mailwarden.alerts.terms import Evidence

SPAN_US = 600_000_000
LINE = Evidence("mail.log", 0, "a line")

STEPS = st.lists(st.tuples(st.integers(0, SPAN_US * 2), st.integers(0, 5)), max_size=60)
NAMES = st.lists(st.tuples(st.integers(0, SPAN_US // 2), st.sampled_from("abcdefgh")), max_size=60)


def is_within(at_us: int, now_us: int) -> bool:
    """Say whether a time lies in the span that ends now, by whole sixtieths."""
    return at_us * BUCKETS // SPAN_US > now_us * BUCKETS // SPAN_US - BUCKETS


@given(STEPS)
def test_a_sum_is_that_of_all_events_within_the_span(steps: list[tuple[int, int]]) -> None:
    """Counts and sums are those of a list that forgets nothing; so is what is left after a while."""
    window, now_us, seen = Window(), 1_700_000_000_000_000, []

    for gap_us, amount in steps:
        now_us += gap_us
        seen.append((now_us, amount))
        expected = sum(amount for at_us, amount in seen if is_within(at_us, now_us))
        assert expected == add(window, now_us, SPAN_US, amount)


@given(STEPS)
def test_a_sum_is_exact_to_a_sixtieth(steps: list[tuple[int, int]]) -> None:
    """Nothing of the last 59 sixtieths is missing, nothing older than the span is left."""
    window, now_us, seen = Window(), 1_700_000_000_000_000, []

    for gap_us, amount in steps:
        now_us += gap_us
        seen.append((now_us, amount))
        measure = add(window, now_us, SPAN_US, amount)
        sure = sum(amount for at_us, amount in seen if now_us - at_us <= SPAN_US - SPAN_US // BUCKETS)
        most = sum(amount for at_us, amount in seen if now_us - at_us < SPAN_US)
        assert sure <= measure <= most


@given(NAMES)
def test_different_values_are_those_of_all_events_within_the_span(steps: list[tuple[int, str]]) -> None:
    """A value that comes again stays; one whose last sight left the span is gone."""
    window, now_us, seen = Window(), 1_700_000_000_000_000, []

    for gap_us, name in steps:
        now_us += gap_us
        seen.append((now_us, name))
        expected = {name for at_us, name in seen if is_within(at_us, now_us)}
        assert len(expected) == add_value(window, now_us, SPAN_US, name, 100)


@given(STEPS, st.integers(1, 10))
def test_a_window_fires_at_its_threshold_once_a_doubling_and_anew_after_silence(
    steps: list[tuple[int, int]], threshold: int
) -> None:
    """As a reference that keeps all: first when the threshold is reached, then at twice the measure it last fired at."""
    window, now_us, level, before_us = Window(), 1_700_000_000_000_000, 0, 0

    for gap_us, amount in steps:
        now_us += gap_us
        if before_us and now_us - before_us > SPAN_US:
            level = 0
        before_us = now_us
        measure = add(window, now_us, SPAN_US, amount)
        expected = measure >= threshold and (not level or measure >= 2 * level)
        if expected:
            level = measure
        assert expected == (measure >= threshold and crossed(window, measure))


@given(STEPS, st.integers(0, 59))
def test_a_window_goes_on_after_a_restart(steps: list[tuple[int, int]], at: int) -> None:
    """Kept and read again at any place, it counts the same."""
    whole, kept, now_us = Window(), Window(), 1_700_000_000_000_000

    for place, (gap_us, amount) in enumerate(steps):
        now_us += gap_us
        if place == at:
            kept = msgspec.msgpack.decode(msgspec.msgpack.encode(kept), type=Window)
        assert add(whole, now_us, SPAN_US, amount) == add(kept, now_us, SPAN_US, amount)


def test_only_so_many_values_are_remembered() -> None:
    """An attacker who tries names for ever costs no more than the cap."""
    window = Window()

    counts = [add_value(window, 1_000_000 + number, SPAN_US, str(number), 8) for number in range(50)]

    assert max(counts) == len(window.values or ()) == 8


def test_what_is_gathered_is_the_first_and_bounded() -> None:
    """Three lines and sixteen names suffice for the finding that may come."""
    window, names = Window(), {"user.name": ["a"]}

    for number in range(100):
        if wants_more(window):
            gather(window, Evidence("mail.log", number, "x"), {"user.name": [f"user{number}"]} if number else names)

    assert [line.offset for line in window.lines] == [0, 1, 2]
    assert len((window.entities or {})["user.name"]) == 16
    assert names == {"user.name": ["a"]}  # what others may share is not changed


@pytest.mark.parametrize(("gap_us", "left"), [(SPAN_US, 1), (SPAN_US + 1, 0), (10 * SPAN_US, 0)])
def test_silence_forgets_what_was_gathered(gap_us: int, left: int) -> None:
    """After a span without an event the window is armed, and its lines are those of a new start."""
    window = Window()
    add(window, SPAN_US, SPAN_US, 5)
    gather(window, LINE, {})
    crossed(window, 5)

    add(window, SPAN_US + gap_us, SPAN_US, 1)

    assert (len(window.lines), window.level) == ((1, 5) if left else (0, 0))
