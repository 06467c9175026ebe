"""Exim 4.9x to 4.100: mainlog, rejectlog and paniclog, with what cPanel, Debian and DirectAdmin add."""

from mailwarden.parsers.formats.exim import (
    delivery,
    handshake,
    login,
    message,
    names,
    protocol,
    reject,
    service,
    session,
    trouble,
)
from mailwarden.parsers.formats.exim.prefix import FORMAT, claim, claim_text, continues

__all__ = [
    "FORMAT",
    "claim",
    "claim_text",
    "continues",
    "delivery",
    "handshake",
    "login",
    "message",
    "names",
    "protocol",
    "reject",
    "service",
    "session",
    "trouble",
]
