"""Which incidents are meant: the conditions that routes, inhibitions and maintenance windows share."""

import fnmatch
from collections.abc import Iterable

import msgspec

from mailwarden.alerts.incidents.incident import Incident
from mailwarden.alerts.terms import Severity, severity_rank

__all__ = ["EQUAL", "Matchers", "domains_of", "names_of"]

EQUAL = {
    "host": "hosts",
    "domain": "domains",
    "account": "mailwarden.account",
    "address": "source.ip",
    "network": "mailwarden.network",
    "provider": "mail.provider",
}
"""What two incidents may have in common, as written in `equal`, and where it stands."""

_DOMAINS = ("source.domain", "user.domain", "email.from.domain")  # not where mail goes: those are others' domains


class Matchers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Conditions that must all hold; what is empty or None holds always. `host` and `domain` take shell patterns."""

    at_least: Severity | None = None
    severity: tuple[Severity, ...] = ()
    category: tuple[str, ...] = ()
    host: tuple[str, ...] = ()
    domain: tuple[str, ...] = ()

    def match(self, incident: Incident) -> bool:
        """Say whether an incident is meant."""
        if self.at_least and severity_rank(incident.severity) < severity_rank(self.at_least):
            return False
        if self.severity and incident.severity not in self.severity:
            return False
        if self.category and not {incident.category, *incident.categories} & set(self.category):
            return False
        if self.host and not _fits(incident.hosts or [incident.site], self.host):
            return False
        return not self.domain or _fits(domains_of(incident), self.domain)


def domains_of(incident: Incident) -> list[str]:
    """Give the mail domains that an incident is about: those it names, and those of its accounts."""
    found = [value for name in _DOMAINS for value in incident.entities.get(name, ())]
    accounts = [incident.primary[1], *incident.entities.get("mailwarden.account", ())]
    found += [account.rpartition("@")[2] for account in accounts if "@" in account]
    if incident.primary[0].endswith("domain"):
        found.append(incident.primary[1])
    return sorted({domain.lower() for domain in found})


def names_of(incident: Incident, word: str) -> set[str]:
    """Give what an incident has under a word of `EQUAL`."""
    if word == "host":
        return set(incident.hosts or [incident.site])
    if word == "domain":
        return set(domains_of(incident))
    name = EQUAL[word]
    own = {incident.primary[1]} if incident.primary[0] == name else set()
    return own | set(incident.entities.get(name, ()))


def _fits(names: Iterable[str], patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(name.lower(), pattern.lower()) for name in names for pattern in patterns)
