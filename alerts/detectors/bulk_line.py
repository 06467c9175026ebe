"""REP-10: a domain comes near the number from which a provider holds it for a bulk sender.

Gmail, Outlook.com and Yahoo ask more of who sends 5,000 messages a day or more to their mailboxes (one-click unsubscribing,
RFC 8058; an aligned DMARC record; few complaints), and at Gmail once a bulk sender means always. Told at 4,000 and at 5,000.
"""

from collections.abc import Iterable

import msgspec

from mailwarden.alerts.detection.detector import Detector, Fired
from mailwarden.alerts.terms import Detection
from mailwarden.parsers.event import Event

__all__ = ["DETECTOR"]

_HOUR_US = 3_600_000_000
_DAY_H = 24
_NEAR = 4_000
_LINE = 5_000
_PROVIDERS = frozenset({"google", "microsoft_consumer", "yahoo"})


class _State(msgspec.Struct, array_like=True):
    hours: dict[int, int] = {}  # hour -> recipients taken
    total: int = 0
    told: int = 0  # the mark that was told of this day
    last_us: int = 0


class BulkLine(Detector[_State]):
    """What one provider took of one domain within a day."""

    detection = Detection(
        name="bulk_line",
        id="REP-10",
        version=1,
        cause="sending",
        category="blocklist_risk",
        severity="info",
        title="{sender} nears the bulk line of {provider}: {measure} of {line} a day",
        why="{measure} messages within {span} were taken by {provider}, which asks more of who sends {line} a day",
        harmless="a newsletter that keeps the rules for bulk senders",
        advice="bulk_line",
        techniques=(),
        primary="mailwarden.sender_domain",
        entities=("mail.provider", "mailwarden.account", "mailwarden.script", "mailwarden.return_path"),
        span_us=_DAY_H * _HOUR_US,
        threshold=_NEAR,
    )
    actions = frozenset({"delivery"})
    needs = ("mail.provider", "mailwarden.sender_domain")
    state = _State
    ttl_us = 2 * _DAY_H * _HOUR_US

    def keys(self, event: Event) -> Iterable[str]:
        """Only what such a provider took of a domain that is ours."""
        if event.mail_provider not in _PROVIDERS or event.mail_delivery_status != "sent" or not event.facts:
            return ()
        domain = event.facts.get("mailwarden.sender_domain")
        return (f"{domain}\x1f{event.mail_provider}",) if domain else ()

    def update(self, state: _State, event: Event) -> Fired | None:
        """Count the message."""
        state.last_us = event.stream_us
        hour = event.stream_us // _HOUR_US
        if hour not in state.hours:
            state.hours[hour] = 0
            for old in [one for one in state.hours if one <= hour - _DAY_H]:
                state.total -= state.hours.pop(old)
        state.hours[hour] += 1
        state.total += 1
        mark = _LINE if state.total >= _LINE else _NEAR if state.total >= _NEAR else 0
        if mark <= state.told:
            if not mark and state.total < _NEAR // 2:
                state.told = 0
            return None
        state.told = mark
        values = {"sender": event.facts and event.facts.get("mailwarden.sender_domain"), "line": _LINE}
        return Fired(state.total, 1, "info" if mark == _NEAR else "low", values)


DETECTOR = BulkLine()
