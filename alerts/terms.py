"""What rules, detectors and incidents share: severities, categories, causes, what a detection says of itself, a line as proof."""

from typing import Literal, NamedTuple

import msgspec

__all__ = [
    "CATEGORIES",
    "CAUSES",
    "LOUD",
    "SEVERITIES",
    "UNNAMED",
    "Detection",
    "Evidence",
    "Severity",
    "severity_rank",
]

Severity = Literal["info", "low", "medium", "high", "critical"]

SEVERITIES: tuple[Severity, ...] = ("info", "low", "medium", "high", "critical")
_RANKS: dict[str, int] = {severity: rank for rank, severity in enumerate(SEVERITIES)}
LOUD = SEVERITIES[2:]
"""What people are told of by itself; the rest is for the report."""
CATEGORIES = (
    "account_takeover",
    "auth_attack",
    "blocklist_risk",
    "config_weakness",
    "enumeration",
    "outbound_spam",
    "protocol_abuse",
    "relay_abuse",
    "service_fault",
)
CAUSES = ("guessing", "takeover", "relay", "sending", "listed", "protocol", "service", "config")
UNNAMED = "default"
"""The site of one server, where nobody gave it a name: people are told what the server is called."""


def severity_rank(severity: str) -> int:
    """Give the place of a severity, 0 for info to 4 for critical."""
    return _RANKS[severity]


class Evidence(msgspec.Struct, frozen=True, array_like=True):
    """A log line that proves an incident, and where it stands (path as configured, byte since the file's birth)."""

    file: str
    offset: int
    line: str


class Detection(NamedTuple):
    """What a rule or detector says of itself, for the incident it opens.

    `title` and `why` are message ids; `span_us` is how far it looks back; `weather`: guessing that goes on for ever and
    is `low` unless it far exceeds what the site usually sees.
    """

    name: str
    id: str
    version: int
    cause: str
    category: str
    severity: str
    title: str
    why: str
    harmless: str
    advice: str
    techniques: tuple[str, ...]
    primary: str  # the ECS name of the primary entity
    entities: tuple[str, ...]  # ECS names of what else is gathered
    span_us: int
    threshold: int
    weather: bool = False
    needs: str = ""  # what a database of addresses must tell for it: country, place or as

    def topic(self) -> str:
        """Give what its incident is about beside its cause and entity; nothing where these say it.

        Of a whole site many things may be wrong that have nothing to do with each other: a full disk, a certificate, passwords
        without TLS. What is mended alike is one trouble.
        """
        is_broad = self.primary == "mailwarden.site" and self.cause in ("config", "service")
        return self.advice if is_broad else ""
