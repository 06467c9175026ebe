"""vpopmail's vchkpw, which checks passwords for qmail: who tried to log in, from where, and what became of it.

Each line ends with the user's name, a colon and the client's address. A password that was typed may stand before both; it
is neither kept nor shown.

Source: vchkpw.c of vpopmail 5.4.33 to 5.5.0.
"""

import re

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.life import failed
from mailwarden.parsers.pattern import Format
from mailwarden.parsers.secrets import BLOT, blot

__all__ = ["FORMAT"]

# `vchkpw-smtp: `, by the port the client came to; on a port that it does not know, the number; before 5.4 nothing.
_SERVICE = re.compile(r"vchkpw(?:-(smtp|smtps|submission|pop3|pop3s|imap|imaps|webmail|[0-9]{1,5}))?: ")
_PROTOCOLS = {"smtps": "smtp", "submission": "smtp", "pop3s": "pop3", "imaps": "imap", "webmail": None}
_CLIENT = re.compile(r"(.*):((?:[0-9]{1,3}\.){3}[0-9]{1,3}|)$", re.DOTALL)
_CLIENT_IPV6 = re.compile(r"([^:]*):([0-9A-Fa-f:]{2,39})$")  # a name with a colon would leave open where it ends


def _prepare(event: Event, text: str) -> str:
    """Take the service off, which is the protocol."""
    found = _SERVICE.match(text)
    if found is None:
        return text
    service = event.mail_service = found[1]
    if service is not None and not service.isdigit():
        event.network_protocol = _PROTOCOLS.get(service, service)
    return text[found.end() :]


FORMAT = Format("vpopmail", ("vpopmail", "vchkpw"), prepare=_prepare)


def _read_client(event: Event, rest: str) -> bool:
    """Set who tried, and from where: `bob@example.org:203.0.113.7`."""
    found = _CLIENT.match(rest) or _CLIENT_IPV6.match(rest)
    if found is None:
        return False
    event.user_name = found[1].removesuffix("@") or None
    event.source_ip = ip(found[2]) if found[2] else None
    return True


def _refused(event: Event, rest: str, reason: str) -> bool:
    if not _read_client(event, rest):
        return False
    event.event_action, event.event_outcome, event.event_reason = "auth-failure", "failure", reason
    return True


@FORMAT.pattern("password fail ", "system password fail ")
def wrong_password(event: Event, rest: str) -> bool:
    """A password that is not the user's; where the server is told to log it, it is blotted out."""
    if rest.startswith("(pass: '"):
        _, closed, client = rest.rpartition("') ")
        blot(event, rest, f"(pass: '{BLOT}') {client}" if closed else f"(pass: '{BLOT}")
        rest = client if closed else ":"
    return _refused(event, rest, "wrong_password")


@FORMAT.pattern("vpopmail user not found ", "system user not found ", "system user shadow entry not found ")
def unknown_user(event: Event, rest: str) -> bool:
    """A user who is not there."""
    return _refused(event, rest, "unknown_user")


@FORMAT.pattern(
    "null user name given ", "null password given ", "invalid user/domain characters ", "user has no password "
)
def malformed(event: Event, rest: str) -> bool:
    """A try without a name or a password, or with a name that nobody can have."""
    return _refused(event, rest, "credentials_rejected")


@FORMAT.pattern("pop access denied ", "smtp access denied ", "imap access denied ", "webmail access denied ")
def not_allowed(event: Event, rest: str) -> bool:
    """A right password, of a user who may not use this service."""
    return _refused(event, rest, "policy")


@FORMAT.pattern(
    "(PLAIN) login success ", "(CRAM-MD5) login success ", "(APOP) login success ", "login success ",
    "system password login success ",
)  # fmt: skip
def logged_in(event: Event, rest: str) -> bool:
    """A login that succeeded."""
    if not _read_client(event, rest):
        return False
    event.event_action, event.event_outcome = "auth-success", "success"
    return True


@FORMAT.pattern(
    "setgid ", "setuid ", "chdir failed ", "putenv(", "autocreate dir ", "dir auto create failed ",
    "failed to vauth_getpw() ", "can't write SQL logs",
)  # fmt: skip
def trouble(event: Event, rest: str) -> bool:  # noqa: ARG001
    """A fault of the server itself: the user was let in by his password, and no further."""
    return failed(event)
