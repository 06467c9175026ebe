"""nginx as a mail proxy, which Zimbra and Mailu have in front too: who logged in through it, who could not, and what it met.

It asks a service over HTTP for each password; a try that is refused there never reaches the server behind it, so that no
other log tells of it. What follows ` while ` is nginx's own, but for the login, which the client wrote and nothing escapes:
the address stands before it. Lines of its web server, which name a request and a server without a port, are ignored.

Source: src/mail/ngx_mail_handler.c, ngx_mail_auth_http_module.c, ngx_mail_proxy_module.c, ngx_mail_realip_module.c of nginx
1.22 to 1.27.
"""

import re

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.life import UNAVAILABLE, failed, noted
from mailwarden.parsers.pattern import Format
from mailwarden.parsers.tls_alert import note_alert

__all__ = ["FORMAT", "claim_text"]

_HEAD = re.compile(
    r"(?:[0-9]{4}/[0-9]{2}/[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2} )?"
    r"\[(debug|info|notice|warn|error|crit|alert|emerg)\] ([0-9]{1,10})#[0-9]{1,10}: \*[0-9]{1,19} "
)
_SERVER = r"((?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|\[[0-9A-Fa-f:.]{2,45}\]|\*):([0-9]{1,5})|unix:[^\s,]{1,108})"
_CONTEXT = re.compile(
    rf", client: ([0-9A-Fa-f:.]{{2,45}}|unix:)( using starttls)?, server: {_SERVER}"
    r'(?:, login: "(.*)")?(?:, upstream: [^\s,"]{1,128}(?:, \[[^\]"]{1,90}\] <=> \[[^\]"]{1,90}\])?)?$',
    re.DOTALL,
)
_CONNECTED = re.compile(
    rf"(?:([0-9.]{{7,15}})(?::[0-9]{{1,5}})?|\[([0-9A-Fa-f:.]{{2,45}})\]:[0-9]{{1,5}}) connected to {_SERVER}$"
)
_PROTOCOLS = {
    25: "smtp",
    465: "smtp",
    587: "smtp",
    143: "imap",
    993: "imap",
    110: "pop3",
    995: "pop3",
    4190: "managesieve",
}
_ENCRYPTED = frozenset({465, 993, 995})
_AUTH = " while in http auth state"


def claim_text(text: str) -> bool:
    """Say whether a text is of the mail proxy: a connection, or what happened on one."""
    head = _HEAD.match(text)
    if head is None or ', request: "' in text:
        return False
    if _CONTEXT.search(text) is not None:
        return True
    return text.startswith("client ", head.end()) and _CONNECTED.match(text, head.end() + 7) is not None


def _prepare(event: Event, text: str) -> str:
    head = _HEAD.match(text)
    if head is None:
        return text
    event.process_pid = int(head[2])
    return text[head.end() :]


FORMAT = Format("nginx", (), prepare=_prepare)


def _set_service(event: Event, port: str | None, *, starttls: bool = False) -> None:
    """Set what the port tells that the client came to: the protocol, and whether it was encrypted."""
    number = int(port) if port else 0
    event.network_protocol = _PROTOCOLS.get(number)
    if starttls or number in _ENCRYPTED:
        event.tls_established = True


def _read_client(event: Event, found: re.Match[str] | None) -> bool:
    """Set who it was: the address, the service, and the login as it was written."""
    if found is None:
        return False
    event.source_ip = ip(found[1])
    _set_service(event, found[4], starttls=bool(found[2]))
    event.user_name = found[5] or None
    return True


def _last_context(text: str) -> re.Match[str] | None:
    """Find the client behind text of others; None where a login follows, which may hold anything."""
    start = text.rfind(", client: ")
    return _CONTEXT.match(text, start) if start >= 0 and ', login: "' not in text else None


@FORMAT.pattern("client logged in, client: ")
def logged_in(event: Event, rest: str) -> bool:
    """A password that the service took."""
    if not _read_client(event, _CONTEXT.match(", client: " + rest)):
        return False
    if event.tls_established is None and event.network_protocol is not None:
        event.tls_established = False
    event.event_action, event.event_outcome = "auth-success", "success"
    return True


@FORMAT.pattern('client login failed: "')
def refused(event: Event, rest: str) -> bool:
    """A password that the service refused; its words stand first."""
    said, _, behind = rest.partition(f'"{_AUTH}')
    if not _read_client(event, _CONTEXT.match(behind)):
        return False
    event.smtp_reply_text = said or None
    event.event_action, event.event_outcome, event.event_reason = "auth-failure", "failure", _reason(said)
    return True


