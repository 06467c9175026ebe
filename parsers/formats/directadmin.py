"""DirectAdmin's login.log: who logged in to the panel, and who was refused.

`2026:03:03-04:05:06: '203.0.113.7' 2 failed login attempts. Account 'U'`: a line a try, with how many there were so far.

Source: fail2ban's filter directadmin and its sample lines.
"""

import re
from urllib.parse import unquote

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.pattern import Format

__all__ = ["FORMAT", "claim_text"]

_HEAD = re.compile(r":? ?'([0-9A-Fa-f.:]{2,45})' (?=[0-9]{1,9} failed login attempt|successful login to ')")
_FAILED = re.compile(r"[0-9]{1,9} failed login attempts?\. (Invalid a|A)ccount '([^']{0,255})'")
_LET_IN = re.compile(r"successful login to '([^']{0,255})'")

FORMAT = Format("directadmin", ())


def claim_text(text: str) -> bool:
    """Say whether a text behind a stamp is of DirectAdmin's log."""
    return _HEAD.match(text) is not None


def _who(event: Event, text: str) -> str | None:
    found = _HEAD.match(text)
    if found is None:
        return None
    event.source_ip, event.network_protocol = ip(found[1]), "http"
    return text[found.end() :] if event.source_ip is not None else None


@FORMAT.pattern(" failed login attempt", anywhere=True)
def refused(event: Event, text: str) -> bool:
    """A wrong password, or nobody of that name."""
    found = _FAILED.match(_who(event, text) or "")
    if found is None:
        return False
    event.user_name = unquote(found[2]) or None
    event.event_action, event.event_outcome = "auth-failure", "failure"
    event.event_reason = "unknown_user" if found[1] != "A" else "wrong_password"
    return True


@FORMAT.pattern("successful login to '", anywhere=True)
def logged_in(event: Event, text: str) -> bool:
    """The right password."""
    found = _LET_IN.match(_who(event, text) or "")
    if found is None:
        return False
    event.user_name = unquote(found[1]) or None
    event.event_action, event.event_outcome = "auth-success", "success"
    return True
