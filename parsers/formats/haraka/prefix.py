"""Whose lines are Haraka's, and what stands before their texts, in each of its logger's formats.

DEFAULT is `[LEVEL] [UUID.N.M] [origin] text`, LOGFMT `level=LEVEL uuid=UUID origin=… message=… name=value`, JSON one object of
the same names; the last two are made into the text of the first. N counts the transactions of a connection, M the
deliveries of a message. Haraka writes to its standard output, so any tag may stand before, or none.

Every plugin writes what it likes: texts of plugins are understood as such, under `plugin: ` where they tell of something
that others do not, else under `note: `.

Source: logger.js, haraka-net-utils, plugins.js of Haraka 2.8 to 3.3.
"""

import re
from datetime import datetime
from typing import Any

from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.haraka.hiding import hide, login_name
from mailwarden.parsers.json_text import read_json
from mailwarden.parsers.logfmt import unquote, written
from mailwarden.parsers.pattern import Format

__all__ = ["FORMAT", "claim", "claim_text"]

_LEVELS = "DATA|PROTOCOL|DEBUG|INFO|NOTICE|WARN|ERROR|CRIT|ALERT|EMERG"
_UUID = r"-|[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}(?:\.[0-9]{1,9}){0,3}"
_COLOUR = r"(?:\x1b\[[0-9;]{1,8}m)?"
_DEFAULT = re.compile(rf"{_COLOUR}\[({_LEVELS})\] \[({_UUID})\] \[([A-Za-z0-9_./ :@-]{{1,80}})\](?: |$)")
_LOGFMT = re.compile(
    rf"level=({_LEVELS}) uuid=({_UUID}) (?:origin|source)=(\"[^\"]{{1,80}}\"|[A-Za-z0-9_./:@-]{{1,80}}) message="
)
_JSON = re.compile(rf'\{{"level":"(?:{_LEVELS})","uuid":"(?:{_UUID})","(?:origin|source)":"')
_STARTS = (
    "loglevel: ", "log format: ", "Starting up Haraka version ", "Using iconv-lite only", "loaded TLD files: ",
    "loaded Public Suffixes: ", "STUN lookup failed", "same_ipv4_network, IP is not IPv4", "Reloaded file: ",
    "Reloading file: ", "Adding missing Message-Id header", "invalid loglevel: ", "invalid log format: ",
)  # fmt: skip
"""What it writes before its logger is up, without level and origin."""

_OUTBOUND = frozenset({"outbound", "outbound/hmail", "hmail", "HMailItem"})
_CORE = frozenset({"core", "connection", "transaction"})
_SERVER = frozenset(
    {"server", "plugins", "cluster", "outbound/queue", "outbound/index", "haraka", "config", "logger", "tls_socket",
     "outbound/tls", "outbound/config", "address", "host_pool", "smtp_client", "master", "worker"}
)  # fmt: skip
_SEVERE = frozenset({"CRIT", "ALERT", "EMERG"})
_TOLD = ("delaying for ", "secured: ", "AUTH user=", "authenticated as")
_LONGEST_ORIGIN = 80


def claim(tag: str) -> tuple[str, str | None, str | None] | None:
    """Say of which process a syslog tag without its pid tells: (process, service, mail service), or None."""
    return ("haraka", "haraka", None) if tag == "haraka" or tag.startswith("haraka-") else None


def claim_text(text: str) -> bool:
    """Say whether a text is Haraka's, whatever stands before it."""
    return (
        (text.startswith(("[", "\x1b[")) and _DEFAULT.match(text) is not None)
        or (text.startswith("level=") and _LOGFMT.match(text) is not None)
        or (text.startswith('{"level":"') and _JSON.match(text) is not None)
        or text.startswith(_STARTS)
    )