def _reason(said: str) -> str:
    """Say what the service's words mean; those of Mailu are known."""
    if said.startswith("Temporary"):
        return "rate_limited" if "rate" in said[:60] else "temp_fail"
    if said.startswith("AUTH not supported"):
        return "mech_unsupported"
    return "tls_required" if said.startswith("Must issue a STARTTLS") else "credentials_rejected"


@FORMAT.pattern(f"{_AUTH}, client: ", anywhere=True)
def unanswered(event: Event, text: str) -> bool:
    """The service that knows the passwords does not answer, or says what nginx does not understand."""
    what, _, behind = text.partition(_AUTH)
    if what.startswith(("client ", "SSL_shutdown() failed")) or not _read_client(event, _CONTEXT.match(behind)):
        return False
    event.event_action, event.event_outcome, event.event_reason = "auth-error", "unknown", UNAVAILABLE
    return True


@FORMAT.pattern("proxied session done, client: ")
def session_done(event: Event, rest: str) -> bool:
    """The end of a session."""
    event.event_action = "session-end"
    return _read_client(event, _CONTEXT.match(", client: " + rest))


@FORMAT.pattern("client ")
def connected(event: Event, rest: str) -> bool:
    """A connection."""
    found = _CONNECTED.match(rest)
    if found is None:
        return False
    event.source_ip = ip(found[1] or found[2])
    _set_service(event, found[4])
    event.event_action = "connection-open"
    return True


@FORMAT.pattern(" while SSL handshaking, client: ", anywhere=True)
def handshake_failed(event: Event, text: str) -> bool:
    """A client and we found no encryption."""
    if text.startswith("client ") or not _read_client(event, _last_context(text)):
        return False
    event.tls_established = None
    event.event_action, event.event_outcome = "tls-failed", "failure"
    note_alert(event, text)
    return True


@FORMAT.pattern("client sent invalid ", "client sent too long ")
def broken_protocol(event: Event, rest: str) -> bool:
    """A command that is none; the client's text stands before its address."""
    event.event_action, event.event_outcome = "protocol-error", "failure"
    _read_client(event, _last_context(rest))
    return True


@FORMAT.pattern("client timed out")
@FORMAT.pattern("client prematurely closed connection")
def went_away(event: Event, rest: str) -> bool:
    """A client that says no more."""
    event.event_action = "connection-lost"
    _read_client(event, _last_context(rest))
    return True


@FORMAT.pattern(" while connecting to upstream, client: ", anywhere=True)
def server_away(event: Event, text: str) -> bool:
    """The server behind does not answer."""
    _read_client(event, _last_context(text))
    return failed(event, UNAVAILABLE)


@FORMAT.pattern(" while in resolving client address, client: ", anywhere=True)
def nameless(event: Event, text: str) -> bool:
    """A client whose address has no name that could be looked up, or whose name server does not answer."""
    return not text.startswith("client ") and _read_client(event, _last_context(text)) and noted(event)


@FORMAT.pattern(', request: "', anywhere=True)
def of_the_web(event: Event, text: str) -> bool:
    """A request to the web server, which writes into the same file; a mail client's own text stands behind its login."""
    before = text.partition(', request: "')[0]
    event.event_kind = "ignored"
    return not before.startswith("client ") and ', login: "' not in before


@FORMAT.pattern("[notice] ", "[warn] ", "[error] ", "[crit] ", "[alert] ", "[emerg] ")
def of_no_connection(event: Event, rest: str) -> bool:  # noqa: ARG001
    """What the processes say of themselves: workers that start, a configuration that is read again."""
    return noted(event)


@FORMAT.pattern("SSL_shutdown() failed")
def ended_badly(event: Event, rest: str) -> bool:  # noqa: ARG001
    """An encrypted connection whose end was not said."""
    return noted(event)


@FORMAT.pattern("upstream ")
@FORMAT.pattern("recv() failed", "send() failed", "writev() failed")
@FORMAT.pattern("client quit")
@FORMAT.pattern("proxied session ")
def other(event: Event, rest: str) -> bool:
    """What else happens on a connection: the server behind tells of it, or nobody needs it."""
    if " while connecting to upstream, client: " in rest or _AUTH in rest or rest.startswith("done, client: "):
        return False
    return noted(event)
