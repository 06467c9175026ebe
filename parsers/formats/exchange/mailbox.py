"""Exchange's POP3 and IMAP4 logs: a row for each command, with what was answered in the column `context`.

`R="2 NO AUTHENTICATE failed.";Msg="AuthFailed:LogonDenied,User: U";ErrMsg=…`. The answer comes first; what stands behind it
may hold the client's own text.
"""

from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.exchange.table import FORMAT, cells, endpoint, met
from mailwarden.parsers.life import noted
from mailwarden.parsers.secrets import BLOT

__all__: list[str] = []

_TLS_PORTS = frozenset({993, 995})
_MAILBOX = ("Pop3", "Imap4")
_REASONS = (
    ("UserNotFound", "unknown_user"),
    ("PasswordExpired", "password_expired"),
    ("AccountDisabled", "user_disabled"),
    ("LogonDenied", "credentials_rejected"),
)


def _begin(event: Event, rest: str) -> dict[str, str]:
    row = cells("{" + rest)
    event.network_protocol = event.mail_service
    met(event, row, client="cIp", session="sessionId")
    _, event.destination_port = endpoint(row.get("sIp", ""))
    if event.destination_port in _TLS_PORTS:
        event.tls_established = True
    return row


@FORMAT.pattern("authenticate {", "login {", "auth {", "pass {", programs=_MAILBOX)
def tried(event: Event, rest: str) -> bool:
    """A login."""
    row = _begin(event, rest)
    if not row:
        return False
    event.user_name = row.get("user") or None
    secret = row.get("parameters", "").strip().partition(" ")[2]
    if secret:
        event.event_original = event.event_original.replace(secret, BLOT)
    context = row.get("context", "")
    answer = context.removeprefix("R=").lstrip('"')
    if answer.startswith(("ok", "OK", "+OK")):
        event.event_action, event.event_outcome = "auth-success", "success"
        return True
    if answer.startswith("-ERR") or " NO " in answer[:40] or " BAD " in answer[:40] or "AuthFailed" in context[:400]:
        event.event_action, event.event_outcome = "auth-failure", "failure"
        event.event_reason = next((why for word, why in _REASONS if word in context), "credentials_rejected")
        return True
    return noted(event)


@FORMAT.pattern("opensession {", programs=_MAILBOX)
def opened(event: Event, rest: str) -> bool:
    """A connection."""
    if not _begin(event, rest):
        return False
    event.event_action = "connection-open"
    return True


@FORMAT.pattern("closesession {", programs=_MAILBOX)
def closed(event: Event, rest: str) -> bool:
    """Its end."""
    row = _begin(event, rest)
    if not row:
        return False
    event.event_action, event.user_name = "session-end", row.get("user") or None
    return True


@FORMAT.pattern(' {"dateTime": ', anywhere=True, programs=_MAILBOX)
def other(event: Event, text: str) -> bool:
    """Any other command."""
    command, _, rest = text.partition(" {")
    if command in ("authenticate", "login", "auth", "pass", "opensession", "closesession"):
        return False
    row = _begin(event, rest)
    if not row:
        return False
    event.user_name = row.get("user") or None
    return noted(event)
