"""Where who comes from: the place and carrier of an address, as far as a database tells, and the range it stands in."""

from typing import Any

from mailwarden.alerts.facts.geography import NOWHERE, Geography, Place
from mailwarden.alerts.facts.habits import kin
from mailwarden.alerts.facts.ranges import HOSTILE, Ranges
from mailwarden.alerts.facts.site import Site
from mailwarden.alerts.state.shelf import Backing, Shelf
from mailwarden.parsers.event import Event

__all__ = ["Origins"]

_DAY_US = 86_400_000_000
_KNOWN_US = 30 * _DAY_US  # a carrier is known for 30 days after somebody here came through it


class Origins:
    """Where people of a site and guessers come from.

    Args:
        site: Whose databases tell of places.
        backing: Where carriers and ranges are kept.
    """

    def __init__(self, site: Site, backing: Backing) -> None:
        self._geography = Geography(site.databases)
        self._carriers = Shelf("ledger.carrier", 1, int, lambda seen: seen + _KNOWN_US, backing)
        self._ranges = Ranges(backing)
        self.shelves = (self._carriers, self._ranges.shelf)

    def place(self, event: Event) -> Place:
        """Give the place of an event's address; nowhere where no database tells."""
        if self._geography.is_empty or event.source_ip is None:
            return NOWHERE
        return self._geography.place(event.source_ip)

    def name_carrier(self, event: Event, facts: dict[str, Any]) -> None:
        """Say who announces the address and whether anybody here comes from there, where a database tells."""
        place = self.place(event)
        if place.country:
            facts["source.geo.country_iso_code"] = place.country
        if place.as_number:
            facts["source.as.number"] = place.as_number
            facts["source.as.organization.name"] = place.as_name
            seen = self._carriers.get(str(place.as_number))
            facts["mailwarden.carrier.known"] = seen is not None and event.stream_us - seen <= _KNOWN_US

    def learn_carrier(self, place: Place, now: int) -> None:
        """Learn that somebody here came through a place's carrier."""
        if not place.as_number:
            return
        seen = self._carriers.get(str(place.as_number))
        if seen is None or now - seen > _DAY_US:
            self._carriers.put(str(place.as_number), now)

    def guessed(self, event: Event, net: str) -> None:
        """Learn that another network begins to guess."""
        self._ranges.guessed(self._range(event, net), event.stream_us)

    def came(self, event: Event, net: str) -> None:
        """Learn that somebody came from a network, today for the first time."""
        self._ranges.came(self._range(event, net), event.stream_us)

    def bits(self, event: Event, net: str) -> float:
        """Give how much likelier a guesser comes from where this network is than a person, in bits."""
        return self._ranges.bits(self._range(event, net), event.stream_us)

    def is_hostile(self, net: str, now: int) -> bool:
        """Say whether a network is in a range of guessers."""
        place = NOWHERE if self._geography.is_empty else self._geography.place(net.partition("/")[0])
        return self._ranges.bits(_name(place, net), now) >= HOSTILE

    def _range(self, event: Event, net: str) -> str:
        """Name the range a network is in: what is announced together, where a database tells."""
        return _name(self.place(event), net)


def _name(place: Place, net: str) -> str:
    return f"AS{place.as_number}" if place.as_number else kin(net)
