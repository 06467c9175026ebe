"""What an operator asks of the running service, the same from the command line and from the page.

An act is written down in the store; the service takes it up with its next batch.
"""

import glob
from typing import Any

from mailwarden.alerts.incident import Incident
from mailwarden.alerts.silences import parse_until

__all__ = ["on_it", "silence"]


def on_it(incident: Incident, who: str) -> dict[str, Any]:
    """Give the payload of an act `acknowledge`: somebody works on it, so it is not told again unless it gets worse."""
    return {"incident": incident.id, "who": who, "because": ""}


def silence(
    incident: Incident, who: str, because: str, at_us: int, *, until: str = "worse", normal: bool = False
) -> dict[str, Any]:
    """Give the payload of an act `silence`.

    Args:
        incident: What is not to be told of.
        who: Asks for it.
        because: Their reason.
        at_us: When.
        until: `worse`, `forever`, or a duration such as `2h`.
        normal: It is normal here: for ever, and for whatever else comes of this cause about the same entity.

    Raises:
        UsageError: `until` is none of these.
    """
    word, until_us = parse_until("forever" if normal else until, at_us)
    payload: dict[str, Any] = {
        "incident": incident.id,
        "who": who,
        "because": because,
        "until": word,
        "until_us": until_us,
        "normal": normal,
        "severity": incident.severity,
        "event_count": incident.event_count,
        "categories": incident.categories,
    }
    if normal:
        payload["matcher"] = {"cause": incident.cause, "entity": glob.escape(incident.primary[1])}
    return payload
