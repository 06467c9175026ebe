"""What fills the sentences and commands about an incident: what the rule gave, whom it is about, and under which id."""

from collections.abc import Iterable, Mapping
from typing import Any

from mailwarden.alerts.incidents.incident import Incident
from mailwarden.alerts.risk.words import filled
from mailwarden.alerts.words.posture import in_words
from mailwarden.alerts.words.providers import list_name, provider_name
from mailwarden.alerts.words.translate import Translator

__all__ = ["filled_in", "short_id", "values_of"]

_SHORTEST_ID = 3

# The names that sentences and commands use for what an incident is about, by its ECS name.
_ENTITIES = {
    "mailwarden.account": "account",
    "mailwarden.network": "network",
    "mailwarden.own_address": "address",
    "mailwarden.own_domain": "domain",
    "mail.provider": "provider",
    "mailwarden.receiver": "provider",
    "mailwarden.relay.domain": "domain",
    "mailwarden.script": "script",
    "mailwarden.sender_domain": "sender",
    "user.name": "account",
    "user.id": "user_id",
    "source.ip": "address",
    "source.domain": "domain",
    "user.domain": "domain",
    "destination.domain": "provider",
}


def short_id(incident_id: str, others: Iterable[str] = ()) -> str:
    """Give what people type for an incident: the shortest prefix, from three characters, that no other id shares."""
    length = _SHORTEST_ID
    for other in others:
        while other != incident_id and length < len(incident_id) and other.startswith(incident_id[:length]):
            length += 1
    return incident_id[:length]


def values_of(incident: Incident, short: str, tongue: Translator) -> dict[str, object]:
    """Gather what fills the sentences and commands: what the rule gave, and what the incident is about."""
    about: dict[str, object] = {}
    for name, values in incident.entities.items():
        if name in _ENTITIES and len(values) == 1:
            about.setdefault(_ENTITIES[name], values[0])
    about |= filled_in(incident.values, incident.primary, tongue)
    about["clients"] = incident.entities.get("source.ip", [])
    host = incident.hosts[0] if incident.hosts else tongue.gettext("this server")  # Exim's own files name none
    return {"host": host, **about, "id": short}


def filled_in(values: Mapping[str, Any], primary: tuple[str, str], tongue: Translator) -> dict[str, object]:
    """Give what fills a sentence: what the rule gave and what it is about, with the names of providers and lists."""
    about: dict[str, object] = {_ENTITIES[primary[0]]: primary[1]} if primary[0] in _ENTITIES else {}
    about |= in_words(values, tongue) | filled(values, tongue)
    if "provider" in about:
        about["provider"] = provider_name(str(about["provider"]))
    if "list" in about:
        about["list"] = list_name(str(about["list"]))
    return about
