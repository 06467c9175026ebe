"""The core: who connects and leaves, whom mail is from and to, and what becomes of it here.

A refusal because mail is for nobody here is not told with its line (the recipient's line says `code=OK`): the line of the
disconnect has the counts, and the last refusal (`lr=`). What a session has told before is taken off them
(`pipeline/correlation/haraka_sessions.py`).

Source: connection.js of Haraka 2.5 to 3.3.
"""

import re

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.haraka.prefix import FORMAT
from mailwarden.parsers.formats.haraka.reasons import explained, why
from mailwarden.parsers.logfmt import fields

__all__: list[str] = []

_ADDRESS = re.compile(r"((?>(?:\"(?>(?:[^\"\\]|\\.)*)\"|[^\">])*)|[^>]*)> (?=[a-z]+=)")
_WHY_INVALID = (": Invalid", ": Syntax", ": Unable", ": Error")
_CODE = re.compile(r"([245][0-9]{2})(?:[ -]|$)")
# The name before it is the client's zone's.
_BROKEN = re.compile(r"(?:\S{1,255} )?\[([0-9A-Fa-f.:]{2,45})\] connection ")
_NO_NAMES = frozenset({"NXDOMAIN", "SERVFAIL", "DNSERROR", "Unknown", "UNKNOWN", "undefined", ""})
_REFUSED = {
    "DENY": (550, False),
    "DENYDISCONNECT": (550, False),
    "DENYSOFT": (450, True),
    "DENYSOFTDISCONNECT": (450, True),
}
_BAD_LOGIN = frozenset({534, 535, 538})
_BAD_COMMANDS = frozenset({500, 501, 502, 503, 504, 521})
_ANY = ("::", "0.0.0.0")  # noqa: S104 - compared, not bound
_LONGEST = 1000


@FORMAT.pattern("connect ip=")
def connect(event: Event, rest: str) -> bool:
    """A client connects, to which of our ports."""
    told = fields("ip=" + rest)
    source = ip(told["ip"])
    if source is None:
        return False
    event.event_action = "connection-open"
    event.network_protocol = "smtp"
    event.source_ip, event.source_port = source, _number(told.get("port"))
    ours = ip(told.get("local_ip", ""))
    event.destination_ip = None if ours in _ANY else ours
    event.destination_port = _number(told.get("local_port"))
    return True


@FORMAT.pattern("disconnect ip=")
def disconnect(event: Event, rest: str) -> bool:
    """A session's end, with counts; a refusal where it says so."""
    told = fields("ip=" + rest)
    source = ip(told["ip"])
    if source is None:
        return False
    event.event_action = "connection-close"
    event.network_protocol = "smtp"
    event.source_ip = source
    event.source_domain = _name(told.get("rdns"))
    event.smtp_helo = told.get("helo") or None
    event.mail_queue_id = None
    if "tls" in told:
        event.tls_established = told["tls"] == "Y"
    if told.get("relay") == "Y":
        event.set("haraka.relaying", True)
    _judge(event, told)
    return True


def _judge(event: Event, told: dict[str, str]) -> None:
    """Say what a session's end tells of refusals."""
    last = told.get("lr", "")
    code = _CODE.match(last)
    number = int(code[1]) if code else 0
    soft, hard = _parts(told.get("rcpts", ""))
    event.set("haraka.refused", f"{soft}/{hard}")
    if soft or hard:
        event.event_count = soft + hard
        _refuse(event, "RCPT", number, last, soft=not hard)
    elif number in _BAD_LOGIN or not number or told.get("txns", "0") != "0":
        return
    elif number in _BAD_COMMANDS:
        event.event_action = "protocol-error"
        event.event_outcome = "failure"
        event.smtp_reply_code, event.smtp_reply_text = number, last[:_LONGEST]
    else:
        _refuse(event, None, number, last, soft=number < 500)


def _refuse(event: Event, stage: str | None, code: int, said: str, *, soft: bool) -> None:
    event.event_action = "reject"
    event.event_outcome = "failure"
    event.smtp_stage = stage
    event.mail_reject_temporary = soft
    explained(event, said, code or None)


def _parts(counts: str) -> tuple[int, int]:
    """Give how many were refused for now and for good, of `accepted/for now/for good`."""
    parts = counts.split("/")
    if len(parts) != 3 or not all(part.isdigit() and len(part) < 9 for part in parts):
        return 0, 0
    return int(parts[1]), int(parts[2])


@FORMAT.pattern("sender <")
def sender(event: Event, rest: str) -> bool:
    """A sender is told; refused by its code."""
    found = _ADDRESS.match(rest)
    if found is None:
        return False
    event.network_protocol = "smtp"
    _from(event, found[1])
    _coded(event, rest[found.end() :], "MAIL", "sender")
    return True


@FORMAT.pattern("recipient <")
def recipient(event: Event, rest: str) -> bool:
    """A recipient is told; refused by its code."""
    found = _ADDRESS.match(rest)
    if found is None:
        return False
    event.network_protocol = "smtp"
    event.email_to_address = [found[1]]
    told = _coded(event, rest[found.end() :], "RCPT", "recipient")
    if "sender" in told:
        _from(event, told["sender"].strip("<>"))
    return True


@FORMAT.pattern("message mid=")
def message(event: Event, rest: str) -> bool:
    """The whole of a message has come; plugins may refuse it."""
    told = _coded(event, "mid=" + rest, "DATA", "message")
    event.network_protocol = "smtp"
    event.email_message_id = told["mid"].removeprefix("<").removesuffix(">") or None
    event.mail_size = _number(told.get("size"))
    event.mail_recipient_count = _number(told.get("rcpts", "").partition("/")[0])
    return True


