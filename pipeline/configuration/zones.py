"""Time zones: the one that is set, else that of this machine."""

import os
from datetime import datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

__all__ = ["local_zone", "zone_called", "zone_words"]


def zone_called(name: str | None) -> tzinfo:
    """Give the zone of a name, this machine's for None."""
    return ZoneInfo(name) if name else local_zone()


def local_zone() -> tzinfo:
    """Give this machine's time zone, with its changes over the year where the system names it."""
    name = os.environ.get("TZ", "").lstrip(":")
    if not name and Path("/etc/localtime").is_symlink():
        name = str(Path("/etc/localtime").readlink()).partition("zoneinfo/")[2]
    try:
        return ZoneInfo(name) if name else _fixed()
    except (KeyError, ValueError, OSError):
        return _fixed()


def zone_words(zone: tzinfo) -> list[str]:
    """Give what names a zone to a process of our own; nothing for one without a name, which is this machine's."""
    name = getattr(zone, "key", None)
    return ["--zone", name] if name else []


def _fixed() -> tzinfo:
    zone = datetime.now().astimezone().tzinfo
    assert zone is not None
    return zone
