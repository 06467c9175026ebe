"""An incident as data: the keys that `scan --json` and `show --json` promise."""

from typing import Any

import msgspec

from mailwarden.alerts.incidents.incident import Incident
from mailwarden.parsers.event import iso
from mailwarden.pipeline.showing.sentences import Sentences

__all__ = ["as_data"]

_ECS = {"mailwarden.account": "user.name"}  # outside, an account is the user that it stands for


def as_data(incident: Incident, sentences: Sentences) -> dict[str, Any]:
    """Give an incident under flat names, times as RFC 3339 in UTC."""
    name, value = incident.primary
    entities: dict[str, list[str]] = {}
    for key in sorted(incident.entities, key=lambda one: (one not in _ECS, one)):
        known = entities.setdefault(_ECS.get(key, key), [])
        known.extend(one for one in incident.entities[key] if one not in known)
    return {
        "incident.id": incident.id,
        "site": incident.site,
        "category": incident.category,
        "categories": incident.categories or [incident.category],
        "rules": incident.rules,
        "title": sentences.title(incident),
        "severity": incident.severity,
        "status": incident.status,
        "primary": {_ECS.get(name, name): value},
        "entities": entities,
        "opened_at": iso(incident.opened_us),
        "first_seen": iso(incident.first_seen_us),
        "last_seen": iso(incident.last_seen_us),
        "event_count": incident.event_count,
        "toll": None if incident.toll is None else msgspec.to_builtins(incident.toll),
        "evidence": [{"file": one.file, "offset": one.offset, "line": one.line} for one in incident.evidence],
        "advice": [
            {"text": step.text} | ({"command": step.command} if step.command else {})
            for step in sentences.steps(incident)
        ],
        "techniques": incident.techniques,
        "parent": incident.parent,
        "previous": incident.previous,
    }
