"""Certificates made for a test, and servers of mail protocols that show them."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


@dataclass
class Authority:
    """Somebody who vouches, in a folder of its own."""

    directory: Path

    def __post_init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        now = datetime.now(UTC)
        self._certificate = (
            x509.CertificateBuilder()
            .subject_name(self._name)
            .issuer_name(self._name)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=400))
            .not_valid_after(now + timedelta(days=400))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False)
            .add_extension(
                x509.KeyUsage(
                    digital_signature=True,
                    content_commitment=False,
                    key_encipherment=False,
                    data_encipherment=False,
                    key_agreement=False,
                    key_cert_sign=True,
                    crl_sign=True,
                    encipher_only=False,
                    decipher_only=False,
                ),
                critical=True,
            )
            .sign(self._key, hashes.SHA256())
        )
        self.path = self.directory / "authority.pem"
        self.path.write_bytes(self._certificate.public_bytes(Encoding.PEM))

    def trust(self) -> ssl.SSLContext:
        """Give a context that trusts this authority alone."""
        return ssl.create_default_context(cafile=str(self.path))

    def context(self, *names: str, ends_in: timedelta = timedelta(days=90), itself: bool = False) -> ssl.SSLContext:
        """Make a certificate, and give what a server needs to show it; `itself`: nobody vouches for it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate(*names, ends_in=ends_in, itself=itself))
        return context

    def certificate(self, *names: str, ends_in: timedelta = timedelta(days=90), itself: bool = False) -> Path:
        """Make a certificate, and give the file that holds it with its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.now(UTC)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject if itself else self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=300))
            .not_valid_after(now + ends_in)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key((key if itself else self._key).public_key()),
                critical=False,
            )
            .sign(key if itself else self._key, hashes.SHA256())
        )
        path = self.directory / f"{names[0]}-{made.serial_number}.pem"
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path.write_bytes(pem + made.public_bytes(Encoding.PEM))
        return path


Talk = Callable[[socket.socket, ssl.SSLContext], None]


def implicit(connection: socket.socket, context: ssl.SSLContext) -> None:
    """Encrypt at once."""
    with context.wrap_socket(connection, server_side=True) as secured:
        secured.recv(1)


def smtp(connection: socket.socket, context: ssl.SSLContext, offer: str = "250-STARTTLS\r\n") -> None:
    """Speak SMTP up to STARTTLS."""
    connection.sendall(b"220-mx.example.org\r\n220 ESMTP\r\n")
    while line := connection.recv(200):
        if line.upper().startswith(b"EHLO"):
            connection.sendall(f"250-mx.example.org\r\n{offer}250 8BITMIME\r\n".encode())
        elif line.upper().startswith(b"STARTTLS"):
            connection.sendall(b"220 go on\r\n")
            implicit(connection, context)
            return


def smtp_without_tls(connection: socket.socket, context: ssl.SSLContext) -> None:
    """Speak SMTP and offer no encryption."""
    smtp(connection, context, "")


def imap(connection: socket.socket, context: ssl.SSLContext) -> None:
    """Speak IMAP up to STARTTLS."""
    connection.sendall(b"* OK ready\r\n")
    tag = connection.recv(200).split(b" ")[0]
    connection.sendall(b"* CAPABILITY STARTTLS\r\n" + tag + b" OK begin\r\n")
    implicit(connection, context)


def pop3(connection: socket.socket, context: ssl.SSLContext) -> None:
    """Speak POP3 up to STLS."""
    connection.sendall(b"+OK ready\r\n")
    connection.recv(200)
    connection.sendall(b"+OK begin\r\n")
    implicit(connection, context)


def hang(connection: socket.socket, context: ssl.SSLContext) -> None:
    """Say nothing."""
    connection.recv(1)


def nonsense(connection: socket.socket, context: ssl.SSLContext) -> None:
    """Say what no mail server says."""
    connection.sendall(b"HTTP/1.0 400 what?\r\n" + b"x" * 100_000)


def web(body: str, status: str = "200 OK", head: str = "") -> Talk:
    """Serve one text by HTTPS."""

    def talk(connection: socket.socket, context: ssl.SSLContext) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            secured.recv(4096)
            secured.sendall(f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\n{head}\r\n{body}".encode())

    return talk


@contextlib.contextmanager
def serving(talk: Talk, context: ssl.SSLContext) -> Iterator[int]:
    """Serve while the block lasts; give the port."""
    listener = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def accept() -> None:
        while not ended.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    def answer(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(10)
            talk(connection, context)

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        ended.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)
