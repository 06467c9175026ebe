"""Sums that fade: each amount loses half its weight in a half-life of stream time."""

import msgspec

__all__ = ["Fading", "faded", "fed"]


_INSTANT_US = 60_000_000  # within it nothing fades that anybody could see: half-lives are hours


class Fading(msgspec.Struct, array_like=True):
    """A sum, and when it was last brought up to date (epoch microseconds)."""

    sum: float = 0.0
    at_us: int = 0


def faded(fading: Fading, now_us: int, half_life_us: int) -> float:
    """Give what is left of a sum now."""
    since = now_us - fading.at_us
    return fading.sum if since <= 0 else float(fading.sum * 0.5 ** (since / half_life_us))


def fed(fading: Fading, now_us: int, half_life_us: int, amount: float) -> float:
    """Add an amount now; give the sum."""
    if now_us - fading.at_us < _INSTANT_US:
        fading.sum += amount
    else:
        fading.sum = faded(fading, now_us, half_life_us) + amount
        fading.at_us = now_us
    return fading.sum
