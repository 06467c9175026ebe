"""REP-07: a server sends far more than it ever did.

Three times the median day of two weeks, and half as much again as the busiest day of five weeks, which a monthly mailing
belongs to; never below 200 recipients. Without a week of history nobody knows what is much: a new server's first days are
judged by what receivers answer alone (`alerts/risk/`). Below a thousand a day it is a note: no receiver calls that bulk.
"""

from collections.abc import Iterable

import msgspec

from mailwarden.alerts.detection.detector import Detector, Fired
from mailwarden.alerts.detection.windows import Window, add, crossed
from mailwarden.alerts.terms import Detection
from mailwarden.parsers.event import Event

__all__ = ["DETECTOR"]

_SPAN_US = 24 * 3_600_000_000
_TIMES_MEDIAN = 3
_TIMES_BUSIEST = 1.5
_LEAST = 200
_BULK = 1000


class _State(msgspec.Struct, array_like=True):
    looks: Window = msgspec.field(default_factory=Window)
    last_us: int = 0


class VolumeRamp(Detector[_State]):
    """Recipients of a server within a day, against its own past."""

    detection = Detection(
        name="volume_ramp",
        id="REP-07",
        version=1,
        cause="listed",
        category="blocklist_risk",
        severity="medium",
        title="{server} sends far more mail than usual",
        why="{measure} recipients within {span}; a usual day has {usual}, the busiest of five weeks had {busiest}",
        harmless="a mailing that was planned",
        advice="volume_ramp",
        techniques=("T1586.002",),
        primary="host.hostname",
        entities=("mailwarden.account", "mailwarden.script", "mailwarden.return_path", "email.from.address"),
        span_us=_SPAN_US,
        threshold=_LEAST,
    )
    actions = frozenset({"delivery"})
    needs = ("mailwarden.volume",)
    state = _State
    ttl_us = 2 * _SPAN_US

    def keys(self, event: Event) -> Iterable[str]:
        """Only where the day's volume was looked at."""
        facts = event.facts
        if not facts or "mailwarden.volume" not in facts:
            return ()
        return (event.host_hostname or "localhost",)

    def update(self, state: _State, event: Event) -> Fired | None:
        """Compare the day with those before."""
        today, usual, busiest, since_us = (event.facts or {})["mailwarden.volume"]
        state.last_us = event.stream_us
        add(state.looks, event.stream_us, _SPAN_US, 1)
        if today < max(_LEAST, _TIMES_MEDIAN * usual, _TIMES_BUSIEST * busiest):
            return None
        severity = "medium" if today >= _BULK else "low"
        values = {"usual": usual, "busiest": busiest, "server": event.host_hostname or "localhost"}
        return Fired(today, 1, severity, values, fired=crossed(state.looks, today), first_us=since_us)


DETECTOR = VolumeRamp()