def _prepare(event: Event, text: str) -> str:
    found = _DEFAULT.match(text)
    if found is not None:
        said = text[found.end() :].removesuffix("\x1b[39m")
        return _marked(event, found[1], found[2], found[3], said)
    found = _LOGFMT.match(text)
    if found is not None:
        said, rest = unquote(text[found.end() :])
        return _marked(event, found[1], found[2], found[3].strip('"'), said + rest)
    if text.startswith("{"):
        return _object(event, text)
    return "start: " + text if text.startswith(_STARTS) else text


def _object(event: Event, text: str) -> str:
    try:
        record: Any = read_json(text)
    except (ValueError, RecursionError):  # cut
        event.event_original = event.event_original.partition("{")[0] + "{[redacted]"
        return "note: cut"
    if not isinstance(record, dict):
        return text
    level, uuid, message = (str(record.pop(name, "")) for name in ("level", "uuid", "message"))
    origin = str(record.pop("origin", None) or record.pop("source", ""))
    stamp = record.pop("timestamp", None)
    if isinstance(stamp, str) and not event.timestamp_us:
        _set_time(event, stamp)
    return _marked(event, level, uuid, origin[:_LONGEST_ORIGIN], message + written(record))


def _set_time(event: Event, stamp: str) -> None:
    try:
        at = datetime.fromisoformat(stamp)
    except ValueError:
        return
    if at.tzinfo is not None:
        event.timestamp_us = int(at.timestamp() * 1_000_000)


def _marked(event: Event, level: str, uuid: str, origin: str, said: str) -> str:
    """Set what the prefix tells, take secrets out, and give the text with a mark of who wrote it."""
    event.process_name = event.service_name = "haraka"
    event.log_level = level.lower()
    if uuid != "-":
        event.mail_session_id, _, number = uuid.partition(".")
        if number:
            event.mail_queue_id = uuid
    hidden = hide(level, origin, said)
    if hidden != said:
        if level == "PROTOCOL":
            event.user_name = login_name(said)
        line = event.event_original
        kept = line.removesuffix(said) if line.endswith(said) else f"[{level}] [{uuid}] [{origin}] "
        event.event_original = kept + hidden
    text = hidden.replace("\r", " ").replace("\n", " ").lstrip(" ")
    if level in ("DATA", "PROTOCOL", "DEBUG") or hidden.startswith("    at "):
        return f"debug: {text}"
    if text.startswith("[outbound] "):
        origin, text = "outbound", text[11:].lstrip(" ")
    if origin in _OUTBOUND:
        event.mail_session_id = None
        if event.mail_queue_id is not None:
            event.mail_queue_id = event.mail_queue_id.rpartition(".")[0]
    elif origin not in _CORE:
        event.set("haraka.origin", origin)
        if level in _SEVERE:
            return f"trouble: {text}"
        known = origin not in _SERVER and text.startswith(_TOLD)
        return f"plugin: {text}" if known else f"note: {text}"
    if text.startswith(_STEPS):
        return text
    if level in _SEVERE:
        return f"trouble: {text}"
    return text if level == "NOTICE" and not text.startswith(_PROSE) else f"note: {text}"


_STEPS = (
    "connect ip=", "disconnect ip=", "hook=", "sender <", "recipient <", "message mid=", "queue code=", "Invalid RCPT TO ",
    "Invalid MAIL FROM ", "client half closed", "client dropped", "client connection timed out", "bouncing mail: ",
    "Temp failing ", "delivered file=", "Created transaction: ", "Client sent bare line-feed", "client ",
    "command pipelined after end of DATA", "Double bounce: ", "Possible DoS attempt",
    "Incoming message ",
)  # fmt: skip
"""How the core and its way out begin to tell of a client or a message."""
_PROSE = (
    "MX Lookup for ", "Error - but not processing mail: ", "Error: ", "TypeError: ", "RangeError: ", "loading ", "Daemonizing",
    "HAProxy ", "pausing ", "resuming ", "Adding missing ", "Sending email via params", "outbound ", "delivery ",
    "deny(soft?) overrid",
)  # fmt: skip
"""How notes begin that they write at the level of those."""

FORMAT = Format("haraka", (), prepare=_prepare)
