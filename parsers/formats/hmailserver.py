"""hMailServer: the dialogue of each session, and what the server says of itself, in columns parted by tabs.

`"SMTPD"<TAB>thread<TAB>session<TAB>"2026-03-03 04:05:06.123"<TAB>"203.0.113.7"<TAB>"SENT: 535 …"`; of SMTPC it is hMailServer
that commands (`SENT`) and another server that answers (`RECEIVED`). Passwords are `***` in the log itself; names are base64.

Source: Logger.cpp, SMTPConnection.cpp, SMTPClientConnection.cpp and POP3Connection.cpp of hMailServer 5.
"""

import re

from mailwarden.parsers.address import ip
from mailwarden.parsers.claims import Names, Row
from mailwarden.parsers.event import Event
from mailwarden.parsers.life import failed, noted, started, stopped
from mailwarden.parsers.pattern import Format
from mailwarden.parsers.sasl import plain_name, spelt
from mailwarden.parsers.secrets import BLOT
from mailwarden.parsers.smtp_dialogue import read_answer, read_path

__all__ = ["FORMAT", "claim", "claim_row"]

_PREFIX = "hMailServer-"
_DIALOGUES = {"SMTPD": "smtp", "SMTPC": "smtp", "POP3D": "pop3", "IMAPD": "imap", "POP3C": "pop3"}
_OTHERS = ("APPLICATION", "DEBUG", "ERROR", "TCPIP")
_SESSION_CELLS, _OTHER_CELLS = 6, 4
_HEAD = re.compile(r"([0-9]{1,12}) (\S{2,64}) ")
_LOGIN = re.compile(r"\S{1,64} LOGIN \"?((?:[^\"\\ ]|\\.){1,255})\"?(?: |$)", re.IGNORECASE)
_CONNECTED = re.compile(r"TCP - ([0-9A-Fa-f.:]{2,45}) connected to ([0-9A-Fa-f.:]{2,45}):([0-9]{1,5})\.$")
_PROTOCOLS = {25: "smtp", 465: "smtp", 587: "smtp", 110: "pop3", 995: "pop3", 143: "imap", 993: "imap"}
_VERBS = frozenset({"HELP", "NOOP", "QUIT", "RSET", "STARTTLS", "TURN", "ETRN"})  # base64 by chance
_REASONS = (
    ("delivery is not allowed to this address", "relay_denied"),
    ("smtp authentication is required", "relay_denied"),
    ("unknown user", "unknown_recipient"),
    ("account is not active", "unknown_recipient"),
    ("please try again later", "greylist"),
    ("message size exceeds", "too_big"),
    ("too many recipients", "rate_limit"),
    ("too many", "rate_limit"),
    ("sender address must be specified", "access_map"),
    ("invalid domain address", "helo_invalid"),
    ("blocked by spf", "spf_fail"),
    ("bare lf", "smtp_smuggling"),
    ("spam", "spam"),
    ("listed", "dnsbl"),
    ("rejected by", "dnsbl"),
)


def _prepare(event: Event, text: str) -> str:
    """Take the session and the other side's address off."""
    found = _HEAD.match(text)
    if found is None or event.process_name not in _DIALOGUES:
        return text
    event.network_protocol = _DIALOGUES[str(event.process_name)]
    event.mail_session_id = found[1]
    if event.process_name in ("SMTPC", "POP3C"):
        event.destination_ip = ip(found[2])
    else:
        event.source_ip = ip(found[2])
    return text[found.end() :]


FORMAT = Format("hmailserver", (*_DIALOGUES, *_OTHERS), prepare=_prepare)


def claim(tag: str) -> Names | None:
    """Claim the rows, which `claim_row` puts under the name of their kind."""
    kind = tag.removeprefix(_PREFIX)
    return (kind, "hmailserver", None) if kind != tag and kind in FORMAT.programs else None


def claim_row(names: list[str], texts: list[str]) -> Row | None:
    """Give a row of hMailServer's log as its patterns read it: session, address and text, or the text alone."""
    if names or not texts:
        return None
    kind = texts[0]
    if kind in _DIALOGUES and len(texts) >= _SESSION_CELLS and texts[2].isdecimal() and ip(texts[4]) is not None:
        return Row(_PREFIX + kind, texts[3], f"{texts[2]} {texts[4]} {_text(texts[5:])}")
    if kind in _OTHERS and len(texts) >= _OTHER_CELLS and texts[1].isdecimal():
        return Row(_PREFIX + kind, texts[2], _text(texts[3:]))
    return None


def _text(cells: list[str]) -> str:
    """Give the last column as it was logged: what stands in it is not escaped, a client's quotes and tabs end nothing."""
    return "\t".join(cells).removeprefix('"')


# ------------------------------------------------------------------ what the server says, or a server that it called


@FORMAT.pattern("SENT: ", programs=("SMTPD",))
def answered(event: Event, rest: str) -> bool:
    """An answer to a client."""
    answer = read_answer(rest)
    if answer is None:
        return noted(event)
    code, lower = answer.code, answer.text.lower()
    if code == 235:
        event.event_action, event.event_outcome = "auth-success", "success"
    elif code == 535:
        event.event_action, event.event_outcome = "auth-failure", "failure"
        event.event_reason = "credentials_rejected"
    elif code == 504:
        event.event_action, event.event_outcome, event.event_reason = "auth-failure", "failure", "mech_unsupported"
    elif answer.text.startswith("Queued ("):
        event.event_action = "message-received"
    elif code < 400:
        return noted(event)
    elif code in (500, 502, 503):
        event.event_action = "protocol-error"
    else:
        event.event_action, event.event_outcome = "reject", "failure"
        event.mail_reject_temporary = code < 500
        event.event_reason = next((reason for words, reason in _REASONS if words in lower), "other")
        if event.event_reason == "relay_denied":
            event.smtp_stage = "RCPT"
    answer.put(event)
    return True


