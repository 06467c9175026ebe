"""An SMTP session: its opening and end, its encryption, and where a client broke the protocol.

Source: src/src/daemon.c, src/src/smtp_in.c, src/src/tls.c, src/src/host.c of Exim 4.92 to 4.100.
"""

import re

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.exim.peer import ADDRESS, addresses, fields, peer, to_destination
from mailwarden.parsers.formats.exim.prefix import FORMAT
from mailwarden.parsers.tls_alert import note_alert

__all__ = ["connection", "no_mail", "protocol_error"]

_OPENED = re.compile(r" \(TCP/IP connection count = (\d{1,9})\)")
_LASTED = re.compile(r"(?: D=[\w.]{1,20})?")


def _open(text: str, at: int) -> int:
    """Skip the fields and the duration behind a peer."""
    at = fields(Event(), text, at)
    lasted = _LASTED.match(text, at)
    return at if lasted is None else lasted.end()


def _peer(event: Event, text: str, start: int, marks: tuple[str, ...]) -> int | None:
    """Read the peer that goes on with one of the marks behind its fields, and give where its fields end."""

    def follows(line: str, at: int) -> tuple[int, int] | None:
        end = _open(line, at)
        return (end, len(line)) if line.startswith(marks, end) else None

    end = peer(event, text, start, follows)
    if end is None:
        return None
    event.network_protocol = "smtp"
    end = fields(event, text, end)
    lasted = _LASTED.match(text, end)
    return end if lasted is None else lasted.end()


def _local(text: str, marks: tuple[str, ...]) -> int | None:
    """Skip a local user, who stands where a peer would."""
    found = re.match(r"(?:U=)?[^ \[\]():]{1,64}(?= )", text)
    if found is None:
        return None
    end = found.end()
    lasted = _LASTED.match(text, end)
    end = end if lasted is None else lasted.end()
    return end if text.startswith(marks, end) else None


@FORMAT.pattern("SMTP connection from ")
def connection(event: Event, rest: str) -> bool:
    """A client came, or went."""
    marks = (" closed ", " lost", " (TCP/IP connection count ", " terminated ", " aborted")
    end = _peer(event, rest, 0, marks)
    if end is None:
        end = _local(rest, marks)
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


_IDENTIFIED = re.compile(r"H=(\S+) A=(\S+) P=(\d{1,5}) (?:M=\S* )?U=(\S+) ID=(\d{1,10}) S=(\S*) B=(\S+)")


@FORMAT.pattern("SMTP connection identification ")
def identified(event: Event, rest: str) -> bool:
    """cPanel tells which local account opened a connection."""
    found = _IDENTIFIED.match(rest)
    if found is None:
        return False
    event.event_action = "connection-open"
    event.network_protocol = "smtp"
    event.source_ip = ip(found.group(2))
    event.source_port = int(found.group(3))
    event.user_name = found.group(4)
    event.user_id = found.group(5)
    return True


@FORMAT.pattern("no MAIL in SMTP connection from ")
@FORMAT.pattern("no MAIL in SMTPS connection from ")
@FORMAT.pattern("no MAIL in TLS SMTP connection from ")
def no_mail(event: Event, rest: str) -> bool:
    """A client went without having tried to send."""
    end = peer(event, rest, 0, lambda line, at: _before(line, at, " D="))
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
    if _peer(event, rest, 0, (" D=", "", " (")) is None and _local(rest + " ", (" ", " D=")) is None:
        return False
    event.event_action = "connection-lost"
    return True


@FORMAT.pattern("SMTP command timeout on connection from ")
@FORMAT.pattern("SMTP command timeout on TLS connection from ")
def command_timeout(event: Event, rest: str) -> bool:
    """A client fell silent between two commands."""
    if _peer(event, rest, 0, ("",)) is None and _local(rest + " ", (" ",)) is None:
        return False
    event.event_action = "connection-lost"
    return True


@FORMAT.pattern("SMTP data timeout (message abandoned) on connection from ")
@FORMAT.pattern("SMTP data timeout (message abandoned) on TLS connection from ")
def data_timeout(event: Event, rest: str) -> bool:
    """A client fell silent within a message."""
    if _peer(event, rest, 0, ("",)) is None and _local(rest + " ", (" ",)) is None:
        return False
    event.event_action = "connection-lost"
    event.smtp_stage = "DATA"
    return True


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
    end = peer(event, said, at, lambda line, place: _before(line, place, mark))
    if end is None:
        local = re.match(r"(?:U=)?[^ \[\]()]{1,64}(?= )", said[at:])
        return local is not None and mark in said and _broken(event, "pipelining")
    fields(event, said, end)
    event.network_protocol = "smtp"
    return _broken(event, "pipelining")


