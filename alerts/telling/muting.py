"""What holds a notice back though nobody silenced it: a maintenance window, or a worse trouble that explains it.

What is held back is looked at again each minute: when nothing holds it any more and it still goes on, it is told.
"""

from collections.abc import Iterable
from datetime import UTC, tzinfo

import msgspec

from mailwarden.alerts.incidents.incident import Incident
from mailwarden.alerts.telling.hours import Hours, covering
from mailwarden.alerts.telling.matchers import Matchers, names_of

__all__ = ["Inhibition", "Maintenance", "Muting"]


class Maintenance(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A window in which what `meant` matches is not told: these hours, and from one instant to another where given."""

    meant: Matchers = Matchers()
    hours: tuple[Hours, ...] = ()
    from_us: int | None = None
    until_us: int | None = None
    because: str = ""

    def holds(self, incident: Incident, at_us: int, zone: tzinfo) -> bool:
        """Say whether an incident is not told at a time."""
        return self.is_on(at_us, zone) and self.meant.match(incident)

    def is_on(self, at_us: int, zone: tzinfo) -> bool:
        """Say whether the window is open at a time."""
        if self.from_us is not None and at_us < self.from_us:
            return False
        if self.until_us is not None and at_us >= self.until_us:
            return False
        return not self.hours or covering(self.hours, at_us, zone)


class Inhibition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """While an incident that `source` matches is open, those that `target` matches are not told.

    `equal`: what the two must have in common (words of `matchers.EQUAL`); without any, nothing.
    """

    source: Matchers
    target: Matchers
    equal: tuple[str, ...] = ()

    def concerns(self, incident: Incident) -> bool:
        """Say whether another incident could explain this one. Nothing inhibits what is a source too."""
        return self.target.match(incident) and not self.source.match(incident)

    def explains(self, other: Incident, incident: Incident, at_us: int) -> bool:
        """Say whether an open incident explains one that this concerns. Nothing inhibits itself."""
        return (
            other.id != incident.id
            and other.opened_us <= at_us
            and self.source.match(other)
            and all(names_of(incident, word) & names_of(other, word) for word in self.equal)
        )


class Muting(msgspec.Struct, frozen=True):
    """All windows and inhibitions of a configuration."""

    maintenance: tuple[Maintenance, ...] = ()
    inhibitions: tuple[Inhibition, ...] = ()
    zone: tzinfo = UTC

    def holds(self, incident: Incident, open_: Iterable[Incident], at_us: int) -> bool:
        """Say whether anything holds an incident's notices back at a time."""
        if any(window.holds(incident, at_us, self.zone) for window in self.maintenance):
            return True
        rules = [rule for rule in self.inhibitions if rule.concerns(incident)]
        return bool(rules) and any(rule.explains(other, incident, at_us) for other in open_ for rule in rules)
