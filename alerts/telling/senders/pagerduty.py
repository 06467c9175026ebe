"""PagerDuty, by its Events API v2: one incident of ours is one of theirs, which we acknowledge and resolve.

A digest is one incident there too; it is resolved when all that it told of has ended, and news of a failing channel when
that channel works again.

`pagerduty://ROUTING_KEY`, with `?region=eu` for accounts in Europe and `?endpoint=https://…` for what speaks the same.
Source: PagerDuty developer documentation, "Events API v2 overview" and "Send an alert event" (field lengths, severities).
"""

import json
from typing import Any

from mailwarden.alerts.incidents.incident import Incident
from mailwarden.alerts.telling.message import Limits, Message
from mailwarden.alerts.telling.senders.address import Address
from mailwarden.alerts.telling.senders.http import call
from mailwarden.alerts.telling.senders.sender import Timeouts
from mailwarden.alerts.terms import severity_rank
from mailwarden.alerts.words.escape import printable
from mailwarden.parsers.errors import DeliveryError, coded
from mailwarden.parsers.event import iso

__all__ = ["PagerDuty"]

_ENDPOINTS = {"": "https://events.pagerduty.com/v2/enqueue", "eu": "https://events.eu.pagerduty.com/v2/enqueue"}
_SUMMARY_LIMIT = 1024
_SEVERITIES = {"critical": "critical", "high": "error", "medium": "warning", "low": "info", "info": "info"}
_ACTIONS = {"ended": "resolve", "acknowledged": "acknowledge"}


class PagerDuty:
    """One integration of one of their services."""

    name = "PagerDuty"
    limits = Limits(250, 900)
    has_life = True
    is_program = False  # a person is called: a flood is gathered
    is_mail = False

    def __init__(self, address: Address, timeouts: Timeouts) -> None:
        # Apprise's form has a second key behind an @, which v2 does not need.
        self._key = address.user or address.netloc
        region = address.query.get("region", "")
        if not self._key or region not in _ENDPOINTS:
            raise DeliveryError(
                coded("MW4103", "is not written like  pagerduty://ROUTING_KEY  or  pagerduty://ROUTING_KEY?region=eu")
            )
        self._url = address.query.get("endpoint") or _ENDPOINTS[region]
        self._timeouts = timeouts

    def send(self, message: Message) -> None:
        """Trigger, acknowledge or resolve; resolve also what is over with it. Sent again, all of it changes nothing."""
        if message.kind != "over":
            self._enqueue(event_of(message, self._key), message)
        for key in message.over:
            self._enqueue({"routing_key": self._key, "event_action": "resolve", "dedup_key": key}, message)

    def _enqueue(self, event: dict[str, Any], message: Message) -> None:
        call(
            "POST",
            self._url,
            json.dumps(event).encode(),
            {"Content-Type": "application/json", "X-Mailwarden-Id": message.id},
            **self._timeouts._asdict(),
            now_us=message.sent_us,
        )


def event_of(message: Message, routing_key: str) -> dict[str, Any]:
    """Give the event for a message; its deduplication key is the incident's id, a digest's is its own."""
    single = message.about[0] if len(message.about) == 1 else None
    action = _ACTIONS.get(message.kind, "trigger")
    event: dict[str, Any] = {
        "routing_key": routing_key,
        "event_action": action,
        "dedup_key": single.incident.id if single else message.id,
    }
    if action != "trigger":
        return event
    incidents = [notification.incident for notification in message.about]
    worst = max(incidents, key=lambda one: severity_rank(one.severity), default=None)
    event["client"] = "mailwarden"
    event["payload"] = {
        "summary": message.title[:_SUMMARY_LIMIT],
        "severity": _SEVERITIES[worst.severity] if worst else "error",
        "source": printable(_source(worst, message)),
        "custom_details": {"text": message.body, "notice": message.id} | _details(worst if single else None),
    }
    if worst is not None:
        event["payload"] |= {"component": "mail", "group": printable(worst.site), "class": worst.category}
        event["payload"]["timestamp"] = iso(max(worst.last_seen_us, worst.opened_us))
    if single and message.link:
        event["client_url"] = message.link
    return event


def _source(incident: Incident | None, message: Message) -> str:
    """Name the machine that has the trouble."""
    if incident is None:
        return message.called or "mailwarden"
    return incident.hosts[0] if incident.hosts else incident.site


def _details(incident: Incident | None) -> dict[str, Any]:
    if incident is None:
        return {}
    return {"incident": incident.id, "events": incident.event_count, "rules": incident.rules}