def _before(line: str, at: int, mark: str) -> tuple[int, int] | None:
    end = fields(Event(), line, at)
    return (end, len(line)) if line.startswith(mark, end) else None


@FORMAT.pattern("SMTP call from ")
def dropped(event: Event, rest: str) -> bool:
    """A client was cut off for what it did."""
    end = _peer(event, rest, 0, (" dropped: ",))
    if end is None:
        end = _local(rest, (" dropped: ",))
    if end is None or not rest.startswith(" dropped: ", end):
        return False
    return _broken(event, "rate_limit" if "too many" in rest[end : end + 40] else None)


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
    if _peer(event, rest, 0, ("", " ")) is None:
        return False
    event.event_action = "connection-lost"
    event.smtp_stage = "end of DATA"
    return True


@FORMAT.pattern("ridiculously long message header received from ")
@FORMAT.pattern("overlong message header line received from ")
def header_too_long(event: Event, rest: str) -> bool:
    """A client sent a header without end."""
    if _peer(event, rest, 0, (" (more than",)) is None and _local(rest, (" (more than",)) is None:
        return False
    return _broken(event)


@FORMAT.pattern("ETRN ")
@FORMAT.pattern("ATRN ")
def queue_asked_for(event: Event, rest: str) -> bool:
    """A client asked for the mail that waits for it."""
    asked, received, said = rest.partition(" received from ")
    if not received or " " in asked:
        return False
    _peer(event, said, 0, ("", " "))
    event.event_action = "statistics"
    return True


_IDENT = re.compile(r"(\S{2,60}) timed out$")


@FORMAT.pattern("ident connection to ")
def ident_unanswered(event: Event, rest: str) -> bool:
    """A client's machine did not say which of its users connects."""
    found = _IDENT.match(rest)
    if found is None:
        return False
    event.source_ip = ip(found.group(1))
    event.event_action = "statistics"
    return True


@FORMAT.pattern("SMTP peer appears to have seen our banner")
@FORMAT.pattern("listen backlog ")
@FORMAT.pattern("host name alias list truncated")
@FORMAT.pattern("Long host lookup for ")
@FORMAT.pattern("ignoring AUTH=")
@FORMAT.pattern("notify triggered queue run")
def network_noted(event: Event, _rest: str) -> bool:
    """A note on the network's doing, of no consequence."""
    event.event_action = "statistics"
    return True


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
    end = _peer(event, who, 0, _TLS_MARKS)
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
    if _peer(event, rest, 0, _TLS_MARKS) is None:
        return False
    to_destination(event)
    event.event_action = "tls-failed"
    event.event_outcome = "failure"
    event.tls_established = False
    return True


@FORMAT.pattern("no host name found for IP address ")
def no_name(event: Event, rest: str) -> bool:
    """A client's address has no name."""
    address = rest.partition(" ")[0]
    if not address:
        return False
    event.source_ip = ip(address)
    return _mismatch(event, "no_rdns")


@FORMAT.pattern("no IP address found for host ")
def no_address(event: Event, rest: str) -> bool:
    """A name, said by a client or looked up for its address, has no address."""
    name, during, said = rest.partition(" (during SMTP connection from ")
    if during:
        _peer(event, said.removesuffix(")"), 0, ("",))
    if not name:
        return False
    return _mismatch(event, "no_fcrdns")


_NO_MATCH = re.compile(r"(\S{1,255}) does not match any IP address for (\S{2,60})$")


@FORMAT.pattern(" does not match any IP address for ", anywhere=True)
def no_match(event: Event, text: str) -> bool:
    """A client's name does not lead back to its address."""
    found = _NO_MATCH.match(text)
    if found is None:
        return False
    event.source_ip = ip(found.group(2))
    return _mismatch(event, "no_fcrdns")


def _mismatch(event: Event, reason: str) -> bool:
    event.event_action = "dns-mismatch"
    event.event_reason = reason
    return True
