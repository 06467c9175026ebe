"""What mailwarden's own probes say: lines of one word and a JSON object, which only the service itself writes.

They stand in the inbox of the store and are read from there like lines of a log, so that the archive, rules and detectors
know no difference. Nobody else's line is believed the less for it: whoever may write to the system's log as
`mailwarden-probe` may as well write as Postfix.
"""

import ipaddress
from typing import Any

from mailwarden.parsers.event import Event
from mailwarden.parsers.json_text import read_json
from mailwarden.parsers.pattern import Format

__all__ = ["FORMAT"]

_LONGEST = 256 * 1024
_MOST = 10**18  # of messages or sessions; what adds them up can hold that
_OUTCOMES = {"ok": "success", "wrong": "failure"}
_LISTED = "listed"
_REPORTS = {"complaint": "complaint", "dmarc": "dmarc-report", "tls": "tls-report"}
_OF_HOSTS = frozenset({"certificate", "tls", "dane", "lists", "settings"})  # checks whose subject is a host

FORMAT = Format("probe", ("mailwarden-probe",))


def _object(text: str) -> dict[str, Any] | None:
    """Read the object; None where it is none."""
    if len(text) > _LONGEST:
        return None
    try:
        found = read_json(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _subject(event: Event, subject: str) -> None:
    """Say what of ours it is about."""
    try:
        event.set("mailwarden.own_address", str(ipaddress.ip_address(subject)))
    except ValueError:
        event.set("mailwarden.own_domain", subject)


def _is_count(value: object) -> bool:
    """Say whether it is a number of messages or sessions that there can be."""
    return isinstance(value, int) and 0 <= value < _MOST


def _texts(found: dict[str, Any], *names: str) -> bool:
    """Say whether all of these are text."""
    return all(isinstance(found.get(name), str) for name in names)


@FORMAT.pattern("listings ")
def listings(event: Event, rest: str) -> bool:
    """What every list says of one address or domain of ours."""
    found = _object(rest)
    if found is None or not _texts(found, "subject") or not isinstance(found.get("lists"), list):
        return False
    lists = [one for one in found["lists"] if isinstance(one, dict) and _texts(one, "zone", "name", "state")]
    on = [one for one in lists if _LISTED in (one["state"], one.get("before"))]
    weights = [weight for one in on if isinstance(weight := one.get("weight"), int | float)]
    event.event_action = "dnsbl-check"
    event.event_outcome = "failure" if on else "success"
    _subject(event, found["subject"])
    if found.get("found") is True and "mailwarden.own_address" in (event.extra or {}):
        # Stated, this machine's or below its name, not learned from replies.
        event.set("mailwarden.subject.found", True)
    event.set("mailwarden.listing.answers", lists)
    event.set("mailwarden.listing.score", round(float(sum(weights)), 2))
    if on:
        event.set("mailwarden.listing.lists", [one["name"] for one in on])
    return True


@FORMAT.pattern("zone ")
def zone(event: Event, rest: str) -> bool:
    """Whether a list can be asked at all."""
    found = _object(rest)
    if found is None or not _texts(found, "zone", "name", "reason"):
        return False
    event.event_action = "dnsbl-zone"
    event.mail_dnsbl_zone = found["zone"]
    event.event_outcome = "unknown" if found["reason"] else "success"
    event.event_reason = found["reason"] or None
    event.set("mailwarden.listing.name", found["name"])
    return True


@FORMAT.pattern("posture ")
def posture(event: Event, rest: str) -> bool:
    """How a record, a name or a certificate of ours stands."""
    found = _object(rest)
    if found is None or not _texts(found, "subject", "check", "name", "state", "reason"):
        return False
    event.event_action = "posture-check"
    event.event_outcome = _OUTCOMES.get(found["state"], "unknown")
    event.event_reason = found["reason"] or None
    if found["check"] in _OF_HOSTS:
        event.set("host.name", found["subject"])
    else:
        _subject(event, found["subject"])
    event.set("dns.question.name", found["name"])
    for name in ("check", "state", "now", "should"):
        if isinstance(found.get(name), str) and found[name]:
            event.set(f"mailwarden.posture.{name}", found[name])
    if isinstance(found.get("details"), dict) and found["details"]:
        event.set("mailwarden.posture.details", found["details"])
    return True


@FORMAT.pattern("report ")
def report(event: Event, rest: str) -> bool:
    """What somebody else reports about our mail: a complaint, a DMARC aggregate, a TLS report."""
    found = _object(rest)
    if found is None or not _texts(found, "kind", "domain", "organisation", "id"):
        return False
    action = _REPORTS.get(found["kind"])
    counts = [found.get(name) for name in ("total", "failed")]
    if action is None or not all(map(_is_count, counts)):
        return False
    event.event_action = action
    event.event_outcome = "failure" if counts[1] else "success"
    event.set("mailwarden.own_domain", found["domain"])
    for name in ("organisation", "id", "total", "failed"):
        event.set(f"mailwarden.report.{name}", found[name])
    for name in ("sources", "reasons"):
        counted = found.get(name)
        if isinstance(counted, dict) and counted and all(map(_is_count, counted.values())):
            event.set(f"mailwarden.report.{name}", counted)
    return True
