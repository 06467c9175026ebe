"""Times that are counted: seconds or milliseconds since 1970, and multilog's."""

import re
from typing import NamedTuple

__all__ = ["SECOND_US", "Stamp", "microseconds", "tai64n", "unix_time"]

SECOND_US = 1_000_000
"""Microseconds of a second."""
_TAI_OFFSET = (1 << 62) + 10  # daemontools writes 2^62 + 10 s + Unix time (https://cr.yp.to/libtai/tai64.html)
_UNIX_TIME = re.compile(r"([0-9]{9,10})(?:\.([0-9]{1,9})|([0-9]{3}(?:[0-9]{3}){0,2}))?:?(?=[ \t\]])")
_TAI64N = re.compile(r"@([0-9a-fA-F]{16})([0-9a-fA-F]{8})(?= |$)")


class Stamp(NamedTuple):
    """A time read off a line, how sure it is (None: exact), and where the text behind it begins."""

    us: int
    quality: str | None
    end: int


def unix_time(text: str) -> Stamp | None:
    """Read seconds since the epoch at the start of the text, as `1772510706.123456`, or milliseconds, or less."""
    found = _UNIX_TIME.match(text)
    if found is None:
        return None
    fraction = found[2] or found[3] or ""
    return Stamp(int(found[1]) * 1_000_000 + microseconds(fraction), None, found.end())


def tai64n(text: str) -> Stamp | None:
    """Read `@4000000069a65b2a1c9c3804` (multilog) at the start of the text."""
    found = _TAI64N.match(text)
    if found is None:
        return None
    seconds = int(found[1], 16) - _TAI_OFFSET
    if not 0 <= seconds < 1 << 34:  # the year 2514: what is later is no stamp
        return None
    return Stamp(seconds * SECOND_US + min(int(found[2], 16), 999_999_999) // 1000, None, found.end())


def microseconds(digits: str | None) -> int:
    """Give those that the digits of a fraction of a second stand for."""
    return int(digits[:6].ljust(6, "0")) if digits else 0
