"""Read whose login it is in what a client sends, as base64, to log in."""

import base64

__all__ = ["ASKS_FOR_NAME", "plain_name", "spelt"]

ASKS_FOR_NAME = "VXNlcm5hbWU6"
"""`Username:`, with which a server asks by LOGIN; what the client says next is the name, and after that the password."""
_NAME_MAX = 512
_PLAIN = 3  # as whom, who, the password


def spelt(text: str) -> str | None:
    """Give what base64 spells; None where it is none, or nothing that can be read."""
    if len(text) % 4 or not 4 <= len(text) <= _NAME_MAX:
        return None
    try:
        word = base64.b64decode(text, validate=True).decode("utf-8")
    except ValueError:  # also what binascii and UTF-8 raise
        return None
    return word if word.replace("\0", "").isprintable() else None


def plain_name(text: str) -> str | None:
    """Give the name in a message of PLAIN (RFC 4616); None where it is none."""
    parts = (spelt(text) or "").split("\0")
    return parts[1] or None if len(parts) == _PLAIN else None
