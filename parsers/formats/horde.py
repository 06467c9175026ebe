"""Horde, the webmail of Plesk and older cPanel: who logged in, who was refused, from where.

`HORDE [error] [imp] FAILED LOGIN for U [203.0.113.7] to {imap.example.org:143 [imap/notls]} [pid 7 on line 139 of "…"]`, in a
file of its own or by syslog. The name is the client's own text, so the address is read from the end; what a client says of
a forwarder stands behind the address and is not read.

Source: imp/lib/Auth of Horde 3, Horde_Core_Auth_Application of Horde 5, Horde_Log_Formatter_Simple.
"""

import re

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.life import failed, noted
from mailwarden.parsers.pattern import Format

__all__ = ["FORMAT", "claim_text"]

_HEAD = re.compile(
    r"(?:(?:EMERG|ALERT|CRIT|ERR|WARN|NOTICE|INFO|DEBUG): )?(?:HORDE:? )?"
    r"(?:\[(?:emergency|alert|critical|error|warning|notice|info|debug)\] )?(?=\[[a-z]{1,20}\] )"
)
_TRY = re.compile(
    r"(.*) (?:\[([0-9A-Fa-f.:]{2,45})\]|\(([0-9A-Fa-f.:]{2,45})\))(?: ?\(forwarded for [^()]{0,255}\))?"
    r" to (?:Horde|horde|[a-z/]{1,20}|\{[^{}]{1,255}\})\.?(?: \[(?:pid [0-9]{1,10} )?on line [0-9]{1,9} of .{1,255}\])?$",
    re.DOTALL,
)
_PARTS = ("[horde] ", "[imp] ", "[ingo] ", "[turba] ", "[kronolith] ", "[nag] ", "[mnemo] ", "[passwd] ")


def claim_text(text: str) -> bool:
    """Say whether a text behind the stamp of an own file is Horde's."""
    return text.startswith(("HORDE ", "HORDE: ")) or (": HORDE " in text[:16] and _HEAD.match(text) is not None)


def _prepare(event: Event, text: str) -> str:
    """Take the level and the name off."""
    event.network_protocol = "http"
    found = _HEAD.match(text)
    return text[found.end() :] if found else text


FORMAT = Format("horde", ("HORDE", "horde"), prepare=_prepare)


def _read(event: Event, rest: str, outcome: str) -> bool:
    found = _TRY.match(rest)
    if found is None:
        return False
    event.source_ip, event.user_name = ip(found[2] or found[3]), found[1] or None
    event.event_action, event.event_outcome = f"auth-{outcome}", outcome
    return event.source_ip is not None


@FORMAT.pattern("[horde] FAILED LOGIN for ", "[imp] FAILED LOGIN for ")
def refused(event: Event, rest: str) -> bool:
    """A login that Horde, or the IMAP server behind it, refused."""
    event.event_reason = "credentials_rejected"
    return _read(event, rest, "failure")


@FORMAT.pattern("[horde] Login success for ", "[imp] Login success for ")
def logged_in(event: Event, rest: str) -> bool:
    """A login that succeeded."""
    return _read(event, rest, "success")


@FORMAT.pattern("[imp] [login] ", "[imp] [logout] ")
@FORMAT.pattern("[imp] Message sent to ", "[horde] User ", "[imp] Logout for ", "[imp] Login ", "[horde] Login ")
def other(event: Event, rest: str) -> bool:
    """Anything else that people do."""
    return not rest.startswith("success for ") and noted(event)


@FORMAT.pattern(" on line ", anywhere=True)
def trouble(event: Event, text: str) -> bool:
    """A fault of the webmail, with the place in its code."""
    known = ("LOGIN for ", "Login ", "[login] ", "[logout] ", "Message sent to ", "Logout for ", "User ")
    rest = text.partition("] ")[2].removeprefix("FAILED ")
    return text.startswith(_PARTS) and not rest.startswith(known) and failed(event, level="warning")
