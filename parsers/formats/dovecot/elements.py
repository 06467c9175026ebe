"""The elements of a login line, `user=<U>, method=M, rip=IP, lip=IP, mpid=N, TLS, session=<S>`, wherever they stand.

Those that are empty are left out, and administrators change the list (`login_log_format_elements`), so they are found by
name. The user name stands as the client sent it, in front of the rest: what is ours is read from the last `rip=` on.

Source: src/login-common/client-common.c of Dovecot 2.2.36 to 2.4.4.
"""

import re
import socket
from binascii import a2b_base64
from functools import lru_cache

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event

__all__ = ["RESET", "elements_of", "verify"]

RESET = "failed: Connection reset by peer"
"""How a connection ended that the client's side broke off."""
_METHOD = re.compile(r"[A-Za-z0-9_+-]{1,40}$")
_TLS_VERSION = re.compile(r", (TLS|SSL)v(\d(?:\.\d)?) with cipher ([^ ,]{1,80})")
_LONGEST_ELEMENT = 120
_ELEMENT = re.compile(r", (?:[a-z_]{2,20}=[^,<>]{0,80}|(?:TLS|SSL)v[^,<>]{1,80}|TLS|secured)$")
_ELEMENT_OR_SESSION = re.compile(
    r", (?:[a-z_]{2,20}=[^,<>]{0,80}|session=<[A-Za-z0-9+/]{12,40}>|(?:TLS|SSL)v[^,<>]{1,80}|TLS|secured)$"
)
_MOVED_METHOD = re.compile(r", method=([A-Za-z0-9_+-]{1,40})(?=, |$)")
_BARE_SESSION = re.compile(r", session=([A-Za-z0-9+/]{12,40})(?=,|$)")


@lru_cache(maxsize=8192)
def _packed(address: str) -> bytes:
    return socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)


def _spelled(raw: bytes) -> str | None:
    return ip(socket.inet_ntop(socket.AF_INET if len(raw) == 4 else socket.AF_INET6, raw))


def verify(event: Event, session: str, address: str) -> bytes | None:
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


def elements_of(event: Event, text: str) -> tuple[str, str] | None:
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
        raw = verify(event, event.mail_session_id or "", address)
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
        return "handshake reset" if RESET in tail else "handshake"
    version = _TLS_VERSION.search(tail)
    if version is not None:
        event.tls_version_protocol = version.group(1).lower()
        event.tls_version = version.group(2)
        event.tls_cipher = version.group(3)
    if version is not None or ", TLS" in tail or ", TSL" in tail:
        event.tls_established = True
        return "tls"
    return "secured" if ", secured" in tail or "(secured)" in tail else "clear"
