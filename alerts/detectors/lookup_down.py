"""INF-12: the database or directory that a server looks its domains and people up in does not answer.

Postfix cannot ask a table (MySQL, PostgreSQL, LDAP, a socket), Dovecot its password or user database: in three minutes or more
of a quarter of an hour, so that a restart is no alarm. Meanwhile mail is put off, and nobody logs in.
"""

from collections.abc import Iterable

from mailwarden.alerts.detection.detector import Detector, Fired
from mailwarden.alerts.detection.minutes import Minutes, began, is_new, lasting
from mailwarden.alerts.terms import Detection
from mailwarden.parsers.event import Event

__all__ = ["DETECTOR"]

_SPAN_US = 15 * 60_000_000
_LEAST = 3
_AUTHENTICATION = frozenset({"auth", "auth-worker", "auth-userdb", "dict"})


class LookupDown(Detector[Minutes]):
    """Minutes in which a server says that it cannot look somebody up."""

    detection = Detection(
        name="lookup_down",
        id="INF-12",
        version=1,
        cause="service",
        category="service_fault",
        severity="high",
        title="{who} gets no answer from its database: mail waits",
        why="no answer during {measure} min of the last {span} (fires at {threshold} min)",
        harmless="the database is being upgraded just now",
        advice="lookup_down",
        techniques=(),
        primary="mailwarden.site",
        entities=("event.module", "process.name", "host.hostname"),
        span_us=_SPAN_US,
        threshold=_LEAST,
    )
    actions = frozenset({"service-error", "auth-error"})
    state = Minutes
    ttl_us = 4 * _SPAN_US

    def keys(self, event: Event) -> Iterable[str]:
        """Only what says so itself; that a login or a recipient got no answer comes of it."""
        if event.event_reason != "backend_unavailable" or event.source_ip is not None:
            return ()
        asks = event.event_module == "dovecot" and event.process_name in _AUTHENTICATION
        return (event.host_hostname or "localhost",) if asks or "mail.table" in (event.extra or {}) else ()

    def update(self, state: Minutes, event: Event) -> Fired | None:
        """Count the minutes."""
        measure = lasting(state, event.stream_us, event.event_count, _SPAN_US)
        if measure < _LEAST:
            return None
        lines = state.lines
        fired = is_new(state, event.stream_us, _SPAN_US)
        values = {"who": event.service_name or event.event_module}
        return Fired(measure, lines, "high", values, fired=fired, first_us=began(state))


DETECTOR = LookupDown()
