"""Login processes: logins, refused logins and broken connections.

`MESSAGE: user=<U>, method=M, rip=IP, lip=IP, mpid=N, TLS, session=<S>`; elements that are empty are left out, and
administrators change the list (`login_log_format_elements`), so they are found by name. The user name stands as the
client sent it, in front of the rest: what is ours is read from the last `rip=` on.

Source: src/login-common/client-common.c, client-common-auth.c, login-proxy.c of Dovecot 2.2.36 to 2.4.4.
"""

import re
import socket
from binascii import a2b_base64
from functools import lru_cache

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.dovecot.meaning import meaning_of
from mailwarden.parsers.formats.dovecot.prefix import FORMAT, LOGIN
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
_METHOD = re.compile(r"[A-Za-z0-9_+-]{1,40}$")
_TLS_VERSION = re.compile(r", (TLS|SSL)v(\d(?:\.\d)?) with cipher ([^ ,]{1,80})")
_LONGEST_ELEMENT = 120
_ELEMENT = re.compile(r", (?:[a-z_]{2,20}=[^,<>]{0,80}|(?:TLS|SSL)v[^,<>]{1,80}|TLS|secured)$")
_ELEMENT_OR_SESSION = re.compile(
    r", (?:[a-z_]{2,20}=[^,<>]{0,80}|session=<[A-Za-z0-9+/]{12,40}>|(?:TLS|SSL)v[^,<>]{1,80}|TLS|secured)$"
)
_MOVED_METHOD = re.compile(r", method=([A-Za-z0-9_+-]{1,40})(?=, |$)")
_BARE_SESSION = re.compile(r", session=([A-Za-z0-9+/]{12,40})(?=,|$)")
_DETACHED = re.compile(r"in=(\d{1,18}), out=(\d{1,18})")
_REFUSED = re.compile(r"\): Client refused \(rip=([0-9A-Fa-f:.]{2,45})\)")
_RESET = "failed: Connection reset by peer"
_GONE = re.compile(r".{0,60}Client disconnected.{0,60} \(rip=([0-9A-Fa-f:.]{2,45})\)")


@lru_cache(maxsize=8192)
def _packed(address: str) -> bytes:
    return socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)


def _spelled(raw: bytes) -> str | None:
    return ip(socket.inet_ntop(socket.AF_INET if len(raw) == 4 else socket.AF_INET6, raw))


def _verify(event: Event, session: str, address: str) -> bytes | None:
    """Compare the address with the one the session id holds, take the port from the id, and return the id's address.

    The id is base64 of 6 bytes of time, 2 bytes of port and the raw address (client-common.c, client_get_session_id),
    unless a proxy handed its own on.
    """
    if len(session) not in (16, 32):
        return None
    try:
        raw = a2b_base64(session)
    except ValueError:
        return None
    if len(raw) not in (12, 24):
        return None
    proven = raw[8:]
    if proven == _packed(address) or (len(proven) == 16 and _spelled(proven) == address):
        event.source_port = raw[6] | raw[7] << 8
    else:
        event.mail_parse_ambiguous = True
    return proven


def _address(text: str) -> str | None:
    """Read the address that an element begins with, where the administrator wants it with its port, too (`%r:%{rport}`)."""
    one = text.partition(",")[0].rstrip(" )")
    address = ip(one)
    if address is None and ":" in one:
        host, _, port = one.rpartition(":")
        address = ip(host.removeprefix("[").removesuffix("]")) if port.isdecimal() else None
    return address


def _last_address(text: str) -> tuple[int, str] | None:
    """Find the last `rip=` that holds an address: where it begins, and the address."""
    at = text.rfind(" rip=")
    while at >= 0:
        address = _address(text[at + 5 : at + 60])
        if address is not None:
            return at, address
        at = text.rfind(" rip=", 0, at)
    return None


