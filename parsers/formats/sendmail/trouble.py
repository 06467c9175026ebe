"""Trouble of our own: `SYSERR`, files and databases that cannot be read, disks that are full, mail that goes in a circle."""

import re

from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.sendmail.prefix import FORMAT

__all__: list[str] = []

_USER = re.compile(r"\(([^()]{0,64})\): ").match
_CIRCLES = ("loops back", "points back", "Too many hops", "loop broken", "too many hops")
_FULL = ("No space left on device", "min free", "low on space", "Insufficient disk space", "out of disk space")
_DEAD = ("cannot bind", "problem creating SMTP socket", "lost all children", "could not exec", "out of memory")
_BACKENDS = ("ldap", "LDAP", "map ", "timeout during", "timeout connecting", "lookup")


def _trouble(event: Event, text: str) -> bool:
    event.event_action = "service-error"
    event.event_outcome = "failure"
    if any(words in text for words in _CIRCLES):
        event.event_reason = "mail_loop"
    elif any(words in text for words in _FULL):
        event.event_reason = "disk_full"
    elif any(words in text for words in _DEAD):
        event.log_level = "fatal"
    elif any(words in text for words in _BACKENDS):
        event.event_reason = "backend_unavailable"
    event.set("error.message", text[:200])
    return True


@FORMAT.pattern("SYSERR")
def system_error(event: Event, rest: str) -> bool:
    """What it cannot do: `(USER): text`, where the user is whose program ran into it."""
    found = _USER(rest)
    text = rest[found.end() :] if found else rest.lstrip(": ")
    if found and found[1] not in ("", "root"):
        event.set("user.effective.name", found[1])
    return _trouble(event, text)


@FORMAT.pattern("rejecting new messages: ")
@FORMAT.pattern("low on space ")
@FORMAT.pattern("filesys_update failed: ")
def full(event: Event, _rest: str) -> bool:
    """The disk is full, or nearly so."""
    return _trouble(event, "min free")


@FORMAT.pattern("aliasing/forwarding loop broken")
@FORMAT.pattern("MX list for ")
def circle(event: Event, _rest: str) -> bool:
    """Mail goes in a circle."""
    return _trouble(event, "loops back")


@FORMAT.pattern("daemon ")
@FORMAT.pattern("Losing ")
@FORMAT.pattern("Saved message in ")
@FORMAT.pattern("bogus queue file, ")
@FORMAT.pattern("queue directory ")
@FORMAT.pattern("queue control process: ")
@FORMAT.pattern("could not ")
@FORMAT.pattern("Could not ")
@FORMAT.pattern("unable to ")
@FORMAT.pattern("can't ")
@FORMAT.pattern("cannot ")
@FORMAT.pattern("ownership change on ")
@FORMAT.pattern("dangerous permissions")
@FORMAT.pattern("File descriptors missing ")
@FORMAT.pattern("ERROR: ")
@FORMAT.pattern("ERROR=")
@FORMAT.pattern("timeout connecting to ")
@FORMAT.pattern("timeout during ")
@FORMAT.pattern("forward ")
@FORMAT.pattern("include ")
@FORMAT.pattern("My unqualified host name (")
@FORMAT.pattern("smtpquit: ")
@FORMAT.pattern("restart queue runner=")
@FORMAT.pattern("persistent queue runner")
@FORMAT.pattern("headers too large (")
@FORMAT.pattern("header overflow ")
@FORMAT.pattern("possible spam from <> to list: ")
@FORMAT.pattern("rscheck(")
@FORMAT.pattern("srvfeatures: ")
@FORMAT.pattern("clt_features=")
@FORMAT.pattern("sync_dir: ")
@FORMAT.pattern("No such ")
def trouble(event: Event, rest: str) -> bool:
    """A file, a database, the queue or a process is not as it should be."""
    if rest.startswith("prescan from ("):
        return False
    return " => " not in rest and _trouble(event, rest)


@FORMAT.pattern(" protocol error: ", anywhere=True)
def broken_protocol(event: Event, text: str) -> bool:
    """A server that we called broke the protocol: `HOST: SMTP DATA-1 protocol error: text`."""
    host, named, _ = text.partition(": SMTP ")
    if not named or " " in host:
        return False
    event.event_action = "connection-lost"
    event.event_outcome = "failure"
    event.network_protocol = "smtp"
    event.destination_domain = host.rstrip(".")
    return True


@FORMAT.pattern(": WARNING: dangerous write permissions", anywhere=True)
@FORMAT.pattern(": lookup error, expected 1 entry, got ", anywhere=True)
def at_file(event: Event, text: str) -> bool:
    """A file or a table is not as it should be."""
    return _trouble(event, text)
