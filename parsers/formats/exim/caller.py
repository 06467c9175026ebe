"""Who calls: the peer of an SMTP session, or a local user, who stands where a peer would."""

import re

from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.exim.peer import fields, peer

__all__ = ["anyone", "before", "caller", "local_caller"]

_LASTED = re.compile(r"(?: D=[\w.]{1,20})?")
_LOCAL = re.compile(r"(?:U=)?[^ \[\]():]{1,64}")


def _behind(text: str, at: int) -> int:
    """Skip how long the session lasted."""
    lasted = _LASTED.match(text, at)
    return at if lasted is None else lasted.end()


def caller(event: Event, text: str, start: int, marks: tuple[str, ...]) -> int | None:
    """Read the peer that goes on with one of the marks behind its fields, and give where its fields end."""

    def follows(line: str, at: int) -> tuple[int, int] | None:
        end = _behind(line, fields(Event(), line, at))
        return (end, len(line)) if line.startswith(marks, end) else None

    end = peer(event, text, start, follows)
    if end is None:
        return None
    event.network_protocol = "smtp"
    return _behind(text, fields(event, text, end))


def local_caller(text: str, start: int, marks: tuple[str, ...]) -> int | None:
    """Skip the local user that goes on with one of the marks."""
    found = _LOCAL.match(text, start)
    if found is None:
        return None
    end = _behind(text, found.end())
    return end if text.startswith(marks, end) else None


def anyone(event: Event, text: str, start: int, marks: tuple[str, ...]) -> int | None:
    """Read the peer, or skip the local user."""
    end = caller(event, text, start, marks)
    return local_caller(text, start, marks) if end is None else end


def before(line: str, at: int, mark: str) -> tuple[int, int] | None:
    """Say where a line goes on with a mark behind the fields of a peer: what `peer` asks."""
    end = fields(Event(), line, at)
    return (end, len(line)) if line.startswith(mark, end) else None
