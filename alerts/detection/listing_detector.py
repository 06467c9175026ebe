"""What the detectors of listed addresses and listed domains share."""

from collections.abc import Iterable

import msgspec

from mailwarden.alerts.detection.detector import Detector, Fired
from mailwarden.alerts.terms import Detection
from mailwarden.parsers.event import Event

__all__ = ["SPAN_US", "ListingDetector", "listing_severity"]

_HOUR_US = 3_600_000_000
SPAN_US = 6 * _HOUR_US  # lists are asked once an hour; half a day without a listing ends it
_MOST, _SOME = 1.0, 0.5  # REP-04: the weight that most, and that some receivers refuse


def listing_severity(weight: float) -> str:
    """Give how bad listings of this weight are, added up over the lists."""
    return "critical" if weight >= _MOST else "medium" if weight >= _SOME else "low" if weight > 0 else "info"


class _State(msgspec.Struct, array_like=True):
    zones: list[str] = []
    last_us: int = 0


class ListingDetector(Detector[_State]):
    """Which lists one of ours stands on.

    Args:
        detection: What it says of itself.
    """

    actions = frozenset({"dnsbl-check"})
    state = _State
    ttl_us = 90 * 24 * _HOUR_US

    def __init__(self, detection: Detection) -> None:
        self.detection = detection

    def keys(self, event: Event) -> Iterable[str]:
        """The address or domain."""
        subject = (event.extra or {}).get(self.detection.primary)
        return () if subject is None else (str(subject),)

    def update(self, state: _State, event: Event) -> Fired | None:
        """Tell when a list is new; lists that nobody heeds are only written down."""
        extra = event.extra or {}
        state.last_us = event.stream_us
        answers = [
            one for one in extra.get("mailwarden.listing.answers", ()) if "listed" in (one["state"], one.get("before"))
        ]
        zones = sorted(one["zone"] for one in answers)
        is_new, state.zones = not set(zones) <= set(state.zones), zones
        score = float(extra.get("mailwarden.listing.score", 0.0))
        if not zones or score <= 0:
            return None
        heaviest = max(answers, key=lambda one: float(one.get("weight", 0)))
        values = {
            "lists": [str(one["name"]) for one in sorted(answers, key=lambda one: -float(one.get("weight", 0)))],
            "list_count": len(answers),
            "score": score,
            "list": heaviest["name"],
            "delist": heaviest.get("delist", ""),
        }
        return Fired(len(answers), len(answers) if is_new else 0, listing_severity(score), values, is_new)
