"""Incidents and notifications for the tests of what is told."""

from typing import Any

from mailwarden.alerts.incidents.incident import Incident, Notification, incident_id
from mailwarden.alerts.terms import Evidence

KINDS = ["opened", "worse", "repeated", "escalated", "acknowledged", "ended", "returned", "summary"]
NEXT = {"en": "Next: ", "ja": "次の操作："}
NOON_US = 1_795_393_828_000_000  # 2026-11-23 00:30:28 UTC


def incident(account: str = "walter.rossi1969@nova0.example", severity: str = "critical", **fields: Any) -> Incident:
    """Give a taken-over account."""
    given = {
        "id": incident_id("mx1", "takeover", "mailwarden.account", account, None),
        "site": "mx1",
        "cause": "takeover",
        "primary": ("mailwarden.account", account),
        "category": "account_takeover",
        "severity": severity,
        "title": "{account} was taken over and sends spam",
        "why": "{measure} recipients within {span} from {address}, a network it had not used before (fires at {threshold})",
        "advice": "takeover",
        "values": {"measure": 291, "span_s": 900, "address": "198.18.10.60", "threshold": 20, "account": account},
        "first_seen_us": NOON_US,
        "last_seen_us": NOON_US + 26_000_000,
        "event_count": 291,
        "evidence": [
            Evidence("/var/log/mail.log", 95716, "mx1 postfix/smtpd[13675]: 2B82A0646D2: client=x[198.18.10.60]")
        ],
        "modules": ["postfix", "dovecot"],
        "hosts": ["mx1.example.org"],
    }
    return Incident(**{**given, **fields})


def notification(
    of: Incident | None = None, kind: str = "opened", at_us: int = NOON_US, id: str = "n-1"
) -> Notification:
    """Give a turn in an incident's life."""
    return Notification(id=id, kind=kind, incident=of or incident(), at_us=at_us)
