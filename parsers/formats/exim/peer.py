"""Who is at the other end, as Exim writes it: `H=name (helo) [address]:port` and the fields behind it.

The HELO is whatever the client said. Exim refuses one that is no host name unless it is told to take junk
(`helo_accept_junk_hosts`), so that the common line has no blank and no bracket in it; where it has, the address is looked
for again at each `) [address]` that what follows agrees with.

Source: src/src/host.c (host_and_ident), src/src/smtp_in.c (sender_info) of Exim 4.92 to 4.100.
"""

import re
from collections.abc import Callable
from functools import lru_cache

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event

__all__ = [
    "ADDRESS",
    "QUOTED",
    "UNNAMED_ADDRESS",
    "WORD",
    "Follows",
    "addresses",
    "arrived",
    "fields",
    "interface",
    "login",
    "peer",
    "seconds",
    "tls",
    "to_destination",
]

_IN_QUOTES = r'(?>(?:[^"\\]|\\.)*)'
_IN_BRACKETS = rf'(?>(?:[^<>"]|"{_IN_QUOTES}")*)'

QUOTED = rf'"({_IN_QUOTES})"'
"""A text in quotes, with backslashes before what would end it."""

WORD = rf'(?>(?:"{_IN_QUOTES}"|[^" ])+)'
"""What ends at a blank that stands in no quotes; of an address without angle brackets."""

ADDRESS = rf"<({_IN_BRACKETS})>"
"""An address in angle brackets; a quoted local part may hold anything."""

UNNAMED_ADDRESS = rf"<{_IN_BRACKETS}>"
"""The same without a group."""

Follows = Callable[[str, int], tuple[int, int] | None]
"""Says of a place behind a peer whether a line may go on like that: the span in which it may quote what a client wrote
without bounds, or None."""

_IP = r"\[([^\[\] ]{2,60})\](?::(\w{1,12}))?"
_PEER = re.compile(rf"(?:H=)?(?:([^ ()\[\]=\"]{{1,255}}) )?(?:\(([^ ()]*+)\) )?{_IP}(?=[ :]|$)")
_OPENING = re.compile(r"(?:H=)?(?:([^ ()\[\]=\"]{1,255}) )?\(")
_CLOSING = re.compile(rf"\) {_IP}(?=[ :]|$)")
_MOST_CLOSINGS = 32  # a HELO is cut at 512 characters (smtp_in.c), which holds fewer

_VALUE = r"[^ ]*?(?=:? |:?$)"
_FIELD = re.compile(
    r" (?:(?P<sender>F=(?:" + ADDRESS + r"|" + _VALUE + r"))"
    r"|(?P<interface>I=\[[^\] ]{0,60}\](?::\w{1,12})?)"
    r"|(?P<tls>X=" + _VALUE + r")|(?P<login>A=" + _VALUE + r")|(?P<ident>U=" + _VALUE + r")|(?P<protocol>P=[\w-]++)"
    r"|DN="
    + QUOTED
    + r"|(?:Ci|CV|SNI|PRX|SPF|DMARC|DKIM|ARC|M8S|Q|RT)="
    + _VALUE
    + r"|DS|L[-*.]{0,4}|K|TFO\*?|PRDR)(?=[ :]|$)"
)


def peer(event: Event, text: str, start: int, follows: Follows) -> int | None:
    """Read the peer that stands at `start`, and give where it ends, or None where none stands there.

    Args:
        follows: Tells whether such a line may go on like that behind the peer.
    """
    found = _PEER.match(text, start)
    if found is not None and (found.end(2) < 0 or text.find(") [", found.end()) < 0):
        domain, helo, address, port = found.groups()
        end = found.end()
    else:
        opening = _OPENING.match(text, start)
        if opening is None:
            return None
        chosen, ambiguous = _choose(text, opening.end(), follows)
        if chosen is None:
            return None
        domain, helo = opening.group(1), text[opening.end() : chosen.start()]
        address, port = chosen.groups()
        end = chosen.end()
        if ambiguous:
            event.mail_parse_ambiguous = True
    event.source_ip = ip(address)
    if port is not None and port.isdecimal():
        event.source_port = int(port)
    if domain and domain != address:
        event.source_domain = domain
    if helo:
        event.smtp_helo = helo
    return end


