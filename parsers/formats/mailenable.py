"""MailEnable: its SMTP activity log, a row a command with its answer, in columns parted by tabs.

`03/03/26 04:05:06⇥SMTP-IN⇥1A2B….MAI⇥908⇥203.0.113.7⇥AUTH⇥…⇥535 Invalid Username or Password⇥34⇥14⇥ann@example.org`: when,
from (`SMTP-IN`) or to (`SMTP-OU`) another side, the message's file, the socket, the address, the command, its arguments, the
answer, bytes, and the login. The command of a login holds the password, as base64: it is not kept. What an answer means is told
by its code (RFC 5321).

Source: MailEnable's knowledge base, ME020170; rows of version 9.76.
"""

import re

from mailwarden.parsers.address import ip
from mailwarden.parsers.claims import Names, Row
from mailwarden.parsers.event import Event
from mailwarden.parsers.life import noted
from mailwarden.parsers.pattern import Format
from mailwarden.parsers.secrets import BLOT
from mailwarden.parsers.smtp_dialogue import BAD_COMMANDS, read_answer

__all__ = ["FORMAT", "claim", "claim_row"]

_PREFIX = "MailEnable-"
_WAYS = {"SMTP-IN": "SMTP-IN", "SMTP-OU": "SMTP-OU"}
_CELLS = 10  # up to the bytes of the answer
_USER = 10
_FILE = re.compile(r"[0-9A-Za-z]{1,64}\.MAI", re.IGNORECASE)
_PATH = re.compile(r"(?:MAIL FROM|RCPT TO|FROM|TO):\s?<([^<>]{0,512})>", re.IGNORECASE)
_REASONS = (
    ("requires authentication", "relay_denied"), ("relay", "relay_denied"),
    ("mailbox unavailable", "unknown_recipient"), ("unknown", "unknown_recipient"), ("no such", "unknown_recipient"),
    ("too many", "rate_limit"), ("spf", "spf_fail"), ("listed", "dnsbl"), ("black", "dnsbl"), ("greylist", "greylist"),
    ("size", "too_big"), ("access denied", "access_map"),
)  # fmt: skip
_LONGEST = 1000


def claim(tag: str) -> Names | None:
    """Claim the rows, which `claim_row` puts under the name of their way."""
    way = tag.removeprefix(_PREFIX)
    return (way, "mailenable", None) if way != tag and way in _WAYS else None


def claim_row(names: list[str], texts: list[str]) -> Row | None:
    """Give a row of the activity log as its patterns read it."""
    if names or len(texts) < _CELLS or texts[1] not in _WAYS or not texts[3].isdecimal() or ip(texts[4]) is None:
        return None
    if _FILE.fullmatch(texts[2]) is None:
        return None
    # A client's tab would move the answer: behind it stand two numbers, or nothing of the row is believed.
    is_whole = len(texts) <= _USER + 2 and texts[8].isdecimal() and texts[9].isdecimal()
    user = texts[_USER] if len(texts) > _USER else ""
    told = (f"{texts[3]}-{texts[4]}", texts[4], texts[5].upper() or "-", user, texts[7], texts[6])
    return Row(_PREFIX + texts[1], texts[0], "row: " + "\t".join(told if is_whole else told[:2]))


FORMAT = Format("mailenable", tuple(_WAYS))


def _read(event: Event, rest: str) -> tuple[str, int, str, str, str]:
    """Set the session and the other side; give the command, the answer's code, what was logged in, and both texts."""
    session, address, command, user, reply, arguments = (*rest.split("\t", 5), "", "", "", "", "")[:6]
    event.network_protocol, event.mail_session_id = "smtp", session
    if event.process_name == "SMTP-OU":
        event.destination_ip = ip(address)
    else:
        event.source_ip = ip(address)
    if command == "AUTH" and arguments:
        event.event_original = event.event_original.replace(arguments, BLOT)
    answer = read_answer(reply)
    if answer is None or 300 <= answer.code < 400:  # it waits for more
        return command, 0, user, "", arguments
    answer.put(event)
    return command, answer.code, user, answer.text, arguments


def _addressed(event: Event, command: str, arguments: str) -> None:
    path = _PATH.search(arguments)
    event.smtp_stage = command
    if path is None:
        return
    if command == "MAIL":
        event.email_from_address = [path[1]] if path[1] else []
    elif path[1]:
        event.email_to_address = [path[1]]


@FORMAT.pattern("row: ", programs=("SMTP-IN",))
def answered(event: Event, rest: str) -> bool:
    """A client's command, and what it was answered."""
    command, code, user, said, arguments = _read(event, rest)
    if command == "AUTH":
        return _tried(event, code, user)
    if command in ("MAIL", "RCPT"):
        _addressed(event, command, arguments)
    elif command == "DATA":
        event.smtp_stage = "DATA"
    if code < 400:
        return _taken(event) if command == "DATA" and code == 250 else noted(event)
    event.event_outcome = "failure"
    if code in BAD_COMMANDS and command not in ("RCPT", "MAIL"):
        event.event_action = "protocol-error"
        return True
    event.event_action, event.mail_reject_temporary = "reject", code < 500
    lower = said.lower()
    event.event_reason = next((reason for words, reason in _REASONS if words in lower), "other")
    return True


def _taken(event: Event) -> bool:
    event.event_action, event.event_outcome, event.smtp_stage = "message-received", "success", None
    return True


def _tried(event: Event, code: int, user: str) -> bool:
    event.smtp_stage, event.user_name = "AUTH", user.strip()[:_LONGEST] or None
    if code == 235:
        event.event_action, event.event_outcome = "auth-success", "success"
    elif code == 535:
        event.event_action, event.event_outcome = "auth-failure", "failure"
        event.event_reason = "credentials_rejected"
    else:
        return noted(event)
    return True


@FORMAT.pattern("row: ", programs=("SMTP-OU",))
def was_answered(event: Event, rest: str) -> bool:
    """Our command, and another server's answer."""
    command, code, _, _, arguments = _read(event, rest)
    if command in ("MAIL", "RCPT"):
        _addressed(event, command, arguments)
    elif command == "DATA" and code < 400:
        event.smtp_stage = "DATA"
    if code < 400:
        return noted(event)
    event.smtp_stage = None
    event.event_action, event.event_outcome = "delivery", "failure"
    event.mail_delivery_status = "bounced" if code >= 500 else "deferred"
    return True
