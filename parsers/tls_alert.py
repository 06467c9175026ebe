"""What the other side of a TLS handshake said of our certificate, in the words of OpenSSL and GnuTLS."""

import re

from mailwarden.parsers.event import Event

__all__ = ["note_alert"]

# RFC 8446, section 6.2; OpenSSL 1.x still says `sslv3 alert` of any version.
_ALERTS = ("certificate expired", "certificate revoked", "certificate unknown", "bad certificate", "unknown ca")
_OPENSSL = re.compile(r"\balert (" + "|".join(_ALERTS) + r")\b")
_GNUTLS = re.compile(
    r"alert has been received\.?: (Certificate (?:is )?(?:bad|expired|revoked|unknown)|CA is unknown)", re.I
)
_GNUTLS_NAMES = {
    "certificate is bad": "bad_certificate",
    "certificate expired": "certificate_expired",
    "certificate was revoked": "certificate_revoked",
    "ca is unknown": "unknown_ca",
}


def note_alert(event: Event, text: str) -> None:
    """Set `mail.tls.alert` where the text tells that the other side refused our certificate."""
    if "lert " not in text:
        return
    found = _OPENSSL.search(text)
    if found is not None:
        event.set("mail.tls.alert", found.group(1).replace(" ", "_"))
        return
    found = _GNUTLS.search(text)
    if found is not None:
        name = found.group(1).lower()
        event.set("mail.tls.alert", _GNUTLS_NAMES.get(name, "certificate_" + name.rpartition(" ")[2]))
