"""courier-imap and courier-pop: connections, logins, sessions and their ends.

`LOGIN, user=U, ip=[IP], port=[P], protocol=IMAP`. A name that failed is the client's to choose, so what is Courier's own is
read from the last `, ip=[` on. `rcvd` and `sent` are bytes from and to the client; `headers`, `body`, `top` and `retr` bytes
of mail. How many messages POP3 fetched or deleted is not told.

Source: imap/imaplogin.c, imap/imapd.c, imap/pop3login.c, imap/pop3dserver.c of courier-imap 3 to 5.3.
"""

import re

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.courier.prefix import FORMAT, IMAP, POP3
from mailwarden.parsers.life import noted
from mailwarden.parsers.secrets import BLOT, blot
from mailwarden.parsers.tls_alert import note_alert

__all__: list[str] = []

_BOTH = (*IMAP, *POP3)
_TAIL = re.compile(r", ip=\[([0-9A-Fa-f.:]{2,45})\](?:, port=\[?([0-9]{1,5})\]?)?(?=, |$)")
_COUNT = re.compile(r", ([a-z]{2,12})=([0-9]{1,18})(?=, |$)")
_COUNTS = frozenset({"headers", "body", "top", "retr", "rcvd", "sent", "time", "starttls", "stls"})


def _peer(event: Event, text: str) -> tuple[str, str] | None:
    """Read `, ip=[IP], port=[P]`; give what stands before and behind."""
    text = ", " + text
    at = text.rfind(", ip=[")
    found = _TAIL.match(text, at) if at >= 0 else None
    if found is None:
        return None
    event.source_ip = ip(found.group(1))
    if found.group(2) is not None:
        event.source_port = int(found.group(2))
    if (event.process_name or "").endswith("-ssl"):
        event.tls_established = True
    return text[2:at], text[found.end() :]


@FORMAT.pattern("Connection, ", programs=_BOTH)
def client_came(event: Event, rest: str) -> bool:
    """A client came."""
    if _peer(event, rest) is None:
        return False
    event.event_action = "connection-open"
    return True


@FORMAT.pattern("LOGIN, user=", programs=_BOTH)
def let_in(event: Event, rest: str) -> bool:
    """A login that was let in."""
    parts = _peer(event, rest)
    if parts is None:
        return False
    user, behind = parts
    event.event_action = "auth-success"
    event.event_outcome = "success"
    event.user_name = user or None
    if "tls=1" in behind:
        event.tls_established = True
    return True


@FORMAT.pattern("LOGIN FAILED, ", programs=_BOTH)
def login_refused(event: Event, rest: str) -> bool:
    """A login that was refused: with the name, or with the method only where the client chose AUTHENTICATE."""
    parts = _peer(event, rest)
    if parts is None:
        return False
    front = parts[0]
    event.event_action = "auth-failure"
    event.event_outcome = "failure"
    event.event_reason = "credentials_rejected"
    if front.startswith("user="):
        event.user_name = front[5:] or None
    elif front.startswith("method="):
        event.mail_sasl_method = front[7:].upper() or None
    return True


def _ended(event: Event, rest: str, without: str) -> bool:
    parts = _peer(event, rest)
    if parts is None:
        return False
    front, behind = parts
    if not front.startswith("user="):
        event.event_action = without
        return True
    event.event_action = "session-end"
    event.user_name = front[5:] or None
    for name, count in _COUNT.findall(behind):
        if name in _COUNTS:
            event.set(f"courier.{name}", int(count))
    if (event.extra or {}).get("courier.starttls") or (event.extra or {}).get("courier.stls"):
        event.tls_established = True
    return True


@FORMAT.pattern("LOGOUT, ", programs=_BOTH)
def logged_out(event: Event, rest: str) -> bool:
    """A client said goodbye, logged in or not."""
    return _ended(event, rest, "connection-close")


