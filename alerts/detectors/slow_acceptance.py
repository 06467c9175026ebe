"""INF-10: messages wait long before the server takes them.

More than one message in twenty took longer than ten seconds until it was in the queue, of at least forty within a quarter
of an hour: a milter, a virus scanner or a DNS block list answers late. Of Postfix's `delays=a/b/c/d` this is `a`; a large
letter over a thin line takes as long, which is why few of them say nothing. For a message that was put off before, `a` is
the time since then too: it is left out. So is one whose arrival nobody saw, and what waited five minutes, when Postfix tries
again by itself (`minimal_backoff_time`), for a log may begin behind the first try.
"""

import re
from collections.abc import Iterable

import msgspec

from mailwarden.alerts.detection.detector import Detector, Fired, is_first_outcome
from mailwarden.alerts.detection.windows import Window, add
from mailwarden.alerts.terms import Detection
from mailwarden.parsers.event import Event

__all__ = ["DETECTOR"]

_SPAN_US = 900_000_000
_LEAST = 40
_SHARE = 0.05
_SLOW_S = 10.0
_RETRIED_S = 290.0
_SAMPLED = 7  # one in seven of the quick ones is looked at, and counts for all seven
_BEFORE_QUEUE = re.compile(r", delays=([0-9]{1,9}(?:\.[0-9]{1,9})?)/").search


class _State(msgspec.Struct, array_like=True):
    span: int = 0
    all: int = 0
    slow: int = 0
    level: int = 0
    last_us: int = 0
    waits: Window = msgspec.field(default_factory=Window)  # the slow ones of late, which prove it


class SlowAcceptance(Detector[_State]):
    """How many messages of a quarter of an hour waited before they were taken."""

    detection = Detection(
        name="slow_acceptance",
        id="INF-10",
        version=1,
        cause="service",
        category="service_fault",
        severity="medium",
        title="{share} % of incoming mail waits to be taken",
        why="{measure} of {all} messages within {span} took more than 10 s until they were in the queue (fires at 5 %)",
        harmless="large letters over a thin line",
        advice="slow_acceptance",
        techniques=("T1499",),
        primary="event.module",
        entities=("host.hostname", "source.ip"),
        span_us=_SPAN_US,
        threshold=int(_SHARE * _LEAST),
    )
    actions = frozenset({"delivery"})
    needs = ("mail.delivery.delay",)
    state = _State
    gathers = "waits"
    ttl_us = 4 * _SPAN_US

    def keys(self, event: Event) -> Iterable[str]:
        """First outcomes, where Postfix tells how long they took."""
        delay_s = event.mail_delivery_delay
        if delay_s is None or (delay_s <= _SLOW_S and event.log_offset % _SAMPLED):
            return ()
        if event.event_module != "postfix" or not is_first_outcome(event):
            return ()
        if (event.facts or {}).get("mailwarden.retried"):
            return ()
        if delay_s > _SLOW_S and event.source_ip is None and event.user_id is None:
            return ()
        return (event.host_hostname or "localhost",)

    def update(self, state: _State, event: Event) -> Fired | None:
        """Count the message."""
        state.last_us = event.stream_us
        span = event.stream_us // _SPAN_US
        if span != state.span:
            if span > state.span + 1:
                state.level = 0
            state.span, state.all, state.slow = span, 0, 0
        if (event.mail_delivery_delay or 0) <= _SLOW_S:
            state.all += _SAMPLED
            return None
        state.all += 1
        if not _is_slow(event):
            return None
        state.slow += 1
        add(state.waits, event.stream_us, _SPAN_US, 1)
        if state.all < _LEAST or state.slow < _SHARE * state.all:
            return None
        first, is_new = state.level == 0, state.slow >= 2 * state.level
        if is_new:
            state.level = state.slow
        values = {"all": state.all, "share": round(100 * state.slow / state.all)}
        return Fired(state.slow, state.slow if first else 1, "medium", values, is_new)


def _is_slow(event: Event) -> bool:
    found = _BEFORE_QUEUE(event.event_original)
    return found is not None and _SLOW_S < float(found[1]) < _RETRIED_S


DETECTOR = SlowAcceptance()
