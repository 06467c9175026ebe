"""Encryption, of both sides: sessions that were encrypted and handshakes that failed."""

from collections.abc import Callable
from functools import lru_cache

from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.postfix.fields import destination, other_side, source
from mailwarden.parsers.formats.postfix.program import FORMAT
from mailwarden.parsers.life import noted
from mailwarden.parsers.tls_alert import note_alert

__all__: list[str] = []

_SERVERS = ("smtpd", "tlsproxy", "postscreen")
_CLIENTS = ("smtp", "lmtp", "tlsproxy", "posttls-finger")
_BOTH = ("smtpd", "smtp", "lmtp", "tlsproxy", "posttls-finger", "tlsmgr", "postscreen")


@lru_cache(maxsize=4096)
def _parameters(text: str) -> tuple[str, str, str] | None:
    """Read `TLSv1.3 with cipher C (256/256 bits) …` as version, protocol and cipher."""
    protocol, proof, rest = text.partition(" with cipher ")
    name, mark, version = protocol.partition("v")
    if not proof or not mark or name not in ("TLS", "SSL"):
        return None
    return version if "." in version else f"{version}.0", name.lower(), rest.partition(" ")[0]


def _established(event: Event, text: str, place: Callable[[Event, str], bool]) -> bool:
    """Read `NA: TLSv1.3 with cipher …`, with ` to SNI` behind NA where the client named a server."""
    who, _, tail = text.partition(": ")
    found = _parameters(tail)
    if found is None or not place(event, who.partition(" ")[0] if " " in who else who):
        return False
    event.event_action = "tls-established"
    event.event_outcome = "success"
    event.tls_established = True
    event.tls_version, event.tls_version_protocol, event.tls_cipher = found
    event.network_protocol = "lmtp" if event.process_name == "lmtp" else "smtp"
    return True


def tls_from_client(event: Event, rest: str) -> bool:
    return _established(event, rest, source)


def tls_to_server(event: Event, rest: str) -> bool:
    return _established(event, rest, destination)


for _trust in ("Anonymous", "Untrusted", "Trusted", "Verified"):
    for _verb in ("established", "reused"):
        FORMAT.pattern(f"{_trust} TLS connection {_verb} from ", programs=_BOTH)(tls_from_client)
        FORMAT.pattern(f"{_trust} TLS connection {_verb} to ", programs=_BOTH)(tls_to_server)


def _failed(event: Event, reason: str | None = None) -> bool:
    event.event_action = "tls-failed"
    event.event_outcome = "failure"
    event.event_reason = reason
    event.tls_established = False
    return True


@FORMAT.pattern("SSL_accept error from ", programs=_SERVERS)
def accept_error(event: Event, rest: str) -> bool:
    event.network_protocol = "smtp"
    return source(event, rest.partition(": ")[0]) and _failed(event)


@FORMAT.pattern("SSL_connect error to ", programs=_CLIENTS)
def connect_error(event: Event, rest: str) -> bool:
    return destination(event, rest.partition(": ")[0]) and _failed(event)


@FORMAT.pattern("TLS library problem: ", programs=_BOTH)
def library_problem(event: Event, rest: str) -> bool:
    """Read what OpenSSL says of the handshake before; the peer is on the line before it."""
    note_alert(event, rest)
    return _failed(event)


@FORMAT.pattern("TLS handshake failed for service=", programs=("tlsproxy",))
def proxy_handshake(event: Event, rest: str) -> bool:
    event.network_protocol = "smtp"
    return source(event, rest.rpartition(" peer=")[2]) and _failed(event)


@FORMAT.pattern("ciphertext read/write ", programs=("tlsproxy",))
def proxy_timeout(event: Event, rest: str) -> bool:
    """Read `timeout for [A]:P` or `error for [A]:P`."""
    event.network_protocol = "smtp"
    return source(event, rest.rpartition(" for ")[2]) and _failed(event)


