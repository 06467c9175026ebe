"""An SMTP session: its opening and its end.

Source: src/src/daemon.c, src/src/smtp_in.c, src/src/tls.c, src/src/host.c of Exim 4.92 to 4.100.
"""

import re

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.exim.caller import before, caller, local_caller
from mailwarden.parsers.formats.exim.peer import ADDRESS, addresses, fields, peer
from mailwarden.parsers.formats.exim.prefix import FORMAT
from mailwarden.parsers.life import noted

__all__ = ["connection", "no_mail"]

_OPENED = re.compile(r" \(TCP/IP connection count = (\d{1,9})\)")


@FORMAT.pattern("SMTP connection from ")
def connection(event: Event, rest: str) -> bool:
    """A client came, or went."""
    marks = (" closed ", " lost", " (TCP/IP connection count ", " terminated ", " aborted")
    end = caller(event, rest, 0, marks)
    if end is None:
        end = local_caller(rest, 0, marks)
        if end is None:
            return False
    opened = _OPENED.match(rest, end)
    if opened is not None:
        event.event_action = "connection-open"
        event.set("exim.connection_count", int(opened.group(1)))
        return True
    if rest.startswith(" lost", end):
        event.event_action = "connection-lost"
        if rest.startswith(" lost while reading message data", end):
            event.smtp_stage = "DATA"
        return True
    if rest.startswith((" closed ", " terminated ", " aborted"), end):
        event.event_action = "connection-close"
        if rest.startswith(" closed by DROP in ACL", end):
            event.event_outcome = "failure"
            event.event_reason = "policy"
        return True
    return False


_OUTBOUND = re.compile(r"(\d{1,12}) (\S{16,23}) (\S{1,255}) (\S{1,320})$")


@FORMAT.pattern("SMTP connection outbound ")
def outbound(event: Event, rest: str) -> bool:
    """cPanel counts a message that leaves for another server."""
    found = _OUTBOUND.match(rest)
    if found is None:
        return False
    event.event_action = "message-queued"
    event.mail_queue_id = found.group(2)
    event.user_domain = found.group(3)
    event.email_to_address = [found.group(4)]
    event.set("network.direction", "outbound")
    return True


_ACCOUNT = re.compile(r"D=(\S+) O=(\S+) (?:E=(\S+) )?M=\S* U=(\S+) ID=(\d{1,10}) B=\S+")
_IDENTIFIED = re.compile(r"H=(\S+) A=(\S+) P=(\d{1,5}) (?:M=\S* )?U=(\S+) ID=(\d{1,10}) S=(\S*) B=(\S+)")


@FORMAT.pattern("SMTP connection identification ")
def identified(event: Event, rest: str) -> bool:
    """cPanel tells which local account opened a connection, or whose a message is that leaves (`D=domain O=sender`)."""
    found = _IDENTIFIED.match(rest)
    if found is None:
        return _owned(event, rest)
    event.event_action = "connection-open"
    event.network_protocol = "smtp"
    event.source_ip = ip(found.group(2))
    event.source_port = int(found.group(3))
    event.user_name = found.group(4)
    event.user_id = found.group(5)
    return True


def _owned(event: Event, rest: str) -> bool:
    found = _ACCOUNT.match(rest)
    if found is None:
        return False
    event.event_action = "message-queued"
    event.user_domain, event.user_name, event.user_id = found.group(1), found.group(4), found.group(5)
    event.email_from_address = [found.group(2)]
    return True


@FORMAT.pattern("no MAIL in SMTP connection from ")
@FORMAT.pattern("no MAIL in SMTPS connection from ")
@FORMAT.pattern("no MAIL in TLS SMTP connection from ")
def no_mail(event: Event, rest: str) -> bool:
    """A client went without having tried to send."""
    end = peer(event, rest, 0, lambda line, at: before(line, at, " D="))
    if end is None:
        return False
    end = fields(event, rest, end)
    lasted = re.match(r" D=([\w.]{1,20})", rest[end:])
    if lasted is None:
        return False
    end = fields(event, rest, end + lasted.end())
    event.event_action = "connection-close"
    event.event_outcome = "failure"
    event.network_protocol = "smtp"
    commands = re.match(r" C=(\S{1,500})", rest[end:])
    if commands is not None:
        event.set("smtp.session.commands", [word for word in commands.group(1).lstrip(".").split(",") if word])
    return True


