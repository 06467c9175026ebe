"""What probes saw in the time of a report."""

from collections.abc import Iterable
from typing import TypeVar

from mailwarden.pipeline.store import Listing, Posture

__all__ = ["seen_in_time"]

_DAY_US = 86_400_000_000
Seen = TypeVar("Seen", Listing, Posture)


def seen_in_time(states: Iterable[Seen], to_us: int, domain: str | None) -> list[Seen]:
    """Give the states that tell of a report's time: what was seen up to a day after its end still does.

    Args:
        states: Those that held when it began, or came later.
        to_us: Where it ends.
        domain: Only this domain of ours.
    """
    return [
        one for one in states if one.since_us < to_us + _DAY_US and (domain is None or one.subject.lower() == domain)
    ]