@FORMAT.pattern("Refusing STARTTLS request from ", programs=("smtpd",))
@FORMAT.pattern("Refusing TLS service request from ", programs=("smtpd",))
@FORMAT.pattern("Wrapper-mode request dropped from ", programs=("smtpd",))
def starttls_refused(event: Event, rest: str) -> bool:
    event.network_protocol = "smtp"
    return source(event, rest.partition(" ")[0]) and _failed(event)


@FORMAT.pattern("Cannot start TLS: ", programs=_CLIENTS)
@FORMAT.pattern("TLS is required, ", programs=_CLIENTS)
@FORMAT.pattern("Server certificate not ", programs=_CLIENTS)
def cannot_start(event: Event, _rest: str) -> bool:
    return _failed(event)


@FORMAT.pattern("certificate verification failed for ", programs=_BOTH)
def certificate_unverified(event: Event, rest: str) -> bool:
    """Read why a certificate is not trusted; the session may go on, encrypted and unverified."""
    if not other_side(event, rest.partition(": ")[0]):
        return False
    event.event_action = "tls-failed"
    event.event_outcome = "unknown"
    return True


@FORMAT.pattern("TLS policy lookup ", programs=_CLIENTS)
@FORMAT.pattern("cannot get ", programs=_BOTH)
@FORMAT.pattern("cannot set default OpenSSL certificate verification paths", programs=_BOTH)
@FORMAT.pattern("cannot load ", programs=_BOTH)
@FORMAT.pattern("error loading ", programs=_BOTH)
@FORMAT.pattern("No server certs available. TLS won't be enabled", programs=_BOTH)
@FORMAT.pattern("TLS has been selected, but TLS support is not compiled in", programs=_BOTH)
@FORMAT.pattern("TLS engine initialization failed", programs=_BOTH)
@FORMAT.pattern("run-time library vs. compile-time header version mismatch")
def tls_configuration(event: Event, _rest: str) -> bool:
    """Read that our own certificate, key or policy cannot be used."""
    event.event_action = "service-error"
    event.event_outcome = "failure"
    event.event_reason = "tls_policy"
    return True


@FORMAT.pattern("setting up TLS connection from ", programs=_SERVERS)
def setting_up_inbound(event: Event, rest: str) -> bool:
    return source(event, rest) and noted(event)


@FORMAT.pattern("setting up TLS connection to ", programs=_CLIENTS)
def setting_up_outbound(event: Event, rest: str) -> bool:
    return destination(event, rest) and noted(event)


@FORMAT.pattern(": subject_CN=", programs=_BOTH, anywhere=True)
def certificate_subject(event: Event, text: str) -> bool:
    """Read `NA: Trusted: subject_CN=…, issuer=…`: a peer showed a certificate, the session's own line follows."""
    return other_side(event, text.partition(": ")[0]) and noted(event)


@FORMAT.pattern(": re-using session with untrusted ", programs=_BOTH, anywhere=True)
@FORMAT.pattern(": matched peername: ", programs=_BOTH, anywhere=True)
@FORMAT.pattern(": Matched ", programs=_BOTH, anywhere=True)
def certificate_matched(event: Event, text: str) -> bool:
    """Read what a peer's certificate, or the session that stands for it, was found to be worth."""
    return other_side(event, text.partition(": ")[0]) and noted(event)


@FORMAT.pattern("TLS SNI ", programs=_BOTH)
def server_named(event: Event, rest: str) -> bool:
    """Read `NAME from NA not matched, using default chain`: the client asked for a server that we are not."""
    _, _, who = rest.partition("from ")
    return source(event, who.partition(" ")[0]) and noted(event)


@FORMAT.pattern("TLSRPT: status=", programs=_CLIENTS)
def tls_reported(event: Event, _rest: str) -> bool:
    """Read what goes into a TLS report (3.10+); the session and the delivery have their own lines."""
    return noted(event)


@FORMAT.pattern("initializing the server-side TLS engine", programs=_SERVERS)
@FORMAT.pattern("initializing the client-side TLS engine", programs=_CLIENTS)
def engine_started(event: Event, rest: str) -> bool:
    return not rest and noted(event)
