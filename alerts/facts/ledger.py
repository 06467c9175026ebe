"""The ledger: what this site has seen so far, given to each event as facts before the event itself is learned.

Each part keeps what it knows by account, by network or for the whole site; every record is small and bounded, whatever an
attacker tries.
"""

from typing import Any

from mailwarden.alerts.facts.acquaintances import Acquaintances
from mailwarden.alerts.facts.bulk_reading import BulkReading
from mailwarden.alerts.facts.domains import Domains
from mailwarden.alerts.facts.entrances import Entrances
from mailwarden.alerts.facts.failures import Failures
from mailwarden.alerts.facts.habits import Habits
from mailwarden.alerts.facts.origins import Origins
from mailwarden.alerts.facts.records import Records
from mailwarden.alerts.facts.site import Site
from mailwarden.alerts.facts.successes import Successes
from mailwarden.alerts.facts.volume import Volume
from mailwarden.alerts.facts.weather import Weather
from mailwarden.alerts.state.shelf import Backing, Shelf
from mailwarden.parsers.event import Event

__all__ = ["Ledger"]

_LATELY_US = 30 * 86_400_000_000
_LOGIN_SERVERS = ("dovecot", "cpanel")


class Ledger:
    """Facts about accounts, networks and the site as they were before each event.

    Args:
        site: What is ours.
        backing: Where it is kept.
    """

    def __init__(self, site: Site, backing: Backing) -> None:
        self.site = site
        self.records = Records(backing)
        self.domains = Domains(site, backing)
        self.acquaintances = Acquaintances(backing)
        self.volume = Volume(self.records)
        weather, habits, origins = Weather(site.name, backing), Habits(backing), Origins(site, backing)
        self.reading = BulkReading(site, habits, backing)
        entrances = Entrances(backing)
        self.failures = Failures(site, self.records, weather, origins, entrances)
        self.successes = Successes(site, self.records, habits, weather, origins, self.reading, entrances, backing)
        self._servers = Shelf("ledger.server", 1, int, lambda _: 1 << 62, backing)
        self._server_names: set[str] = set()
        self.shelves: tuple[Shelf[Any], ...] = (
            *self.records.shelves,
            weather.shelf,
            entrances.shelf,
            habits.shelf,
            *origins.shelves,
            self.acquaintances.shelf,
            *self.successes.shelves,
            *self.domains.shelves,
            self._servers,
            *self.reading.shelves,
        )

    def name_users(self, event: Event) -> None:
        """Set how many accounts came from the network of an event lately: `mailwarden.source.users`."""
        net, now = event.mailwarden_network, event.stream_us
        if net is not None and self.records.is_home(net, now, _LATELY_US):
            known = self.records.network(net, now)
            event.facts = event.facts or {}
            event.facts["mailwarden.source.users"] = len(known.users) if known else 0

    def is_shared(self, net: str | None, account: str, now: int) -> bool:
        """Say whether people are at a network beside an account, as in an office."""
        known = self.records.network(net, now) if net else None
        return known is not None and known.is_shared(account, now, is_proxy=known.is_proxy())

    def learn_server(self, name: str, now: int) -> None:
        """Learn that people log in to this server, or through this panel, here."""
        if name not in self._server_names:
            self._server_names.add(name)
            if self._servers.get(name) is None:
                self._servers.put(name, now)

    def servers(self) -> list[str]:
        """Give the servers that people log in to here, of those whose advice differs."""
        return [name for name in _LOGIN_SERVERS if self._servers.get(name) is not None]