def _choose(text: str, start: int, follows: Follows) -> tuple[re.Match[str] | None, bool]:
    """Choose the `) [address]` that ends the HELO.

    The first one that the line agrees with. A later one that agrees too is the end where it stands outside of what
    the line may quote: then the HELO held a whole line of its own.
    """
    chosen: re.Match[str] | None = None
    quoted = (0, 0)
    ambiguous = False
    for count, closing in enumerate(_CLOSING.finditer(text, start)):
        if count == _MOST_CLOSINGS:
            return chosen, True
        span = follows(text, closing.end()) if ip(closing.group(1)) else None
        if span is None:
            continue
        if chosen is not None:
            ambiguous = True
            if quoted[0] <= closing.start() < quoted[1]:
                continue
        chosen, quoted = closing, span
    return chosen, ambiguous


_USUAL = re.compile(
    r"(?: I=\[([^\[\] ]+)\]:(\d{1,5}))?(?: X=([^ ]+) CV=\w+)?(?: F=<([^<>\" ]*)>)?(?= (?:[a-z]|Warning:))"
)


def fields(event: Event, text: str, start: int) -> int:
    """Read the fields from `start` on, and give where the last one ends."""
    usual = _USUAL.match(text, start)
    if usual is not None:
        address, port, suite, sender = usual.groups()
        if address is not None:
            event.destination_ip = ip(address)
            event.destination_port = int(port)
        if suite is not None:
            tls(event, suite)
        if sender is not None:
            addresses(event, sender)
        return usual.end()
    end = start
    while text[end + 1 : end + 2].isupper() and (found := _FIELD.match(text, end)) is not None:
        end = found.end()
        kind = found.lastgroup
        if kind is None:
            continue
        value = found.group(kind)[2:]
        if kind == "sender":
            addresses(event, value)
        elif kind == "interface":
            interface(event, value)
        elif kind == "tls":
            tls(event, value)
        elif kind == "login":
            login(event, value)
        elif kind == "ident":
            if event.source_ip is None and event.smtp_helo is None:  # else it is what the client's ident server says
                event.user_name = value
        else:
            arrived(event, value)
    return end


def interface(event: Event, text: str) -> None:
    """Read our own end, `I=[address]:port`."""
    address, _, port = text.rpartition("]")
    event.destination_ip = ip(address)
    if port[1:].isdecimal():
        event.destination_port = int(port[1:])


def addresses(event: Event, sender: str) -> None:
    """Set the envelope sender, written with or without its angle brackets."""
    if sender.startswith("<") and sender.endswith(">"):
        sender = sender[1:-1]
    if sender:
        event.email_from_address = [sender]
    else:
        event.email_from_address = []
        event.mail_null_sender = True


def login(event: Event, text: str) -> None:
    """Read `A=authenticator[:id[:sender]]`."""
    method, _, user = text.partition(":")
    event.mail_sasl_method = method
    if user:
        event.user_name = user


@lru_cache(maxsize=256)
def _protocol(text: str) -> tuple[str | None, bool | None]:
    if "smtp" not in text and text != "lmtp":
        return None, None
    encrypted = None if text.startswith("local") else text.endswith(("ps", "psa", "ssmtp"))
    return "lmtp" if text == "lmtp" else "smtp", encrypted


def arrived(event: Event, protocol: str) -> None:
    """Read how a message came, `P=esmtpsa`."""
    event.network_protocol, encrypted = _protocol(protocol)
    if encrypted is not None and not event.tls_established:
        event.tls_established = encrypted


@lru_cache(maxsize=1024)
def _suite(text: str) -> tuple[str, str, str | None] | None:
    name, _, rest = text.partition(":")
    if not name.upper().startswith(("TLS", "SSL")):
        return None
    cipher, colon, _ = rest.rpartition(":")
    return name[3:].lstrip("v"), name[:3].lower(), (cipher if colon else rest) or None


def tls(event: Event, text: str) -> None:
    """Read `X=TLS1.3:TLS_AES_256_GCM_SHA384:256`."""
    event.tls_established = True
    suite = _suite(text)
    if suite is not None:
        event.tls_version, event.tls_version_protocol, event.tls_cipher = suite


def to_destination(event: Event) -> None:
    """Make the peer, which was taken for a client, the server that we called."""
    event.destination_ip, event.source_ip = event.source_ip, None
    event.destination_port, event.source_port = event.source_port, None
    event.destination_domain, event.source_domain = event.source_domain, None


_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_SPAN = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)([smhdw])")


@lru_cache(maxsize=4096)
def seconds(text: str) -> float | None:
    """Give the seconds that `2m42s` or `1.234s` stand for, or None where it is no such span."""
    parts: list[tuple[str, str]] = _SPAN.findall(text)
    return sum(float(number) * _UNITS[unit] for number, unit in parts) if parts else None
