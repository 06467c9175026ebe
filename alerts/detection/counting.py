"""What a rule counts of an event: all of its correlations at once, or one after another."""

from collections.abc import Sequence

from mailwarden.alerts.detection.windows import Window, add, add_value
from mailwarden.alerts.rulebook.rule import Count, Rule
from mailwarden.parsers.event import Event

__all__ = ["Counted", "alone", "count_all", "count_in_order", "counted_of", "is_in_order", "put"]

_VALUES_CAP = 256
Counted = int | str | list[str] | None
"""What one count takes from an event: an amount, a value, several, or nothing."""


def count_all(rule: Rule, windows: list[Window], tries: int, event: Event) -> tuple[bool, list[int]]:
    """Count an event; say whether all counts hold, and what each of them holds."""
    now = event.stream_us
    reached, measures = True, []
    for count, window in zip(rule.counts, windows, strict=False):
        if count.test is not None and not count.test(event):
            measure = put(count, window, now, None)
        elif count.field is None:
            measure = add(window, now, count.span_us, tries)
        else:
            measure = put(count, window, now, counted_of(count, tries, event))
        reached = reached and measure >= count.threshold
        measures.append(measure)
    return reached, measures


def count_in_order(rule: Rule, windows: list[Window], tries: int, event: Event) -> tuple[bool | None, list[int]]:
    """Count an event; say whether it is the last of counts that were reached one after another, and what each holds.

    None where it is part of no such row: it is one of a later count and nothing came before it. What was reached may have
    left its own span since: it is told as it was then, at its threshold.
    """
    now, measures, hits = event.stream_us, [], []
    *windows, row = windows
    for count, window in zip(rule.counts, windows, strict=True):
        is_asked = _looks_at(count, event)
        measures.append(put(count, window, now, counted_of(count, tries, event) if is_asked else None))
        hits.append(is_asked and measures[-1] >= count.threshold)
    goes_on = _looks_at(rule.counts[0], event) or any(_is_within(one.order_us, now, rule.order_us) for one in windows)
    if not goes_on:
        return None, measures
    add(row, now, rule.order_us, 0)
    if not is_in_order(windows, hits, now, rule.order_us):
        return False, measures
    return True, [max(measure, count.threshold) for measure, count in zip(measures, rule.counts, strict=True)]


def is_in_order(windows: Sequence[Window], reached: Sequence[bool], now_us: int, span_us: int) -> bool:
    """Say whether an event ends a row of counts that were reached one after another within a span.

    Of all rows that came to a count the one that began last is remembered: it has the most time left.

    Args:
        windows: Of the counts, in their order.
        reached: Whether the event is one of a count and makes it hold. It continues what was there before it, never itself.
    """
    for place in reversed(range(len(windows))):
        if not reached[place]:
            continue
        began_us = windows[place - 1].order_us if place else now_us
        if _is_within(began_us, now_us, span_us):
            windows[place].order_us = began_us
    return reached[-1] and _is_within(windows[-1].order_us, now_us, span_us)


def _is_within(began_us: int, now_us: int, span_us: int) -> bool:
    return began_us > 0 and now_us - began_us <= span_us


def _looks_at(count: Count, event: Event) -> bool:
    return count.test is None or count.test(event)


def counted_of(count: Count, tries: int, event: Event) -> Counted:
    """Give what a count takes from an event that it looks at."""
    value = tries if count.field is None else count.field(event)
    if count.kind != "value_count":
        return int(value or 0)
    if value is None or value == []:
        return None
    return [str(one) for one in value] if isinstance(value, list) else str(value)


def alone(counted: Counted) -> int:
    """Give what a window measures that holds nothing else."""
    if isinstance(counted, int):
        return counted
    if isinstance(counted, str):
        return 1
    return len(set(counted or ()))


def put(count: Count, window: Window, now_us: int, counted: Counted) -> int:
    """Put into a window what a count took from an event; give what it measures now."""
    if isinstance(counted, int):
        return add(window, now_us, count.span_us, counted)
    if counted is None:
        total = add(window, now_us, count.span_us, 0)
        return len(window.values or ()) if count.kind == "value_count" else total
    cap = max(count.threshold * 4, _VALUES_CAP)
    if isinstance(counted, list):  # a line may tell of several, as the recipients of a session
        return [add_value(window, now_us, count.span_us, one, cap) for one in counted][-1]
    return add_value(window, now_us, count.span_us, counted, cap)
