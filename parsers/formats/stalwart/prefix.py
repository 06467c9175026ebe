"""Whose lines are Stalwart's, and what stands before their values.

`2026-03-03T04:05:06Z INFO Authentication successful (auth.success) listenerId = "imaptls", …`: the name in parentheses is the
event's, the words before it say the same for people. A webhook has the same as JSON: `{"createdAt":…,"type":…,"data":{…}}`.
Of a record that is spread over several lines (`multiline`, which is off by default) only the first is read.

Source: crates/trc/src/serializers, crates/trc/src/event of Stalwart 0.10 to 0.16.
"""

import re
from datetime import datetime

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.stalwart.values import Values, of_object, read
from mailwarden.parsers.json_text import read_json
from mailwarden.parsers.pattern import Format

__all__ = ["FORMAT", "claim_text", "client", "sender", "values_of"]

_PARTS = (
    "acme|ai|arc|auth|cache|calendar|cluster|config|dane|delivery|dkim|dmarc|dns|eval|fts-index|housekeeper|http|imap"
    "|incoming-report|iprev|jmap|limit|mail-auth|manage|manage-sieve|message-ingest|milter|mta-hook|mta-sts|network"
    "|outgoing-report|pop3|purge|push-subscription|queue|registry|resource|security|server|sieve|smtp|spam|spf|store"
    "|task-manager|task-queue|telemetry|tls|tls-rpt|web-dav"
)
_NAME = rf"((?:{_PARTS})\.[a-z0-9-]{{2,50}})"
_LEVELS = {"TRACE": "debug", "DEBUG": "debug", "INFO": "info", "WARN": "warning", "ERROR": "error"}
_HEAD = re.compile(rf"(?:[0-9-]{{10}}T[0-9:]{{8}}Z )?({'|'.join(_LEVELS)}) [A-Z][^()\"=]{{2,80}} \({_NAME}\)(?: |$)")
_OBJECT = re.compile(rf'\{{"(?:id|text|createdAt)":".{{1,200}}?"type":"{_NAME}","data":\{{', re.DOTALL)
_PORTS = {
    25: "smtp", 465: "smtp", 587: "smtp", 2525: "smtp", 143: "imap", 993: "imap", 110: "pop3", 995: "pop3", 4190: "managesieve",
    80: "http", 443: "http", 8080: "http", 8443: "http",
}  # fmt: skip
_LISTENERS = (
    ("smtp", "smtp"), ("submission", "smtp"), ("lmtp", "lmtp"), ("imap", "imap"), ("pop3", "pop3"), ("sieve", "managesieve"),
    ("manage", "managesieve"), ("http", "http"), ("jmap", "http"),
)  # fmt: skip
_OF_PARTS = {"smtp": "smtp", "imap": "imap", "pop3": "pop3", "manage-sieve": "managesieve", "http": "http"}
_TLS_PORTS = (443, 465, 993, 995)


def claim_text(text: str) -> bool:
    """Say whether a text behind the stamp is Stalwart's."""
    if text[:1] == "{":
        return text[:14].startswith(('{"id":"', '{"text":"', '{"createdAt":')) and _OBJECT.match(text) is not None
    return text[:6].startswith(("INFO ", "WARN ", "ERROR ", "DEBUG ", "TRACE ")) and _HEAD.match(text) is not None


def _prepare(event: Event, text: str) -> str:
    """Take the level and the words off: `auth.success listenerId = …`."""
    event.process_name = event.service_name = "stalwart"
    head = _HEAD.match(text)
    if head is not None:
        event.log_level = _LEVELS[head[1]]
        event.network_protocol = _OF_PARTS.get(head[2].partition(".")[0])
        return f"{head[2]} {text[head.end() :]}"
    found = _OBJECT.match(text) if text[:1] == "{" else None
    if found is None:
        return text
    event.network_protocol = _OF_PARTS.get(found[1].partition(".")[0])
    return f"{found[1]} {text}"


FORMAT = Format("stalwart", ("stalwart", "stalwart-mail"), prepare=_prepare)


def values_of(event: Event, rest: str) -> Values:
    """Read what a line holds; of a webhook's object also the time."""
    if rest[:1] != "{":
        return read(rest)
    try:
        record = read_json(rest)
    except (ValueError, RecursionError):
        return Values()
    data = record.get("data") if isinstance(record, dict) else None
    if not isinstance(data, dict):
        return Values()
    if not event.timestamp_us or event.mailwarden_time_quality == "arrival":
        _set_time(event, record.get("createdAt"))
    return of_object(data)


def _set_time(event: Event, stamp: object) -> None:
    try:
        at = datetime.fromisoformat(str(stamp))
    except ValueError:
        return
    if at.tzinfo is not None:
        event.timestamp_us, event.mailwarden_time_quality = int(at.timestamp() * 1_000_000), None


def client(event: Event, values: Values) -> None:
    """Set who is connected, to which port, in which protocol."""
    event.source_ip = ip(values.text("remoteIp") or "")
    port = values.number("remotePort")
    event.source_port = port
    if event.source_ip is not None and port:
        event.mail_session_id = f"{event.source_ip}:{port}"
    ours = values.number("localPort")
    listener = values.text("listenerId") or ""
    event.destination_port = ours
    event.mail_service = listener or None
    named = next((protocol for word, protocol in _LISTENERS if listener.lower().startswith(word)), None)
    event.network_protocol = event.network_protocol or _PORTS.get(ours or 0) or named
    if ours in _TLS_PORTS:
        event.tls_established = True


def sender(event: Event, address: str | None) -> None:
    """Set the envelope's sender: `<>`, or an address; up to 0.11 in angle brackets."""
    if address is None:
        return
    address = address.strip("<>")
    event.email_from_address = [address] if address else []
    if not address:
        event.mail_null_sender = True
