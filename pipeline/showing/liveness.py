"""Whether the service that keeps a database lives, and how far behind it is."""

from typing import NamedTuple

from mailwarden.pipeline.places import last_alive_s
from mailwarden.pipeline.service.lock import is_held, lock_path
from mailwarden.pipeline.store import Store

__all__ = ["Liveness", "read_liveness"]

_AHEAD_S = 120.0  # two clocks that nobody has set apart agree better


class Liveness(NamedTuple):
    """What is seen of the service.

    Args:
        lag_s: Seconds since it last wrote or read.
        ended: No service lives; False also where that cannot be seen.
        ahead_s: Seconds that the newest line is dated ahead of this machine's clock; 0 where they agree.
    """

    lag_s: float
    ended: bool
    ahead_s: float


def read_liveness(store: Store, now_us: int) -> Liveness:
    """Look at the newest line, at when the service was last seen to turn, and at its lock.

    What is dated ahead is no sign of life: it would be one for as long as the clocks differ, whether somebody watches or not.
    """
    now_s = now_us / 1_000_000
    line_s, turn_s = now_s - int(store.meta("stream_us") or 0) / 1_000_000, now_s - last_alive_s(store.path)
    lag_s = max(0.0, min((one for one in (line_s, turn_s) if one > -_AHEAD_S), default=0.0))
    ended = is_held(lock_path(store.path.parent)) is False
    return Liveness(lag_s, ended, -line_s if line_s <= -_AHEAD_S else 0.0)
