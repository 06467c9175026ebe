"""Mailu's admin container, which knows the passwords: whom it lets try no more.

`WARNING in limiter: Authentication attempt from 203.0.113.7 has been rate-limited.`, behind a stamp in brackets. What a password
was said to be stands in the log of the nginx before it (`formats/nginx.py`).

Source: core/admin/mailu/limiter.py of Mailu 1.9 to 2024.06.
"""

import re

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.pattern import Format

__all__ = ["FORMAT", "claim_text"]

_LIMITED = "WARNING in limiter: Authentication attempt from "
_TRY = re.compile(r"([0-9A-Fa-f.:]{2,45})(?: for (.*))? has been rate-limited\.$", re.DOTALL)


def claim_text(text: str) -> bool:
    """Say whether a text behind the stamp of an own file is of Mailu's limiter."""
    return text.startswith(_LIMITED)


FORMAT = Format("mailu", ())


@FORMAT.pattern(_LIMITED)
def limited(event: Event, rest: str) -> bool:
    """A try that nobody looked at: its address, or its account, has failed too often."""
    found = _TRY.match(rest)
    if found is None:
        return False
    event.source_ip, event.user_name = ip(found[1]), found[2] or None
    event.event_action, event.event_outcome, event.event_reason = "auth-failure", "failure", "rate_limited"
    return event.source_ip is not None
