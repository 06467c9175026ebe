"""SOGo, a webmail and groupware: logins, from where. The servers behind it see its own address only.

Where a proxy stands in front, the address is the list that `X-Forwarded-For` held: a client may write its beginning himself,
the proxies that we trust have written its end.

Source: SoObjects/SOGo/SOGoUserManager.m and UI/MainUI/SOGoRootPage.m of SOGo 4 and 5; mailcow's containers.
"""

import re

from mailwarden.parsers.address import forwarded
from mailwarden.parsers.event import Event
from mailwarden.parsers.life import noted
from mailwarden.parsers.pattern import Format

__all__ = ["FORMAT"]

FORMAT = Format("sogo", ("sogod",))

_REQUEST = re.compile(r"[0-9A-Fa-f.:, ]{2,200} \"[A-Z]{3,9} ")
_LOGIN = re.compile(r"from '([^']{2,400})' for user '(.*)' (?:might not have worked|- expire = )", re.DOTALL)


def _read(event: Event, rest: str, outcome: str) -> bool:
    found = _LOGIN.match(rest)
    event.source_ip = forwarded(found[1]) if found else None
    if found is None or event.source_ip is None:
        return False
    event.user_name = found[2] or None
    event.network_protocol = "http"
    event.event_action, event.event_outcome = f"auth-{outcome}", outcome
    return True


@FORMAT.pattern("SOGoRootPage Login ")
def refused(event: Event, rest: str) -> bool:
    """A login that was refused; with a code of LDAP's password policy that says why."""
    event.event_reason = "credentials_rejected"
    return _read(event, rest, "failure")


@FORMAT.pattern("SOGoRootPage successful login ")
def logged_in(event: Event, rest: str) -> bool:
    """A login that succeeded."""
    return _read(event, rest, "success")


@FORMAT.pattern(" HTTP/", anywhere=True)
def requested(event: Event, text: str) -> bool:
    """A request, as web servers log it."""
    return _REQUEST.match(text) is not None and noted(event)


@FORMAT.pattern(
    "|SOGo|", "[WARN]", "[ERROR]", "[INFO]", "SOGo watchdog", "SOGoCache", "version ", "vmem ", "EXCEPTION", "ERROR",
    "<0x0", "<0x7", "WOWatchDog", "WOHttp", "NGImap4", "LDAP ", "SQL ",
)  # fmt: skip
def other(event: Event, rest: str) -> bool:  # noqa: ARG001
    """What it notes of itself."""
    return noted(event)
