"""REP-07: a server, or an address, that is new sends a provider far more at once than receivers take of those they do not know.

Two hundred recipients of one provider on a day, and three times the most of a day before, within its first two weeks. New is
a server that had mail of its own for a day before any left it, or that moved to another address; where a log merely begins,
nobody knows, and nothing is said.
"""

from collections.abc import Iterable

import msgspec

from mailwarden.alerts.detection.detector import Detector, Fired
from mailwarden.alerts.detection.windows import Window, add, crossed
from mailwarden.alerts.terms import Detection
from mailwarden.parsers.event import Event

__all__ = ["DETECTOR"]

_SPAN_US = 24 * 3_600_000_000
_LEAST = 200
_TIMES_BEFORE = 3


class _State(msgspec.Struct, array_like=True):
    looks: Window = msgspec.field(default_factory=Window)
    last_us: int = 0


class WarmUp(Detector[_State]):
    """Recipients of a provider on a day of a new server."""

    detection = Detection(
        name="warm_up",
        id="REP-07",
        version=1,
        cause="sending",
        category="blocklist_risk",
        severity="medium",
        title="{server} is new to receivers and sends much at once",
        why="{measure} recipients of {provider} within a day; the most of a day before was {before} (fires at {threshold})",
        harmless="the address had sent elsewhere before",
        advice="warm_up",
        techniques=(),
        primary="host.hostname",
        entities=(
            "mail.provider",
            "mailwarden.account",
            "mailwarden.script",
            "mailwarden.return_path",
            "email.from.address",
        ),
        span_us=_SPAN_US,
        threshold=_LEAST,
    )
    actions = frozenset({"delivery"})
    needs = ("mailwarden.warm_up",)
    state = _State
    ttl_us = 2 * _SPAN_US

    def keys(self, event: Event) -> Iterable[str]:
        """Only servers that are new, by the provider that takes their mail."""
        if not event.facts or "mailwarden.warm_up" not in event.facts:
            return ()
        return (f"{event.host_hostname or 'localhost'}\x1f{event.mail_provider}",)

    def update(self, state: _State, event: Event) -> Fired | None:
        """Compare the day with those before."""
        today, before = (event.facts or {})["mailwarden.warm_up"]
        state.last_us = event.stream_us
        add(state.looks, event.stream_us, _SPAN_US, 1)
        if today < max(_LEAST, _TIMES_BEFORE * before):
            return None
        values = {"server": event.host_hostname or "localhost", "before": before}
        if crossed(state.looks, today):
            return Fired(today, 1, "medium", values)
        return Fired(today, 1, "medium", values, fired=False)


DETECTOR = WarmUp()
