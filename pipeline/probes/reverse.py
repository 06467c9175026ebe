"""Does the name of a sending address lead to it and back, and is it the one that the server gives?

Source: RFC 1912, 2.1; RFC 5321, 4.1.4; Gmail and others refuse mail from addresses without such a name.
"""

import asyncio
import ipaddress
import re
from typing import Literal

from mailwarden.pipeline.probes.outcome import Outcome, nobody_knows
from mailwarden.pipeline.probes.resolver import Resolver

__all__ = ["check_helo", "check_ptr"]

_MOST_NAMES = 10
_DYNAMIC = re.compile(
    r"(?:^|[.-])(?:dyn|dynamic|dhcp|dsl|adsl|cable|ppp|pool|dial|broadband|cust|customer|client)(?=[.\d-])"
)


async def check_ptr(resolver: Resolver, address: str, helo: str | None = None) -> Outcome:
    """Check that an address has a name, and that the name has the address (forward-confirmed reverse DNS).

    Args:
        resolver: Whom to ask.
        address: From which mail leaves.
        helo: What the server calls itself: the name that the provider should set.
    """
    pointer = ipaddress.ip_address(address).reverse_pointer
    answer = await resolver.ask(pointer, "PTR")
    if not answer.is_known:
        return nobody_knows(address, "ptr", answer)
    names = [name.rstrip(".").lower() for name in answer.values][:_MOST_NAMES]
    now, should = ", ".join(names), helo or ""

    def told(state: Literal["ok", "wrong"], reason: str = "", **details: object) -> Outcome:
        return Outcome(address, "ptr", pointer, state, reason, now, should if state == "wrong" else "", details)

    if not names:
        return told("wrong", "ptr_missing")
    type_ = "A" if ipaddress.ip_address(address).version == 4 else "AAAA"
    forward = await asyncio.gather(*(resolver.ask(name, type_) for name in names))
    confirmed = [one.name for one in forward if _same(address, one.values)]
    if not confirmed:
        late = next((one for one in forward if not one.is_known), None)
        if late is not None:
            return nobody_knows(address, "ptr", late)
        return told("wrong", "ptr_not_confirmed", host=names[0], values=", ".join(forward[0].values) or "-")
    if _is_generic(confirmed[0], address):
        return told("wrong", "ptr_generic", host=confirmed[0])
    return told("ok", host=confirmed[0])


async def check_helo(resolver: Resolver, address: str, helo: str) -> Outcome:
    """Check that the name which the server gives itself is one, and leads to the address it sends from."""
    type_ = "A" if ipaddress.ip_address(address).version == 4 else "AAAA"

    def told(state: Literal["ok", "wrong"], reason: str = "", should: str = "", **details: object) -> Outcome:
        return Outcome(address, "helo", helo, state, reason, helo, should, details)

    if "." not in helo.strip(".") or helo.endswith((".local", ".localdomain", ".internal", ".lan")):
        return told("wrong", "helo_no_name")
    answer = await resolver.ask(helo, type_)
    if not answer.is_known:
        return nobody_knows(address, "helo", answer)
    record = f"{helo}. {type_} {address}"
    if not answer.values:
        return told("wrong", "helo_no_address", record, type=type_)
    if not _same(address, answer.values):
        return told("wrong", "helo_elsewhere", record, values=", ".join(answer.values))
    return told("ok")


def _same(address: str, values: tuple[str, ...]) -> bool:
    wanted = ipaddress.ip_address(address)
    return any(ipaddress.ip_address(value) == wanted for value in values)


def _is_generic(name: str, address: str) -> bool:
    """Say whether a name looks like one that a provider gives to all its customers: it holds the address."""
    ip = ipaddress.ip_address(address)
    if ip.version == 6:
        return ip.exploded.replace(":", "")[-8:] in name.replace("-", "").replace(".", "")
    octets = str(ip).split(".")
    joined = (sep.join(part) for sep in "-._" for part in (octets, octets[::-1]))
    packed = ("".join(octet.zfill(3) for octet in octets), "".join(f"{int(octet):02x}" for octet in octets))
    return any(text in name for text in (*joined, *packed)) or _DYNAMIC.search(name) is not None
