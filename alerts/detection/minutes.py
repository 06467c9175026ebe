"""Minutes in which something was said: trouble that lasts is told, a restart under load is not."""

import msgspec

__all__ = ["Minutes", "began", "is_new", "lasting"]

_MINUTE_US = 60_000_000


class Minutes(msgspec.Struct, array_like=True):
    """The state of what lasts."""

    minutes: list[int] = []  # of the span, in which it was said
    lines: int = 0  # since it was last told, or not told yet
    told_us: int = 0
    last_us: int = 0


def lasting(state: Minutes, now: int, lines: int, span_us: int) -> int:
    """Count lines; give in how many minutes of the span there were some."""
    state.last_us = now
    minute = now // _MINUTE_US
    if minute not in state.minutes:
        first = minute - span_us // _MINUTE_US
        state.minutes = [*(one for one in state.minutes if one > first), minute]
    state.lines += lines
    return len(state.minutes)


def began(state: Minutes) -> int:
    """Give the beginning of the first minute of the span in which it was said."""
    return state.minutes[0] * _MINUTE_US


def is_new(state: Minutes, now: int, span_us: int) -> bool:
    """Note that it is told now; say whether that is for the first time, or after a silence."""
    new = not state.told_us or now - state.told_us > 2 * span_us
    state.lines, state.told_us = 0, now
    return new
