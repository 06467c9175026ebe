"""What a rule counts of an event: all of its correlations at once, or one after another."""

from collections.abc import Sequence

from mailwarden.alerts.detection.windows import Window, add, add_value
from mailwarden.alerts.rulebook.rule import Count, Rule
from mailwarden.parsers.event import Event

__all__ = ["count_all", "count_in_order", "is_in_order"]

_VALUES_CAP = 256


def count_all(rule: Rule, windows: list[Window], tries: int, event: Event) -> tuple[bool, list[int]]:
    """Count an event; say whether all counts hold, and what each of them holds."""
    now = event.stream_us
    reached, measures = True, []
    for count, window in zip(rule.counts, windows, strict=False):
        measure = (
            _measure(count, window, tries, event)
            if len(rule.counts) == 1 or count.test(event)
            else _standing(window, now, count)
        )
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
        is_asked = count.test(event)
        measures.append(_measure(count, window, tries, event) if is_asked else _standing(window, now, count))
        hits.append(is_asked and measures[-1] >= count.threshold)
    goes_on = rule.counts[0].test(event) or any(_is_within(one.order_us, now, rule.order_us) for one in windows)
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


def _measure(count: Count, window: Window, tries: int, event: Event) -> int:
    now = event.stream_us
    if count.kind == "value_count":
        value = count.field(event) if count.field else None
        if value is None or value == []:
            return _standing(window, now, count)
        cap = max(count.threshold * 4, _VALUES_CAP)
        if isinstance(value, list):  # a line may tell of several, as the recipients of a session
            return [add_value(window, now, count.span_us, str(one), cap) for one in value][-1]
        return add_value(window, now, count.span_us, str(value), cap)
    amount = tries if count.field is None else int(count.field(event) or 0)
    return add(window, now, count.span_us, amount)


def _standing(window: Window, now: int, count: Count) -> int:
    """Give what a window holds now, nothing added."""
    total = add(window, now, count.span_us, 0)
    return len(window.values or ()) if count.kind == "value_count" else total
