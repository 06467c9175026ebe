"""What a server sends to each provider while it is new: receivers take little from an address that they do not know.

A server is new where it was seen to begin: it kept mail of its own for a day or more before any left it, or it moved to another
address. Where a log merely begins, nobody knows.
"""

from mailwarden.alerts.risk.sender import Sender

__all__ = ["YOUNG_US", "begin", "count_early"]

_DAY_US = 86_400_000_000
YOUNG_US = 14 * _DAY_US
"""How long an address is new: providers speak of two to four weeks of warming up."""
_PROVIDERS = 8


def begin(sender: Sender, since_us: int) -> None:
    """Say that a sender is new since an instant."""
    sender.young_us, sender.early = since_us, {}


def count_early(sender: Sender, provider: str, now_us: int) -> tuple[int, int] | None:
    """Count a recipient of a provider; give those of its day and the most of a day before. None where the sender is old."""
    if now_us - sender.young_us >= YOUNG_US:
        return None
    day = (now_us - sender.young_us) // _DAY_US
    counted = sender.early.get(provider)
    if counted is None:
        if len(sender.early) >= _PROVIDERS:
            return None
        counted = sender.early[provider] = [day, 0, 0]
    if counted[0] != day:
        counted[0], counted[1], counted[2] = day, 0, max(counted[2], counted[1])
    counted[1] += 1
    return counted[1], counted[2]
