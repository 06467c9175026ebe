"""mailcow's netfilter, which counts failures in the logs of its other containers and shuts addresses out.

`CRIT: Banning 203.0.113.7/32 for 30 minutes`, behind a stamp of its own or Docker's. Each `matched rule id` repeats a line that
Postfix, Dovecot or SOGo wrote, so it is counted there.

Source: data/Dockerfiles/netfilter/main.py of mailcow-dockerized, 2018 to 2025.
"""

import re

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.life import noted
from mailwarden.parsers.pattern import Format

__all__ = ["FORMAT", "claim_text"]

_LEVELS = {"CRIT": "critical", "WARN": "warning", "INFO": "info"}
_LEVEL = re.compile(r"(CRIT|WARN|INFO): ")
_NET = r"([0-9A-Fa-f.:]{2,45})(?:/([0-9]{1,3}))?"
_OURS = re.compile(
    rf"(?:CRIT|WARN|INFO): (?:Banning {_NET} for|Unbanning {_NET}|[0-9]{{1,6}} more attempts in the next [0-9]{{1,9}} seconds"
    rf"|(?:Added|Removed) (?:host/)?network {_NET}|{_NET} (?:matched rule id|is whitelisted|is not banned)|Whitelist was changed"
    r"|(?:Deny|Black)list was changed|Clear completed|Cleared all bans|Watching Redis channel)"
)
_BANNED = re.compile(rf"{_NET}(?: for [0-9.]{{1,12}} minutes)?$")


def claim_text(text: str) -> bool:
    """Say whether a text that no tag precedes is of mailcow's netfilter."""
    return _OURS.match(text) is not None


def _prepare(event: Event, text: str) -> str:
    level = _LEVEL.match(text)
    if level is None:
        return text
    event.log_level = _LEVELS[level[1]]
    return text[level.end() :]


FORMAT = Format("mailcow", (), prepare=_prepare)


def _read(event: Event, rest: str, action: str) -> bool:
    """Set what was done to whom; a whole network is no address."""
    found = _BANNED.match(rest)
    if found is None:
        return False
    if found[2] in (None, "32" if "." in found[1] else "128"):
        event.source_ip = ip(found[1])
    event.event_action = action
    return True


@FORMAT.pattern("Banning ")
def banned(event: Event, rest: str) -> bool:
    """An address, or its network, that is shut out for a time."""
    return _read(event, rest, "ban")


@FORMAT.pattern("Added host/network ", "Added network ")
def listed(event: Event, rest: str) -> bool:
    """An address, or a network, that an administrator shut out."""
    return _read(event, rest.removesuffix(" to denylist").removesuffix(" to blacklist"), "ban")


@FORMAT.pattern("Unbanning ", "Removed host/network ", "Removed network ")
def let_in(event: Event, rest: str) -> bool:
    """An address that may come again."""
    return _read(event, rest.removesuffix(" from denylist").removesuffix(" from blacklist"), "unban")


@FORMAT.pattern(
    " matched rule id ",
    " more attempts in the next ",
    " is whitelisted",
    " is not banned, skipping unban",
    anywhere=True,
)
@FORMAT.pattern(
    "Whitelist was changed", "Denylist was changed", "Blacklist was changed", "Clear", "Watching Redis channel"
)
def other(event: Event, rest: str) -> bool:  # noqa: ARG001
    """What it counts, which other lines tell of, and what it says of itself."""
    return noted(event)
