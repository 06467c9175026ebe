"""MDaemon: the dialogue of each SMTP session, connections that its screening refuses, addresses that it shuts out.

`Tue 2026-03-03 04:05:06.123: 05: --> 535 5.7.8 Authentication failed`: when, a level (newer versions), `[session:child]` where
that is logged, and what is said: `<-- ` by the client, `--> ` by MDaemon. By default a session is written as one block when it
has ended, and its first lines alone tell which it is and who called: `blocks.py` carries the session on. What an answer means
is told by its code (RFC 5321). A client's base64, which may be a password, is not kept; whose login it is, is read in it.
In its log of Dynamic Screening, `260303 040506123 I [1002FA89] 0x415041A1 Block List: IMAP: Blocking IP:203.0.113.7 (…)`.

Source: MDaemon's manual, "Logging Settings"; HannahVernon/viegard-sentinel's reader of version 26 and its tests; readers of
versions 17 and 18. What they do not show (its wording for deliveries, for logins by IMAP and POP3) is not read.
"""

import re

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.life import noted
from mailwarden.parsers.pattern import Format
from mailwarden.parsers.sasl import plain_name
from mailwarden.parsers.secrets import BLOT, blot
from mailwarden.parsers.smtp_dialogue import BAD_COMMANDS, read_answer, read_path

__all__ = ["FORMAT", "claim_text"]

_LEVEL = r"[0-9]{2}: "
_ID = r"\[([0-9]{1,12})(?::[0-9]{1,12})?\] "
_SCREENING = r"[A-Z] \[[0-9A-F]{8}\] 0x[0-9A-F]{8} "
_PREFIX = re.compile(rf"{_SCREENING}|(?:{_LEVEL})?(?:{_ID})?")
_PEER = r"\[?([0-9A-Fa-f.:]{2,45}):([0-9]{1,5})\]?"
_SAID = re.compile(
    rf"(?:{_LEVEL})?(?:{_ID})?(?:Session [0-9]{{1,12}}; child [0-9]|SMTP session (?:successful|terminated)"
    rf"|Accepting [A-Z0-9]{{3,12}} connection from {_PEER} to "
    r"|Host screening refused connection to |Location Screening: IP )"
    rf"|{_LEVEL}(?:{_ID})?(?:<--|-->) "
    rf"|{_SCREENING}(?:Block List: |Mgmt Add: |TrustedIP: )"
)
_SESSION = re.compile(r"([0-9]{1,12}); child [0-9]{1,12}$")
_ACCEPTED = re.compile(rf"([A-Z0-9]{{3,12}}) connection from {_PEER} to {_PEER}$")
_PROTOCOLS = {"SMTP": "smtp", "IMAP": "imap", "POP": "pop3", "POP3": "pop3"}
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$")
_SECRET = re.compile(r"(PASS |\S{1,64} LOGIN (?:\"(?:[^\"\\]|\\.){0,255}\"|\S{1,255}) )", re.IGNORECASE)
_VERBS = frozenset({"DATA", "HELP", "NOOP", "QUIT", "RSET", "STARTTLS"})
_REFUSED = re.compile(rf"{_PEER} from \S{{0,255}} \[([0-9A-Fa-f.:]{{2,45}}):([0-9]{{1,5}})\] \(matched to line ")
_ABROAD = re.compile(r"([0-9A-Fa-f.:]{2,45}) matched to (.{1,200}?); connection blocked(?:; port ([0-9]{1,5}))?")
_BLOCKING = re.compile(r"([A-Z0-9]{3,12}): Blocking IP:([0-9A-Fa-f.:]{2,45})(?: \([^()]{1,200}\))?$")
_REASONS = (
    ("relay", "relay_denied"), ("unknown", "unknown_recipient"), ("no such", "unknown_recipient"),
    ("mailbox unavailable", "unknown_recipient"), ("too many", "rate_limit"), ("spf", "spf_fail"),
    ("black list", "dnsbl"), ("listed", "dnsbl"), ("greylist", "greylist"), ("size", "too_big"),
)  # fmt: skip


def _prepare(event: Event, text: str) -> str:
    """Take the level and the session off."""
    found = _PREFIX.match(text)
    if event.process_pid is not None:  # `[981023] ` right behind the stamp
        event.mail_session_id, event.process_pid = str(event.process_pid), None
    if found is None:
        return text
    event.mail_session_id = found[1].lstrip("0") if found[1] else event.mail_session_id
    return text[found.end() :]


FORMAT = Format("mdaemon", (), prepare=_prepare)


def claim_text(text: str) -> bool:
    """Say whether a text behind the stamp is MDaemon's."""
    return _SAID.match(text) is not None


# ------------------------------------------------------------------ sessions


