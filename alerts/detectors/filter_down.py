"""INF-10: a filter, or what a filter needs, does not answer.

Postfix cannot reach a milter or a policy server, a filter its scanner, its database or another part of itself: in three
minutes or more of a quarter of an hour, so that a restart is no alarm. Meanwhile mail waits, or passes without being checked
or signed, as the server is told.
"""

from collections.abc import Iterable

from mailwarden.alerts.detection.detector import Detector, Fired
from mailwarden.alerts.detection.minutes import Minutes, began, is_new, lasting
from mailwarden.alerts.terms import Detection
from mailwarden.alerts.words.translate import N_
from mailwarden.parsers.event import Event

__all__ = ["DETECTOR"]

_SPAN_US = 15 * 60_000_000
_LEAST = 3
_FILTERS = frozenset(
    {"amavis", "clamav", "mailscanner", "opendkim", "opendmarc", "policyd_spf", "postgrey", "rspamd", "spamassassin"}
)


class FilterDown(Detector[Minutes]):
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
    state = Minutes
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

    def update(self, state: Minutes, event: Event) -> Fired | None:
        """Count the minutes."""
        measure = lasting(state, event.stream_us, event.event_count, _SPAN_US)
        if measure < _LEAST:
            return None
        values = {"who": (event.facts or {})["mailwarden.filter"]}
        words = None if "mail.filter" in (event.extra or {}) else _HELPLESS
        lines = state.lines
        fired = is_new(state, event.stream_us, _SPAN_US)
        return Fired(measure, lines, "medium", values, fired=fired, detection=words, first_us=began(state))


_HELPLESS = FilterDown.detection._replace(title=N_("{who} cannot reach a service that it needs"))
DETECTOR = FilterDown()
