"""perdition, a proxy for POP3 and IMAP: whom it, or the server behind it, refused.

`Auth: 203.0.113.7:4711->192.0.2.5:993 client-secure=ssl authorisation_id=NONE authentication_id="U" server="…" protocol=IMAP4S
server-secure=ssl status="failed: …"`. The address stands before the name; how it tells of a login that succeeded is not read.

Source: fail2ban's filter perdition.
"""

import re

from mailwarden.parsers.address import ip
from mailwarden.parsers.claims import Names
from mailwarden.parsers.event import Event
from mailwarden.parsers.life import noted
from mailwarden.parsers.pattern import Format

__all__ = ["FORMAT", "claim"]

_PEER = r"([0-9A-Fa-f.:]{2,45}):([0-9]{1,5})->([0-9A-Fa-f.:]{2,45}):([0-9]{1,5})"
_AUTH = re.compile(
    rf"{_PEER} client-secure=(\S{{1,20}}) authorisation_id=(?:NONE|\".{{0,255}}\") authentication_id=\"(.*)\" "
    r"server=\"[^\"]{0,255}\" protocol=(\S{1,20}) server-secure=\S{1,20} status=\"(.{1,200})\"$",
    re.DOTALL,
)
_CLIENT = re.compile(rf"reading authentication information from client {_PEER}: Exiting child$")

FORMAT = Format("perdition", ("perdition",))


def claim(tag: str) -> Names | None:
    """Claim `perdition`, and its tags for each protocol: `perdition.imap4s`."""
    return (tag, "perdition", None) if tag.partition(".")[0] == "perdition" else None


@FORMAT.pattern("Auth: ")
def tried(event: Event, rest: str) -> bool:
    """A login: refused, or something else became of it."""
    found = _AUTH.match(rest)
    if found is None:
        return False
    event.source_ip, event.source_port, event.destination_port = ip(found[1]), int(found[2]), int(found[4])
    event.destination_ip = ip(found[3])
    event.user_name = found[6] or None
    event.network_protocol = "pop3" if found[7].upper().startswith("POP") else "imap"
    event.tls_established = found[5] != "none" or None
    if not found[8].startswith("failed: "):
        return noted(event)
    event.set("mail.auth.teller", "perdition")
    event.event_action, event.event_outcome, event.event_reason = "auth-failure", "failure", "credentials_rejected"
    return event.source_ip is not None


@FORMAT.pattern("Fatal Error ")
def gave_up(event: Event, rest: str) -> bool:
    """A client that hung up before it gave a name and a password."""
    found = _CLIENT.match(rest)
    if found is None:
        return False
    event.event_action = "connection-lost"
    event.source_ip, event.source_port = ip(found[1]), int(found[2])
    return True
