"""Sliding windows: how often, how much, how many different, in the last span of stream time.

A window is exact to a sixtieth of its span. It fires when the threshold is first reached, then once a doubling, and is
armed again after a silent span.
"""

from collections.abc import Sequence

import msgspec

from mailwarden.alerts.detection.senders import count_sender
from mailwarden.alerts.terms import Evidence

__all__ = [
    "BUCKETS",
    "Window",
    "add",
    "add_value",
    "crossed",
    "gather",
    "held",
    "keep",
    "renew",
    "since",
    "wants_more",
]

BUCKETS = 60
_PENDING_LINES = 3
_PENDING_ENTITIES = 16
_PENDING_EVENTS = 48


class Window(msgspec.Struct, array_like=True):
    """What one rule remembers of one key. What is empty is None: most windows hold one event, an empty dict 64 bytes."""

    counts: dict[int, int] | None = None  # bucket -> amount, oldest first
    total: int = 0
    values: dict[str, int] | None = None  # value -> bucket of its last sight, least recent first
    bucket: int = 0
    level: int = 0  # the measure at the last firing; 0: armed
    first_us: int = 0  # of what is gathered since it was armed
    last_us: int = 0
    seen: int = 0  # tries since it was armed
    gathered: int = 0  # events whose line and names were looked at since then
    lines: tuple[Evidence, ...] = ()  # the first lines since it was armed, until it fires
    entities: dict[str, list[str]] | None = None
    shared: bool = False  # what it gathered is one event, which is kept beside all windows of its key
    names_us: int = 0  # since when names are gathered, where a detector counts
    senders: dict[str, int] | None = None  # whose mail it counts, the most frequent
    # of a rule whose counts have an order: since when the latest row of them goes on that came this far
    order_us: int = 0


def _slide(window: Window, now_us: int, span_us: int) -> int:
    """Drop what has left the span; give the current bucket.

    Asked only where time has passed: of a busy window most lines bear the second of the line before.
    """
    bucket = now_us * BUCKETS // span_us
    if bucket != window.bucket:
        window.bucket = bucket
        _drop(window, bucket - BUCKETS)
        if window.last_us and now_us - window.last_us > span_us:
            window.level = window.seen = window.gathered = window.first_us = 0
            window.lines, window.entities, window.shared = (), None, False
    window.last_us = now_us
    if not window.first_us:
        window.first_us = now_us
    return bucket


def _drop(window: Window, horizon: int) -> None:
    counts, values = window.counts, window.values
    while counts:
        oldest = next(iter(counts))
        if oldest > horizon:
            break
        window.total -= counts.pop(oldest)
    while values:
        oldest_value = next(iter(values))
        if values[oldest_value] > horizon:
            break
        del values[oldest_value]


def add(window: Window, now_us: int, span_us: int, amount: int) -> int:
    """Add an amount; give the sum within the span."""
    bucket = window.bucket if now_us == window.last_us else _slide(window, now_us, span_us)
    if amount:
        counts = window.counts
        if counts is None:
            window.counts = {bucket: amount}
        else:
            counts[bucket] = counts.get(bucket, 0) + amount
        window.total += amount
    return window.total


def add_value(window: Window, now_us: int, span_us: int, value: str, cap: int) -> int:
    """Add a value; give how many different ones the span holds (at most `cap` are remembered)."""
    bucket = window.bucket if now_us == window.last_us else _slide(window, now_us, span_us)
    values = window.values
    if values is None:
        window.values = {value: bucket}
        return 1
    values.pop(value, None)
    values[value] = bucket
    if len(values) > cap:
        del values[next(iter(values))]
    return len(values)


def crossed(window: Window, measure: int) -> bool:
    """Say whether a window whose threshold is reached fires now (armed, or doubled), and remember that it did."""
    if window.level and measure < 2 * window.level:
        return False
    window.level = max(measure, 1)
    return True


def wants_more(window: Window) -> bool:
    """Say whether a window that has not fired still gathers lines and names: the first ones suffice."""
    return window.gathered < _PENDING_EVENTS


def gather(window: Window, evidence: Evidence, entities: dict[str, list[str]]) -> None:
    """Keep an event's line and names for the finding that may come.

    The names of the first event are the event's own, shared by all rules that look at it; they are copied with the second.
    """
    window.gathered += 1
    if len(window.lines) < _PENDING_LINES:
        window.lines = (*window.lines, evidence)
    if window.gathered == 1:
        window.entities = entities
        return
    gathered = window.entities or {}
    if window.gathered == 2:
        gathered = {name: list(values) for name, values in gathered.items()}
    window.entities = gathered
    for name, values in entities.items():
        known = gathered.get(name)
        if known is None:
            gathered[name] = list(values)
            continue
        for value in values:
            if value not in known and len(known) < _PENDING_ENTITIES:
                known.append(value)


def renew(window: Window, now_us: int, span_us: int) -> None:
    """Let go of what was gathered more than a span ago, where a window is never silent: it is no part of what it counts."""
    if now_us - window.names_us > span_us:
        window.names_us = window.first_us = now_us
        window.seen = window.gathered = 0
        window.lines, window.entities, window.shared = (), None, False


def held(window: Window) -> int:
    """Give how much a window holds: it grows with what counts."""
    return window.total + len(window.values or ())


def since(window: Window, span_us: int) -> int:
    """Give when what a window holds began: exactly where it was armed with it, else to a sixtieth of its span."""
    buckets = window.counts or (window.values or {}).values()
    oldest = next(iter(buckets), window.bucket)
    return max(window.first_us, oldest * span_us // BUCKETS)


def keep(
    window: Window,
    now_us: int,
    span_us: int,
    evidence: Evidence,
    entities: dict[str, list[str]],
    senders: Sequence[str],
) -> None:
    """Keep the line and the names of an event that a detector counted: the last lines, and the names of about a span.

    A detector's window may hold something for weeks and never be silent: its first lines are no part of what it counts now.
    """
    if now_us - window.names_us > span_us:
        window.names_us, window.gathered, window.entities = now_us, 0, None
        faded = {name: count // 2 for name, count in (window.senders or {}).items() if count > 1}
        window.senders = faded or None
    for sender in senders:
        if window.senders is None:
            window.senders = {}
        count_sender(window.senders, sender)
    lines = (*window.lines[1 - _PENDING_LINES :], evidence)
    if wants_more(window):
        gather(window, evidence, entities)
    window.lines = lines
    _name(window, entities)


def _name(window: Window, entities: dict[str, list[str]]) -> None:
    """Let who sends most be among the names, however many came before."""
    senders, names = window.senders or {}, window.entities or {}
    for name, values in entities.items():
        for value in values:
            if value not in senders or value in names.get(name, ()):
                continue
            known = names.setdefault(name, [])
            if len(known) >= _PENDING_ENTITIES:
                known.remove(next(one for one in known if one not in senders))
            known.append(value)
