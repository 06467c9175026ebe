"""What probes saw of our addresses and domains, as parts of the risk: it stands until the next answer, and does not fade."""

from typing import Any

from mailwarden.alerts.words.posture import severity_of
from mailwarden.parsers.event import Event

__all__ = ["fault_weight", "seen"]

_WRONG = {"critical": 0.6, "high": 0.4, "medium": 0.2, "low": 0.05}
"""Of the points that `posture` gives at most, by how bad a fault is."""
_ANSWERED = frozenset({"listed", "suspected", "clear"})


def seen(event: Event) -> tuple[str, str, dict[str, float | None]] | None:
    """Give whom a probe's answer is about, the part, and by name what weighs how much; a weight None withdraws a name.

    None where nobody answered: that is neither good nor bad.
    """
    extra: dict[str, Any] = event.extra or {}
    subject = extra.get("mailwarden.own_address") or extra.get("mailwarden.own_domain")
    if subject is None:
        return None
    if event.event_action == "dnsbl-check":
        answers = [one for one in extra.get("mailwarden.listing.answers", ()) if one["state"] in _ANSWERED]
        weights = {
            str(one["name"]): float(one.get("weight", 0)) if one["state"] == "listed" else None for one in answers
        }
        return (str(subject), "listings", weights) if answers else None
    if event.event_outcome not in ("success", "failure"):
        return None
    check = str(extra.get("mailwarden.posture.check"))
    wrong = event.event_outcome == "failure"
    severity = severity_of("wrong" if wrong else "ok", event.event_reason or "")
    return str(subject), "posture", {check: fault_weight(severity) if wrong else None}


def fault_weight(severity: str) -> float:
    """Give what a fault of DNS, a name or a certificate weighs."""
    return _WRONG.get(severity, 0.0)
