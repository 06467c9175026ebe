"""Sums that fade: each amount loses half its weight in a half-life of stream time."""

import msgspec

__all__ = ["Fading", "faded", "fed"]


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
    fading.sum = faded(fading, now_us, half_life_us) + amount
    fading.at_us = max(now_us, fading.at_us)
    return fading.sum
