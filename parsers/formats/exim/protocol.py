"""Where a client broke the protocol.

Source: src/src/daemon.c, src/src/smtp_in.c, src/src/tls.c, src/src/host.c of Exim 4.92 to 4.100.
"""

import re

from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.exim.caller import before, caller, local_caller
from mailwarden.parsers.formats.exim.peer import fields, peer
from mailwarden.parsers.formats.exim.prefix import FORMAT

__all__ = ["protocol_error"]


def _broken(event: Event, reason: str | None = None) -> bool:
    event.event_action = "protocol-error"
    event.event_outcome = "failure"
    event.event_reason = reason
    return True


_COMPLAINTS = (
    "AUTH command used when not advertised",
    "AUTH not available",
    "authentication mechanism not supported",
    "STARTTLS command used when not advertised",
    "unrecognized command",
    "malformed ",
    "missing ",
    "sender ",
    "valid RCPT command must precede ",
    "valid MAIL ",
    "no MAIL ",
    "already ",
    "not ",
    "HELO or EHLO required",
    "a ",
    "an ",
    "empty address",
    "domain missing ",
    "colon expected",
    "unmatched ",
    "unqualified",
    "invalid ",
    "bare LF",
    "too many",
    "must ",
    "BDAT ",
    "no more ",
    "nested ",
    "pipelin",
    "source-route",
    '">"',
    "'",
)


def _complaint(text: str, at: int) -> bool:
    rest = text[fields(Event(), text, at) :].lstrip(" :")
    return rest.startswith(_COMPLAINTS) or rest[:60].partition(" ")[2].startswith(_COMPLAINTS)


def _quoted_command(event: Event, rest: str) -> bool:
    """Read a line that quotes the client's command before its peer: the last quote before a peer ends the command."""
    at = rest.rfind('" H=')
    if at < 0:
        user = re.match(r"(.{0,1000})\" U=(\S{1,64}) ", rest)
        if user is None and '"' in rest:
            return False
        if user is not None:  # else cut off by syslog within the command
            event.user_name = user.group(2)
        _stage(event, rest)
        return _broken(event)
    end = peer(event, rest, at + 2, lambda line, place: (place, len(line)) if _complaint(line, place) else None)
    if end is None:
        return False
    end = fields(event, rest, end)
    event.network_protocol = "smtp"
    if rest.count('" H=') > 1:
        event.mail_parse_ambiguous = True
    _stage(event, rest[:at])
    said = rest[end:].lstrip(" :")
    if said:
        event.smtp_reply_text = said[:1000]
    reason = None
    if "AUTH command used when not advertised" in said:
        reason = "cleartext_auth_disabled"
    elif "mechanism not supported" in said:
        reason = "mech_unsupported"
    return _broken(event, reason)


_STAGES = ("HELO", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "BDAT", "QUIT")


def _stage(event: Event, command: str) -> None:
    word = re.match(r"[A-Za-z]{4,8}", command)
    if word is not None:
        verb = word.group().upper()
        event.smtp_stage = verb if verb in _STAGES else None


@FORMAT.pattern('SMTP protocol error in "')
def protocol_error(event: Event, rest: str) -> bool:
    """A client gave a command out of turn."""
    return _quoted_command(event, rest)


@FORMAT.pattern('SMTP syntax error in "')
def syntax_error(event: Event, rest: str) -> bool:
    """A client gave a command that is none."""
    return _quoted_command(event, rest)


@FORMAT.pattern("SMTP protocol synchronization error (")
def too_early(event: Event, rest: str) -> bool:
    """A client spoke before it was its turn."""
    _, closed, said = rest.partition("): rejected ")
    if not closed:
        return False
    if said.startswith("connection from "):
        at = len("connection from ")
        mark = " input="
    else:
        mark = " next input="
        at = said.find('" H=') + 2
        if at == 1:
            return False
        _stage(event, said[1:])
    end = peer(event, said, at, lambda line, place: before(line, place, mark))
    if end is None:
        local = re.match(r"(?:U=)?[^ \[\]()]{1,64}(?= )", said[at:])
        return local is not None and mark in said and _broken(event, "pipelining")
    fields(event, said, end)
    event.network_protocol = "smtp"
    return _broken(event, "pipelining")


@FORMAT.pattern("SMTP call from ")
def dropped(event: Event, rest: str) -> bool:
    """A client was cut off for what it did."""
    end = caller(event, rest, 0, (" dropped: ",))
    if end is None:
        end = local_caller(rest, 0, (" dropped: ",))
    if end is None or not rest.startswith(" dropped: ", end):
        return False
    return _broken(event, "rate_limit" if "too many" in rest[end : end + 40] else None)


@FORMAT.pattern("ridiculously long message header received from ")
@FORMAT.pattern("overlong message header line received from ")
def header_too_long(event: Event, rest: str) -> bool:
    """A client sent a header without end."""
    if caller(event, rest, 0, (" (more than",)) is None and local_caller(rest, 0, (" (more than",)) is None:
        return False
    return _broken(event)
