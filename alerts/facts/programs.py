"""Which program wrote a message, by the shape of its Message-ID: each makes its own.

`<7C1F…-…@example.org>` is of an Apple device, `<000001da…$…$…$@example.org>` of Outlook, `<168….1234.567@vps>` of a script in
Python, and where a script made none, the server puts in its own. Who enters an account writes with another program than its
owner, or with another name behind the `@`. What letters, which marks and how many of them in front of it, and which domain
behind it: that is the shape. A thief who has read the owner's mail can make the owner's shape.

An owner who writes with many programs has new ones now and then: the rarer that was, the more a new one says (the share of
messages that were the first of their kind is the chance of the next; Good, Biometrika 1953).
"""

import re
import zlib
from bisect import bisect
from math import log2

import msgspec

from mailwarden.parsers.address import organisation

__all__ = ["Programs", "bits", "learn_program", "shape"]

_DAY_US = 86_400_000_000
_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_LENGTHS = (20, 32, 41)  # some count up, some leave out noughts: about how long it is must do
_ALPHANUMERIC, _MARKS = re.compile(r"[0-9A-Za-z]+"), re.compile(r"[^0-9A-Za-z]+")
_HEX, _LARGE_HEX = re.compile(r"[0-9a-f]+"), re.compile(r"[0-9A-F]+")
_LONGEST = 300  # the client chooses it
_REMEMBERED = 12
_LEAST = 10  # messages, before a program is strange
_FADE_AT = 200
_MOST_BITS = 6.0  # a person changes programs about once a year, on one of sixty days with mail at the most


class Programs(msgspec.Struct, array_like=True):
    """The shapes that an account writes with."""

    seen: dict[int, int] = {}  # shape -> when first, the one seen last at the end
    messages: int = 0
    firsts: int = 0  # of them: the first ones of their shape, at most one a day
    day: int = 0  # when the last of these came


def shape(message_id: str, domain: str) -> int:
    """Give the shape of a Message-ID as a number of 32 bits.

    CRC-32 suffices: who could choose an id of the owner's shape by its number could as well write the owner's shape.

    Args:
        message_id: With or without its brackets.
        domain: Of the account: names below it are its own.
    """
    left, _, right = message_id.strip("<> ")[:_LONGEST].rpartition("@")
    right = right.lower()
    own = bool(domain) and (right == domain or right.endswith("." + domain))
    behind = "=" if own else "[]" if right[:1] == "[" else organisation(right)
    return zlib.crc32(f"{_letters(left)}@{behind}".encode("utf-8", "surrogatepass"))


def _letters(text: str) -> str:
    """Say of which letters and marks a text is made, and about how long it is."""
    if _UUID.fullmatch(text):
        return "UUID" if text == text.upper() else "uuid"
    marks = _ALPHANUMERIC.sub("", text)
    plain = _MARKS.sub("", text) if marks else text
    if plain.isdigit():
        kind = "9"
    elif _HEX.fullmatch(plain):
        kind = "f"
    elif _LARGE_HEX.fullmatch(plain):
        kind = "F"
    else:
        kind = "z" if plain == plain.lower() else "Z" if plain == plain.upper() else "zZ"
    mark = "$" if "$" in marks else "." if "." in marks else ""  # others come and go in base64
    return f"{kind}{mark}{bisect(_LENGTHS, len(text))}"


def bits(programs: Programs, form: int, now_us: int) -> float:
    """Say how much a shape tells against the account's owner, in bits; a new one is new for a day."""
    since_us = programs.seen.get(form)
    if programs.messages < _LEAST or (since_us is not None and now_us - since_us >= _DAY_US):
        return 0.0
    return round(max(0.0, min(_MOST_BITS, log2((programs.messages + 1) / (programs.firsts + 0.5)))), 1)


def learn_program(programs: Programs, form: int, now_us: int) -> None:
    """Learn the shape of a message; a new one counts once a day, and what it writes not before it is a day old."""
    since_us = programs.seen.pop(form, None)
    programs.seen[form] = now_us if since_us is None else since_us
    if len(programs.seen) > _REMEMBERED:
        del programs.seen[next(iter(programs.seen))]
    is_old = programs.messages < _LEAST or (since_us is not None and now_us - since_us >= _DAY_US)
    is_first = not is_old and since_us is None and programs.day != now_us // _DAY_US
    if is_first:
        programs.firsts, programs.day = programs.firsts + 1, now_us // _DAY_US
    programs.messages += is_old or is_first
    if programs.messages >= _FADE_AT:
        programs.messages, programs.firsts = programs.messages // 2, programs.firsts // 2
