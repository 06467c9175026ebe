"""Where a client or another server and we found no encryption, and certificates that do not hold.

Source: src/src/daemon.c, src/src/smtp_in.c, src/src/tls.c, src/src/host.c of Exim 4.92 to 4.100.
"""

import re

from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.exim.caller import caller
from mailwarden.parsers.formats.exim.peer import to_destination
from mailwarden.parsers.formats.exim.prefix import FORMAT
from mailwarden.parsers.formats.exim.trouble import trouble
from mailwarden.parsers.tls_alert import note_alert

__all__ = ["tls_error"]


@FORMAT.pattern("TLS ALPN (")
@FORMAT.pattern("TLS client disconnected cleanly")
def handshake_ended(event: Event, _rest: str) -> bool:
    """A client, which is not named, and we found no encryption."""
    event.event_action = "tls-failed"
    event.event_outcome = "failure"
    event.tls_established = False
    return True


@FORMAT.pattern(" SSL verify error: ", anywhere=True)
@FORMAT.pattern(" SSL verify denied by event-action: ", anywhere=True)
def certificate_refused(event: Event, text: str) -> bool:
    """A certificate does not hold."""
    found = re.match(r"(?:\S{1,255} )?\[([^\[\] ]{2,60})\] SSL verify (?:error|denied by event-action): ", text)
    if found is None:
        return False
    event.event_action = "tls-failed"
    event.event_outcome = "failure"
    return True


_TLS_MARKS = (" (", ": ")


@FORMAT.pattern("TLS error on connection from ")
@FORMAT.pattern("TLS error on connection Ci=")
def tls_error(event: Event, rest: str) -> bool:
    """A client and we found no encryption; `Ci=PID from ` with the selector `connection_id` (4.96 and later)."""
    number, numbered, said = rest.partition(" from ")
    who = said if numbered and number.isdecimal() else rest
    end = caller(event, who, 0, _TLS_MARKS)
    if end is None:
        return False
    note_alert(event, who[end:])
    event.event_action = "tls-failed"
    event.event_outcome = "failure"
    event.tls_established = False
    return True


@FORMAT.pattern("TLS error on connection to ")
def own_tls_error(event: Event, rest: str) -> bool:
    """Another server and we found no encryption."""
    if caller(event, rest, 0, _TLS_MARKS) is None:
        return False
    to_destination(event)
    return _broken(event)


@FORMAT.pattern("TLS error on connection (")
@FORMAT.pattern("TLS error (")
def tls_broken(event: Event, rest: str) -> bool:
    """An encryption that ended in the middle: a client is named behind it, another server before it (`ID H=name [IP]`)."""
    _, named, who = rest.partition("): on connection from ")
    if named and caller(event, who, 0, (" error:", ": ", " (", "")) is not None:
        if "unexpected eof" in who:  # a client that hung up: mail servers do after their QUIT (OpenSSL 3)
            event.event_action = "connection-lost"
            return True
        note_alert(event, who)
        return _broken(event)
    if event.source_ip is None:
        return trouble(event, rest)
    to_destination(event)
    return _broken(event)


def _broken(event: Event) -> bool:
    event.event_action = "tls-failed"
    event.event_outcome = "failure"
    event.tls_established = False
    return True
