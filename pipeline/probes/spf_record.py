"""Read an SPF record. Source: RFC 7208, sections 4.6, 5, 6 and 12."""

import ipaddress
import re
from typing import NamedTuple

__all__ = ["SpfSyntaxError", "Term", "is_spf", "parse"]

_MECHANISMS = frozenset({"all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists"})
_TERM = re.compile(r"([+?~-]?)([A-Za-z][A-Za-z0-9._-]{0,62})(?:([:=])([^/\s]*))?(/[0-9/]{1,8})?", re.ASCII)
_CIDR = re.compile(r"(?:/(\d{1,2}))?(?://(\d{1,3}))?", re.ASCII)
_MACRO = re.compile(r"%\{[slodiphcrtvSLODIPHCRTV]\d{0,3}r?[.+,/_=-]{0,7}\}|%%|%_|%-")
_NEEDS_VALUE = frozenset({"include", "exists", "ip4", "ip6"})
_LONGEST = 8192


class SpfSyntaxError(ValueError):
    """A term that no receiver can read; its text is the message."""


class Term(NamedTuple):
    """One mechanism or modifier; `value` may hold macros, `address` is the network of ip4 and ip6."""

    qualifier: str
    name: str
    value: str = ""
    bits4: int = 32
    bits6: int = 128
    address: str = ""
    text: str = ""


def is_spf(text: str) -> bool:
    """Say whether a TXT record is an SPF record (RFC 7208, 4.5)."""
    return text.lower() == "v=spf1" or text.lower().startswith("v=spf1 ")


def parse(record: str) -> list[Term]:
    """Read the terms of a record, in their order.

    Raises:
        SpfSyntaxError: A term cannot be read, or a modifier stands twice.
    """
    if len(record) > _LONGEST:
        raise SpfSyntaxError(f"{record[:20]}…")
    terms = [_term(text) for text in record.split(" ")[1:] if text]
    for name in ("redirect", "exp"):
        if sum(term.name == name for term in terms) > 1:
            raise SpfSyntaxError(f"{name}=")
    return terms


def _term(text: str) -> Term:
    if "=" in text and re.fullmatch(r"[A-Za-z][A-Za-z0-9._-]*=.*", text):
        name, _, value = text.partition("=")
        name = name.lower()
        if name in ("redirect", "exp") and not _is_domain_spec(value):
            raise SpfSyntaxError(text)
        return Term("+", name, value, text=text)
    if text[:5].lstrip("+-?~").lower() in ("ip4:", "ip6:") or text.lstrip("+-?~")[:4].lower() in ("ip4:", "ip6:"):
        return _network(text)
    found = _TERM.fullmatch(text)
    if found is None or found[3] == "=":
        raise SpfSyntaxError(text)
    qualifier, name, value = found[1] or "+", found[2].lower(), found[4] or ""
    if name not in _MECHANISMS or (name in _NEEDS_VALUE and not value) or (found[3] and not value):
        raise SpfSyntaxError(text)
    if (name in ("all", "include", "exists", "ptr") and found[5]) or (name == "all" and found[3]):
        raise SpfSyntaxError(text)
    if value and not _is_domain_spec(value):
        raise SpfSyntaxError(text)
    bits = _CIDR.fullmatch(found[5] or "")
    if bits is None:
        raise SpfSyntaxError(text)
    bits4, bits6 = int(bits[1] or 32), int(bits[2] or 128)
    if bits4 > 32 or bits6 > 128:
        raise SpfSyntaxError(text)
    return Term(qualifier, name, value, bits4, bits6, text=text)


def _network(text: str) -> Term:
    qualifier, rest = (text[0], text[1:]) if text[0] in "+-?~" else ("+", text)
    name, _, value = rest.partition(":")
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        raise SpfSyntaxError(text) from None
    if network.version != (4 if name.lower() == "ip4" else 6):
        raise SpfSyntaxError(text)
    return Term(qualifier, name.lower(), address=str(network), text=text)


def _is_domain_spec(value: str) -> bool:
    """Say whether a value is a name or a macro that makes one (RFC 7208, 7.1)."""
    plain = _MACRO.sub("x", value)
    if "%" in plain or not plain or not plain.isascii() or not plain.isprintable():
        return False
    last = plain.rstrip(".").rpartition(".")[2]
    return value.endswith("}") or ("." in plain and bool(last) and not last.isdigit())
