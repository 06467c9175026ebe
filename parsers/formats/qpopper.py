"""qpopper: logins that it refuses.

`[AUTH] Failed attempted login to U from host (NAME) 203.0.113.7`, and the answer to the client, which
tells of the same try: `U at NAME (203.0.113.7): -ERR [AUTH] Password supplied for "U" is incorrect.`. The first is read from its
end; of the second, which the name frames, the address counts only where both readings agree.

Source: prelude-lml's rules for qpopper and their sample lines.
"""

import re

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.life import noted
from mailwarden.parsers.pattern import Format

__all__ = ["FORMAT"]

_ATTEMPT = re.compile(r"(.*) from host \(\S{0,255}\) ([0-9A-Fa-f.:]{2,45})$", re.DOTALL)
_WHERE = re.compile(r" at \S{1,255} \(([0-9A-Fa-f.:]{2,45})\): -ERR ")

FORMAT = Format("qpopper", ("popper", "qpopper", "in.qpopper"))


def _tried(event: Event, address: str, user: str) -> bool:
    event.source_ip, event.user_name, event.network_protocol = ip(address), user or None, "pop3"
    event.event_action, event.event_outcome, event.event_reason = "auth-failure", "failure", "credentials_rejected"
    return event.source_ip is not None


@FORMAT.pattern("[AUTH] Failed attempted login to ")
def refused(event: Event, rest: str) -> bool:
    """A wrong password, or nobody of that name."""
    found = _ATTEMPT.match(rest)
    return found is not None and _tried(event, found[2], found[1])


@FORMAT.pattern(": -ERR ", anywhere=True)
def answered(event: Event, text: str) -> bool:
    """What a client was answered; a refused login is told by its own line, too."""
    if text.startswith("[AUTH] Failed attempted login to "):
        return False
    places = list(_WHERE.finditer(text))
    if not places:
        return False
    if "-ERR [AUTH] Password supplied for " not in text or len({one[1] for one in places}) > 1:
        return noted(event)
    event.set("mail.auth.teller", "answer")
    return _tried(event, places[0][1], text[: places[0].start()])
