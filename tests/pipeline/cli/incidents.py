"""Incidents as the rules make them, for the tests of what people see."""

from typing import Any

from mailwarden.alerts.incidents.incident import Incident, incident_id
from mailwarden.alerts.terms import Evidence

START_US = 1_763_856_000_000_000  # 23 Nov 2025 00:00 UTC


def incident(
    cause: str = "guessing", primary: tuple[str, str] = ("mailwarden.network", "198.18.0.0/24"), **fields: Any
) -> Incident:
    """Make an incident with what every one has."""
    defaults: dict[str, Any] = {
        "category": "auth_attack",
        "severity": "low",
        "title": "{address} guesses passwords: {count} tries",
        "why": "{measure} failed logins within {span} from a network that nobody here uses (fires at {threshold})",
        "values": {"address": "198.18.0.7", "count": 22, "measure": 10, "span_s": 600, "threshold": 10},
        "rules": ["fast_guessing"],
        "opened_us": START_US,
        "first_seen_us": START_US,
        "last_seen_us": START_US + 60_000_000,
        "event_count": 22,
        "modules": ["postfix"],
        "hosts": ["mx1"],
    }
    return Incident(
        id=incident_id("default", cause, *primary, None),
        site="default",
        cause=cause,
        primary=primary,
        **(defaults | fields),
    )


def taken_over(account: str = "walter.rossi1969@nova0.test", **fields: Any) -> Incident:
    """Make the needle's incident."""
    defaults: dict[str, Any] = {
        "category": "account_takeover",
        "categories": ["account_takeover", "outbound_spam"],
        "severity": "critical",
        "title": "{account} was taken over and sends spam",
        "why": "{measure} recipients within {span} from {address}, a network it had not used before (fires at {threshold})",
        "values": {"account": account, "address": "198.18.10.60", "measure": 291, "span_s": 900, "threshold": 20},
        "rules": ["send_from_new_network"],
        "techniques": ["T1078", "T1586.002"],
        "advice": "takeover",
        "harmless": "a newsletter sent from a hotel; ask the owner before you unlock",
        "entities": {"source.ip": ["198.18.10.60"], "mailwarden.account": [account], "user.name": [account]},
        "modules": ["postfix", "dovecot"],
        "event_count": 291,
        "evidence": [
            Evidence("/var/log/mail.log", 9572731, "Nov 23 00:30:28 mx1 postfix/smtpd[13675]: 2B82A0646D2: client")
        ],
        "evidence_count": 72,
        "timeline": [(START_US + 1_828_000_000, "send_from_new_network")],
        "first_seen_us": START_US + 1_828_000_000,
        "last_seen_us": START_US + 1_854_000_000,
    }
    return incident("takeover", ("mailwarden.account", account), **(defaults | fields))


def everyday() -> list[Incident]:
    """Make what a public server sees every half hour."""
    spray = incident(
        primary=("mailwarden.site", "default"),
        title="{accounts} accounts are being guessed from {addresses} addresses",
        why="{measure} accounts tried within {span} from at least as many networks (fires at {threshold})",
        values={"accounts": 15, "addresses": 208, "measure": 25, "span_s": 21600, "threshold": 25},
        rules=["site_spray"],
        event_count=214,
    )
    guessing = [incident(primary=("mailwarden.network", f"198.18.{n}.0/24")) for n in range(22)]
    probes = [
        incident("relay", ("mailwarden.network", f"198.18.{n}.0/24"), category="relay_abuse", rules=["relay_probe"])
        for n in range(6)
    ]
    harvests = [
        incident(
            "protocol", ("mailwarden.network", f"198.18.{n}.0/24"), category="enumeration", rules=["address_harvest"]
        )
        for n in range(5)
    ]
    return [spray, *guessing, *probes, *harvests]
