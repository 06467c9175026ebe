"""INF-01: mail piles up in the queue.

Counted from the log, for a queue cannot be looked at from there: recipients deferred for the first time against those that
were delivered. Twenty in an hour, a quarter of all, and four times what this server's hours usually hold; fifty are told
as `medium`.
"""

from collections.abc import Iterable

import msgspec

from mailwarden.alerts.detection.detector import Detector, Fired, fire_now
from mailwarden.alerts.detection.windows import Window, add
from mailwarden.alerts.terms import Detection
from mailwarden.parsers.event import Event

__all__ = ["DETECTOR"]

_HOUR_US = 3_600_000_000
_LEAST = 20
_MANY = 50
_SHARE = 0.25
_TIMES_USUAL = 4
_HOURS = 72  # hours remembered for what is usual


class _State(msgspec.Struct, array_like=True):
    all: Window = msgspec.field(default_factory=Window)
    deferred: Window = msgspec.field(default_factory=Window)
    hour: int = 0
    this_hour: int = 0
    hours: list[int] = []
    last_us: int = 0


class QueueGrowth(Detector[_State]):
    """Deferred recipients of one server within an hour."""

    detection = Detection(
        name="queue_growth",
        id="INF-01",
        version=1,
        cause="service",
        category="service_fault",
        severity="medium",
        title="mail piles up in the queue: {measure} recipients wait",
        why="{measure} of {recipients} recipients within {span} could not be reached yet; usual in an hour: {usual}",
        harmless="one big receiver is down",
        advice="queue_growth",
        techniques=(),
        primary="mailwarden.site",
        entities=(
            "mailwarden.account",
            "mailwarden.script",
            "mailwarden.return_path",
            "mailwarden.receiver",
            "destination.domain",
            "mail.provider",
            "host.hostname",
        ),
        span_us=_HOUR_US,
        threshold=_LEAST,
    )
    actions = frozenset({"delivery"})
    needs = ("mail.delivery.status",)
    state = _State
    gathers = "deferred"
    ttl_us = 30 * 24 * _HOUR_US

    def keys(self, event: Event) -> Iterable[str]:
        """Each recipient once: its delivery, or its first deferral."""
        if event.mail_delivery_status is None or (event.facts or {}).get("mailwarden.hand_over"):
            return ()
        return (event.host_hostname or "localhost",)

    def update(self, state: _State, event: Event) -> Fired | None:
        """Count the recipient."""
        now = event.stream_us
        state.last_us = now
        waits = event.mail_delivery_status == "deferred" and bool((event.facts or {}).get("mailwarden.first_try"))
        hour = now // _HOUR_US
        if state.hour != hour:
            if state.hour:
                state.hours = [*state.hours, state.this_hour][-_HOURS:]
            state.hour, state.this_hour = hour, 0
        state.this_hour += int(waits)
        recipients = add(state.all, now, _HOUR_US, 1)
        deferred = add(state.deferred, now, _HOUR_US, int(waits))
        if not waits or deferred < _LEAST or deferred < _SHARE * recipients:
            return None
        usual = sorted(state.hours)[len(state.hours) // 2] if len(state.hours) >= 24 else None
        if usual is not None and deferred < _TIMES_USUAL * max(usual, 1):
            return None
        severity = "medium" if deferred >= _MANY else "low"
        values = {"recipients": recipients, "usual": usual}
        return fire_now(state.deferred, deferred, 1, severity, values)


DETECTOR = QueueGrowth()
