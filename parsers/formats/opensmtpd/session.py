"""A session from its beginning to its end: clients that come (`smtp`), servers that we call (`mta`)."""

import re

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.opensmtpd.prefix import FORMAT, OLD_SESSION, at_host, peer, unquoted
from mailwarden.parsers.tls_alert import note_alert

__all__: list[str] = []

_OLD_NEW = re.compile(OLD_SESSION + r" from host (\S{1,300}) \[(\S{1,60})\]").fullmatch
_OLD = re.compile(OLD_SESSION + r"(?:: (.*))?$").match
_URL = re.compile(
    r"(?:smtp|smtps|smtp\+tls|smtp\+notls|lmtp|tls)?(?:://)?\[?([0-9A-Fa-f.:]{2,45}?)\]?(?::(\d{1,5}))?"
).fullmatch
_SUITE = re.compile(r"(TLSv|SSLv)([0-9.]{1,4}):([\w-]{1,80}):\d{1,5}").match
_OLD_SUITE = re.compile(r"version=(TLSv|SSLv)([0-9.]{1,4}), cipher=([\w-]{1,80})").match
_RESULT = {"ok": "success", "permfail": "failure", "tempfail": "unknown"}


@FORMAT.pattern("smtp connected ")
def connected(event: Event, rest: str) -> bool:
    """A client came."""
    if at_host(event, rest) is None:
        return False
    return _came(event)


@FORMAT.pattern("smtp-in: New session ")
def connected_5(event: Event, rest: str) -> bool:
    """The same in the words of 5.x."""
    found = _OLD_NEW(rest)
    if found is None:
        return False
    event.mail_session_id = found[1]
    peer(event, found[3], found[2])
    return _came(event)


def _came(event: Event) -> bool:
    event.event_action = "connection-open"
    event.network_protocol = "smtp"
    return True


def _encrypted(event: Event, ciphers: str) -> bool:
    event.event_action = "tls-established"
    event.event_outcome = "success"
    event.network_protocol = "smtp"
    event.tls_established = True
    found = _SUITE(ciphers) or _OLD_SUITE(ciphers)
    if found is not None:
        event.tls_version, event.tls_version_protocol, event.tls_cipher = found[2], found[1][:3].lower(), found[3]
    return True


@FORMAT.pattern("smtp tls ")
@FORMAT.pattern("smtp starttls ")
@FORMAT.pattern("mta tls ")
@FORMAT.pattern("mta starttls ")
def encrypted(event: Event, rest: str) -> bool:
    """A session is encrypted from here on."""
    rest = at_host(event, rest) or rest
    return rest.startswith("ciphers=") and _encrypted(event, unquoted(rest[8:]))


@FORMAT.pattern("smtp-in: Started TLS on session ")
@FORMAT.pattern("smtp-out: Started TLS on session ")
def encrypted_5(event: Event, rest: str) -> bool:
    """The same in the words of 5.x."""
    found = _OLD(rest)
    if found is None:
        return False
    event.mail_session_id = found[1]
    return _encrypted(event, found[2] or "")


@FORMAT.pattern("smtp cert-check ")
@FORMAT.pattern("smtp client-cert-check ")
@FORMAT.pattern("mta cert-check ")
@FORMAT.pattern("mta server-cert-check ")
@FORMAT.pattern("mta ssl_check_name: ")
@FORMAT.pattern("mta connected")
def noted(event: Event, rest: str) -> bool:
    """What the other side's certificate was found to be, or that a server took our call."""
    rest = at_host(event, rest) or rest
    if rest and not rest.startswith(("result=", "no match for ")):
        return False
    event.event_action = "statistics"
    return True


@FORMAT.pattern("smtp-in: Client certificate verification ")
@FORMAT.pattern("smtp-out: Server certificate verification ")
@FORMAT.pattern("smtp-out: Connected on session ")
def noted_5(event: Event, rest: str) -> bool:
    """The same in the words of 5.x."""
    event.mail_session_id = rest.rpartition(" ")[2][:16] or None
    event.event_action = "statistics"
    return True


def _tried(event: Event, user: str, result: str) -> bool:
    outcome = _RESULT.get(result)
    if outcome is None:
        return False
    event.network_protocol = "smtp"
    event.smtp_stage = "AUTH"
    event.event_outcome = outcome
    event.user_name = user or None
    if outcome == "success":
        event.event_action = "auth-success"
    elif outcome == "failure":
        event.event_action, event.event_reason = "auth-failure", "credentials_rejected"
    else:
        event.event_action, event.event_reason = "auth-error", "temp_fail"
    return True


@FORMAT.pattern("smtp authentication user=")
def tried(event: Event, rest: str) -> bool:
    """A password was tried: `U result=permfail`; U is the client's text."""
    user, _, result = rest.rpartition(" result=")
    return _tried(event, user, result)


@FORMAT.pattern("smtp event=authentication user=")
def tried_6(event: Event, rest: str) -> bool:
    """The same up to 6.0: `U address=A host=H result=permfail`."""
    said, _, result = rest.rpartition(" result=")
    user, named, where = said.rpartition(" address=")
    if named and at_host(event, f"address={where}") != "":
        return False
    return _tried(event, user if named else said, result)


@FORMAT.pattern("smtp-in: Accepted authentication for user ")
@FORMAT.pattern("smtp-in: Authentication successful for user ")
def tried_well_5(event: Event, rest: str) -> bool:
    """The right password, in the words of 5.x."""
    return _tried_5(event, rest, "ok")


