"""What every page works with: the settings, who may come in, the clock, and the store that is asked."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import Path

from mailwarden.alerts.incidents.incident import Incident
from mailwarden.pipeline.archive import Index
from mailwarden.pipeline.configuration.configuration import Configuration
from mailwarden.pipeline.places import store_path
from mailwarden.pipeline.store import Reader, Store
from mailwarden.pipeline.web.audit import Audit
from mailwarden.pipeline.web.jobs import Jobs
from mailwarden.pipeline.web.limits import Bucket, Limiter
from mailwarden.pipeline.web.people import People
from mailwarden.pipeline.web.sessions import Links, Sessions
from mailwarden.pipeline.web.titles import Titles
from mailwarden.pipeline.web.totals import Totals
from mailwarden.pipeline.web.visitor import Visitor

__all__ = ["Desk"]

_DOMAINS_DAYS = 30  # in which a domain of ours has sent or got mail
_DAY_US = 86_400_000_000
_ASKS = Bucket(burst=200, each_s=0.05)  # a page and what it loads, twenty times at once; then 20 requests a second
_PASSWORDS = Bucket(burst=5, each_s=30.0)  # by person and by address


@dataclass(frozen=True)
class Desk:
    """Everything that outlives a request.

    Args:
        configuration: The settings.
        zone: In which times are shown.
        people: Who has a password or a token.
        links: What lets in without one; None where people sign in.
        clock: The time in epoch microseconds.
        monotonic: Seconds that never run back.
    """

    configuration: Configuration
    zone: tzinfo
    people: People
    links: Links | None
    clock: Callable[[], int]
    monotonic: Callable[[], float] = time.monotonic
    sessions: Sessions = field(init=False)
    audit: Audit = field(init=False)
    asks: Limiter = field(init=False)
    jobs: Jobs = field(init=False)
    index: Index = field(init=False)
    totals: Totals = field(init=False)
    titles: Titles = field(init=False)
    passwords: Limiter = field(init=False)

    def __post_init__(self) -> None:
        """Make what is made from the rest."""
        object.__setattr__(self, "sessions", Sessions(self.monotonic))
        object.__setattr__(self, "audit", Audit(self.directory, self.clock, self.configuration.spoken()))
        object.__setattr__(self, "asks", Limiter(_ASKS, self.monotonic))
        object.__setattr__(self, "totals", Totals())
        object.__setattr__(self, "titles", Titles(self.configuration))
        object.__setattr__(self, "jobs", Jobs(self.monotonic))
        object.__setattr__(self, "index", Index(self.configuration.archive_directory, self.directory / "web-index"))
        object.__setattr__(self, "passwords", Limiter(_PASSWORDS, self.monotonic))

    @property
    def directory(self) -> Path:
        """The state directory."""
        return self.configuration.state_directory

    @property
    def path(self) -> Path:
        """The database."""
        return store_path(self.directory)

    @contextmanager
    def reader(self) -> Iterator[Reader]:
        """Open the store for one answer.

        Raises:
            StoreError: There is none, or it cannot be read.
        """
        with Reader.open(self.path) as reader:
            yield reader

    def present_us(self, reader: Reader) -> int:
        """Give the end of the time that is looked at: now, or where the logs end that were read long ago."""
        now_us = self.clock()
        stream_us = int(reader.store.meta("stream_us") or 0)
        return stream_us if stream_us and stream_us < now_us - _DAY_US else now_us

    def beside_others(self, reader: Reader, visitor: Visitor, incidents: Iterable[Incident]) -> Visitor:
        """Give a visitor who sees a part with the domains of others, which lines of proof may hold by themselves."""
        if visitor.sees_all:
            return visitor
        to_us = self.present_us(reader) + _DAY_US
        counted = reader.sums(to_us - _DOMAINS_DAYS * _DAY_US, to_us, ("delivery_domain",))
        ours = {row.a for row in counted} | set(self.configuration.site.domains)
        return visitor.beside(ours, (host for one in incidents for host in one.hosts))

    def ask_service(self, kind: str, payload: dict[str, object]) -> int:
        """Ask the running service for something; give the number of the act.

        Raises:
            StoreError: It cannot be written down.
        """
        with Store.open(self.path) as store:
            return store.add_act(kind, payload, self.clock())
