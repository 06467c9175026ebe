"""Exchange's SMTP protocol logs: each command and each answer of a dialogue, `+ - > < *` in the column `event`.

In the log of a receive connector the answers are ours (`>`), in that of a send connector another server's (`<`): what became
of messages stands in the message tracking, so of the latter nothing is counted here. A failed login has an answer that names
nobody, and before it a line `User Name: U`.

Source: "Protocol logging" of Microsoft's documentation; the answers are Exchange's own, RFC 3463 codes among them.
"""

import re

from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.exchange.table import FORMAT, cells, met
from mailwarden.parsers.life import noted
from mailwarden.parsers.secrets import BLOT
from mailwarden.parsers.smtp_dialogue import read_answer, read_path

__all__: list[str] = []

_HELLO = re.compile(r"(?:EHLO|HELO) (\S{1,255})", re.IGNORECASE)
_TLS = re.compile(r"TLS protocol SP_PROT_TLS(\d)(?:_(\d))?_")
_RELAY = "5.7.54"
_REASONS = (
    ("unable to relay", "relay_denied"),
    ("recipientnotfound", "unknown_recipient"),
    ("user unknown", "unknown_recipient"),
    ("recipient not found", "unknown_recipient"),
    ("does not have permissions to send as", "sender_login_mismatch"),
    ("sender id", "spf_fail"),
    ("content filtering", "spam"),
    ("rejected as spam", "spam"),
    ("message size exceeds", "too_big"),
    ("concurrent connections", "rate_limit"),
    ("submission rate", "rate_limit"),
    ("too many", "rate_limit"),
    ("insufficient system resources", "server_error"),
    ("block list", "dnsbl"),
    ("blocked using", "dnsbl"),
    ("sender denied", "access_map"),
    ("client was not authenticated", "access_map"),
    ("client host rejected", "access_map"),
    ("invalid domain name", "helo_invalid"),
)
_UNKNOWN = ("5.1.1", "5.1.10")
_LOGIN = frozenset({504, 535})
_SYNTAX = frozenset({"5.3.3", "5.5.1", "5.5.2", "5.5.4"})


def _begin(event: Event, rest: str) -> dict[str, str]:
    event.network_protocol = "smtp"
    row = cells(rest)
    met(event, row, client="remote-endpoint", session="session-id")
    return row


@FORMAT.pattern("open {", programs=("SmtpProtocol",))
def opened(event: Event, rest: str) -> bool:
    """A connection."""
    if not _begin(event, "{" + rest):
        return False
    event.event_action = "connection-open"
    return True


@FORMAT.pattern("close {", programs=("SmtpProtocol",))
def closed(event: Event, rest: str) -> bool:
    """Its end."""
    if not _begin(event, "{" + rest):
        return False
    event.event_action = "connection-close"
    return True


@FORMAT.pattern("received {", programs=("SmtpProtocol",))
def received(event: Event, rest: str) -> bool:
    """What the other side said; what follows the name of a mechanism may be a password."""
    row = _begin(event, "{" + rest)
    if not row:
        return False
    said = row.get("data", "")
    hello = _HELLO.match(said)
    if hello is not None:
        event.smtp_helo = hello[1]
    elif not read_path(event, said) and said[:5].upper() == "AUTH ":
        event.smtp_stage = "AUTH"
        method, _, secret = said[5:].partition(" ")
        event.mail_sasl_method = method.upper()[:32] or None
        if secret:
            event.event_original = event.event_original.replace(secret, BLOT)
    return noted(event)


@FORMAT.pattern("info {", programs=("SmtpProtocol",))
def told(event: Event, rest: str) -> bool:
    """What Exchange notes: who has logged in, whose name was tried, that a session is encrypted."""
    row = _begin(event, "{" + rest)
    if not row:
        return False
    context = row.get("context", "")
    tls = _TLS.match(context)
    if context == "authenticated":
        event.event_action, event.event_outcome = "auth-success", "success"
        event.user_name = row.get("data") or None
        return True
    if context.startswith("User Name: "):
        event.user_name, event.smtp_stage = context.removeprefix("User Name: ") or None, "AUTH"
    elif tls is not None:
        event.event_action, event.tls_established = "tls-established", True
        event.tls_version, event.tls_version_protocol = f"{tls[1]}.{tls[2] or 0}", "tls"
        return True
    elif context.startswith("TLS negotiation failed"):
        event.event_action, event.tls_established = "tls-failed", False
        return True
    return noted(event)


@FORMAT.pattern("sent {", programs=("SmtpProtocol",))
def answered(event: Event, rest: str) -> bool:
    """What Exchange said: as a client it gives commands, as a server answers."""
    row = _begin(event, "{" + rest)
    if not row:
        return False
    answer = read_answer(row.get("data", ""))
    if answer is None or answer.code < 400:
        return noted(event)
    answer.put(event)
    code, enhanced, text = answer
    event.event_outcome = "failure"
    if code in _LOGIN and (enhanced or "").startswith("5.7."):
        event.event_action = "auth-failure"
        event.event_reason = "credentials_rejected" if code == 535 else "mech_unsupported"
    elif code == 454 and enhanced == "4.7.0":
        event.event_action, event.event_outcome, event.event_reason = "auth-error", "unknown", "temp_fail"
    elif enhanced in _SYNTAX and code in (500, 501, 502, 503):
        event.event_action = "protocol-error"
    else:
        _refuse(event, code, enhanced, text.lower())
    return True


def _refuse(event: Event, code: int, enhanced: str | None, text: str) -> None:
    event.event_action = "reject"
    event.mail_reject_temporary = code < 500
    if enhanced == _RELAY:
        event.event_reason = "relay_denied"
    elif enhanced in _UNKNOWN:
        event.event_reason = "unknown_recipient"
    else:
        event.event_reason = next((reason for words_of, reason in _REASONS if words_of in text), "other")
    if event.event_reason in ("relay_denied", "unknown_recipient"):
        event.smtp_stage = "RCPT"
