"""Logins of Cyrus, taken and refused, and their encryption.

`badlogin: HOST [IP] MECH (USER) [SASL(-13): TEXT]`, before 3.0 `MECH USER SASL(-13): TEXT`. The user is the client's text: what
Cyrus says behind it is found from the end.

Source: imap/imapd.c, pop3d.c, lmtpengine.c, timsieved/parser.c, imap/tls.c of 2.4 to 3.10; SASL codes from sasl/sasl.h.
"""

import re

from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.cyrus.program import FORMAT, client_of
from mailwarden.parsers.life import noted

__all__ = []

_CODES = {  # SASL code: reason
    "-4": "mech_unsupported", "-5": "invalid_encoding", "-14": "policy", "-15": "tls_required", "-16": "tls_required",
    "-18": "password_expired", "-19": "user_disabled", "-20": "unknown_user", "-21": "user_disabled",
}  # fmt: skip
_BACKEND = frozenset({"-1", "-2", "-8", "-24"})  # generic failure, no memory, try again, unavailable
_WORDS = (
    ("user not found", "unknown_user"), ("invalid user", "unknown_user"), ("no secret in database", "unknown_user"),
    ("account disabled", "user_disabled"), ("account is disabled", "user_disabled"), ("password expired", "password_expired"),
    ("External SSF not good enough", "tls_required"), ("layer", "tls_required"), ("encryption needed", "tls_required"),
    ("no mechanism available", "mech_unsupported"), ("mech", "mech_unsupported"), ("anonymous", "policy"),
    ("not permitted", "policy"), ("denied", "policy"),
)  # fmt: skip
_MECHANISM = re.compile(r"([A-Za-z][A-Za-z0-9_-]{1,29})(?:\+TLS)?(?: |$)")
_TAIL = re.compile(r"\[?SASL\((-?[0-9]{1,3})\): (.{0,500}?)\]?$", re.DOTALL)
_NAMED = re.compile(r"\((.*)\) (?=\[|SASL\(|authentication|invalid|[a-z])", re.DOTALL)


def _refuse(event: Event, code: str | None, text: str) -> None:
    event.event_action, event.event_outcome = "auth-failure", "failure"
    event.event_code = f"SASL({code})" if code else None
    if code in _BACKEND and "user not found" not in text and "authentication failure" not in text:
        event.event_action, event.event_outcome, event.event_reason = "auth-error", "unknown", "backend_unavailable"
        return
    reason = next((reason for words, reason in _WORDS if words in text), None)
    event.event_reason = _CODES.get(code or "") or reason or "credentials_rejected"


def _try(event: Event, text: str) -> None:
    """Read `plaintext (bob) [SASL(-13): …]`, `plaintext bob SASL(-13): …` or `PLAIN authentication failure`."""
    mechanism = _MECHANISM.match(text)
    if mechanism is not None and mechanism[1] != "anonymous":
        event.mail_sasl_method = mechanism[1].upper()
        text = text[mechanism.end() :]
    at = text.rfind("SASL(")
    tail = _TAIL.match(text[at - 1 :] if at > 0 and text[at - 1] == "[" else text[at:]) if at >= 0 else None
    if tail is not None:
        user = text[:at].removesuffix("[").rstrip(" ")
        code, said = tail.groups()
    else:
        named = _NAMED.match(text)
        user, code, said = (f"({named[1]})", None, text[named.end() :]) if named else ("", None, text)
    if user.startswith("(") and user.endswith(")"):
        user = user[1:-1]
    event.user_name = user or None
    _refuse(event, code, said)


@FORMAT.pattern("badlogin: ")
def refused(event: Event, rest: str) -> bool:
    """A login that is refused."""
    text = client_of(event, rest)
    if text is None:
        return False
    _try(event, text)
    return True


@FORMAT.pattern("cross-realm login ")
def foreign_realm(event: Event, rest: str) -> bool:
    """A good password of a realm that may not log in: `bob@EXAMPLE.NET denied`."""
    event.event_action, event.event_outcome, event.event_reason = "auth-failure", "failure", "policy"
    event.user_name = rest.removesuffix(" denied") or None
    return True


_DENIED = re.compile(r"(.*)' (?:is )?denied access to service '([^']{0,60})'$", re.DOTALL)


@FORMAT.pattern("user '")
def denied(event: Event, rest: str) -> bool:
    """A user who may not use a service."""
    found = _DENIED.match(rest)
    if found is None:
        return False
    event.event_action, event.event_outcome, event.event_reason = "auth-failure", "failure", "policy"
    event.user_name = found[1] or None
    return True


