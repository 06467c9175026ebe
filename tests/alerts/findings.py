"""Findings for the tests of incidents and of what is told of them."""

from mailwarden.alerts.detection.finding import Finding
from mailwarden.alerts.incidents.incident import Incident
from mailwarden.alerts.incidents.incidents import Incidents
from mailwarden.alerts.terms import Detection, Evidence
from mailwarden.parsers.event import Event

MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US
START_US = 1_772_438_400_000_000  # 2 March 2026, 08:00 UTC


def detection(name: str = "guess", cause: str = "guessing", primary: str = "mailwarden.network") -> Detection:
    """Make a detection that looks back ten minutes."""
    category = {"takeover": "account_takeover", "sending": "outbound_spam", "listed": "blocklist_risk"}.get(cause)
    return Detection(
        name, "X-01", 1, cause, category or "auth_attack", "low", name, "why", "", "look", ("T1110",), primary,
        ("source.ip", "mailwarden.account"), 10 * MINUTE_US, 5,
    )  # fmt: skip


def finding(
    what: Detection,
    primary: str = "203.0.113.0/24",
    at_us: int = START_US,
    severity: str = "medium",
    fired: bool = True,
    tries: int = 1,
    **entities: list[str],
) -> Finding:
    """Make a finding; entities under `account` and `address`."""
    names = {"account": "mailwarden.account", "address": "source.ip", "provider": "mail.provider"}
    event = Event()
    event.event_module, event.host_hostname, event.stream_us = "postfix", "mx1", at_us
    return Finding(
        detection=what,
        primary=primary,
        at_us=at_us,
        first_us=at_us - MINUTE_US,
        fired=fired,
        tries=tries,
        measure=tries,
        entities={names[name]: values for name, values in entities.items()},
        evidence=[Evidence("mail.log", at_us - START_US, f"line of {at_us}")],
        event=event,
        severity=severity,
        values={},
    )


def take(incidents: Incidents, *findings: Finding) -> list[Incident]:
    """Join findings; give their incidents."""
    return [one for one in map(incidents.take, findings) if one is not None]


def told(incidents: Incidents) -> list[tuple[str, str]]:
    """Give the kinds and titles of what was decided to tell since the last time."""
    return [(one.kind, one.incident.title) for one in incidents.drain()[1]]
