"""mox: logfmt, by its own logger: `l=info m="new connection" pkg=smtpserver remote=203.0.113.7:5555 … cid=18b2c3 delta=…`.

`cid` is the connection's; the address stands on its first line, the login (`username`) on those behind it. No line tells that
a password was right: of a session that reads mail its end does, of one that sends the message. What the queue delivers or fails
to has another `cid`, and is known by its sender and recipient. At the level `debug`, which a new installation has, there are the
commands that were refused, too.

Values are quoted as Go does it (`%q`) wherever they hold a blank, a quote, `=` or a backslash; what clients choose stands behind
the message and its package, and of a name that comes twice the first is heeded.

Source: mlog/log.go, smtpserver/server.go, smtpserver/analyze.go, imapserver/server.go, queue/direct.go, queue/dsn.go of mox 0.0.5
to 0.0.15.
"""

import re

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.life import failed, noted
from mailwarden.parsers.logfmt import fields
from mailwarden.parsers.pattern import Format

__all__ = ["FORMAT", "claim_text"]

_LEVELS = {
    "tracedata": "debug", "traceauth": "debug", "trace": "debug", "debug": "debug", "info": "info", "warn": "warning",
    "error": "error", "fatal": "fatal", "print": "info",
}  # fmt: skip
_HEAD = re.compile(rf'l=({"|".join(_LEVELS)}) m="((?>(?:[^"\\]|\\.)*))"(?: |$)')
_PEER = re.compile(r"\[?([0-9A-Fa-f.:]{2,45}?)\]?:([0-9]{1,5})")
_CID = re.compile(r"[0-9a-f]{1,16}")
_PROTOCOLS = {"smtpserver": "smtp", "imapserver": "imap", "queue": "smtp", "http": "http", "webmail": "http"}
_TRACED = ("RC: ", "LS: ", "CR: ", "CW: ", "RS: ", "LC: ")
_LONGEST = 1000
_WHY = {
    "dmarc-policy": "dmarc_fail", "spf-policy": "spf_fail", "junk-content": "spam", "junk-content-strict": "spam",
    "dns-blocklisted": "dnsbl", "iprev": "no_rdns", "high-rate": "rate_limit", "give-subjectpass": "greylist",
}  # fmt: skip
_UNREACHED = (
    ("i/o timeout", "connect_timeout"), ("timed out", "connect_timeout"), ("deadline exceeded", "connect_timeout"),
    ("unreachable", "connect_timeout"), ("connection refused", "connect_refused"), ("no such host", "host_not_found"),
    ("does not accept email", "host_not_found"), ("no mx", "host_not_found"), ("dns", "host_not_found"), ("tls", "tls_policy"),
)  # fmt: skip


def claim_text(text: str) -> bool:
    """Say whether a text that no tag precedes is mox's."""
    return text.startswith("l=") and _HEAD.match(text) is not None and " pkg=" in text


def _prepare(event: Event, text: str) -> str:
    """Put the message before its values: `new connection pkg=smtpserver …`."""
    event.process_name = event.service_name = "mox"
    found = _HEAD.match(text)
    if found is None:
        return text
    event.log_level = _LEVELS[found[1]]
    message, rest = found[2], text[found.end() :]
    if found[1].startswith("trace"):
        event.event_original = event.event_original.partition(" m=")[0] + " m=[redacted]"
        return f"note: {rest}"
    if message in _KNOWN or message.startswith("delivered from queue"):
        return f"{message}: {rest}"
    return f"trouble: {rest}" if event.log_level == "fatal" or message == "unhandled panic" else f"note: {rest}"


FORMAT = Format("mox", ("mox",), prepare=_prepare)
_KNOWN = frozenset(
    {
        "new connection", "connection closed", "failed authentication attempt", "authentication failed",
        "messages queued for delivery", "message queued for delivery", "deliver attempt to unknown user(s)",
        "incoming message rejected", "incoming message delivered", "permanent failure delivering from queue",
        "temporary failure delivering from queue", "temporary failure delivering from queue, sending delayed dsn",
        "smtp command result", "refusing connection due to many auth failures",
        "refusing connection due to many open connections",
    }
)  # fmt: skip