_LOGIN = re.compile(
    r"(.{1,255}) ([A-Z][A-Z0-9_-]{1,29}|plaintext|nopassword)(\+TLS)?(?: (?!SESSIONID=)[^<>]{0,200}?)?"
    r"(?: SESSIONID=<([^<>]{1,200})>)?$",
    re.DOTALL,
)


@FORMAT.pattern("login: ")
def let_in(event: Event, rest: str) -> bool:
    """A login: `HOST [IP] bob plaintext+TLS User logged in SESSIONID=<…>`."""
    text = client_of(event, rest)
    if text is None:
        return False
    found = _LOGIN.match(text)
    event.event_action, event.event_outcome = "auth-success", "success"
    if found is None:
        if not text.startswith("anonymous "):
            return False
        event.user_name = "anonymous"
        return True
    user, mechanism, encrypted, session = found.groups()
    event.user_name = user
    event.mail_sasl_method = mechanism.upper()
    event.tls_established = encrypted is not None
    event.mail_session_id = session
    return True


_TLS = re.compile(
    r"(TLS|SSL)v([0-9.]{1,4}) with cipher ([A-Za-z0-9_-]{1,60}) \([0-9]{1,4}/[0-9]{1,4} bits ?([a-z]{0,10})(?: client)?\)"
)


@FORMAT.pattern("starttls: ")
def encrypted(event: Event, rest: str) -> bool:
    """A connection that is encrypted; Cyrus does not say whose."""
    found = _TLS.match(rest)
    if found is None:
        return False
    event.event_action, event.event_outcome = "tls-established", "success"
    event.tls_established = True
    event.tls_version_protocol, event.tls_version, event.tls_cipher = found[1].lower(), found[2], found[3]
    if found[4]:
        event.set("tls.resumed", found[4] == "reused")
    return True


@FORMAT.pattern(
    "STARTTLS negotiation failed: ", "imaps TLS negotiation failed: ", "[lmtpd] STARTTLS failed: ",
    "[pop3d] STARTTLS failed: ", "pop3s failed: ", "STARTTLS failed: ", "TLS negotiation failed: ",
    "https TLS negotiation failed: ", "nntps failed: ",
)  # fmt: skip
def not_encrypted(event: Event, rest: str) -> bool:
    """A handshake that came to nothing."""
    event.event_action, event.event_outcome = "tls-failed", "failure"
    client_of(event, rest)
    return True


@FORMAT.pattern(
    "TLS server engine: ", "inittls: ", "SSL_accept() ", "SSL_accept: ", "verify error:num=", "Doing a peer verify",
    "issuer= ", "subject=", "subject_CN=", "received client certificate", "incorrect TLS", "Set client CA list",
    "tls_server_", "tls_client_", "Unable to get certificate from", "wantsize", "authenticated as ", "fingerprint=",
    "unable to get certificate from '", "SSL_connect ",
)  # fmt: skip
def handshaking(event: Event, rest: str) -> bool:  # noqa: ARG001
    """A step of a handshake, or of setting up for it."""
    return noted(event)


@FORMAT.pattern(" in SSL_accept() -> fail", anywhere=True)
def handshake_ended(event: Event, text: str) -> bool:  # noqa: ARG001
    """A client that goes away while the connection is encrypted; a line of its own names it."""
    return noted(event)


_MINUTES = re.compile(
    r"user[./]([^:]{1,255}): Logins must be at least [0-9]{1,6} minutes? apart$|([^:]{1,255}): Logins must be "
)


@FORMAT.pattern(": Logins must be at least ", anywhere=True)
def too_soon(event: Event, text: str) -> bool:
    """A mailbox that is asked for mail more often than it may be (`popminpoll`); the password was right."""
    found = _MINUTES.match(text)
    if found is None:
        return False
    event.user_name = found[1] or found[2]
    return noted(event)


@FORMAT.pattern("Too many open connections (")
def crowded(event: Event, rest: str) -> bool:
    """A user or an address with more connections than it may have: `…(of user bob)` or `(from 203.0.113.7)`."""
    event.event_action, event.event_outcome, event.event_reason = "rate-limit", "failure", "rate_limited"
    client_of(event, f"[{rest.rpartition(' ')[2].rstrip(')')}]")
    return True


@FORMAT.pattern("refused connection from ")
def wrapped(event: Event, rest: str) -> bool:
    """A client that may not connect (hosts.deny)."""
    event.event_action, event.event_outcome, event.event_reason = "reject", "failure", "policy"
    client_of(event, rest if "[" in rest else f"[{rest}]")
    return True