@FORMAT.pattern("queue code=")
def queue(event: Event, rest: str) -> bool:
    """What the queue says of a message: it has it, or not."""
    told = _coded(event, "code=" + rest, "DATA", "queue")
    event.network_protocol = "smtp"
    if told["code"] == "OK":
        event.event_action = "message-received"
        event.event_outcome = "success"
    return True


def _coded(event: Event, rest: str, stage: str, step: str) -> dict[str, str]:
    """Read `code=… msg=…`: a refusal, or a step that the session remembers."""
    told = fields(rest)
    refused = _REFUSED.get(told.get("code", ""))
    if refused is None:
        event.event_action = "statistics"
        event.set("haraka.step", step)
    else:
        _refuse(event, stage, refused[0], told.get("msg", ""), soft=refused[1])
    return told


def _from(event: Event, address: str) -> None:
    event.email_from_address = [address] if address else []
    if not address:
        event.mail_null_sender = True


@FORMAT.pattern("Invalid RCPT TO ")
def invalid_recipient(event: Event, rest: str) -> bool:
    """What a client gave is no address: a trick to relay, or a mistake."""
    return _invalid(event, rest, "RCPT")


@FORMAT.pattern("Invalid MAIL FROM ")
def invalid_sender(event: Event, rest: str) -> bool:
    """The same of a sender."""
    return _invalid(event, rest, "MAIL")


def _end_of_invalid(rest: str) -> int:
    """Find where what a client gave ends: before why it is none, which quotes no bracket, or else at the first colon."""
    behind = max(rest.rfind("<"), rest.rfind(">")) + 1
    end = max(rest.rfind(why, behind) for why in _WHY_INVALID)
    return end if end >= 8 else rest.find(": ", 8)


def _invalid(event: Event, rest: str, stage: str) -> bool:
    end = _end_of_invalid(rest)
    if end < 0 or not rest.startswith("address "):
        return False
    event.network_protocol = "smtp"
    _refuse(event, stage, 501, rest, soft=False)
    event.event_reason = "other"
    address = rest[8:end]
    if address.startswith("<") and address.endswith(">"):
        address = address[1:-1]
    if stage == "RCPT":
        event.email_to_address = [address[:_LONGEST]]
        if _is_trick(address):
            event.event_reason = "relay_denied"
    return True


def _is_trick(address: str) -> bool:
    """Say whether an address hides another one, as only who wants to relay writes it."""
    return "%" in address or "!" in address or address.count("@") > 1 or address.startswith(("<", "@"))


@FORMAT.pattern("client half closed connection")
def client_left(event: Event, rest: str) -> bool:
    """A client went without a word; the disconnect follows."""
    return _lost(event, rest)


@FORMAT.pattern("client dropped connection")
def client_dropped(event: Event, rest: str) -> bool:
    """The same."""
    return _lost(event, rest)


@FORMAT.pattern("client connection timed out")
def client_timed_out(event: Event, rest: str) -> bool:
    """A client said nothing for too long."""
    return _lost(event, rest)


def _lost(event: Event, rest: str) -> bool:
    event.event_action = "connection-lost"
    event.network_protocol = "smtp"
    event.source_ip = ip(fields(rest).get("ip", ""))
    return True


@FORMAT.pattern("client ")
def client_failed(event: Event, rest: str) -> bool:
    """A connection breaks: `client HOST [IP] connection error: …` of versions before 3."""
    if rest.startswith(("half closed connection", "dropped connection", "connection timed out")):
        return False
    event.event_action = "connection-lost"
    event.network_protocol = "smtp"
    found = _BROKEN.match(rest)
    event.source_ip = ip(found[1]) if found else None
    return True


@FORMAT.pattern("Client sent bare line-feed")
def bare_line_feed(event: Event, rest: str) -> bool:
    """A line that ends otherwise than SMTP's lines: how messages are smuggled."""
    event.event_action = "protocol-error"
    event.event_outcome = "failure"
    event.event_reason = "smtp_smuggling"
    event.network_protocol = "smtp"
    event.smtp_reply_text = "Client sent bare line-feed" + rest[:_LONGEST]
    return True


@FORMAT.pattern("command pipelined after end of DATA")
def pipelined(event: Event, rest: str) -> bool:
    """More commands behind a message than SMTP allows."""
    event.event_action = "protocol-error"
    event.event_outcome = "failure"
    event.event_reason = "pipelining"
    event.network_protocol = "smtp"
    event.source_ip = ip(fields(rest.removeprefix(" - refused")).get("remote", ""))
    return True


@FORMAT.pattern("Incoming message ")
def too_much(event: Event, rest: str) -> bool:
    """A message is too large, or has too many headers; its refusal follows."""
    event.event_action = "statistics"
    event.event_reason = "too_big" if "max size" in rest else why(rest)
    return True


@FORMAT.pattern("Possible DoS attempt")
def many_parts(event: Event, rest: str) -> bool:  # noqa: ARG001
    """A message has too many parts."""
    event.event_action = "protocol-error"
    event.event_outcome = "failure"
    event.network_protocol = "smtp"
    return True


def _name(told: str | None) -> str | None:
    return None if told is None or told in _NO_NAMES else told


def _number(told: str | None) -> int | None:
    return int(told) if told and told.isdecimal() and len(told) < 12 else None
