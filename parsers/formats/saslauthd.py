"""saslauthd, which checks passwords for Postfix with Cyrus SASL, and Plesk's own: they know the user and never the client.

The client's address stands on the line of smtpd that follows; smtpd in turn names no user before Postfix 3.9. Who is
joined with whom is told in `pipeline/correlation/askers.py`.

Source: saslauthd/saslauthd-main.c, lak.c, utils.c of cyrus-sasl 2.1.28; Plesk's lines from published logs.
"""

import re

from mailwarden.parsers.event import Event
from mailwarden.parsers.pattern import Format

__all__ = ["FORMAT"]

_PLESK = ("plesk_saslauthd", "plesk-saslauthd")


def _prepare(event: Event, text: str) -> str:  # noqa: ARG001
    """Take off what says that it debugs, and the blanks where the name of the function was (Debian 12 and later)."""
    return text.removeprefix("DEBUG: ").lstrip(" ")


FORMAT = Format("saslauthd", ("saslauthd", *_PLESK), prepare=_prepare)

# The client wrote the user: what saslauthd says behind it is found from the end.
_TRY = re.compile(
    r"\s*: auth (failure|success): \[user=(.*)\] \[service=([^\[\]]{0,60})\] \[realm=([^\[\]]{0,255})\] "
    r"\[mech=([^\[\]]{0,40})\](?: \[reason=(.*)\])?$"
)
_BACKEND = ("timeout", "unreachable", "cannot ", "can't ", "could not ", "system error", "unavailable", "internal ")


@FORMAT.pattern("do_auth")
def tried(event: Event, rest: str) -> bool:
    """What became of one password."""
    found = _TRY.match(rest)
    if found is None:
        return False
    outcome, user, service, realm, _, reason = found.groups()
    if outcome == "success":
        event.event_action = "statistics"  # the login itself is told by the server that asked
        return True
    event.user_name = user or None
    event.user_domain = realm or None
    event.service_name = service or None
    if service == "smtp":
        event.network_protocol = "smtp"
    if reason and any(words in reason.lower() for words in _BACKEND):
        event.event_action, event.event_outcome, event.event_reason = "auth-error", "unknown", "backend_unavailable"
    else:
        event.event_action, event.event_outcome, event.event_reason = "auth-failure", "failure", "credentials_rejected"
    return True


@FORMAT.pattern(": auth ")
def tried_unnamed(event: Event, rest: str) -> bool:
    """The same where the function is not named."""
    return tried(event, f": auth {rest}")


@FORMAT.pattern("failed mail authentication attempt for user '", programs=_PLESK)
@FORMAT.pattern("No such user '", programs=_PLESK)
@FORMAT.pattern("Invalid mail address '", programs=_PLESK)
def plesk_refused(event: Event, rest: str) -> bool:
    """A password that Plesk refuses."""
    user, named, _ = rest.rpartition("'")
    if not named:
        return False
    event.event_action, event.event_outcome = "auth-failure", "failure"
    event.event_reason = "unknown_user" if "mail authorization database" in rest else "credentials_rejected"
    event.user_name = user or None
    event.network_protocol = "smtp"
    return True


@FORMAT.pattern(": master ")
@FORMAT.pattern(": listening on socket")
@FORMAT.pattern(": login exceeded MAX_REQ_LEN")
@FORMAT.pattern(": password exceeded MAX_REQ_LEN")
@FORMAT.pattern(": caught SIGCHLD")
@FORMAT.pattern("auth_")
@FORMAT.pattern("Authentication failed for ")
@FORMAT.pattern("cache_")
@FORMAT.pattern("detach_tty")
@FORMAT.pattern("do_request")
@FORMAT.pattern("get_accept_lock")
@FORMAT.pattern("ipc_")
@FORMAT.pattern("listen=")
@FORMAT.pattern("master ")
@FORMAT.pattern("privileges set to ")
@FORMAT.pattern("rel_accept_lock")
@FORMAT.pattern("select timeout")
@FORMAT.pattern("server_exit")
def noted(event: Event, rest: str) -> bool:  # noqa: ARG001
    """A step beside a verdict that has a line of its own, or the service's own life."""
    event.event_action = "statistics"
    return True