@FORMAT.pattern("unexpected disconnection while reading SMTP command from ")
def disconnected(event: Event, rest: str) -> bool:
    """A client went without a word."""
    if caller(event, rest, 0, (" D=", "", " (")) is None and local_caller(rest + " ", 0, (" ", " D=")) is None:
        return False
    event.event_action = "connection-lost"
    return True


@FORMAT.pattern("SMTP command timeout on connection from ")
@FORMAT.pattern("SMTP command timeout on TLS connection from ")
def command_timeout(event: Event, rest: str) -> bool:
    """A client fell silent between two commands."""
    if caller(event, rest, 0, ("",)) is None and local_caller(rest + " ", 0, (" ",)) is None:
        return False
    event.event_action = "connection-lost"
    return True


@FORMAT.pattern("SMTP data timeout (message abandoned) on connection from ")
@FORMAT.pattern("SMTP data timeout (message abandoned) on TLS connection from ")
def data_timeout(event: Event, rest: str) -> bool:
    """A client fell silent within a message."""
    if caller(event, rest, 0, ("",)) is None and local_caller(rest + " ", 0, (" ",)) is None:
        return False
    event.event_action = "connection-lost"
    event.smtp_stage = "DATA"
    return True


_INCOMPLETE = re.compile(r"([A-Za-z ]{1,40})\)(?: from " + ADDRESS + r")?(?: for (.+))?")


@FORMAT.pattern("incomplete transaction (")
def incomplete(event: Event, rest: str) -> bool:
    """A client left a message unsent after it had named who it is from."""
    found = _INCOMPLETE.match(rest)
    if found is None:
        return False
    why, sender, recipients = found.groups()
    event.event_action = "connection-lost" if "lost" in why or "timeout" in why else "connection-close"
    if sender is not None:
        addresses(event, sender)
    if recipients:
        event.email_to_address = recipients.split(" ")
    return True


@FORMAT.pattern("SMTP connection Ci=")
def numbered_connection(event: Event, rest: str) -> bool:
    """A client came, or went; the connection's number stands first."""
    number, _, said = rest.partition(" from ")
    return bool(number) and " " not in number and (connection(event, said) or _came(event, said))


def _came(event: Event, said: str) -> bool:
    if not said or " " in said:
        return False
    event.event_action = "connection-open"
    return True


@FORMAT.pattern("SMTP connection lost after final dot ")
def lost_at_end(event: Event, rest: str) -> bool:
    """A client went before it could be told that its message had come."""
    if caller(event, rest, 0, ("", " ")) is None:
        return False
    event.event_action = "connection-lost"
    event.smtp_stage = "end of DATA"
    return True


@FORMAT.pattern("ETRN ")
@FORMAT.pattern("ATRN ")
def queue_asked_for(event: Event, rest: str) -> bool:
    """A client asked for the mail that waits for it."""
    asked, received, said = rest.partition(" received from ")
    if not received or " " in asked:
        return False
    caller(event, said, 0, ("", " "))
    return noted(event)


_IDENT = re.compile(r"(\S{2,60}) timed out$")


@FORMAT.pattern("ident connection to ")
def ident_unanswered(event: Event, rest: str) -> bool:
    """A client's machine did not say which of its users connects."""
    found = _IDENT.match(rest)
    if found is None:
        return False
    event.source_ip = ip(found.group(1))
    return noted(event)


@FORMAT.pattern("SMTP peer appears to have seen our banner")
@FORMAT.pattern("listen backlog ")
@FORMAT.pattern("host name alias list truncated")
@FORMAT.pattern("Long host lookup for ")
@FORMAT.pattern("ignoring AUTH=")
@FORMAT.pattern("notify triggered queue run")
def network_noted(event: Event, _rest: str) -> bool:
    """A note on the network's doing, of no consequence."""
    return noted(event)
