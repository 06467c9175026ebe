"""SnappyMail and RainLoop, webmails: refused logins, from where (`auth_logging`, a file or syslog).

Source: `auth_logging_format` of application.ini, RainLoop 1.9 to SnappyMail 2.38; the name is the client's own text, behind
the address.
"""

import re

from mailwarden.parsers.address import forwarded
from mailwarden.parsers.event import Event
from mailwarden.parsers.pattern import Format

__all__ = ["FORMAT", "claim_text"]

FORMAT = Format("snappymail", ("snappymail", "SnappyMail", "rainloop", "RainLoop"))

_TRY = re.compile(r"([0-9A-Fa-f.:, ]{2,200}?) user=(.*) host=\S{0,255} port=[0-9]{0,5}$", re.DOTALL)


def claim_text(text: str) -> bool:
    """Say whether a text behind the stamp of an own file is such a line."""
    return text.startswith("Auth failed: ip=")


@FORMAT.pattern("Auth failed: ip=")
def refused(event: Event, rest: str) -> bool:
    """A login that the IMAP server refused."""
    found = _TRY.match(rest)
    event.source_ip = forwarded(found[1]) if found else None
    if found is None or event.source_ip is None:
        return False
    event.user_name = found[2] or None
    event.network_protocol = "http"
    event.event_action, event.event_outcome, event.event_reason = "auth-failure", "failure", "credentials_rejected"
    return True