def _elements(event: Event, text: str) -> tuple[str, str] | None:
    """Read the elements, and give the message and the connection's security: tls, handshake, secured or clear."""
    found = _last_address(text)
    if found is None:
        return None
    at, address = found
    head, tail = text[:at].rstrip(" ,:"), text[at:]
    session = _session(tail)
    head, moved = _moved(head, with_session=session is None)
    if session is None:
        session = _session(moved)
    if session is not None:
        event.mail_session_id = session or None
        raw = _verify(event, event.mail_session_id or "", address)
        proven = _spelled(raw) if raw is not None else None
        if proven and proven != address and (f" rip={proven}, " in text or f" rip={proven}:" in text):
            address = proven  # an element behind ours quotes the client, or ours has the port, too
    elif text.find(" rip=") < at:
        event.mail_parse_ambiguous = True
    event.source_ip = address
    tail += moved
    local = tail.find(", lip=")
    if local >= 0:
        event.destination_ip = _address(tail[local + 6 : local + 60])
    mpid = tail.find(", mpid=")
    if mpid >= 0:
        number = tail[mpid + 7 : mpid + 20].partition(",")[0]
        event.mail_session_pid = int(number) if number.isdecimal() else None
    message = _user(event, head)
    if moved and (method := _MOVED_METHOD.search(moved)) is not None:
        event.mail_sasl_method = method[1]
    return message, _security(event, tail)


def _moved(head: str, *, with_session: bool) -> tuple[str, str]:
    """Part the elements that an administrator put between user and address from the user's name, which a client chooses.

    A name may end as a session id in brackets does: such a one is looked for only where none stands in its usual place.
    """
    end = place = len(head)
    element = _ELEMENT_OR_SESSION if with_session else _ELEMENT
    while (found := element.search(head, max(0, place - _LONGEST_ELEMENT), place)) is not None:
        place = found.start()
        if head[place - 1] == ">":
            end = place
    return head[:end], head[end:]


def _session(elements: str) -> str | None:
    """Give the session id of some elements: in brackets as is usual, or bare."""
    at = elements.rfind("session=<")
    if at >= 0:
        return elements[at + 9 :].partition(">")[0]
    bare = _BARE_SESSION.search(elements)
    return bare[1] if bare is not None else None


def _user(event: Event, head: str) -> str:
    """Read the user and method off the end of what stands before the address; give the message before them."""
    message, named, rest = head.partition(": user=<")
    if named:
        user, asked, method = rest.rpartition(">, method=")
        if asked and _METHOD.match(method):
            event.mail_sasl_method = method
        else:
            user = rest.rpartition(">")[0] if ">" in rest else rest
        event.user_name = user or None
        return message
    message, asked, method = head.rpartition("method=")
    if asked and _METHOD.match(method):
        event.mail_sasl_method = method
        return message.rstrip(" ,:")
    return head


def _security(event: Event, tail: str) -> str:
    """Read the secured element (`TSL` is a slip of Dovecot's main branch)."""
    if ", TLS handshaking" in tail:
        event.tls_established = False
        return "handshake reset" if _RESET in tail else "handshake"
    version = _TLS_VERSION.search(tail)
    if version is not None:
        event.tls_version_protocol = version.group(1).lower()
        event.tls_version = version.group(2)
        event.tls_cipher = version.group(3)
    if version is not None or ", TLS" in tail or ", TSL" in tail:
        event.tls_established = True
        return "tls"
    return "secured" if ", secured" in tail or "(secured)" in tail else "clear"


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
        read = _elements(event, ": user=<" + rest)
        return read is not None and _succeeded(event, read[1])
    user, method, rip, lip, mpid, security, session = plain.groups()
    address, local = ip(rip), ip(lip)
    if address is None or local is None:  # with their ports
        read = _elements(event, ": user=<" + rest)
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
        _verify(event, session, address)
    return True


def _broken_off(message: str, action: str, security: str) -> tuple[str, str | None]:
    """Tell how a connection ended that came to no login: (action, outcome)."""
    if "no application protocol" in message:  # ALPN: the client came to speak something else (a web scanner)
        return "protocol-error", "failure"
    if _RESET in message or security == "handshake reset":
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
_SECURITIES = {", TLS": "tls", ", secured": "secured", "": "clear"}


@FORMAT.pattern(" rip=", programs=LOGIN, anywhere=True)
def login_ended(event: Event, text: str) -> bool:
    """A connection that ended before a login, for whatever reason."""
    if text.startswith(_NOT_ENDS):
        return False
    message, _, elements = text.partition(": user=<")
    plain = _PLAIN_END.fullmatch(elements)
    if plain is None:
        read = _elements(event, text)
        if read is not None:
            _ended(event, *read)
        return read is not None
    user, method, rip, lip, security, session = plain.groups()
    address = ip(rip)
    if address is None:  # with its port
        read = _elements(event, text)
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
        _verify(event, session, address)
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
    read = _elements(event, text)
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
    if rest.startswith("proxy") and _elements(event, rest) is not None:
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
    if _elements(event, "ID sent: " + rest) is None:
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
