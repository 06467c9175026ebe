"""Are the keys of a domain's DKIM selectors there, whole and long enough? Source: RFC 6376, RFC 8301, RFC 8463."""

import asyncio
import base64
import binascii
from collections.abc import Sequence
from typing import Literal

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from mailwarden.pipeline.probes.dmarc import organisation
from mailwarden.pipeline.probes.outcome import Outcome, nobody_knows
from mailwarden.pipeline.probes.resolver import Answer, Resolver
from mailwarden.pipeline.probes.tags import TagSyntaxError, tags_of

__all__ = ["check_dkim"]

_LEAST_BITS, _GOOD_BITS = 1024, 2048  # RFC 8301, 3.2
_USUAL = ("default", "mail", "dkim", "s1", "selector1", "google", "k1")  # what signers call theirs when nobody chooses
_ED25519_BYTES = 32


async def check_dkim(
    resolver: Resolver, domain: str, selectors: Sequence[str] = (), hints: Sequence[str] = ()
) -> list[Outcome]:
    """Check the keys of a domain's selectors; where none is known, of those that are usual.

    Nothing found under a usual name proves nothing: the domain may sign with another one, or not at all.

    Args:
        resolver: Whom to ask.
        domain: Whose; a part of another may be signed for by that (relaxed alignment, RFC 9989, 4.4.1).
        selectors: That it signs with.
        hints: That the signer of this machine uses for whichever domain has a key.
    """
    if selectors:
        return list(await asyncio.gather(*(_stated(resolver, domain, one) for one in selectors)))
    asked = list(dict.fromkeys([*hints, *_USUAL]))
    answers = await asyncio.gather(*(resolver.ask(f"{one}._domainkey.{domain}", "TXT") for one in asked))
    found = [_judge(domain, one, answer) for one, answer in zip(asked, answers, strict=True) if _keys(answer)]
    if found:
        return found
    late = next((answer for answer in answers if not answer.is_known), None)
    if late is not None:
        return [nobody_knows(domain, "dkim", late)]
    return [Outcome(domain, "dkim", f"_domainkey.{domain}", "not checked", "dkim_unknown")]


async def _stated(resolver: Resolver, domain: str, selector: str) -> Outcome:
    answer = await resolver.ask(f"{selector}._domainkey.{domain}", "TXT")
    parent = organisation(domain)
    if not answer.values and answer.is_known and parent != domain:
        above = await resolver.ask(f"{selector}._domainkey.{parent}", "TXT")
        if above.values or not above.is_known:
            return _judge(domain, selector, above)
    return _judge(domain, selector, answer)


def _keys(answer: Answer) -> list[str]:
    return [text for text in answer.values if "p=" in text.replace(" ", "")]


def _judge(domain: str, selector: str, answer: Answer) -> Outcome:
    if not answer.is_known:
        return nobody_knows(domain, "dkim", answer)
    keys = _keys(answer)
    now = keys[0] if keys else " | ".join(answer.values)

    def told(state: Literal["ok", "wrong"], reason: str = "", **details: object) -> Outcome:
        return Outcome(domain, "dkim", answer.name, state, reason, now, details={"selector": selector, **details})

    if not answer.values:
        return told("wrong", "dkim_missing")
    if len(keys) != 1:
        return told("wrong", "dkim_several" if keys else "dkim_syntax", term=now[:100], count=len(keys))
    try:
        tags = tags_of(keys[0])
    except TagSyntaxError as error:
        return told("wrong", "dkim_syntax", term=str(error))
    if tags.get("v", "DKIM1") != "DKIM1":
        return told("wrong", "dkim_syntax", term=f"v={tags['v']}"[:100])
    data = "".join(tags.get("p", "").split())
    if not data:
        return told("wrong", "dkim_revoked")
    if "t" in tags and "y" in tags["t"].split(":"):
        return told("wrong", "dkim_testing")
    bits = _bits(tags.get("k", "rsa").lower(), data)
    if bits is None:
        return told("wrong", "dkim_syntax", term=f"p={data[:20]}…")
    if bits < _LEAST_BITS:
        return told("wrong", "dkim_too_short", bits=bits, least=_LEAST_BITS)
    if bits < _GOOD_BITS and tags.get("k", "rsa").lower() == "rsa":
        return told("wrong", "dkim_short", bits=bits, least=_GOOD_BITS)
    return told("ok", bits=bits)


def _bits(kind: str, data: str) -> int | None:
    """Give the strength of a key in bits of RSA; None where it is no key."""
    try:
        raw = base64.b64decode(data, validate=True)
    except binascii.Error:
        return None
    if kind == "ed25519":
        return _GOOD_BITS if len(raw) == _ED25519_BYTES else None
    try:
        key = load_der_public_key(raw)
    except (ValueError, UnsupportedAlgorithm, TypeError):
        return None
    return key.key_size if isinstance(key, rsa.RSAPublicKey) else None