@FORMAT.pattern("RECEIVED: ", programs=("SMTPC",))
def was_answered(event: Event, rest: str) -> bool:
    """Another server's answer; of which recipients it is, the session tells."""
    answer = read_answer(rest)
    if answer is None or 300 <= answer.code < 400 or rest[3:4] == "-":  # it waits for more, or has more to say
        return noted(event)
    answer.put(event)
    if answer.code < 400:
        return noted(event)
    event.event_action, event.event_outcome = "delivery", "failure"
    event.mail_delivery_status = "bounced" if answer.code >= 500 else "deferred"
    return True


# ------------------------------------------------------------------ what a client says, or the server as one


@FORMAT.pattern("RECEIVED: ", programs=("SMTPD",))
@FORMAT.pattern("SENT: ", programs=("SMTPC",))
def commanded(event: Event, rest: str) -> bool:
    """A command, or the name of a login."""
    verb = rest[:5].upper()
    if read_path(event, rest):
        return noted(event)
    if verb in ("EHLO ", "HELO "):
        event.smtp_helo = rest[5:260].strip() or None
    elif verb == "AUTH ":
        event.smtp_stage = "AUTH"
        method, _, initial = rest[5:].partition(" ")
        event.mail_sasl_method = method.upper()[:32] or None
        if method.upper() == "LOGIN" and initial:
            event.user_name = spelt(initial)
        elif initial:
            event.event_original = event.event_original.replace(initial, BLOT)
            event.user_name = plain_name(initial)
    elif rest.upper() == "DATA":
        event.smtp_stage = "DATA"
    elif event.process_name == "SMTPD" and rest.upper() not in _VERBS and (name := spelt(rest)) is not None:
        if "\0" in name:  # PLAIN's answer holds the password, too
            event.event_original = event.event_original.replace(rest, BLOT)
        event.smtp_stage, event.user_name = "AUTH", plain_name(rest) if "\0" in name else name
    return noted(event)


# ------------------------------------------------------------------ POP3 and IMAP


@FORMAT.pattern("RECEIVED: ", programs=("POP3D", "IMAPD"))
def asked(event: Event, rest: str) -> bool:
    """A command; a login's names who wants in."""
    login = _LOGIN.match(rest) if event.process_name == "IMAPD" else None
    if login is not None:
        event.user_name, event.smtp_stage = login[1], "AUTH"
        behind = rest[login.end() :]
        if behind and behind != "***":
            event.event_original = event.event_original.replace(behind, BLOT)
    elif event.process_name == "POP3D" and rest[:5].upper() == "USER ":
        event.user_name, event.smtp_stage = rest[5:].strip() or None, "AUTH"
    elif rest[:5].upper() == "PASS " and rest[5:] != "***":
        event.event_original = event.event_original.replace(rest[5:], BLOT)
    return noted(event)


@FORMAT.pattern("SENT: ", programs=("POP3D", "IMAPD"))
def told(event: Event, rest: str) -> bool:
    """An answer; of a login, whether it was let in."""
    if rest.startswith("+OK Mailbox locked and ready") or " OK LOGIN completed" in rest[:84]:
        event.event_action, event.event_outcome = "auth-success", "success"
        return True
    if "Invalid user name or password" in rest[:120] and ("-ERR " in rest[:5] or " NO " in rest[:70]):
        event.event_action, event.event_outcome = "auth-failure", "failure"
        event.event_reason = "credentials_rejected"
        return True
    return noted(event)


@FORMAT.pattern("SENT: ", "RECEIVED: ", programs=("POP3C",))
def fetched(event: Event, rest: str) -> bool:  # noqa: ARG001
    """hMailServer fetches mail from another server."""
    return noted(event)


# ------------------------------------------------------------------ the server itself


@FORMAT.pattern("TCP - ", programs=("TCPIP",))
def connected(event: Event, rest: str) -> bool:
    """A connection."""
    found = _CONNECTED.match("TCP - " + rest)
    if found is None:
        return noted(event)
    event.event_action = "connection-open"
    event.source_ip, event.destination_port = ip(found[1]), int(found[3])
    event.network_protocol = _PROTOCOLS.get(event.destination_port)
    return True


@FORMAT.pattern("hMailServer SpamProtection rejected ", programs=("APPLICATION",))
@FORMAT.pattern("SMTPDeliverer - ", "Spam ", "Message ", "Rule ", "Creating ", "Indexing ", programs=("APPLICATION",))
def noted_down(event: Event, rest: str) -> bool:  # noqa: ARG001
    """A step of the queue's; what became of a message stands in its dialogue."""
    return noted(event)


@FORMAT.pattern("Application - Running", "Starting servers", programs=("APPLICATION",))
def begun(event: Event, rest: str) -> bool:  # noqa: ARG001
    """The service starts."""
    return started(event)


@FORMAT.pattern("Application - Stopped", "Stopping servers", programs=("APPLICATION",))
def ended(event: Event, rest: str) -> bool:  # noqa: ARG001
    """The service stops."""
    return stopped(event)


@FORMAT.pattern("Severity: ", programs=("ERROR",))
def trouble(event: Event, rest: str) -> bool:
    """A fault, with its weight and its number."""
    return failed(event, level="warning" if rest.startswith(("3 ", "4 ")) else "error")
