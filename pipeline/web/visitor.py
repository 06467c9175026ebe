"""Who looks at the page, and what they may see and do."""

import re
from collections.abc import Iterable
from typing import Literal

import msgspec

from mailwarden.alerts.incidents.incident import Incident

__all__ = ["Role", "Visitor"]

Role = Literal["viewer", "operator"]

# What may be an address of somebody: anything with an @ in it, up to what ends a word in a log line.
_ADDRESS = re.compile(r"[^\s<>()\[\],;:=\"'{}]*@[^\s<>()\[\],;:=\"'{}]*")
_HOST = re.compile(r"(?<![\w@.-])[\w-]{1,63}(?:\.[\w-]{1,63})+")  # what may be the name of a domain or a host in it
_HIDDEN = "•••"
_OF_NOBODY = frozenset(  # fields that name no customer; of any other only what bears the visitor's own domain is shown
    {
        "destination.domain",
        "event.module",
        "event.reason",
        "host.hostname",
        "host.name",
        "mail.bounce.list",
        "mail.provider",
        "mail.tls.alert",
        "mail.virus.name",
        "mailwarden.listing.lists",
        "mailwarden.listing.name",
        "mailwarden.network",
        "mailwarden.own_address",
        "mailwarden.receiver",
        "network.protocol",
        "process.name",
        "service.name",
        "smtp.stage",
        "source.as.number",
        "source.as.organization.name",
        "source.geo.country_iso_code",
        "source.ip",
    }
)


class Visitor(msgspec.Struct, frozen=True, kw_only=True):
    """A person or a program that was let in.

    Args:
        name: As it stands in the audit log and in acts.
        role: A viewer only looks; an operator also acts.
        domains: Sees only what is of these; None: all.
        session: Which of their sessions; "" for a program with a token.
        csrf: What each of their forms must bring along.
        others: Domains of other customers, as far as they are known.
    """

    name: str
    role: Role = "viewer"
    domains: tuple[str, ...] | None = None
    session: str = ""
    csrf: str = ""
    others: frozenset[str] = frozenset()

    @property
    def acts(self) -> bool:
        """Whether they may ask the service for something."""
        return self.role == "operator" and bool(self.session)

    @property
    def sees_all(self) -> bool:
        """Whether nothing is kept from them."""
        return self.domains is None

    def owns(self, name: str) -> bool:
        """Say whether an account, an address or a domain is theirs to see."""
        return self.domains is None or name.lower().strip("<>").rpartition("@")[2] in self.domains

    def may_see(self, incident: Incident) -> bool:
        """Say whether an incident is theirs: about an account of their domains, or about one of these."""
        return self.owns(incident.primary[1])

    def masked(self, text: str) -> str:
        """Give text with the addresses of others left out, and their domains where they stand alone."""
        if self.domains is None:
            return text
        if self.others:
            text = _HOST.sub(lambda found: _HIDDEN if self._is_of_others(found[0]) else found[0], text)
        return _ADDRESS.sub(lambda found: found[0] if self.owns(found[0]) else _HIDDEN, text)

    def _is_of_others(self, host: str) -> bool:
        parts = host.lower().split(".")
        names = [".".join(parts[at:]) for at in range(len(parts))]
        return not self.others.isdisjoint(names) and not any(self.owns(name) for name in names)

    def beside(self, domains: Iterable[str], hosts: Iterable[str]) -> "Visitor":
        """Give the same visitor, from whom those of our domains are kept that are not theirs.

        Args:
            domains: Ours.
            hosts: Our servers, which stand in every line: their own domain is nobody's secret.
        """
        if self.domains is None:
            return self
        servers = tuple(f".{host.lower()}" for host in hosts)
        others = {one.lower() for one in domains}.difference(self.domains)
        kept = frozenset(one for one in others if not any(host.endswith(f".{one}") for host in servers))
        return msgspec.structs.replace(self, others=kept)

    def hides(self, text: str) -> bool:
        """Say whether a text names others, so that only a part of it could be shown."""
        plain = text.replace("\\", "")  # a command may hold a name as a pattern
        return self.masked(plain) != plain

    def entities(self, entities: dict[str, list[str]]) -> dict[str, list[str]]:
        """Give what an incident names without what is of others: names that tell no domain among them."""
        if self.domains is None:
            return entities
        kept = {
            name: values if name in _OF_NOBODY else [value for value in values if self.owns(value)]
            for name, values in entities.items()
        }
        return {name: values for name, values in kept.items() if values}
