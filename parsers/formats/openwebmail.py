"""Open WebMail: logins that it refuses.

`Sat Dec 28 19:05:38 2013 - [73540] (203.0.113.7) U - login error - auth_unix.pl, ret -4, Password incorrect`: the address stands
before the name.

Source: fail2ban's filter openwebmail and its sample lines.
"""

import re

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.pattern import Format

__all__ = ["FORMAT", "claim_text"]

_HEAD = re.compile(r"- \[([0-9]{1,10})\] \(([0-9A-Fa-f.:]{2,45})\) (?=\S)")

FORMAT = Format("openwebmail", ())


def claim_text(text: str) -> bool:
    """Say whether a text behind a stamp is a login that Open WebMail refused."""
    return text.startswith("- [") and " - login error - " in text and _HEAD.match(text) is not None


@FORMAT.pattern(" - login error - ", anywhere=True)
def refused(event: Event, text: str) -> bool:
    """A wrong password, or nobody of that name."""
    found = _HEAD.match(text)
    if found is None:
        return False
    event.process_pid, event.source_ip, event.network_protocol = int(found[1]), ip(found[2]), "http"
    name, _, why = text[found.end() :].partition(" - login error - ")
    event.user_name = name or None
    event.event_action, event.event_outcome = "auth-failure", "failure"
    event.event_reason = "wrong_password" if why.endswith("Password incorrect") else "credentials_rejected"
    return event.source_ip is not None
