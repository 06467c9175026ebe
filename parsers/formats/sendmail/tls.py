"""Encryption: with clients (`STARTTLS=server`), with servers that we call (`STARTTLS=client`), and its settings."""

import re

from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.sendmail.prefix import FORMAT, client, read_client
from mailwarden.parsers.life import noted
from mailwarden.parsers.tls_alert import note_alert

__all__: list[str] = []

_ESTABLISHED = re.compile(
    r"(.*), version=(TLSv|SSLv)([0-9.]{1,4}), verify=[^,]{1,20}, cipher=([\w-]{1,80}), bits=[^,]{1,15}(?:, .*)?$"
).match


def _other_side(event: Event, who: str, role: str) -> None:
    if role == "server":
        read_client(event, who)
        return
    known = client(who)
    event.network_protocol = "smtp"
    if known is not None and known.address is not None:
        event.destination_ip, event.destination_domain = known.address, known.domain
    elif who and " " not in who and not who.startswith("["):
        event.destination_domain = who.rstrip(".")


def _established(event: Event, rest: str, role: str) -> bool:
    found = _ESTABLISHED(rest)
    if found is None:
        return False
    _other_side(event, found[1], role)
    event.event_action = "tls-established"
    event.event_outcome = "success"
    event.tls_established = True
    event.tls_version, event.tls_version_protocol, event.tls_cipher = found[3], found[2][:3].lower(), found[4]
    return True


@FORMAT.pattern("STARTTLS=server, relay=")
def client_encrypts(event: Event, rest: str) -> bool:
    """A client's session is encrypted from here on."""
    return _established(event, rest, "server") or _noted(event, rest)


@FORMAT.pattern("STARTTLS=client, relay=")
def server_encrypts(event: Event, rest: str) -> bool:
    """So is one with a server that we called."""
    return _established(event, rest, "client") or _noted(event, rest)


def _noted(event: Event, rest: str) -> bool:
    """Read what a certificate has or lacks (`field=…`, `AltName=…`, `tlsstate=…`)."""
    if not any(words in rest for words in (", field=", ", AltName=", ", tlsstate=", ", warning=")):
        return False
    return noted(event)


@FORMAT.pattern("STARTTLS=server, error: accept failed")
def client_failed(event: Event, rest: str) -> bool:
    """A handshake with a client failed: `=-1, reason=R, SSL_error=1, errno=0, retry=-1, relay=CLIENT`."""
    said, named, who = rest.rpartition(", relay=")
    if not named or not read_client(event, who):
        return False
    return _failed(event, said)


@FORMAT.pattern("STARTTLS=client, error: connect failed")
def server_failed(event: Event, rest: str) -> bool:
    """So did one with a server that we called."""
    event.network_protocol = "smtp"
    return _failed(event, rest)


def _failed(event: Event, said: str) -> bool:
    event.event_action = "tls-failed"
    event.event_outcome = "failure"
    event.tls_established = False
    event.set("error.message", said[:200])
    note_alert(event, said)
    return True


@FORMAT.pattern("STARTTLS")
def remark(event: Event, rest: str) -> bool:
    """What else is said of encryption: a detail of a handshake that failed, a file that is missing, a parameter."""
    if rest.startswith(("=server, relay=", "=client, relay=", "=server, error: accept ", "=client, error: connect ")):
        return False
    trouble = any(words in rest for words in (" missing", "error: ", " unsafe", "unusable", "not seeded", "Error: "))
    event.event_action = "service-error" if trouble and ":error:" not in rest else "statistics"
    if event.event_action == "service-error":
        event.event_outcome = "failure"
    return True


@FORMAT.pattern("tls_srv_features=")
@FORMAT.pattern("tls_clt_features=")
@FORMAT.pattern("TLSA=")
@FORMAT.pattern("engine=")
@FORMAT.pattern("TLS: ")
def setting(event: Event, _rest: str) -> bool:
    """Which settings hold for one other side."""
    return noted(event)
