"""Decide what is read: what a person names, else what is configured, else what is found on this machine."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mailwarden.parsers.errors import Coded, UsageError, coded
from mailwarden.pipeline.configuration.configuration import SourceSetting
from mailwarden.pipeline.sources.discovery import discover
from mailwarden.pipeline.sources.docker import DockerSource
from mailwarden.pipeline.sources.journal import JournalSource
from mailwarden.pipeline.sources.opening import open_sources
from mailwarden.pipeline.sources.source import Source

__all__ = ["Choice", "choose", "zone_named"]

_LOOK_BACK_DAYS = 30  # a first start learns from this; older rotated files are left alone


@dataclass(slots=True)
class Choice:
    """Sources in their order, what was stated about them by their rank, and what a person must know."""

    sources: list[Source] = field(default_factory=list)
    zones: dict[int, tzinfo] = field(default_factory=dict)
    years: dict[int, int] = field(default_factory=dict)
    problems: list[Coded] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # what was left out, and why


def zone_named(name: str | None) -> tzinfo | None:
    """Give the zone of this name; None is this machine's own.

    Raises:
        UsageError: there is no such zone.
    """
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise UsageError(
            coded(
                "MW2115",
                'timezone: "{name}" is not a time zone. Stamps could not be placed, so nothing was '
                "read. Write a name such as Europe/Berlin, Asia/Tokyo or UTC.",
                name=name,
            )
        ) from None


def choose(
    paths: Sequence[str], settings: Sequence[SourceSetting], *, follow: bool, now_s: float, root: Path = Path("/")
) -> Choice:
    """Open the sources to read.

    Args:
        paths: What a person named; a scan reads just these, a run what they were rotated from too.
        settings: What the configuration says.
        follow: Go on when everything was read.
        now_s: Seconds since the epoch; tells which rotated files are too old.
        root: Where discovery begins.
    """
    not_before = now_s - _LOOK_BACK_DAYS * 86_400
    choice = Choice()
    if paths:
        choice.sources = open_sources(paths, follow=follow, rotations=follow, not_before=not_before if follow else 0.0)
    elif settings:
        for rank, setting in enumerate(settings):
            choice.sources += _opened(setting, rank, follow, not_before)
            zone = zone_named(setting.timezone)
            if zone is not None:
                choice.zones[rank] = zone
            if setting.year is not None:
                choice.years[rank] = setting.year
    else:
        _discovered(choice, follow, not_before, root)
    return choice


def _opened(setting: SourceSetting, rank: int, follow: bool, not_before: float) -> list[Source]:
    if setting.kind == "journal":
        return [JournalSource(setting.names, rank, follow=follow, since=f"-{_LOOK_BACK_DAYS}d")]
    if setting.kind == "docker":
        return [DockerSource(setting.names, rank, follow=follow, rotations=True)]
    return open_sources([setting.path], follow=follow, rotations=True, not_before=not_before, first_rank=rank)


def _discovered(choice: Choice, follow: bool, not_before: float, root: Path) -> None:
    discovery = discover(root)
    choice.problems += discovery.unreadable
    choice.notes += discovery.left_out
    for rank, found in enumerate(discovery.found):
        path = str(root / found.path.lstrip("/")) if found.kind == "files" else ""
        names = (found.path,) if found.kind == "docker" else ()
        choice.sources += _opened(SourceSetting(found.kind, path, names), rank, follow, not_before)
    if not discovery.found and not discovery.unreadable:
        choice.problems.append(
            coded(
                "MW1101",
                "{root}: no log of a mail server was found in the usual places, the journal or docker. Nothing was read. "
                "Give the path, e.g.  mailwarden scan /var/log/mail.log ; Postfix on Debian writes there once rsyslog "
                "is installed.",
                root=root,
            )
        )
