"""KumoMTA: its log records, one JSON object a line (in segments packed with zstd).

A record tells of one message (`id`), or of one command that the listener refused (`Rejection`). Who logged in stands in `meta`
(`authn_id`, `http_auth`) where the configuration lets it be logged. What came by mail (`OOB`, a bounce in somebody's words;
`Feedback`, a complaint) is anybody's word and moves nothing here.

Source: crates/kumo-log-types/src/lib.rs and docs/reference/log_record.md of KumoMTA 2023 to 2025.
"""

import re
from typing import Any

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.json_text import read_json
from mailwarden.parsers.life import noted
from mailwarden.parsers.pattern import Format
from mailwarden.parsers.reply_text import taken_as
from mailwarden.parsers.secrets import BLOT

__all__ = ["FORMAT", "claim_text"]

_KINDS = (
    "Reception|Delivery|Bounce|TransientFailure|Expiration|AdminBounce|OOB|Feedback|Rejection|AdminRebind"
    "|DeferredInjectionRebind|Delayed|XferOut|XferIn"
)
_HEAD = re.compile(rf'\{{"type":"({_KINDS})","id":"')
_SECRET = re.compile(r'("command":"AUTH [A-Z0-9-]{1,24} )[^"]{1,4000}')
_LONGEST = 1000
_MOST = 200
_ID = re.compile(r"[0-9A-Za-z-]{1,64}")
_OWN_WORDS = "KumoMTA internal: "
_WHY = (
    ("timed out", "connect_timeout"), ("timeout", "connect_timeout"), ("refused", "connect_refused"),
    ("no mx", "host_not_found"), ("null mx", "host_not_found"), ("nxdomain", "host_not_found"), ("resolv", "host_not_found"),
    ("tls", "tls_policy"), ("connect", "connect_timeout"),
)  # fmt: skip
_REFUSED = (
    ("relay", "relay_denied"), ("unknown", "unknown_recipient"), ("no such", "unknown_recipient"),
    ("does not exist", "unknown_recipient"), ("too many", "rate_limit"), ("throttl", "rate_limit"), ("rate", "rate_limit"),
    ("block", "dnsbl"), ("spf", "spf_fail"), ("dmarc", "dmarc_fail"), ("too big", "too_big"), ("too large", "too_big"),
    ("greylist", "greylist"), ("access denied", "access_map"),
)  # fmt: skip
_BAD_COMMANDS = frozenset({500, 501, 502, 503, 504})


def claim_text(text: str) -> bool:
    """Say whether a text is a record of KumoMTA."""
    return text.startswith('{"type":"') and _HEAD.match(text) is not None


def _prepare(event: Event, text: str) -> str:
    """Put what kind of record it is before it."""
    event.process_name = event.service_name = "kumod"
    found = _HEAD.match(text)
    if found is None:
        return text
    if '"command":"AUTH ' in text:
        event.event_original = _SECRET.sub(rf"\1{BLOT}", event.event_original)
    return f"{found[1]} {text}"


FORMAT = Format("kumomta", ("kumod",), prepare=_prepare)


def _record(event: Event, rest: str) -> dict[str, Any]:
    """Read what all records have: when, which message, from whom and for whom, how large."""
    try:
        record: dict[str, Any] = read_json(rest)
    except (ValueError, RecursionError):
        return {}
    at = record.get("timestamp")
    if isinstance(at, int | float) and 1 < at < 1e11:
        precise = record.get("event_time")
        at = precise if isinstance(precise, int | float) and abs(precise - at) < 1 else at
        event.timestamp_us, event.mailwarden_time_quality = int(at * 1_000_000), None
    number = record.get("id")
    if isinstance(number, str) and _ID.fullmatch(number):
        event.mail_queue_id = number
    from_ = record.get("sender")
    if isinstance(from_, str):
        event.email_from_address = [from_.strip("<>")] if from_.strip("<>") else []
        event.mail_null_sender = True if not from_.strip("<>") else None
    to = record.get("recipient")
    listed = [one for one in (to if isinstance(to, list) else [to]) if isinstance(one, str) and one]
    event.email_to_address = listed[:_MOST] or None
    size = record.get("size")
    event.mail_size = size if isinstance(size, int) and 0 < size < 1 << 62 else None
    return record


def _peer(record: dict[str, Any]) -> tuple[str | None, str | None]:
    peer = record.get("peer_address")
    if not isinstance(peer, dict):
        return None, None
    name = peer.get("name")
    return ip(str(peer.get("addr") or "")), name.rstrip(".")[:255] if isinstance(name, str) and name else None


def _client(event: Event, record: dict[str, Any]) -> None:
    """Set who handed it in, from where, by which way."""
    event.source_ip, event.smtp_helo = _peer(record)
    event.network_protocol = "http" if record.get("reception_protocol") == "HTTP" else "smtp"
    session = record.get("session_id")
    event.mail_session_id = session if isinstance(session, str) and _ID.fullmatch(session) else None
    meta = record.get("meta")
    for name in ("authn_id", "http_auth"):
        user = meta.get(name) if isinstance(meta, dict) else None
        if isinstance(user, str) and user:
            event.user_name = user[:_LONGEST]
            event.mail_sasl_method = "HTTP" if name == "http_auth" else None
            break