@FORMAT.pattern("Session ")
def begins(event: Event, rest: str) -> bool:
    """A session, as the lines that follow are of it."""
    found = _SESSION.match(rest)
    if found is None:
        return False
    event.mail_session_id = found[1].lstrip("0")
    return noted(event)


@FORMAT.pattern("Accepting ")
def connected(event: Event, rest: str) -> bool:
    """A client."""
    found = _ACCEPTED.match(rest)
    if found is None or found[1] not in _PROTOCOLS:
        return False
    event.event_action, event.network_protocol = "connection-open", _PROTOCOLS[found[1]]
    event.source_ip, event.source_port = ip(found[2]), int(found[3])
    event.destination_ip, event.destination_port = ip(found[4]), int(found[5])
    return event.source_ip is not None


@FORMAT.pattern("SMTP session successful", "SMTP session terminated")
def ended(event: Event, rest: str) -> bool:  # noqa: ARG001
    """A session ends."""
    event.event_action, event.network_protocol = "connection-close", "smtp"
    return True


@FORMAT.pattern("-----")
def parted(event: Event, rest: str) -> bool:  # noqa: ARG001
    """What parts two sessions, or two parts of a long one."""
    return noted(event)


@FORMAT.pattern("--> ")
def answered(event: Event, rest: str) -> bool:
    """What MDaemon says: an answer, or its own command to another server."""
    answer = read_answer(rest)
    if answer is None:
        return noted(event)
    event.network_protocol, code = "smtp", answer.code
    answer.put(event)
    if code == 235:
        event.event_action, event.event_outcome, event.smtp_stage = "auth-success", "success", "AUTH"
    elif code == 535:
        event.event_action, event.event_outcome, event.smtp_stage = "auth-failure", "failure", "AUTH"
        event.event_reason = "credentials_rejected"
    elif code < 400:
        return noted(event)
    elif code in BAD_COMMANDS:
        event.event_action, event.event_outcome = "protocol-error", "failure"
    else:
        event.event_action, event.event_outcome, event.mail_reject_temporary = "reject", "failure", code < 500
        lower = answer.text.lower()
        event.event_reason = next((reason for words, reason in _REASONS if words in lower), "other")
    return True


@FORMAT.pattern("<-- ")
def commanded(event: Event, rest: str) -> bool:
    """What a client says, or another server answers."""
    verb = rest[:5].upper()
    if read_path(event, rest):
        return noted(event)
    if verb in ("EHLO ", "HELO "):
        event.smtp_helo = rest[5:260].strip() or None
    elif verb == "AUTH ":
        event.smtp_stage = "AUTH"
        method, _, initial = rest[5:].partition(" ")
        event.mail_sasl_method = method.upper()[:32] or None
        if initial:
            event.user_name = plain_name(initial) if event.mail_sasl_method == "PLAIN" else None
            blot(event, rest, f"{rest[:5]}{method} {BLOT}")
    elif rest.strip().upper() == "DATA":
        event.smtp_stage = "DATA"
    elif secret := _SECRET.match(rest):
        blot(event, rest, f"{secret[1]}{BLOT}")
    elif rest.upper() not in _VERBS and _BASE64.match(rest):
        name = plain_name(rest)
        if name is not None:
            event.smtp_stage, event.user_name = "AUTH", name
        blot(event, rest, BLOT)
    return noted(event)


# ------------------------------------------------------------------ screening


@FORMAT.pattern("Host screening refused connection to ")
def refused(event: Event, rest: str) -> bool:
    """A client whose host may not connect."""
    found = _REFUSED.match(rest)
    if found is None:
        return False
    event.destination_ip, event.destination_port = ip(found[1]), int(found[2])
    event.source_ip, event.source_port = ip(found[3]), int(found[4])
    return _turned_away(event)


@FORMAT.pattern("Location Screening: IP ")
def abroad(event: Event, rest: str) -> bool:
    """A client from a country that may not connect."""
    found = _ABROAD.match(rest)
    if found is None:
        return False
    event.source_ip, event.destination_port = ip(found[1]), int(found[3]) if found[3] else None
    return _turned_away(event)


def _turned_away(event: Event) -> bool:
    event.event_action, event.event_outcome, event.event_reason = "reject", "failure", "access_map"
    event.smtp_stage = "CONNECT"
    return event.source_ip is not None


@FORMAT.pattern("Block List: ")
def screened(event: Event, rest: str) -> bool:
    """Dynamic Screening shuts an address out, or refuses one that it has shut out."""
    found = _BLOCKING.match(rest)
    if found is None:
        return noted(event)
    event.event_action, event.source_ip = "ban", ip(found[2])
    event.network_protocol = _PROTOCOLS.get(found[1])
    return event.source_ip is not None


@FORMAT.pattern("Mgmt Add: ", "TrustedIP: ")
def listed(event: Event, rest: str) -> bool:  # noqa: ARG001
    """The same told again, or an address that is never shut out."""
    return noted(event)
