"""Maddy: `MODULE: MESSAGE⇥{JSON}`, to standard error (the journal), syslog or a file of its own, there with a stamp.

A message has an id from `incoming message` to `delivered`; the recipients and the outcome stand on lines of their own. That a
password was right is told with the message alone. A recipient elsewhere is refused in the words of the configuration, mostly as
if it were nobody here.

Source: framework/log, internal/endpoint/smtp (smtp.go, session.go), internal/auth/sasl.go, internal/target/queue of maddy 0.2
to 0.8.
"""

import re
from typing import Any

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.json_text import read_json
from mailwarden.parsers.life import failed, noted
from mailwarden.parsers.pattern import Format
from mailwarden.parsers.secrets import hide_secrets

__all__ = ["FORMAT", "claim_text"]

_MODULE = r"[a-z][A-Za-z0-9_.+-]{0,60}(?:/[A-Za-z0-9_.+-]{1,60}){0,3}"
_STAMP = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(?:\.[0-9]{1,9})?(?:Z|[+-][0-9:]{4,6}) "
_HEAD = re.compile(rf"(?:{_STAMP})?(\[debug\] )?({_MODULE}): ([^\t\n]{{1,300}}?)(?:\t(?=\{{)|$)")
_PEER = re.compile(r"\[?([0-9A-Fa-f.:]{2,45}?)\]?:([0-9]{1,5})")
_OWN = frozenset(
    {
        "incoming message", "RCPT ok", "RCPT error", "accepted", "aborted", "DATA error", "MAIL FROM error",
        "MAIL FROM error (deferred)", "authentication failed", "authentication failed due to an internal error",
        "too many RCPT errors, possible dictonary attack",
        "MAIL FROM repeated error a lot of times, possible dictonary attack", "delivered", "delivery attempt failed",
        "not delivered, permanent error", "will retry", "rDNS error", "removed message from disk",
    }
)  # fmt: skip
"""Its messages, as the source spells them."""
_PROTOCOLS = (("smtp", "smtp"), ("submission", "smtp"), ("lmtp", "lmtp"), ("imap", "imap"), ("pop3", "pop3"))
_LONGEST = 1000
_WHY = (
    ("timeout", "connect_timeout"), ("timed out", "connect_timeout"), ("unreachable", "connect_timeout"),
    ("refused", "connect_refused"), ("no usable mx", "connect_timeout"), ("no such host", "host_not_found"),
    ("not found", "host_not_found"), ("does not accept email", "host_not_found"), ("tls", "tls_policy"),
)  # fmt: skip
_REFUSED = (
    ("not local", "relay_denied"), ("does not exist", "unknown_recipient"),
    ("doesn't exist", "unknown_recipient"), ("no such", "unknown_recipient"), ("unknown", "unknown_recipient"),
    ("dnsbl", "dnsbl"), ("blacklist", "dnsbl"), ("listed", "dnsbl"), ("spf", "spf_fail"), ("dkim", "dkim_fail"),
    ("dmarc", "dmarc_fail"), ("rate", "rate_limit"), ("limit", "too_big"), ("ptr", "no_rdns"), ("rdns", "no_rdns"),
    ("not authorized to use", "sender_login_mismatch"), ("unauthorized use of sender", "sender_login_mismatch"),
)  # fmt: skip


def claim_text(text: str) -> bool:
    """Say whether a text behind a stamp is Maddy's: one of its messages, with values."""
    found = _HEAD.match(text) if "\t{" in text[:400] else None
    return found is not None and (found[3] in _OWN or found[1] is not None) and text.endswith("}")


def _prepare(event: Event, text: str) -> str:
    """Take the module off: `incoming message: {…}`."""
    event.process_name = event.service_name = "maddy"
    found = _HEAD.match(text)
    if found is None:
        return text
    event.mail_service = found[2]
    event.network_protocol = next((protocol for word, protocol in _PROTOCOLS if found[2].startswith(word)), None)
    if found[1] is not None:
        event.log_level = "debug"
        hide_secrets(event, text)
        return "note: "
    return f"{found[3]}: {text[found.end() :]}" if found[3] in _OWN else f"note: {text[found.end() :]}"


FORMAT = Format("maddy", ("maddy",), prepare=_prepare)


def _values(event: Event, rest: str) -> dict[str, Any]:
    """Read the values; set the message, the client and the login."""
    try:
        told = read_json(rest)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(told, dict):
        return {}
    number = told.get("msg_id")
    if isinstance(number, str) and re.fullmatch(r"[0-9A-Za-z-]{4,64}", number):
        event.mail_session_id = event.mail_queue_id = number.partition("-")[0]
    peer = _PEER.fullmatch(str(told.get("src_ip") or ""))
    if peer is not None:
        event.source_ip, event.source_port = ip(peer[1]), int(peer[2])
    name = told.get("username")
    event.user_name = name[:_LONGEST] if isinstance(name, str) and name else None
    to = told.get("rcpt")
    event.email_to_address = [to] if isinstance(to, str) and to else None
    return told


