"""Login processes: logins, refused logins and broken connections.

`MESSAGE: user=<U>, method=M, rip=IP, lip=IP, mpid=N, TLS, session=<S>`: lines in the usual form are read at once, others
element by element (`elements.py`).

Source: src/login-common/client-common.c, client-common-auth.c, login-proxy.c of Dovecot 2.2.36 to 2.4.4.
"""

import re

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.dovecot.elements import RESET, elements_of, verify
from mailwarden.parsers.formats.dovecot.meaning import meaning_of
from mailwarden.parsers.formats.dovecot.prefix import FORMAT, LOGIN
from mailwarden.parsers.formats.dovecot.turned import turned
from mailwarden.parsers.life import noted
from mailwarden.parsers.tls_alert import note_alert

__all__: list[str] = []

# Lines whose user name holds no bracket: nothing behind it can be feigned. Possessive, for speed.
_PLAIN_LOGIN = re.compile(
    r"([^<>]*+)>, method=([^,]*+), rip=([^,]*+), lip=([^,]*+), mpid=(\d{1,10}+)(, TLS|, secured|)(?:, session=<([^<>]*+)>)?"
)
_PLAIN_END = re.compile(
    r"([^<>]*+)>(?:, method=([A-Za-z0-9_+-]++))?, rip=([^,]*+), lip=([^,]*+)"
    r"(, TLS|, secured|)(?:: [^,<>]*+)?(?:, session=<([^<>]*+)>)?"
)
_DETACHED = re.compile(r"in=(\d{1,18}), out=(\d{1,18})")
_REFUSED = re.compile(r"\): Client refused \(rip=([0-9A-Fa-f:.]{2,45})\)")
_GONE = re.compile(r".{0,60}Client disconnected.{0,60} \(rip=([0-9A-Fa-f:.]{2,45})\)")


def _succeeded(event: Event, security: str) -> bool:
    event.event_action = "auth-success"
    event.event_outcome = "success"
    if security == "clear":
        event.tls_established = False
    return True


@FORMAT.pattern("Login: user=<", programs=LOGIN)
@FORMAT.pattern("Logged in: user=<", programs=LOGIN)
def login(event: Event, rest: str) -> bool:
    """A login, in the words of Dovecot up to 2.3 and of 2.4."""
    plain = _PLAIN_LOGIN.fullmatch(rest)
    if plain is None:
        read = elements_of(event, ": user=<" + rest)
        return read is not None and _succeeded(event, read[1])
    user, method, rip, lip, mpid, security, session = plain.groups()
    address, local = ip(rip), ip(lip)
    if address is None or local is None:  # with their ports
        read = elements_of(event, ": user=<" + rest)
        return read is not None and _succeeded(event, read[1])
    event.event_action = "auth-success"
    event.event_outcome = "success"
    event.user_name = user or None
    event.mail_sasl_method = method
    event.source_ip = address
    event.destination_ip = local
    event.mail_session_pid = int(mpid)
    if security == ", TLS":
        event.tls_established = True
    elif not security:
        event.tls_established = False
    if session:
        event.mail_session_id = session
        verify(event, session, address)
    return True


def _broken_off(message: str, action: str, security: str) -> tuple[str, str | None]:
    """Tell how a connection ended that came to no login: (action, outcome)."""
    if "no application protocol" in message:  # ALPN: the client came to speak something else (a web scanner)
        return "protocol-error", "failure"
    if RESET in message or security == "handshake reset":
        return "connection-lost", "failure"
    if action == "tls-failed" or security == "handshake" or "SSL_accept" in message:
        return "tls-failed", "failure"
    if "oo many " in message and " commands" in message:
        return "protocol-error", "failure"
    return action, None


def _ended(event: Event, message: str, security: str) -> None:
    (action, outcome, reason), code, attempts = meaning_of(message)
    if action == "auth-failure":
        if security == "clear":
            event.tls_established = False
        if attempts:
            event.event_count = event.mail_auth_attempts = attempts
    elif action == "auth-error":
        if security == "clear":
            event.tls_established = False
    elif action in ("connection-close", "tls-failed"):
        action, outcome = _broken_off(message, action, security)
    event.event_action = action
    event.event_outcome = outcome
    event.event_reason = reason
    if action == "tls-failed":
        note_alert(event, event.event_original if security == "handshake" else message)
    if code is not None:
        event.event_code = code
        event.set("dovecot.reason", code)


_NOT_ENDS = (
    "ID sent: ",
    "Login: ",
    "Logged in: ",
    "Error: ",
    "Warning: ",
    "Fatal: ",
    "Panic: ",
    "Debug: ",
    "proxy",
    "Started proxying ",
)
_LOGINS = ("Login: user=<", "Logged in: user=<")
_ELEMENT_FIRST = re.compile(r"[a-z_]{2,20}=")
_SECURITIES = {", TLS": "tls", ", secured": "secured", "": "clear"}


