"""INF-10: a filter, or what a filter needs, does not answer.

Postfix cannot reach a milter or a policy server, a filter its scanner, its database or another part of itself: in three
minutes or more of a quarter of an hour, so that a restart is no alarm. Meanwhile mail waits, or passes without being checked
or signed, as the server is told.
"""

from collections.abc import Iterable

import msgspec

from mailwarden.alerts.detection.detector import Detector, Fired
from mailwarden.alerts.terms import Detection
from mailwarden.alerts.words.translate import N_
from mailwarden.parsers.event import Event

__all__ = ["DETECTOR"]

_MINUTE_US = 60_000_000
_SPAN_US = 15 * _MINUTE_US
_LEAST = 3
_FILTERS = frozenset(
    {"amavis", "clamav", "mailscanner", "opendkim", "opendmarc", "policyd_spf", "postgrey", "rspamd", "spamassassin"}
)


class _State(msgspec.Struct, array_like=True):
    minutes: list[int] = []  # of the span, in which it did not answer
    lines: int = 0  # since it was last told, or not told yet
    told_us: int = 0
    last_us: int = 0


class FilterDown(Detector[_State]):
    """Minutes in which somebody says that a filter does not answer."""

    detection = Detection(
        name="filter_down",
        id="INF-10",
        version=1,
        cause="service",
        category="service_fault",
        severity="medium",
        title="the filter {who} does not answer: mail waits, or passes unchecked",
        why="no answer during {measure} min of the last {span} (fires at {threshold} min)",
        harmless="a restart, or an update of its lists, that takes long",
        advice="filter_down",
        techniques=(),
        primary="mailwarden.filter",
        entities=("event.module", "process.name", "host.hostname"),
        span_us=_SPAN_US,
        threshold=_LEAST,
    )
    actions = frozenset({"service-error"})
    state = _State
    ttl_us = 4 * _SPAN_US

    def keys(self, event: Event) -> Iterable[str]:
        """Only a filter, or what it needs, that does not answer."""
        if event.event_reason != "backend_unavailable":
            return ()
        named = (event.extra or {}).get("mail.filter")
        if named is None and event.event_module not in _FILTERS:
            return ()
        who = str(named or event.event_module)
        facts = event.facts = event.facts or {}
        facts["mailwarden.filter"] = who
        return (who,)

    def update(self, state: _State, event: Event) -> Fired | None:
        """Count the minutes."""
        now = state.last_us = event.stream_us
        minute = now // _MINUTE_US
        if minute not in state.minutes:
            first = minute - _SPAN_US // _MINUTE_US
            state.minutes = [*(one for one in state.minutes if one > first), minute]
        state.lines += event.event_count
        measure = len(state.minutes)
        if measure < _LEAST:
            return None
        values = {"who": (event.facts or {})["mailwarden.filter"]}
        words = None if "mail.filter" in (event.extra or {}) else _HELPLESS
        is_new = not state.told_us or now - state.told_us > 2 * _SPAN_US
        lines, state.lines, state.told_us = state.lines, 0, now
        return Fired(measure, lines, "medium", values, fired=is_new, detection=words)


_HELPLESS = FilterDown.detection._replace(title=N_("{who} cannot reach a service that it needs"))
DETECTOR = FilterDown()