@FORMAT.pattern("smtp-in: Authentication failed for user ")
def tried_badly_5(event: Event, rest: str) -> bool:
    """A wrong one."""
    return _tried_5(event, rest, "permfail")


@FORMAT.pattern("smtp-in: Authentication temporarily failed for user ")
def tried_in_vain_5(event: Event, rest: str) -> bool:
    """One that nobody could judge."""
    return _tried_5(event, rest, "tempfail")


def _tried_5(event: Event, rest: str, result: str) -> bool:
    user, named, session = rest.rpartition(" on session ")
    if not named:
        return False
    event.mail_session_id = session[:16]
    return _tried(event, user, result)


def _ended(event: Event, reason: str) -> bool:
    """Say how a session ended, from its reason."""
    lower = reason.lower()
    event.network_protocol = "smtp"
    if (
        "handshake" in lower
        or "ssl routines" in lower
        or lower.startswith(("tls", "ssl", "ca-", "ca failure", "cert-", "no-client-cert"))
    ):
        event.event_action = "tls-failed"
        event.event_outcome = "failure"
        event.tls_established = False
        event.set("error.message", reason[:200])
        note_alert(event, reason)
    elif lower in ("quit", "", "done", "end of session"):
        event.event_action = "connection-close"
    else:
        event.event_action = "connection-lost"
        event.set("error.message", reason[:200])
    return True


@FORMAT.pattern("smtp disconnected ")
@FORMAT.pattern("smtp closed ")
@FORMAT.pattern("mta disconnected ")
@FORMAT.pattern("mta closed ")
@FORMAT.pattern("mta closing ")
def ended(event: Event, rest: str) -> bool:
    """A session ended: `reason=quit`, `reason="io-error: …"`, `reason=quit messages=1`."""
    rest = (at_host(event, rest) or rest).lstrip(" ")  # 6.8 writes two blanks
    if not rest.startswith("reason="):
        return False
    return _ended(event, unquoted(rest[7:].partition(" messages=")[0]))


@FORMAT.pattern("smtp-in: Closing session ")
@FORMAT.pattern("smtp-in: Disconnecting session ")
@FORMAT.pattern("smtp-in: Ending session ")
@FORMAT.pattern("smtp-out: Closing session ")
@FORMAT.pattern("smtp-out: Disconnecting session ")
def ended_5(event: Event, rest: str) -> bool:
    """The same in the words of 5.x."""
    found = _OLD(rest)
    if found is None:
        return False
    event.mail_session_id = found[1]
    reason = found[2] or ""
    return _ended(event, "" if reason.endswith(" sent.") else reason.removeprefix("IO error: "))


@FORMAT.pattern("smtp-in: Received disconnect from session ")
def hung_up_5(event: Event, rest: str) -> bool:
    """A client went without a word, in the words of 5.x."""
    event.mail_session_id = rest[:16]
    return _ended(event, "disconnect")


@FORMAT.pattern("getaddrinfo: ")
@FORMAT.pattern("getnameinfo: ")
def unnamed(event: Event, _rest: str) -> bool:
    """A client's address has no name, or its name does not lead back."""
    event.event_action = "dns-mismatch"
    return True


@FORMAT.pattern("smtp proxy ")
def behind_proxy(event: Event, rest: str) -> bool:
    """A proxy of ours told whose connection it passes on: `address=A` (`event=proxy`)."""
    if not rest.startswith("address="):
        return False
    event.source_ip = ip(rest[8:].strip())
    if event.source_ip is None:
        return False
    return _came(event)


@FORMAT.pattern("mta connecting ")
def calling(event: Event, rest: str) -> bool:
    """We call a server: `address=smtp://192.0.2.26:25 host=NAME`."""
    address, _, host = rest.removeprefix("address=").partition(" host=")
    found = _URL(address)
    if not rest.startswith("address=") or found is None:
        return False
    event.event_action = "connection-open"
    event.network_protocol = "smtp"
    event.destination_ip = ip(found[1])
    if found[2]:
        event.destination_port = int(found[2])
    if host and ip(host) is None:
        event.destination_domain = host
    return True


@FORMAT.pattern("smtp-out: Connecting to ")
def calling_5(event: Event, rest: str) -> bool:
    """The same in the words of 5.x: `smtp://192.0.2.26:25 (NAME) on session SESSION...`."""
    address, _, behind = rest.partition(" (")
    host, named, session = behind.partition(") on session ")
    if not named:
        return False
    event.mail_session_id = session[:16]
    return calling(event, f"address={address} host={host}")


@FORMAT.pattern("mta error ")
@FORMAT.pattern("mta host-rejects-all-mails")
@FORMAT.pattern("smtp-out: Error on session ")
def call_failed(event: Event, rest: str) -> bool:
    """A call went wrong; each delivery that it was for has a line of its own."""
    session, _, reason = rest.partition(" after ") if event.mail_session_id is None else ("", "", rest)
    if event.mail_session_id is None:
        event.mail_session_id = session.partition(":")[0][:16] or None
    event.event_action = "connection-lost"
    event.event_outcome = "failure"
    event.network_protocol = "smtp"
    if reason:
        event.set("error.message", reason.removeprefix("reason=")[:200])
    return True