@FORMAT.pattern(" rip=", programs=LOGIN, anywhere=True)
def login_ended(event: Event, text: str) -> bool:
    """A connection that ended before a login, for whatever reason."""
    if text.startswith(_NOT_ENDS):
        return False
    if _ELEMENT_FIRST.match(text) is not None:
        text = turned(text) or text
        for words in _LOGINS:
            if text.startswith(words):
                return login(event, text.removeprefix(words))
    message, _, elements = text.partition(": user=<")
    plain = _PLAIN_END.fullmatch(elements)
    if plain is None:
        read = elements_of(event, text)
        if read is not None:
            _ended(event, *read)
        return read is not None
    user, method, rip, lip, security, session = plain.groups()
    address = ip(rip)
    if address is None:  # with its port
        read = elements_of(event, text)
        if read is not None:
            _ended(event, *read)
        return read is not None
    event.user_name = user or None
    if method:
        event.mail_sasl_method = method
    event.source_ip = address
    event.destination_ip = ip(lip)
    if security == ", TLS":
        event.tls_established = True
    if session:
        event.mail_session_id = session
        verify(event, session, address)
    _ended(event, message, _SECURITIES[security])
    return True


@FORMAT.pattern("Started proxying to ", programs=LOGIN)
def started_proxying(event: Event, rest: str) -> bool:
    """A login that is handed to another server, Dovecot 2.4 without the prefix."""
    return _proxied(event, "Started proxying to " + rest)


@FORMAT.pattern("proxy(", programs=LOGIN)
def proxy(event: Event, rest: str) -> bool:
    """What a proxy tells of one login: handed on, ended, or refused by the other server."""
    user, _, text = rest.partition("): ")
    if _proxied(event, text):
        return True
    if not text.startswith("disconnecting ") or " (" not in text:  # up to 2.3.13, without the fields of a login
        return False
    event.event_action = "session-end"
    event.user_name = user or None
    event.source_ip = ip(text.split(" ", 2)[1])
    return True


@FORMAT.pattern("proxy: ", programs=LOGIN)
def proxy_trouble(event: Event, rest: str) -> bool:
    """What a proxy tells of the other server."""
    return _proxied(event, rest)


def _proxied(event: Event, text: str) -> bool:
    read = elements_of(event, text)
    if read is None:
        return False
    message, security = read
    lower = message[:20].lower()
    if lower.startswith("started proxying"):
        return _succeeded(event, security)
    if lower.startswith(("disconnect", "connection closed")):
        event.event_action = "session-end"
        moved = _DETACHED.search(message)
        if moved is not None:
            event.set("dovecot.in", int(moved.group(1)))
            event.set("dovecot.out", int(moved.group(2)))
        return True
    _ended(event, message, security)
    return True


@FORMAT.pattern("Error: ", programs=LOGIN)
def login_error(event: Event, rest: str) -> bool:
    """A login process's own fault; a proxy's faults say for whom."""
    event.event_action = "service-error"
    if rest.startswith("proxy") and elements_of(event, rest) is not None:
        event.event_action = "auth-error"
        event.event_outcome = "unknown"
        event.event_reason = "backend_unavailable"
    return True


@FORMAT.pattern("access(", programs=LOGIN)
def client_refused(event: Event, rest: str) -> bool:
    """A client that tcpwrap or another access service refused."""
    refused = _REFUSED.search(rest)
    if refused is None:
        return _gone(event, rest)
    event.event_action = "reject"
    event.event_outcome = "failure"
    event.event_reason = "access_map"
    event.source_ip = ip(refused.group(1))
    return True


@FORMAT.pattern("haproxy: Client disconnected", programs=LOGIN)
@FORMAT.pattern("haproxy(", programs=LOGIN)
@FORMAT.pattern("Client disconnected", programs=LOGIN)
def client_gone(event: Event, rest: str) -> bool:
    """A client that was gone before it, or the proxy before us, had said who it is."""
    return _gone(event, "Client disconnected" + rest)


def _gone(event: Event, text: str) -> bool:
    gone = _GONE.match(text)
    if gone is None:
        return False
    event.event_action = "connection-lost"
    event.source_ip = ip(gone.group(1))
    return True


@FORMAT.pattern("ID sent: ", programs=LOGIN)
def client_named(event: Event, rest: str) -> bool:
    """Which program a client says it is before its login (`imap_id_log`)."""
    if elements_of(event, "ID sent: " + rest) is None:
        return False
    return noted(event)


@FORMAT.pattern("Login failed: ", programs=LOGIN)
def login_failed(event: Event, rest: str) -> bool:
    """A login refused before it was tried, told without a connection."""
    if " rip=" in rest:
        return False
    _ended(event, rest, "unknown")
    return True


@FORMAT.pattern("TLS initialization failed", programs=LOGIN)
@FORMAT.pattern("SSL is disabled", programs=LOGIN)
@FORMAT.pattern("SSL parameters regeneration", programs=LOGIN)
def tls_trouble(event: Event, rest: str) -> bool:
    """TLS that the server itself cannot give."""
    if " rip=" in rest:
        return False
    event.event_action = "service-error"
    return True