def _said(event: Event, told: dict[str, Any]) -> str:
    """Set the answer, ours or another server's; give what is wrong in words."""
    code, enhanced = told.get("smtp_code"), told.get("smtp_enchcode")
    event.smtp_reply_code = code if isinstance(code, int) and 200 <= code < 600 else None
    if isinstance(enhanced, list):
        enhanced = ".".join(str(one) for one in enhanced[:3])
    if isinstance(enhanced, str) and re.fullmatch(r"[245]\.[0-9]{1,3}\.[0-9]{1,3}", enhanced):
        event.smtp_reply_enhanced_code = enhanced
    said = str(told.get("smtp_msg") or told.get("reason") or "")[:_LONGEST]
    event.smtp_reply_text = said or None
    return f"{said} {told.get('reason') or ''} {told.get('check') or ''}".lower()


# ---------------------------------------------------------------------- logins


@FORMAT.pattern("authentication failed: ")
def refused_login(event: Event, rest: str) -> bool:
    """A wrong password, or nobody of that name."""
    _values(event, rest)
    event.event_action, event.event_outcome, event.event_reason = "auth-failure", "failure", "credentials_rejected"
    return True


@FORMAT.pattern("authentication failed due to an internal error: ")
def in_vain(event: Event, rest: str) -> bool:
    """A login that nobody could judge."""
    _values(event, rest)
    event.event_action, event.event_outcome, event.event_reason = "auth-error", "unknown", "backend_unavailable"
    return True


# ---------------------------------------------------------------------- mail that comes


@FORMAT.pattern("incoming message: ")
def began(event: Event, rest: str) -> bool:
    """A client names a sender; with its login, where it has one."""
    told = _values(event, rest)
    event.event_action = "statistics"
    from_ = told.get("sender")
    if isinstance(from_, str):
        event.email_from_address = [from_] if from_ else []
        event.mail_null_sender = None if from_ else True
    event.smtp_stage = "MAIL"
    return bool(told)


@FORMAT.pattern("RCPT ok: ")
def accepted_for(event: Event, rest: str) -> bool:
    """A recipient was accepted."""
    told = _values(event, rest)
    event.event_action = "statistics"
    event.smtp_stage = "RCPT"
    return bool(told)


@FORMAT.pattern("accepted: ")
def accepted(event: Event, rest: str) -> bool:
    """The message was taken in."""
    told = _values(event, rest)
    event.event_action, event.event_outcome = "message-received", "success"
    event.network_protocol = event.network_protocol or "smtp"
    return bool(told)


@FORMAT.pattern("RCPT error: ")
def refused(event: Event, rest: str) -> bool:
    """A recipient is refused."""
    return _refuse(event, rest, "RCPT")


@FORMAT.pattern("MAIL FROM error: ", "MAIL FROM error (deferred): ")
def sender_refused(event: Event, rest: str) -> bool:
    """A sender is refused, at once or with the first recipient."""
    return _refuse(event, rest, "MAIL")


@FORMAT.pattern("DATA error: ")
def message_refused(event: Event, rest: str) -> bool:
    """A whole message is refused."""
    return _refuse(event, rest, "DATA")


def _refuse(event: Event, rest: str, stage: str) -> bool:
    told = _values(event, rest)
    event.event_action, event.event_outcome = "reject", "failure"
    event.network_protocol = event.network_protocol or "smtp"
    words = _said(event, told)
    event.smtp_stage = stage
    event.mail_reject_temporary = (event.smtp_reply_code or 554) < 500
    event.event_reason = next((reason for word, reason in _REFUSED if word in words), "other")
    return bool(told)


@FORMAT.pattern(
    "too many RCPT errors, possible dictonary attack: ",
    "MAIL FROM repeated error a lot of times, possible dictonary attack: ", "aborted: ", "rDNS error: ", "will retry: ",
    "removed message from disk: ",
)  # fmt: skip
def step(event: Event, rest: str) -> bool:
    """Other steps of a session or of the queue."""
    _values(event, rest)
    event.email_to_address = None
    return noted(event)


# ---------------------------------------------------------------------- mail that goes


@FORMAT.pattern("delivered: ")
def delivered(event: Event, rest: str) -> bool:
    """The queue has handed it on for a recipient."""
    told = _values(event, rest)
    event.event_action, event.event_outcome, event.mail_delivery_status = "delivery", "success", "sent"
    event.network_protocol, event.mail_session_id = "smtp", None
    return bool(told)


@FORMAT.pattern("delivery attempt failed: ")
def not_delivered(event: Event, rest: str) -> bool:
    """Another server refused it, or was not reached."""
    told = _values(event, rest)
    event.event_action, event.event_outcome = "delivery", "failure"
    event.network_protocol, event.mail_session_id = "smtp", None
    words = _said(event, told)
    server = told.get("remote_server")
    if isinstance(server, str) and ip(server) is None:
        event.destination_domain = server.rstrip(".")[:255] or None
    event.mail_delivery_status = "bounced" if (event.smtp_reply_code or 0) >= 500 else "deferred"
    if event.smtp_reply_code is None:
        event.event_reason = next((reason for word, reason in _WHY if word in words), "other")
    return bool(told)


@FORMAT.pattern("not delivered, permanent error: ")
def returned(event: Event, rest: str) -> bool:
    """The queue gives it up; the last answer stands before, and the sender is told."""
    told = _values(event, rest)
    event.event_action, event.mail_session_id = "bounce-created", None
    return bool(told)


# ---------------------------------------------------------------------- the rest


@FORMAT.pattern("note: ")
def note(event: Event, rest: str) -> bool:
    """What a module says beside; a full disk."""
    if "no space left on device" in rest:
        return failed(event, "disk_full")
    return noted(event)
