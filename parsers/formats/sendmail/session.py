"""A client from its coming to its going, where no message, login or refusal tells of it."""

import re

from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.sendmail.prefix import FORMAT, client, read_client

__all__: list[str] = []

_MAKE = re.compile(r"\((.{1,255}?) \[([0-9A-Fa-f.:]{2,45})\]\.(\d{1,5}) \(\d{1,3}\)\) failed: (.*)$").match


@FORMAT.pattern("connect from ")
def connected(event: Event, rest: str) -> bool:
    """A client came (LogLevel 10 and more)."""
    if not read_client(event, rest):
        return False
    event.event_action = "connection-open"
    return True


@FORMAT.pattern(" did not issue MAIL/EXPN/VRFY/ETRN during connection to ", anywhere=True)
def said_nothing(event: Event, text: str) -> bool:
    """A client went without having asked for anything; after a wrong password, too."""
    if not read_client(event, text.rpartition(" did not issue MAIL/")[0]):
        return False
    event.event_action = "connection-close"
    event.event_outcome = "failure"
    event.event_reason = "no_auth_attempts"
    return True


@FORMAT.pattern("lost input channel from ")
def lost(event: Event, rest: str) -> bool:
    """A client went in the middle: `CLIENT to DAEMON after COMMAND`."""
    who, _, stage = rest.rpartition(" after ")
    who, to, _ = who.rpartition(" to ")
    if not to or not read_client(event, who):
        return False
    event.event_action = "connection-lost"
    event.smtp_stage = {"startup": "CONNECT"}.get(stage, stage.upper()[:10])
    return True


@FORMAT.pattern("timeout waiting for input from ")
def timed_out(event: Event, rest: str) -> bool:
    """The other side said nothing for too long: a client (`during server cmd read`), or a server that we called."""
    who, during, what = rest.rpartition(" during ")
    if not during:
        return False
    event.event_action = "connection-lost"
    event.network_protocol = "smtp"
    known = client(who)
    if known is not None and known.address and what.startswith(("server ", "message collect")):
        read_client(event, who)
    elif known is None and " " not in who:
        event.destination_domain = who.rstrip(".") or None
    return True


@FORMAT.pattern("collect: ")
def cut_off(event: Event, rest: str) -> bool:
    """A message ended before its end: `unexpected close on connection from HOST, sender=<S>`, `premature EOM: …`."""
    event.network_protocol = "smtp"
    event.smtp_stage = "DATA"
    if rest.startswith("relay=") and ", info=Bare " in rest:  # 8.18
        who = rest[6:].partition(", from=")[0]  # what stands behind is the client's text
        event.event_action, event.event_outcome, event.event_reason = "reject", "failure", "smtp_smuggling"
        return read_client(event, who)
    event.event_action = "connection-lost"
    where, named, _ = rest.partition(", sender=")  # what stands behind the first is the client's text
    if named and " on connection from " in where:
        read_client(event, where.partition(" on connection from ")[2])
    return True


@FORMAT.pattern("SMTP outgoing connect on ")
def calling(event: Event, rest: str) -> bool:
    """We call a server (LogLevel 13 and more); of its name and address only what is ours is told."""
    event.event_action = "connection-open"
    event.network_protocol = "smtp"
    name = rest.partition(" ")[0].rstrip(".")
    event.destination_domain = name or None
    return True


@FORMAT.pattern("makeconnection ")
def call_failed(event: Event, rest: str) -> bool:
    """A call found nobody: `(HOST [A].25 (2)) failed: Connection refused`."""
    found = _MAKE(rest)
    if found is None:
        return False
    event.event_action = "connection-lost"
    event.event_outcome = "failure"
    event.network_protocol = "smtp"
    event.destination_domain, event.destination_ip = found[1].rstrip("."), found[2]
    event.destination_port = int(found[3])
    if "refused" in found[4]:
        event.event_reason = "connect_refused"
    elif "timed out" in found[4]:
        event.event_reason = "connect_timeout"
    return True


@FORMAT.pattern("gethostbyaddr(")
def unnamed(event: Event, rest: str) -> bool:
    """An address has no name, or its name server does not answer."""
    address, closed, _ = rest.partition(") failed: ")
    if not closed or not read_client(event, f"[{address.strip('[]')}]"):
        return False
    event.event_action = "dns-mismatch"
    return True


@FORMAT.pattern("invalid domain name (")
def odd_greeting(event: Event, rest: str) -> bool:
    """A client greets with what is no host name."""
    name, _, who = rest.rpartition(") from ")
    if not read_client(event, who):
        return False
    event.event_action = "protocol-error"
    event.smtp_helo = name
    event.smtp_stage = "HELO"
    return True
