"""Mail programs as a server's log knows them: by the shape of the Message-IDs that they make.

Shapes as they stand in mail that was sent with each; who has none of its own gets Postfix's.
"""

import random
from collections.abc import Callable

__all__ = ["DESKS", "PHONES", "THIEVES", "message_id"]

_HEX = "0123456789abcdef"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def _any(chance: random.Random, of: str, count: int) -> str:
    return "".join(chance.choices(of, k=count))


def _uuid(chance: random.Random) -> str:
    return "-".join(_any(chance, _HEX, count) for count in (8, 4, 4, 4, 12))


def _outlook(chance: random.Random, domain: str) -> str:
    return f"{_any(chance, _HEX, 12)}${_any(chance, _HEX, 8)}${_any(chance, _HEX, 8)}$@{domain}"


def _android(chance: random.Random, _domain: str) -> str:
    return f"{_any(chance, _LETTERS.lower(), 16)}.{chance.randrange(10**12, 10**13)}@email.android.com"


_SHAPES: dict[str, Callable[[random.Random, str], str]] = {
    "thunderbird": lambda chance, domain: f"{_uuid(chance)}@{domain}",
    "outlook": _outlook,
    "apple": lambda chance, domain: f"{_uuid(chance).upper()}@{domain}",
    "android": _android,
    "gmail": lambda chance, _: f"CA{_any(chance, _LETTERS + '+=_-', 48)}@mail.gmail.com",
    "roundcube": lambda chance, domain: f"{_any(chance, _HEX, 32)}@{domain}",
    "python": lambda chance, _: (
        f"{chance.randrange(10**13, 10**14)}.{chance.randrange(100, 9999)}.{chance.randrange(10**18, 10**19)}@vps"
    ),
    "phpmailer": lambda chance, _: f"{_any(chance, _LETTERS, 42)}@localhost",
    "none": lambda chance, _: (
        f"202603{chance.randrange(10**8):08}.{_any(chance, '0123456789ABCDEF', 10)}@mx1.example.org"
    ),
}
DESKS = ("outlook", "outlook", "thunderbird", "apple")
PHONES = ("apple", "android")
THIEVES = ("python", "phpmailer", "none", "thunderbird", "outlook")
"""What thieves write with: scripts, and the programs that people have."""


def message_id(chance: random.Random, program: str, domain: str) -> str:
    """Make the Message-ID of one message."""
    return _SHAPES[program](chance, domain)
