"""UW-IMAP and Panda (imapd, ipop3d): logins, sessions, and their own troubles.

`Login failed user=U auth=A host=NAME [IP]`. Names are the client's own text, up to 80 characters, and may hold ` host=`; the
address is read from the end, where the server has written it last.

Source: src/imapd/imapd.c, src/ipopd/ipop3d.c of UW-IMAP 2007f (calls of syslog and mm_log).
"""

import re

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.life import failed, noted
from mailwarden.parsers.pattern import Format

__all__ = ["FORMAT"]

FORMAT = Format("uw_imap", ("imapd", "imapsd", "ipop3d", "ipop3sd", "ipop2d"))

_HOST = re.compile(r"(?:([^\s\[\]]{1,255}) )?\[([0-9A-Fa-f.:]{2,45})\](?: (?:nmsgs|ndele|mech)=\S+)*$")


def _client(event: Event, text: str) -> str | None:
    """Read the client at the end of the text, and give what stands before it; None where none is named."""
    before, named, host = text.rpartition(" host=")
    found = _HOST.match(host) if named else None
    if found is None:
        return before if named and host.startswith(("UNKNOWN", "NON-IPv4")) else None
    event.source_ip = ip(found[2])
    if found[1] and found[1] != found[2]:
        event.source_domain = found[1]
    event.network_protocol = "imap" if (event.process_name or "").startswith("imap") else "pop3"
    return before


def _user(event: Event, before: str) -> None:
    name = before.rpartition(" auth=")[0] or before
    if name != "???":
        event.user_name = name or None


def _refused(event: Event, reason: str) -> bool:
    event.event_action, event.event_outcome, event.event_reason = "auth-failure", "failure", reason
    return True


def _refused_by_name(event: Event, rest: str, reason: str) -> bool:
    """Read whose login it was and from where, too."""
    before = _client(event, rest)
    if before is None:
        return False
    _user(event, before)
    return _refused(event, reason)


@FORMAT.pattern("Login failed user=")
def login_failed(event: Event, rest: str) -> bool:
    """A login with a wrong name or password."""
    return _refused_by_name(event, rest, "credentials_rejected")


@FORMAT.pattern("Login disabled user=")
def login_disabled(event: Event, rest: str) -> bool:
    """A login in clear text, which is not allowed here."""
    return _refused_by_name(event, rest, "cleartext_auth_disabled")


@FORMAT.pattern("AUTHENTICATE ")
def authenticate_failed(event: Event, rest: str) -> bool:
    """A login by SASL that failed; whose is not told."""
    method, _, said = rest.partition(" ")
    if not said.startswith("failure") or _client(event, rest) is None:
        return False
    event.mail_sasl_method = method.upper()[:40]
    return _refused(event, "credentials_rejected")


@FORMAT.pattern("Login user=", "Auth user=", "Authenticated user=", "Preauthenticated user=")
def logged_in(event: Event, rest: str) -> bool:
    """A login that succeeded."""
    before = _client(event, rest)
    if before is None:
        return False
    _user(event, before)
    event.event_action, event.event_outcome = "auth-success", "success"
    return True


@FORMAT.pattern("Logout user=", "Autologout user=", "Killed (lost mailbox lock) user=")
def logged_out(event: Event, rest: str) -> bool:
    """The end of a session."""
    before = _client(event, rest)
    if before is None:
        return False
    _user(event, before)
    event.event_action = "session-end"
    return True


@FORMAT.pattern(
    "Autologout host=", "Command stream end of file", "Connection reset by peer", "Broken pipe", "Unexpected client"
)
def went(event: Event, rest: str) -> bool:
    """A client that went without a word, or was sent away for its silence."""
    before = _client(event, f" host={rest}" if rest[:1] != "," else rest)
    if before is not None and " user=" in before:
        _user(event, before.rpartition(" user=")[2])
    event.event_action = "connection-lost"
    return before is not None


@FORMAT.pattern(" service init from ", anywhere=True)
def connected(event: Event, text: str) -> bool:
    """A client came: `imaps SSL service init from 203.0.113.4`."""
    service, _, address = text.partition(" service init from ")
    event.source_ip = ip(address)
    event.network_protocol = "pop3" if service.startswith("pop") else "imap"
    event.event_action = "connection-open"
    return event.source_ip is not None and service in _SERVICES


_SERVICES = frozenset({"imap", "imaps SSL", "pop3", "pop3s SSL", "pop2"})


@FORMAT.pattern("SSL error status: ", "SSL negotiation failed")
def handshake_failed(event: Event, rest: str) -> bool:
    """A client and we found no encryption."""
    event.event_action, event.event_outcome = "tls-failed", "failure"
    event.tls_established = False
    return _client(event, rest) is not None


@FORMAT.pattern("Trying to get mailbox lock from process ")
def trouble(event: Event, rest: str) -> bool:  # noqa: ARG001
    """A mailbox that another process holds."""
    return failed(event)


@FORMAT.pattern("Moved ", "Expunged ")
def moved(event: Event, rest: str) -> bool:
    """Mail that went from the spool to a mailbox of the user's."""
    return rest[:1].isdigit() and noted(event)
