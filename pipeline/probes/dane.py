"""Do the TLSA records of a mail host fit the certificate that it shows? Source: RFC 6698, RFC 7672."""

import hashlib
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mailwarden.pipeline.probes.outcome import Outcome, nobody_knows
from mailwarden.pipeline.probes.ports import PortLook
from mailwarden.pipeline.probes.resolver import Resolver

__all__ = ["check_dane"]

_ANCHOR, _END_ENTITY = 2, 3  # the usages that count for SMTP (RFC 7672, 3.1)
_HASHES = {1: hashlib.sha256, 2: hashlib.sha512}


async def check_dane(resolver: Resolver, host: str, look: PortLook | None) -> Outcome | None:
    """Compare a host's TLSA records with what its port 25 showed; None where it publishes none, which is no fault.

    Args:
        resolver: Whom to ask; where it does not check signatures itself, nothing can be said.
        host: The mail host.
        look: What its port 25 showed; None where it was not looked at.
    """
    name = f"_25._tcp.{host}"
    answer = await resolver.ask(name, "TLSA")
    if not answer.is_known:
        return nobody_knows(host, "dane", answer)
    if not answer.values:
        return None
    now = " | ".join(answer.values)

    def told(
        state: Literal["wrong", "ok", "not checked", "no answer"], reason: str, should: str = "", **more: object
    ) -> Outcome:
        return Outcome(host, "dane", name, state, reason, now, should, more)

    if not answer.authentic:
        validates = (await resolver.ask(".", "SOA")).authentic
        return told("wrong", "dane_unsigned") if validates else told("not checked", "dane_no_validation")
    if look is None or look.certificate is None:
        return told("no answer", "no_answer", why=look.reason if look else "timeout", name=f"{host}:25")
    records = [value.split(" ", 3) for value in answer.values]
    usages = {int(record[0]) for record in records}
    if any(int(u) == _END_ENTITY and _fits(int(s), int(m), data, look.certificate.der) for u, s, m, data in records):
        return told("ok", "")
    if _ANCHOR in usages:  # names whoever signed it, whom the handshake does not show to us
        return told("not checked", "dane_anchor")
    return told("wrong", "dane_mismatch", f"3 1 1 {_digest(1, 1, look.certificate.der)}", host=host)


def _fits(selector: int, matching: int, data: str, der: bytes) -> bool:
    return _digest(selector, matching, der) == data.replace(" ", "").lower()


def _digest(selector: int, matching: int, der: bytes) -> str:
    """Give what a record for this certificate would hold."""
    chosen = der
    if selector == 1:
        key = x509.load_der_x509_certificate(der).public_key()
        chosen = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    hashed = _HASHES.get(matching)
    return hashed(chosen).hexdigest() if hashed else chosen.hex()