def _values(event: Event, rest: str) -> dict[str, str]:
    """Read the values; set the connection, the protocol and who has logged in."""
    told = fields(rest)
    cid = told.get("cid", "")
    event.mail_session_id = cid if _CID.fullmatch(cid) else None
    event.network_protocol = _PROTOCOLS.get(told.get("pkg", ""))
    return told


def _addressed(event: Event, told: dict[str, str]) -> None:
    """Set the envelope."""
    from_ = told.get("mailfrom", told.get("from"))
    if from_ is not None:
        from_ = from_.partition("/")[0].strip("<>") if from_.isascii() else from_.strip("<>")
        event.email_from_address = [from_] if from_ else []
        event.mail_null_sender = None if from_ else True
    to = told.get("rcptto", told.get("recipient", "")).strip("<>")
    event.email_to_address = [to] if to else None


# ---------------------------------------------------------------------- connections


@FORMAT.pattern("new connection: ")
def came(event: Event, rest: str) -> bool:
    """A client connects, to which of our ports."""
    told = _values(event, rest)
    peer, ours = _PEER.fullmatch(told.get("remote", "")), _PEER.fullmatch(told.get("local", ""))
    if peer is None:
        return False
    event.event_action = "connection-open"
    event.source_ip, event.source_port = ip(peer[1]), int(peer[2])
    if ours is not None:
        event.destination_port = int(ours[2])
    event.tls_established = True if told.get("tls") == "true" else None
    event.mail_service = "submission" if told.get("submission") == "true" else None
    return event.source_ip is not None


@FORMAT.pattern("connection closed: ")
def went(event: Event, rest: str) -> bool:
    """A client is gone; `username` where it had logged in."""
    told = _values(event, rest)
    event.event_action = "connection-close"
    event.user_name = told.get("username") or None
    return True


@FORMAT.pattern("failed authentication attempt: ", "authentication failed: ")
def refused_login(event: Event, rest: str) -> bool:
    """A wrong password, or nobody of that name."""
    told = _values(event, rest)
    event.event_action, event.event_outcome, event.event_reason = "auth-failure", "failure", "credentials_rejected"
    event.source_ip = ip(told.get("remote", ""))
    event.user_name = told.get("username", "")[:_LONGEST] or None
    return True


@FORMAT.pattern("refusing connection due to many auth failures: ", "refusing connection due to many open connections: ")
def kept_out(event: Event, rest: str) -> bool:
    """Too many failed logins from there, or connections: it may come again later."""
    told = _values(event, rest)
    event.event_action, event.event_outcome, event.event_reason = "reject", "failure", "rate_limit"
    event.source_ip, event.smtp_stage, event.mail_reject_temporary = ip(told.get("remoteip", "")), "CONNECT", True
    return True


# ---------------------------------------------------------------------- mail that comes


@FORMAT.pattern("messages queued for delivery: ", "message queued for delivery: ")
def queued(event: Event, rest: str) -> bool:
    """A message of somebody who has logged in, for one of its recipients."""
    told = _values(event, rest)
    _addressed(event, told)
    event.event_action, event.event_outcome = "message-received", "success"
    event.user_name = told.get("username") or None
    size = told.get("msgsize", "")
    event.mail_size = int(size) if size.isdecimal() and len(size) < 16 else None
    event.mail_recipient_count = 1
    return True


@FORMAT.pattern("incoming message delivered: ")
def filed(event: Event, rest: str) -> bool:
    """Mail of a stranger, put into a mailbox."""
    _addressed(event, _values(event, rest))
    event.event_action, event.event_outcome, event.mail_delivery_status = "delivery", "success", "sent"
    event.network_protocol = None
    event.set("mail.delivery.local", True)
    return True


@FORMAT.pattern("incoming message rejected: ")
def rejected(event: Event, rest: str) -> bool:
    """Mail of a stranger, refused for its content or where it comes from."""
    told = _values(event, rest)
    _addressed(event, told)
    event.event_action, event.event_outcome, event.smtp_stage = "reject", "failure", "DATA"
    event.event_code = told.get("reason", "")[:40] or None
    event.event_reason = _WHY.get(told.get("reason", ""), "other")
    return True


