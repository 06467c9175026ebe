"""solid-pop3d: logins that it refuses: `authentication failed for user U - 203.0.113.7`; the address is read from the end.

Source: fail2ban's filter solid-pop3d and its sample lines.
"""

import re

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.pattern import Format

__all__ = ["FORMAT"]

_END = re.compile(r"(.*) - ([0-9A-Fa-f.:]{2,45})$", re.DOTALL)

FORMAT = Format("solid_pop3d", ("solid-pop3d", "spop3d"))


def _tried(event: Event, rest: str, reason: str) -> bool:
    found = _END.match(rest)
    if found is None:
        return False
    event.source_ip, event.user_name = ip(found[2]), found[1].strip() or None
    event.network_protocol = "pop3"
    event.event_action, event.event_outcome, event.event_reason = "auth-failure", "failure", reason
    return event.source_ip is not None


@FORMAT.pattern("authentication failed for user ", "APOP authentication failed for user ")
def refused(event: Event, rest: str) -> bool:
    """A wrong password."""
    return _tried(event, rest, "credentials_rejected")


@FORMAT.pattern("authentication failed: can't map user name: ")
def unknown(event: Event, rest: str) -> bool:
    """Nobody of that name."""
    return _tried(event, rest, "unknown_user")


@FORMAT.pattern("root login not allowed")
def root(event: Event, rest: str) -> bool:
    """Root may not."""
    return _tried(event, "root" + rest, "policy")
