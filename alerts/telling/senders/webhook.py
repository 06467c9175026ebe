"""A program of your own: JSON by POST, signed so that it can tell our messages from anybody's.

`webhook://host/path?secret=…` (`webhooks://` over TLS). The signature is that of Standard Webhooks, for which there are
libraries in most languages: HMAC-SHA256 over `id.timestamp.body`, in the headers `webhook-id`, `webhook-timestamp` (seconds)
and `webhook-signature` (`v1,` and base64). A secret that begins with `whsec_` is base64, any other is taken as it is.
Source: standard-webhooks, specification 1.0.0, "Signature scheme" and "Webhook headers".
"""

import base64
import binascii
import hashlib
import hmac
import json
import urllib.parse
from typing import Any

from mailwarden.alerts.incidents.incident import Notification
from mailwarden.alerts.telling.message import Limits, Message
from mailwarden.alerts.telling.senders.address import Address
from mailwarden.alerts.telling.senders.http import call
from mailwarden.alerts.telling.senders.sender import Timeouts
from mailwarden.alerts.words.escape import printable
from mailwarden.parsers.errors import DeliveryError, coded
from mailwarden.parsers.event import iso

__all__ = ["Webhook"]

_PREFIX = "whsec_"


class Webhook:
    """One receiver."""

    name = "Webhook"
    limits = Limits(250, 900)
    has_life = True
    is_program = True
    is_mail = False

    def __init__(self, address: Address, timeouts: Timeouts, *, tls: bool) -> None:
        if not address.netloc:
            raise DeliveryError(coded("MW4103", "is not written like  {form}", form="webhooks://host/path?secret=…"))
        query = dict(address.query)
        self._secret = _key(query.pop("secret", ""))
        self._url = f"{'https' if tls else 'http'}://{address.netloc}{address.path or '/'}"
        if query:
            self._url += f"?{urllib.parse.urlencode(query)}"
        self._headers = {"Content-Type": "application/json"}
        if address.user:
            self._headers |= address.basic_auth()
        self._timeouts = timeouts

    def send(self, message: Message) -> None:
        """Send what a message says and what it is about."""
        body = json.dumps(body_of(message), ensure_ascii=False).encode()
        stamp = str(message.sent_us // 1_000_000)
        headers = {"webhook-id": message.id, "webhook-timestamp": stamp, "X-Mailwarden-Id": message.id}
        if self._secret:
            signed = b".".join((message.id.encode(), stamp.encode(), body))
            signature = base64.b64encode(hmac.digest(self._secret, signed, hashlib.sha256)).decode()
            headers["webhook-signature"] = f"v1,{signature}"
        call("POST", self._url, body, {**self._headers, **headers}, **self._timeouts._asdict(), now_us=message.sent_us)


def body_of(message: Message) -> dict[str, Any]:
    """Give what a message says as data, under the names that incidents have elsewhere."""
    return {
        "id": message.id,
        "kind": message.kind,
        "sent_at": iso(message.sent_us),
        "title": message.title,
        "body": message.body,
        "incidents": [_incident(notification) for notification in message.about],
    }


def _incident(notification: Notification) -> dict[str, Any]:
    incident = notification.incident
    name, value = incident.primary
    data = {
        "incident.id": incident.id,
        "kind": notification.kind,
        "at": iso(notification.at_us),
        "site": incident.site,
        "hosts": incident.hosts,
        "severity": incident.severity,
        "status": incident.status,
        "cause": incident.cause,
        "category": incident.category,
        "categories": incident.categories or [incident.category],
        "rules": incident.rules,
        "primary": {"user.name" if name == "mailwarden.account" else name: value},
        "first_seen": iso(incident.first_seen_us),
        "last_seen": iso(incident.last_seen_us),
        "event_count": incident.event_count,
        "acknowledged_by": incident.acknowledged_by,
        "parent": incident.parent,
        "previous": incident.previous,
    }
    return dict(_spelt(data))


def _spelt(value: Any) -> Any:
    """Spell out what moves, hides or was no UTF-8, in every text."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {_spelt(name): _spelt(item) for name, item in value.items()}
    return [_spelt(item) for item in value] if isinstance(value, list | tuple) else value


def _key(secret: str) -> bytes:
    if not secret.startswith(_PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        raise DeliveryError(
            coded("MW4103", "has a secret that begins with whsec_ and is no base64 behind it")
        ) from None