@FORMAT.pattern("deliver attempt to unknown user(s): ")
def unknown(event: Event, rest: str) -> bool:
    """Mail for nobody here; for whom, the line does not say."""
    _values(event, rest)
    event.event_action, event.event_outcome, event.event_reason = "reject", "failure", "unknown_recipient"
    event.smtp_stage = "RCPT"
    return True


@FORMAT.pattern("smtp command result: ")
def answered(event: Event, rest: str) -> bool:
    """The answer to a command; of a login and of a message other lines tell."""
    told = _values(event, rest)
    event.event_action = "statistics"
    code, command = told.get("code", ""), told.get("cmd", "")
    if len(code) != 3 or not code.isdecimal() or code < "400" or command in ("auth", "data"):
        return True
    event.event_action, event.event_outcome = "reject", "failure"
    event.smtp_reply_code, event.smtp_reply_enhanced_code = int(code), told.get("ecode") or None
    event.smtp_reply_text = told.get("err", "")[:_LONGEST] or None
    event.smtp_stage = {"mail": "MAIL", "rcpt": "RCPT", "ehlo": "EHLO", "helo": "HELO", "starttls": "STARTTLS"}.get(
        command
    )
    event.mail_reject_temporary = code < "500"
    said = (event.smtp_reply_text or "").lower()
    if command == "rcpt" and "not accepting email for domain" in said:
        event.event_reason = "relay_denied"
    elif "500" <= code <= "504" or command == "(unknown)":
        event.event_action, event.mail_reject_temporary = "protocol-error", None
    elif code == "530":
        event.event_reason = "access_map"
    else:
        event.event_reason = "rate_limit" if "rate" in said or "too many" in said else "other"
    return True


# ---------------------------------------------------------------------- mail that goes


def _tried(event: Event, rest: str, status: str) -> dict[str, str]:
    told = _values(event, rest)
    _addressed(event, told)
    event.mail_session_id = None
    event.event_action, event.mail_delivery_status = "delivery", status
    event.event_outcome = "success" if status == "sent" else "failure"
    return told


@FORMAT.pattern("delivered from queue")
def delivered(event: Event, rest: str) -> bool:
    """Another server took it."""
    _tried(event, rest.partition(": ")[2], "sent")
    return True


@FORMAT.pattern("permanent failure delivering from queue: ")
def returned(event: Event, rest: str) -> bool:
    """Another server refused it for good, or it was tried often enough."""
    return _failed(event, _tried(event, rest, "bounced"))


@FORMAT.pattern(
    "temporary failure delivering from queue: ", "temporary failure delivering from queue, sending delayed dsn: "
)  # fmt: skip
def waits(event: Event, rest: str) -> bool:
    """Another server refused it for now, or was not reached."""
    return _failed(event, _tried(event, rest, "deferred"))


def _failed(event: Event, told: dict[str, str]) -> bool:
    code, said = told.get("code", ""), told.get("err", "")
    event.smtp_reply_text = said[:_LONGEST] or None
    if len(code) == 3 and code.isdecimal() and code[0] in "45":
        event.smtp_reply_code = int(code)
        if re.fullmatch(r"[0-9]{1,3}\.[0-9]{1,3}", told.get("secode", "")):
            event.smtp_reply_enhanced_code = f"{code[0]}.{told['secode']}"
        if event.mail_delivery_status == "bounced" and told.get("permanent") == "false":
            event.mail_delivery_status = "expired"
        return True
    lower = said.lower()
    event.event_reason = next((reason for words, reason in _UNREACHED if words in lower), "other")
    if event.mail_delivery_status == "bounced" and told.get("permanent") == "false":
        event.mail_delivery_status = "expired"
    return True


# ---------------------------------------------------------------------- the server itself


@FORMAT.pattern("trouble: ")
def trouble(event: Event, rest: str) -> bool:
    """It ended, or a part of it fell over."""
    event.set("error.message", fields(rest).get("err", "")[:200])
    return failed(event, level="fatal" if event.log_level == "fatal" else "error")


@FORMAT.pattern("note: ")
def note(event: Event, rest: str) -> bool:
    """What it says beside."""
    _values(event, rest)
    return noted(event)
