"""A login that failed. Exim tells of no login that went well but by `A=` on what the session did then.

Exim cannot tell an unknown account from a wrong password.

Source: src/src/smtp_in.c (smtp_in_auth), src/src/host.c of Exim 4.92 to 4.100; the text has `H=` since 4.99.
"""

import re

from mailwarden.parsers.address import is_loopback
from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.exim.peer import fields, peer, to_destination
from mailwarden.parsers.formats.exim.prefix import FORMAT

__all__ = ["auth_failed", "own_login_failed"]

_NAME = re.compile(r"([\w.-]{0,64}) ?authenticator failed for ")
_VERDICT = re.compile(r" ?: (\d{3}) ")
_SET_ID = "(set_id="
_PROBE = "__cpanel__service__auth__"

_SYNTAX = {
    "Invalid base64 data": ("auth-failure", "invalid_encoding"),
    "Authentication cancelled": ("auth-failure", "aborted"),
    "Initial data not expected": ("auth-failure", "invalid_encoding"),
}


def _follows(text: str, at: int) -> tuple[int, int] | None:
    """Behind a client comes the verdict; the name that was tried may hold anything."""
    end = fields(Event(), text, at)
    if _VERDICT.match(text, end) is None:
        return None
    own = text.find(_SET_ID, end)
    return (own if own >= 0 else len(text)), len(text)


@FORMAT.pattern("authenticator failed for ", anywhere=True)
def auth_failed(event: Event, text: str) -> bool:
    """A client's login was refused, or could not be judged."""
    name = _NAME.match(text)
    if name is None:
        return False
    end = peer(event, text, name.end(), _follows)
    if end is None:
        return False
    end = fields(event, text, end)
    verdict = _VERDICT.match(text, end)
    if verdict is None:
        return False
    code = int(verdict.group(1))
    said = text[verdict.end() :]
    event.mail_sasl_method = name.group(1) or None
    event.network_protocol = "smtp"
    event.smtp_stage = "AUTH"
    event.smtp_reply_code = code
    event.event_action = "auth-failure"
    event.event_outcome = "failure"
    event.event_reason = "credentials_rejected"
    said = _user(event, said)
    for words, (action, reason) in _SYNTAX.items():
        if said.startswith(words):
            event.event_action, event.event_reason = action, reason
    if code // 100 == 4:
        event.event_action = "auth-error"
        event.event_outcome = "unknown"
        event.event_reason = "backend_unavailable" if code == 435 else "temp_fail"
    if said:
        event.smtp_reply_text = said[:1000]
    if event.user_name and event.user_name.startswith(_PROBE) and _from_here(event):
        event.set("mailwarden.probe", True)
    return True


def _user(event: Event, said: str) -> str:
    """Take the name that was tried off what was said; the name may hold such a mark of its own: the last one counts."""
    mark = said.rfind(_SET_ID)
    if mark < 0:
        return said
    end = len(said) - 1 if said.endswith(")") else said.rfind("): ", mark)
    if end < 0:
        return said
    if said.find(_SET_ID) != mark:
        event.mail_parse_ambiguous = True
    if end > mark + len(_SET_ID):
        event.user_name = said[mark + len(_SET_ID) : end]
    return (said[: said.find(_SET_ID)].rstrip() + said[end + 1 :]).strip()


def _from_here(event: Event) -> bool:
    address = event.source_ip
    return address is not None and (is_loopback(address) or address == event.destination_ip)


@FORMAT.pattern(" authenticator failed H=", anywhere=True)
@FORMAT.pattern(" authenticator cancelled authentication H=", anywhere=True)
def own_login_failed(event: Event, text: str) -> bool:
    """The server we send through refused our own login."""
    name, failed, rest = text.partition(" authenticator failed H=")
    if not failed:
        name, failed, rest = text.partition(" authenticator cancelled authentication H=")
    if not failed or not name.replace("_", "").replace("-", "").isalnum():
        return False
    end = peer(event, rest, 0, lambda line, at: (at, len(line)))
    if end is None:
        return False
    to_destination(event)
    event.event_action = "service-error"
    event.event_outcome = "failure"
    event.mail_sasl_method = name
    event.network_protocol = "smtp"
    verdict = re.match(r"[ :]{1,3}(\d{3}) ", rest[end:])
    if verdict is not None:
        event.smtp_reply_code = int(verdict.group(1))
        if event.smtp_reply_code >= 500:
            event.event_reason = "credentials_rejected"
    return True