@FORMAT.pattern("DISCONNECTED, ", programs=_BOTH)
@FORMAT.pattern("Disconnected, ", programs=_BOTH)
def disconnected(event: Event, rest: str) -> bool:
    """A client went without a word."""
    return _ended(event, rest, "connection-close")


@FORMAT.pattern("I/O error disconnect, ", programs=_BOTH)
@FORMAT.pattern("Disconnected during shutdown by signal, ", programs=_BOTH)
def cut_off(event: Event, rest: str) -> bool:
    """A session broke off, or the server stopped."""
    return _ended(event, rest, "connection-close")


@FORMAT.pattern("DELETED, ", programs=_BOTH)
@FORMAT.pattern("EXPUNGED, ", programs=_BOTH)
def deleted(event: Event, rest: str) -> bool:
    """A client deleted a message for good."""
    parts = _peer(event, rest)
    if parts is None:
        return False
    event.event_action = "mailbox-expunge"
    event.user_name = parts[0].removeprefix("user=") or None
    return True


@FORMAT.pattern("LOCKED, ", programs=_BOTH)
@FORMAT.pattern("ID, user=", programs=_BOTH)
def session_noted(event: Event, rest: str) -> bool:
    """A mailbox is in use elsewhere, or a client says which program it is."""
    parts = _peer(event, rest)
    if parts is None:
        return False
    event.event_action = "statistics"
    event.user_name = parts[0].removeprefix("user=") or None
    return True


@FORMAT.pattern("TIMEOUT, ", programs=_BOTH)
def timed_out(event: Event, rest: str) -> bool:
    """A client said nothing for too long."""
    return _ended(event, rest, "connection-lost")


@FORMAT.pattern("LOGIN: ip=[", programs=_BOTH)
def login_step(event: Event, rest: str) -> bool:
    """A step of a login (`DEBUG_LOGIN`); the password is blotted out."""
    address, closed, step = rest.partition("], ")
    if not closed:
        return False
    if "password=" in step or not step.startswith(("command=", "username=")):
        head = f"LOGIN: ip=[{address}], {step.partition('=')[0]}="
        blot(event, f"LOGIN: ip=[{rest}", head + BLOT)
    event.source_ip = ip(address)
    return noted(event)


@FORMAT.pattern("authentication error")
@FORMAT.pattern("authdaemon: ")
@FORMAT.pattern("[Hint: perhaps authdaemond is not running?]")
def no_verdict(event: Event, rest: str) -> bool:  # noqa: ARG001
    """The password could not be checked: the daemon of passwords does not answer."""
    event.event_action = "auth-error"
    event.event_outcome = "unknown"
    event.event_reason = "backend_unavailable"
    return True


@FORMAT.pattern("ip=[")
def on_connection(event: Event, rest: str) -> bool:
    """What the encryption of a connection had to say."""
    address, closed, said = rest.partition("], ")
    if not closed:
        return False
    return _encryption(event, said.removeprefix("couriertls: "), ip(address))


@FORMAT.pattern("couriertls: ")
def encryption(event: Event, rest: str) -> bool:
    """The same, where the client is not named."""
    return _encryption(event, rest, None)


@FORMAT.pattern("Unexpected SSL connection shutdown")
def broken_off(event: Event, rest: str) -> bool:  # noqa: ARG001
    """A client closed its connection without the goodbye of TLS, as many do."""
    event.event_action = "connection-close"
    return True


_FAILED = ("accept: ", "connect: ", "SSL_accept", "SSL_connect", "gnutls_handshake")
_ENDED = ("Unexpected SSL", "read: ", "write: ", "SSL_read", "SSL_write", "Connection reset", "Broken pipe")


def _encryption(event: Event, said: str, address: str | None) -> bool:
    if said.startswith(_ENDED):
        event.event_action = "connection-close"
    elif said.startswith(_FAILED):
        note_alert(event, said)
        event.event_action = "tls-failed"
        event.event_outcome = "failure"
        event.tls_established = False
    else:
        return False
    event.source_ip = address
    return True