def _response(event: Event, record: dict[str, Any]) -> str:
    """Set what the other side, or the listener here, said; give the text."""
    said = record.get("response")
    if not isinstance(said, dict):
        return ""
    code, content = said.get("code"), str(said.get("content") or "")[:_LONGEST]
    event.smtp_reply_code = code if isinstance(code, int) and 200 <= code < 600 else None
    enhanced = said.get("enhanced_code")
    if isinstance(enhanced, dict):
        parts = [enhanced.get(name) for name in ("class", "subject", "detail")]
        if all(isinstance(one, int) for one in parts):
            event.smtp_reply_enhanced_code = ".".join(map(str, parts))
    event.smtp_reply_text = content or None
    return content


# ---------------------------------------------------------------------- coming in


@FORMAT.pattern("Reception ")
def received(event: Event, rest: str) -> bool:
    """A message was taken in."""
    record = _record(event, rest)
    if not record:
        return False
    _client(event, record)
    event.event_action, event.event_outcome = "message-received", "success"
    event.mail_recipient_count = len(event.email_to_address or ()) or 1
    return True


@FORMAT.pattern("Rejection ")
def refused(event: Event, rest: str) -> bool:
    """The listener refused a command: a login, a sender, a recipient, a message."""
    record = _record(event, rest)
    if not record:
        return False
    _client(event, record)
    event.mail_queue_id = event.mail_size = None
    words = _response(event, record).lower()
    said = record.get("response")
    command = str((said.get("command") if isinstance(said, dict) else "") or "")
    verb = command[:4].upper()
    code = event.smtp_reply_code or 0
    event.event_outcome = "failure"
    if verb == "AUTH" or code == 535:
        event.email_from_address = event.email_to_address = event.mail_null_sender = None
        event.smtp_stage = "AUTH"
        event.event_action = "auth-failure" if code in (535, 550) else "auth-error"
        event.event_reason = "credentials_rejected" if code in (535, 550) else "temp_fail"
        event.event_outcome = "failure" if code in (535, 550) else "unknown"
    elif code in _BAD_COMMANDS:
        event.event_action = "protocol-error"
    else:
        event.event_action, event.mail_reject_temporary = "reject", code < 500
        event.smtp_stage = {"MAIL": "MAIL", "RCPT": "RCPT", "DATA": "DATA", ".": "DATA", "EHLO": "EHLO"}.get(verb)
        event.event_reason = next((reason for word, reason in _REFUSED if word in words), "other")
    return True


# ---------------------------------------------------------------------- going out


def _tried(event: Event, rest: str, status: str) -> bool:
    record = _record(event, rest)
    if not record:
        return False
    event.event_action, event.mail_delivery_status = "delivery", status
    event.event_outcome = "success" if status == "sent" else "failure"
    event.event_count = len(event.email_to_address or ()) or 1
    event.destination_ip, event.destination_domain = _peer(record)
    way = str(record.get("delivery_protocol") or "").lower()
    event.network_protocol = "lmtp" if way == "lmtp" else "smtp"
    content = _response(event, record)
    if way == "maildir":
        event.set("mail.delivery.local", True)
        event.network_protocol = event.destination_domain = event.destination_ip = None
    elif event.destination_ip is None and status != "sent":
        event.smtp_reply_code = event.smtp_reply_enhanced_code = None
        words = content.removeprefix(_OWN_WORDS).lower()
        event.event_reason = next((reason for word, reason in _WHY if word in words), "other")
    version = record.get("tls_protocol_version")
    if isinstance(version, str) and version[:4] == "TLSv":
        event.tls_established, event.tls_version_protocol, event.tls_version = True, "tls", version[4:][:8]
    if status == "sent":
        event.mail_queue_remote_id = taken_as(content)
    return True


@FORMAT.pattern("Delivery ")
def delivered(event: Event, rest: str) -> bool:
    """The other server took it."""
    return _tried(event, rest, "sent")


@FORMAT.pattern("TransientFailure ")
def waits(event: Event, rest: str) -> bool:
    """The other server, or the way to it, refused for now."""
    return _tried(event, rest, "deferred")


@FORMAT.pattern("Bounce ")
def bounced(event: Event, rest: str) -> bool:
    """The other server refused for good."""
    return _tried(event, rest, "bounced")


@FORMAT.pattern("Expiration ")
def expired(event: Event, rest: str) -> bool:
    """It waited too long."""
    return _tried(event, rest, "expired")


@FORMAT.pattern("AdminBounce ")
def given_up(event: Event, rest: str) -> bool:
    """An administrator gave it up."""
    if not _record(event, rest):
        return False
    event.event_action = "message-removed"
    return True


@FORMAT.pattern("Delayed ", "AdminRebind ", "DeferredInjectionRebind ", "XferOut ", "XferIn ", "OOB ", "Feedback ")
def other(event: Event, rest: str) -> bool:
    """It goes to another queue or node, waits its turn, or somebody's mail tells of it."""
    _record(event, rest)
    event.email_from_address = event.email_to_address = event.mail_null_sender = None
    return noted(event)
