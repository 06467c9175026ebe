"""Look at our own ports as a client would: which certificate they show, and which versions of TLS they take.

Each port is asked at most three times: for its certificate, whether that is trusted, and whether old versions are taken.
Nothing is logged in to.
"""

import asyncio
import contextlib
import ssl
import warnings
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from cryptography import x509

from mailwarden.pipeline.probes.outcome import Outcome

__all__ = ["PORTS", "Certificate", "PortLook", "Service", "judge_port", "look_at_port"]

_PATIENCE_S = 8.0
_LINES = 60  # of a greeting; longer ones are no mail server's
_WARN_DAYS = (1, 7, 14)  # INF-08


@dataclass(frozen=True, slots=True)
class Service:
    """What speaks at a port; `starttls`: encryption is asked for in the clear."""

    protocol: Literal["smtp", "imap", "pop3"]
    starttls: bool
    for_people: bool  # mail programs log in here, which check the name and who vouches for it


PORTS: dict[int, Service] = {
    25: Service("smtp", True, False),
    465: Service("smtp", False, True),
    587: Service("smtp", True, True),
    110: Service("pop3", True, True),
    143: Service("imap", True, True),
    993: Service("imap", False, True),
    995: Service("pop3", False, True),
}


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a certificate says of itself."""

    der: bytes
    names: tuple[str, ...]
    from_: datetime
    until: datetime
    issuer: str

    @classmethod
    def of(cls, der: bytes) -> "Certificate":
        """Read one.

        Raises:
            ValueError: It is none.
        """
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of old certificates' habits; they are what we look for
            read = x509.load_der_x509_certificate(der)
            try:
                found = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
                names = [*found.get_values_for_type(x509.DNSName), *map(str, found.get_values_for_type(x509.IPAddress))]
            except x509.ExtensionNotFound:
                names = []
            issuer = read.issuer.rfc4514_string()
        return cls(
            der, tuple(name.lower() for name in names), read.not_valid_before_utc, read.not_valid_after_utc, issuer
        )

    def covers(self, host: str) -> bool:
        """Say whether it is for a host (RFC 6125, 6.4.3)."""
        host = host.lower().rstrip(".")
        return any(name == host or (name[:2] == "*." and host.partition(".")[2] == name[2:]) for name in self.names)


@dataclass(frozen=True, slots=True)
class PortLook:
    """What one port showed. `reason` says why nothing was seen: refused, timeout, unreachable, no starttls, tls."""

    host: str
    port: int
    service: Service
    reason: str = ""
    certificate: Certificate | None = None
    version: str = ""
    distrust: str = ""  # why nobody vouches for it; empty where somebody does
    takes_old: bool | None = None  # TLS 1.0 or 1.1; None: this machine cannot ask so


async def look_at_port(
    host: str, address: str, port: int, service: Service | None = None, trust: ssl.SSLContext | None = None
) -> PortLook:
    """Look at a port; never raises.

    Args:
        host: The name that clients use.
        address: Where it is.
        port: Which; the usual service of its number unless `service` says another.
        service: What speaks there.
        trust: Whom to trust; None: whom this machine trusts.
    """
    service = service or PORTS[port]
    blind = _blind()
    reason, certificate, version = "", None, ""
    try:
        async with asyncio.timeout(_PATIENCE_S):
            der, version = await _handshake(address, port, service, blind, host)
        certificate = Certificate.of(der)
    except TimeoutError:
        reason = "timeout"
    except ConnectionRefusedError:
        reason = "refused"
    except _NoTls:
        reason = "no starttls"
    except ssl.SSLError:
        reason = "tls"
    except (OSError, EOFError, ValueError, asyncio.LimitOverrunError):
        reason = "unreachable"
    if certificate is None:
        return PortLook(host, port, service, reason)
    trust = trust or _system_trust()
    distrust = await _distrust(address, port, service, host, trust) if trust is not None else ""
    takes_old = await _takes_old(address, port, service, host)
    return PortLook(host, port, service, "", certificate, version, distrust, takes_old)


class _NoTls(Exception):
    """The server offers no STARTTLS."""


def _blind() -> ssl.SSLContext:
    """Give a context that takes every certificate: it is judged here, not by the handshake."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with contextlib.suppress(ssl.SSLError):
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context


def _system_trust() -> ssl.SSLContext | None:
    """Give a context that trusts whom this machine trusts; None where it trusts nobody, as in a bare container."""
    paths = ssl.get_default_verify_paths()
    there = [Path(path) for path in (paths.cafile, paths.capath) if path]
    known = any(path.is_file() or (path.is_dir() and any(path.iterdir())) for path in there)
    return ssl.create_default_context() if known else None


async def _distrust(address: str, port: int, service: Service, host: str, trust: ssl.SSLContext) -> str:
    trust.check_hostname = False  # names are told of on their own
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await _handshake(address, port, service, trust, host)
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    except (OSError, EOFError, ValueError, TimeoutError, _NoTls, asyncio.LimitOverrunError):
        return ""
    return ""


