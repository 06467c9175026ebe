"""What a command works with: the configuration, the language, the time zone, and the stores that are there."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import tzinfo
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from mailwarden.alerts.words.translate import Translator, translator
from mailwarden.parsers.errors import ConfigurationBarredError, ConfigurationError, UsageError, coded, worded
from mailwarden.parsers.system_errors import reason
from mailwarden.pipeline.cli.helping import tongue
from mailwarden.pipeline.cli.root import Face
from mailwarden.pipeline.cli.terminal import tell
from mailwarden.pipeline.configuration.configuration import Configuration
from mailwarden.pipeline.configuration.reading import load
from mailwarden.pipeline.places import find_configuration, is_of_another, scan_store_path, store_path

if TYPE_CHECKING:
    from mailwarden.alerts.incidents.incident import Incident
    from mailwarden.alerts.incidents.normals import Normal
    from mailwarden.pipeline.sources.discovery import Discovery
    from mailwarden.pipeline.store import Store

__all__ = ["Session", "nobody_told", "session"]


@dataclass(frozen=True)
class Session:
    """The settings of one call; `barred` says why the defaults hold where a configuration is there."""

    configuration: Configuration
    tongue: Translator
    zone: tzinfo
    barred: ConfigurationBarredError | None = None

    @cached_property
    def discovery(self) -> "Discovery":
        """What logs there are on this machine: programs are asked, so once a call."""
        from mailwarden.pipeline.sources.discovery import discover

        return discover()

    def insist(self) -> None:
        """Give up where what is asked for is not ours, and what the machine has may not be read.

        Raises:
            ConfigurationBarredError: It is so.
        """
        if self.barred is not None:
            raise self.barred

    def stores(self, state: Path | None = None) -> list[Path]:
        """List the databases that may hold what is asked for, the one written last first."""
        if state is not None:
            path = store_path(state)
            if not _there(path):
                raise UsageError(
                    coded(
                        "MW5101",
                        "{state}: holds no mailwarden state. Make it with  mailwarden scan --state {state}",
                        state=state,
                    )
                )
            return [path]
        found = [path for path in (store_path(self.configuration.state_directory), scan_store_path()) if _there(path)]
        if not found:
            self.insist()
        return sorted(found, key=lambda path: -path.stat().st_mtime)

    @contextmanager
    def store(self, state: Path | None = None, *, write: bool = False, scanned: bool = False) -> Iterator["Store"]:
        """Open the state of the running service, or of `--state`; with `scanned` that of the last scan, lacking one.

        Raises:
            UsageError: There is none.
        """
        from mailwarden.pipeline.store import Store

        path = store_path(state or self.configuration.state_directory)
        if scanned and state is None and not _there(path) and _there(scan_store_path()):
            path = scan_store_path()
        if not _there(path):
            self.insist()
            raise UsageError(
                coded(
                    "MW5101",
                    "{parent}: mailwarden has not run here yet. Start it with  mailwarden run",
                    parent=path.parent,
                )
            )
        with Store.open(path, read_only=not write) as store:
            yield store

    def normals(self, state: Path | None = None) -> "list[Normal]":
        """Give what somebody said is normal here, where the service keeps it."""
        from mailwarden.alerts.incidents.normals import Normal
        from mailwarden.pipeline.store import Store

        path = store_path(state or self.configuration.state_directory)
        if not path.exists():
            return []
        with Store.open(path, read_only=True) as store:
            acts = store.silences()
        found = []
        for act in acts:
            with suppress(ValueError):  # the service says so when it takes it up
                found.append(Normal.of_act(act.payload))
        return [normal for normal in found if normal is not None]

    @contextmanager
    def holding(self, prefix: str, state: Path | None = None) -> Iterator["tuple[Incident, Store]"]:
        """Find an incident by the beginning of its id; give it with the store that holds it, open to be read.

        Raises:
            UsageError: No database holds it, or several incidents begin so.
        """
        from mailwarden.pipeline.store import Store

        paths = self.stores(state)
        for path in paths:
            with Store.open(path, read_only=True) as store:
                incident = store.incident(prefix)
                if incident is not None:
                    yield incident, store
                    return
        looked = ", ".join(str(path) for path in paths) or worded("nothing was scanned or watched yet")
        raise UsageError(
            coded(
                "MW8109",
                'no incident "{prefix}" (looked in: {looked}). List them with  mailwarden',
                prefix=prefix,
                looked=looked,
            )
        )


def session(context: click.Context, *, zone: str | None = None, own: bool = False) -> Session:
    """Read the configuration for a command.

    Args:
        context: Of the command.
        zone: A time zone that goes before the configuration's.
        own: What is asked for may be the user's own: a file, a line, a scan. Where he may not read the configuration of
            the machine, the defaults hold, and he is told so.

    Raises:
        ConfigurationError: With every fault of it.
    """
    face = context.find_object(Face) or Face()
    path = find_configuration(face.config)
    stated = face.config or os.environ.get("MAILWARDEN_CONFIG")
    if path is not None and not stated and is_of_another(path):
        said = coded(
            "MW2103",
            "{path}: here, but another user's, who would decide what you do. Nothing was done. "
            "If it is to be used, name it:  mailwarden --config {path}",
            path=path,
        )
        raise ConfigurationError([said])
    barred = None
    try:
        configuration = load(path)
    except ConfigurationBarredError as error:
        if not own:
            raise
        configuration, barred = load(None), error
    tongue = face.tongue = translator(configuration.spoken())
    if barred is not None:
        said = coded(
            "MW2102",
            "{path}: its owner alone may read it, so the defaults hold. With it: the same with sudo.",
            path=path,
        )
        tell(tongue.told(said))
    return Session(configuration, tongue, ZoneInfo(zone) if zone else configuration.zone, barred)


def nobody_told(session: Session) -> str | None:
    """Say, where it is so, that nobody is told of anything."""
    if session.configuration.channels or session.barred is not None:
        return None
    return session.tongue.gettext("Nobody is told: no channel is set. To be told: mailwarden setup")


def _there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError as error:
        tell(tongue().told(coded("MW5106", "{place}: {message}", place=path, message=reason(error))))
        return False
