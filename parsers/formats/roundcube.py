"""Roundcube, a webmail: who logged in, who was refused, from where. The IMAP server behind it sees the webmail's address only.

Its own files (`userlogins.log`, `errors.log`) begin with `[03-Mar-2026 04:05:06 +0100]: <session> `; by syslog the tag is
`roundcube`. Names are the client's own text, so the address is read from the end. What stands in brackets behind it are
headers that a client may write himself.

Source: program/lib/Roundcube/rcube.php, rcube_imap.php and program/include/rcmail.php of Roundcube 1.0 to 1.6.
"""

import re

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.life import failed, noted
from mailwarden.parsers.pattern import Format

__all__ = ["FORMAT", "claim_text"]

_SESSION = re.compile(r":? ?(?:<[0-9a-zA-Z,-]{1,32}> )?")
_OURS = re.compile(rf"{_SESSION.pattern}(?:Failed login for |Successful login for |(?:IMAP|SMTP|DB|LDAP) Error: )")
_ADDRESS = r"([0-9A-Fa-f.:]{2,45})(?:\([^()]{0,255}\))?"
_IN_SESSION = re.compile(rf"(.*) from {_ADDRESS} in session \S{{1,128}}(?: \(error: (-?[0-9]{{1,9}})\))?$", re.DOTALL)
_AT_IMAP = re.compile(rf"(.*) from {_ADDRESS}(?:\. .*)?$", re.DOTALL)
_LOGIN = ("Login failed for ", "FAILED login for ")
_ID = re.compile(r" \(ID: [0-9]{1,12}\)$")
_AGAINST = re.compile(r" against \S{1,255}$")


def claim_text(text: str) -> bool:
    """Say whether a text behind the stamp of an own file is Roundcube's."""
    return text[:1] in ":<" and _OURS.match(text) is not None


def _prepare(event: Event, text: str) -> str:
    """Take the colon and the session off."""
    event.network_protocol = "http"
    found = _SESSION.match(text)
    return text[found.end() :] if found else text


FORMAT = Format("roundcube", ("roundcube",), prepare=_prepare)


def _read(event: Event, found: re.Match[str] | None, outcome: str) -> bool:
    if found is None:
        return False
    event.source_ip = ip(found[2])
    event.event_action, event.event_outcome = f"auth-{outcome}", outcome
    return event.source_ip is not None


@FORMAT.pattern("Failed login for ")
def refused(event: Event, rest: str) -> bool:
    """A login that the webmail refuses (`log_logins`)."""
    found = _IN_SESSION.match(rest)
    event.event_reason = "credentials_rejected"
    event.user_name = (found[1] or None) if found else None
    return _read(event, found, "failure")


@FORMAT.pattern("Successful login for ")
def logged_in(event: Event, rest: str) -> bool:
    """A login that succeeded."""
    found = _IN_SESSION.match(rest)
    event.user_name = (_ID.sub("", found[1]) or None) if found else None
    return _read(event, found, "success")


@FORMAT.pattern(
    "IMAP Error: Login failed for ", "IMAP Error: FAILED login for ", "FAILED login for ", "Login failed for "
)
def refused_by_server(event: Event, rest: str) -> bool:
    """A login that the IMAP server refused, told with whatever that said."""
    found = _AT_IMAP.match(rest)
    event.event_reason = "credentials_rejected"
    event.user_name = (_AGAINST.sub("", found[1]) or None) if found else None
    return _read(event, found, "failure")


@FORMAT.pattern("IMAP Error: ", "SMTP Error: ", "DB Error: ", "LDAP Error: ", "PHP Error: ")
def trouble(event: Event, rest: str) -> bool:
    """A fault of the webmail, or of a server that it asks."""
    return not rest.startswith(_LOGIN) and failed(event, level="warning")


@FORMAT.pattern(
    "PHP Warning: ",
    "PHP Notice: ",
    "PHP Deprecated: ",
    "User ",
    "Message ",
    "ERROR: ",
    "WARNING: ",
    "Plugin ",
    "Could not ",
)
def other(event: Event, rest: str) -> bool:  # noqa: ARG001
    """Anything else that it notes."""
    return noted(event)