async def _takes_old(address: str, port: int, service: Service, host: str) -> bool | None:
    old = _blind()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that they are old is why they are asked for
        try:
            old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
        except ValueError:
            return None
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await _handshake(address, port, service, old, host)
    except (ssl.SSLError, ConnectionError, EOFError, asyncio.IncompleteReadError):
        return False
    except (OSError, ValueError, TimeoutError, _NoTls, asyncio.LimitOverrunError):
        return None
    return True


async def _handshake(
    address: str, port: int, service: Service, context: ssl.SSLContext, host: str
) -> tuple[bytes, str]:
    """Give the certificate (DER) and the version of TLS that a port shows."""
    if not service.starttls:
        _, writer = await asyncio.open_connection(address, port, ssl=context, server_hostname=host)
    else:
        reader, writer = await asyncio.open_connection(address, port)
        try:
            await _ASK[service.protocol](reader, writer)
            await writer.start_tls(context, server_hostname=host)
        except BaseException:
            writer.close()
            raise
    try:
        shown = writer.get_extra_info("ssl_object")
        der = shown.getpeercert(binary_form=True)
        if not der:
            raise ValueError("no certificate")
        return der, str(shown.version() or "")
    finally:
        writer.transport.abort()


async def _reply(reader: asyncio.StreamReader) -> tuple[str, list[str]]:
    """Give the code and the lines of an SMTP reply."""
    lines = []
    for _ in range(_LINES):
        line = (await reader.readuntil(b"\n")).decode("latin-1").rstrip("\r\n")
        lines.append(line[4:])
        if line[3:4] != "-":
            return line[:3], lines
    raise ValueError("a greeting without end")


async def _smtp(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    code, _ = await _reply(reader)
    if code != "220":
        raise ConnectionError(code)
    writer.write(b"EHLO mailwarden.invalid\r\n")
    _, offers = await _reply(reader)
    if "STARTTLS" not in [offer.upper() for offer in offers]:
        raise _NoTls
    writer.write(b"STARTTLS\r\n")
    code, _ = await _reply(reader)
    if code != "220":
        raise _NoTls


async def _imap(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\n")
    writer.write(b"a STARTTLS\r\n")
    for _ in range(_LINES):
        line = await reader.readuntil(b"\n")
        if line.startswith(b"a OK"):
            return
        if line.startswith(b"a "):
            break
    raise _NoTls


async def _pop3(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\n")
    writer.write(b"STLS\r\n")
    if not (await reader.readuntil(b"\n")).startswith(b"+OK"):
        raise _NoTls


_ASK: dict[str, Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]] = {
    "smtp": _smtp,
    "imap": _imap,
    "pop3": _pop3,
}


def judge_port(look: PortLook, now: datetime, *, names: bool = True) -> list[Outcome]:
    """Judge what a port showed; nothing where it is closed. `names`: also whether the certificate is for its host."""
    name, subject = f"{look.host}:{look.port}", look.host
    if look.reason == "refused":
        return []
    if look.reason == "no starttls":
        return [Outcome(subject, "tls", name, "wrong", "tls_none", details={"port": look.port})]
    if look.certificate is None:
        why = {"why": look.reason, "name": name}
        return [Outcome(subject, "certificate", name, "no answer", "no_answer", details=why)]
    return [_judge_certificate(look, look.certificate, now, names=names), *_judge_versions(look, subject, name)]


def _judge_certificate(look: PortLook, shown: Certificate, now: datetime, *, names: bool) -> Outcome:
    name, subject = f"{look.host}:{look.port}", look.host
    left = shown.until - now
    ends = shown.until.astimezone(UTC).date().isoformat()
    details: dict[str, object] = {"port": look.port, "ends": ends, "days": left // timedelta(days=1), "name": name}

    def told(reason: str, **more: object) -> Outcome:
        return Outcome(subject, "certificate", name, "wrong", reason, ends, details=details | more)

    if left <= timedelta(0):
        return told("cert_expired")
    if now < shown.from_:
        return told("cert_early", begins=shown.from_.date().isoformat())
    for days in _WARN_DAYS:
        if left <= timedelta(days=days):
            return told(f"cert_ends_{days}")
    if names and not shown.covers(look.host):
        its = ", ".join(shown.names[:3]) or "-"
        return told("cert_name" if look.service.for_people else "cert_name_smtp", names=its, host=look.host)
    if look.distrust and look.service.for_people:
        return told("cert_untrusted", why=look.distrust)
    return Outcome(subject, "certificate", name, "ok", now=ends, details=details)


def _judge_versions(look: PortLook, subject: str, name: str) -> list[Outcome]:
    details = {"port": look.port, "version": look.version, "name": name}
    if look.takes_old is None:
        return [Outcome(subject, "tls", name, "not checked", "tls_unknown", look.version, details=details)]
    if look.takes_old and look.service.for_people:
        return [Outcome(subject, "tls", name, "wrong", "tls_old", look.version, details=details)]
    return [Outcome(subject, "tls", name, "ok", now=look.version, details=details)]
