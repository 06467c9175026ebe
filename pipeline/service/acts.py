"""What an operator asks of the running service, the same from the command line and from the page.

An act is written down in the store; the service takes it up with its next batch.
"""

from typing import Any

from mailwarden.alerts.incidents.incident import Incident
from mailwarden.alerts.incidents.normals import NORMAL_DAYS
from mailwarden.alerts.telling.silences import parse_until
from mailwarden.parsers.errors import UsageError, coded

__all__ = ["end_silence", "let_go", "on_it", "silence"]


def on_it(incident: Incident, who: str) -> dict[str, Any]:
    """Give the payload of an act `acknowledge`: somebody works on it, so it is not told again unless it gets worse."""
    return {"incident": incident.id, "who": who, "because": ""}


def let_go(incident: Incident, who: str) -> dict[str, Any]:
    """Give the payload of an act `let_go`: nobody works on it any more, so it is told again."""
    return {"incident": incident.id, "who": who, "because": ""}


def end_silence(incident: Incident, who: str, because: str, number: int) -> dict[str, Any]:
    """Give the payload of an act `end_silence`: the silence of that number is over, and what it held back is told again."""
    return {"incident": incident.id, "who": who, "because": because, "silence": number}


def silence(
    incident: Incident, who: str, because: str, at_us: int, *, until: str | None = None, normal: bool = False
) -> dict[str, Any]:
    """Give the payload of an act `silence`.

    Args:
        incident: What is not to be told of.
        who: Asks for it.
        because: Their reason.
        at_us: When.
        until: `worse`, `forever`, or a duration such as `2h`; None: until worse, and 90 days for what is normal.
        normal: It is normal here: the rules of the incident pass over the entity it is about. What others find is told.

    Raises:
        UsageError: `until` is none of these, or what is normal is to last until it gets worse.
    """
    if normal and until == "worse":
        raise UsageError(coded("MW8105", "--normal ends at a time. Write  --until 30d  or  --until forever."))
    word, until_us = parse_until(until or (f"{NORMAL_DAYS}d" if normal else "worse"), at_us)
    payload: dict[str, Any] = {
        "incident": incident.id,
        "cause": incident.cause,
        "about": list(incident.primary),
        "who": who,
        "because": because,
        "until": "worse" if normal else word,
        "until_us": until_us,
        "normal": normal,
        "severity": incident.severity,
        "event_count": incident.event_count,
        "categories": incident.categories,
    }
    if normal:
        payload["exception"] = {"rules": incident.rules, "primary": list(incident.primary)}
    return payload
