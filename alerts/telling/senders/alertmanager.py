"""Whatever takes alerts as Prometheus sends them to an Alertmanager: POST /api/v2/alerts.

`alertmanager://host:9093` (`alertmanagers://user:password@host/prefix` over TLS). It resolves by itself what is not told
again before `endsAt`, so that lies a week ahead: a worse turn or a repeat moves it on, an end brings it here.
Source: prometheus/alertmanager, api/v2/openapi.yaml, and its documentation, "Sending alerts".
"""

import json
from datetime import timedelta
from typing import Any

from mailwarden.alerts.incidents.incident import Notification
from mailwarden.alerts.telling.message import Limits, Message
from mailwarden.alerts.telling.senders.address import Address
from mailwarden.alerts.telling.senders.http import call
from mailwarden.alerts.telling.senders.sender import Timeouts
from mailwarden.alerts.terms import LOUD
from mailwarden.alerts.words.escape import printable
from mailwarden.parsers.errors import DeliveryError, coded
from mailwarden.parsers.event import iso

__all__ = ["Alertmanager"]

_LASTS_US = round(timedelta(days=7) / timedelta(microseconds=1))


class Alertmanager:
    """One Alertmanager."""

    name = "Alertmanager"
    limits = Limits(250, 900)
    has_life = True
    is_program = True
    is_mail = False

    def __init__(self, address: Address, timeouts: Timeouts, *, tls: bool) -> None:
        if not address.netloc:
            raise DeliveryError(coded("MW4103", "is not written like  {form}", form="alertmanager://host:9093"))
        self._url = f"{'https' if tls else 'http'}://{address.netloc}{address.path.rstrip('/')}/api/v2/alerts"
        self._headers = {"Content-Type": "application/json"}
        if address.user:
            self._headers |= address.basic_auth()
        self._timeouts = timeouts

    def send(self, message: Message) -> None:
        """Let the alerts of a message begin, go on, or end."""
        alerts = alerts_of(message)
        if not alerts:
            return
        call(
            "POST",
            self._url,
            json.dumps(alerts).encode(),
            {**self._headers, "X-Mailwarden-Id": message.id},
            **self._timeouts._asdict(),
            now_us=message.sent_us,
        )


def alerts_of(message: Message) -> list[dict[str, Any]]:
    """Give the alerts for a message. Its labels name an alert, so another severity is another alert: the old one ends."""
    if not message.about:
        now = iso(message.sent_us)
        labels = {"alertname": "mailwarden", "severity": "high", "notice": message.id}
        return [_alert(labels, message, now, iso(message.sent_us + _LASTS_US))]
    alerts = []
    for notification in message.about:
        if notification.kind == "acknowledged":  # it knows no such thing
            continue
        incident = notification.incident
        begins = iso(min(incident.first_seen_us or notification.at_us, notification.at_us))
        ends = max(message.sent_us, notification.at_us)
        if notification.kind == "ended":
            alerts += [_alert(_labels(notification, severity), message, begins, iso(ends)) for severity in LOUD]
            continue
        told = incident.told_severity
        if told and told != incident.severity:
            alerts.append(_alert(_labels(notification, told), message, begins, iso(ends)))
        alerts.append(_alert(_labels(notification, incident.severity), message, begins, iso(ends + _LASTS_US)))
    return alerts


def _labels(notification: Notification, severity: str) -> dict[str, str]:
    incident = notification.incident
    labels = {
        "alertname": f"mailwarden_{incident.cause}",
        "severity": severity,
        "site": printable(incident.site),
        "cause": incident.cause,
        "incident": incident.id,
        "entity": printable(incident.primary[1])[:200],
    }
    return {name: value for name, value in labels.items() if value}


def _alert(labels: dict[str, str], message: Message, begins: str, ends: str) -> dict[str, Any]:
    alert: dict[str, Any] = {
        "labels": labels,
        "annotations": {"summary": message.title, "description": message.body, "notice": message.id},
        "startsAt": begins,
        "endsAt": ends,
    }
    if message.link:
        alert["generatorURL"] = message.link
    return alert
