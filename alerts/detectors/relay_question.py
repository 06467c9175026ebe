"""REL-02, where nobody stated what is ours: a stranger's mail went on to a domain that this server may be the backup for.

It is asked once a domain, and not again while mail for it goes on: a backup MX passes on a stranger's mail every day. What
no backup server does is `open_relay` (`pipeline/correlation/relaying.py` says what proves it).
"""

from collections.abc import Iterable

import msgspec

from mailwarden.alerts.detection.detector import Detector, Fired
from mailwarden.alerts.terms import Detection
from mailwarden.parsers.event import Event

__all__ = ["DETECTOR"]

_DAY_US = 86_400_000_000


class _State(msgspec.Struct, array_like=True):
    was_asked: bool = False
    last_us: int = 0


class RelayQuestion(Detector[_State]):
    """Domains that strangers' mail goes on to."""

    detection = Detection(
        name="relay_question",
        id="REL-02",
        version=1,
        cause="relay",
        category="relay_abuse",
        severity="medium",
        title="does this server take mail for {domain}?",
        why="mail from {address} without a login went on to {domain}, which nobody stated to be ours; no mailbox here has it",
        harmless="this server is the backup MX, or the gateway, of {domain}",
        advice="relay_question",
        techniques=("T1190",),
        primary="mailwarden.relay.domain",
        entities=("source.ip", "email.from.address", "email.to.address"),
        span_us=_DAY_US,
        threshold=1,
    )
    actions = frozenset({"delivery"})
    needs = ("mailwarden.relay.domain",)
    state = _State
    ttl_us = 90 * _DAY_US

    def keys(self, event: Event) -> Iterable[str]:
        """Deliveries of strangers' mail to strangers that may be no relaying."""
        domain = (event.facts or {}).get("mailwarden.relay.domain")
        return () if domain is None else (str(domain),)

    def update(self, state: _State, event: Event) -> Fired | None:
        """Ask once."""
        is_new, state.was_asked, state.last_us = not state.was_asked, True, event.stream_us
        values = {"domain": (event.facts or {})["mailwarden.relay.domain"], "address": event.source_ip or "?"}
        return Fired(1, event.event_count, "medium", values, is_new)


DETECTOR = RelayQuestion()
