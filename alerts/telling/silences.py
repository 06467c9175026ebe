"""Keep quiet about something, always with who said so, why, and until when; by default until it gets worse."""

import fnmatch
import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import msgspec

from mailwarden.alerts.incidents.incident import Incident, Notification
from mailwarden.alerts.terms import severity_rank
from mailwarden.alerts.words.escape import printable
from mailwarden.parsers.errors import UsageError, coded

__all__ = ["Matcher", "Silence", "parse_until", "silenced_by"]

Until = Literal["worse", "time", "forever"]

_UNITS_S = {"m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"([1-9]\d{0,4})([mhdw])")
WORSE_FACTOR = 4  # so many times the events it had when it was silenced


class Matcher(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which incidents are meant. What is None matches all; `entity` and `host` take shell patterns."""

    cause: str | None = None
    category: str | None = None
    rule: str | None = None
    entity: str | None = None
    host: str | None = None

    def matches(self, incident: Incident) -> bool:
        """Say whether an incident is meant. A matcher without any condition means none."""
        conditions = [
            self.cause is None or incident.cause == self.cause,
            self.category is None or self.category in {incident.category, *incident.categories},
            self.rule is None or self.rule in incident.rules,
            self.entity is None or fnmatch.fnmatchcase(incident.primary[1], self.entity),
            self.host is None
            or any(fnmatch.fnmatchcase(host, self.host) for host in incident.hosts or [incident.site]),
        ]
        return self != Matcher() and all(conditions)


class Silence(msgspec.Struct, frozen=True, kw_only=True):
    """One silence: for an incident (its whole id, and what comes back of it, however often) or for what a matcher means.

    `severity`, `event_count` and `categories` are what the incident was when it was silenced: what is worse than that
    is told.
    """

    id: str
    who: str
    because: str
    at_us: int
    until: Until = "worse"
    until_us: int | None = None
    incident: str | None = None
    cause: str | None = None  # of the incident, and
    about: tuple[str, str] | None = None  # its primary entity: what comes back has another id
    matcher: Matcher | None = None
    severity: str = "medium"
    event_count: int = 0
    categories: tuple[str, ...] = ()
    ended_us: int | None = None

    @classmethod
    def of_act(cls, id: str, payload: Mapping[str, Any], at_us: int) -> "Silence":
        """Take the silence that somebody asked for; what it does not know of the request is left out.

        Raises:
            msgspec.ValidationError: The request is none.
        """
        known = {name: value for name, value in payload.items() if name in cls.__struct_fields__}
        return msgspec.convert({**known, "id": id, "at_us": at_us}, cls)

    def covers(self, notification: Notification) -> bool:
        """Say whether a notification is held back."""
        incident = notification.incident
        if self.ended_us is not None and notification.at_us >= self.ended_us:
            return False
        if self.until == "time" and self.until_us is None:
            return False
        if self.until_us is not None and notification.at_us >= self.until_us:
            return False
        meant = self.incident is not None and self.incident in (incident.id, incident.previous)
        meant = meant or (self.about == tuple(incident.primary) and self.cause == incident.cause)
        if not meant and not (self.matcher and self.matcher.matches(incident)):
            return False
        return self.until != "worse" or not self.outgrown(incident)

    def outgrown(self, incident: Incident) -> bool:
        """Say whether an incident is worse than what was silenced: higher, four times as much, or new damage."""
        if severity_rank(incident.severity) > severity_rank(self.severity):
            return True
        if self.incident is None:
            return False
        if (
            self.incident == incident.id
            and self.event_count
            and incident.event_count >= WORSE_FACTOR * self.event_count
        ):
            return True
        return bool(self.categories) and not {incident.category, *incident.categories} <= set(self.categories)


def silenced_by(notification: Notification, silences: Iterable[Silence]) -> Silence | None:
    """Give the first silence that holds a notification back."""
    return next((silence for silence in silences if silence.covers(notification)), None)


def parse_until(text: str, now_us: int) -> tuple[Until, int | None]:
    """Read `worse`, `forever` or a duration such as `2h`, as one types it.

    Raises:
        UsageError: It is none of these.
    """
    if text == "worse":
        return "worse", None
    if text == "forever":
        return "forever", None
    match = _DURATION.fullmatch(text)
    if match is None:
        raise UsageError(
            coded(
                "MW8105",
                '--until: "{text}" is no duration. Write worse, forever, or such as 30m, 2h, 1d, 1w.',
                text=printable(text),
            )
        )
    return "time", now_us + int(match[1]) * _UNITS_S[match[2]] * 1_000_000
