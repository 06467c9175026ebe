"""ASSP, an SMTP proxy against spam: logins that the server behind refuses, relay probes, whom it shuts out.

`Jul-30-16 17:11:05 m1-13060-05386 [Worker_1] [TLS-out] 203.0.113.7 [SMTP Error] 535 5.7.8 …`: of a message its number, the
worker, what is encrypted, what kind of line it is, the client's address. Whose password was wrong it does not say; the server
behind, which sees ASSP's own address only, may.

Source: fail2ban's filter assp and its sample lines.
"""

import re

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.life import noted
from mailwarden.parsers.pattern import Format

__all__ = ["FORMAT", "claim_text"]

_HEAD = re.compile(
    r"(?:[a-z]{0,3}[0-9]{0,4}-[0-9]{3,10}-[0-9]{3,10} )?(?:\[Worker_[0-9]{1,5}\] )?(?:\[(?:SSL|TLS)-(?:in|out)\] ){0,2}"
    r"(?:\[([A-Za-z]{3,40})\] )?(Blocking )?([0-9A-Fa-f.:]{4,45}) "
)
_RELAY = re.compile(r"(?:<([^<>]{0,320})> )?to: (\S{1,320}) relay attempt blocked for: (\S{1,320})")
_REFUSED = "[SMTP Error] 535 "
_TOO_OFTEN = "max sender authentication errors ("
_RELAYS = "relay attempt blocked for: "
_UNENCRYPTED = "SSL negotiation with client failed: "

FORMAT = Format("assp", ("assp",))


def claim_text(text: str) -> bool:
    """Say whether a text behind ASSP's own stamp is ASSP's."""
    found = _HEAD.match(text)
    return found is not None and ip(found[3]) is not None and (text[:1] in "[mB" or " SSL negotiation " in text)


def _client(event: Event, text: str, words: str = "") -> str | None:
    """Set who is connected; give what stands behind him, where it begins with these words."""
    found = _HEAD.match(text)
    if found is None or found[2]:
        return None
    event.network_protocol, event.source_ip = "smtp", ip(found[3])
    return text[found.end() :] if event.source_ip is not None and text.startswith(words, found.end()) else None


@FORMAT.pattern(_REFUSED, anywhere=True)
def refused(event: Event, text: str) -> bool:
    """The server behind refuses a login."""
    rest = _client(event, text, _REFUSED)
    if rest is None:
        return False
    event.event_action, event.event_outcome, event.event_reason = "auth-failure", "failure", "credentials_rejected"
    event.smtp_reply_code, event.smtp_stage = 535, "AUTH"
    if "Connection lost to authentication server" in rest:  # Postfix's own trouble
        event.event_action, event.event_outcome, event.event_reason = "auth-error", "unknown", "backend_unavailable"
    return True


@FORMAT.pattern(_TOO_OFTEN, anywhere=True)
def too_often(event: Event, text: str) -> bool:
    """A client is sent away because its logins failed."""
    if _client(event, text, _TOO_OFTEN) is None:
        return False
    event.event_action, event.event_outcome, event.event_reason = "auth-failure", "failure", "credentials_rejected"
    event.set("mail.auth.teller", "limit")
    return True


@FORMAT.pattern(" - too much AUTH errors (", anywhere=True)
def banned(event: Event, text: str) -> bool:
    """An address is shut out for its failed logins."""
    found = _HEAD.match(text)
    if found is None or not found[2] or not text.startswith("- too much AUTH errors (", found.end()):
        return False
    event.event_action, event.source_ip = "ban", ip(found[3])
    return True


@FORMAT.pattern(_RELAYS, anywhere=True)
def relay(event: Event, text: str) -> bool:
    """A stranger wants to write to strangers."""
    found = _RELAY.match(_client(event, text) or "")
    if found is None:
        return False
    event.event_action, event.event_outcome, event.event_reason = "reject", "failure", "relay_denied"
    event.smtp_stage = "RCPT"
    event.email_from_address = [found[1]] if found[1] else None
    event.email_to_address = [found[3]]
    return True


@FORMAT.pattern(_UNENCRYPTED, anywhere=True)
def not_encrypted(event: Event, text: str) -> bool:
    """A session was to be encrypted, and is not."""
    rest = _client(event, text, _UNENCRYPTED)
    if rest is None:
        return False
    event.event_action, event.event_outcome, event.tls_established = "tls-failed", "failure", False
    event.set("error.message", rest.removeprefix(_UNENCRYPTED)[:200])
    return True


@FORMAT.pattern("[Worker_", anywhere=True)
def note(event: Event, rest: str) -> bool:
    """What it says of a message beside."""
    return not any(words in rest for words in ("535 ", _TOO_OFTEN, _RELAYS, _UNENCRYPTED)) and noted(event)
