"""REP-04: one of our addresses stands on block lists, seen twice ten minutes apart.

How bad it is follows from how much the lists matter: 1.0 is one that most receivers ask. A list that gives no answer while it
listed us before still counts: only a clear answer ends it.
"""

from mailwarden.alerts.detection.listing_detector import SPAN_US, ListingDetector
from mailwarden.alerts.terms import Detection
from mailwarden.alerts.words.translate import N_

__all__ = ["DETECTOR"]

DETECTOR = ListingDetector(
    Detection(
        name="listed_address",
        id="REP-04",
        version=1,
        cause="listed",
        category="blocklist_risk",
        severity="critical",
        title=N_("{entity} is on a block list: {lists}"),
        why=N_("seen twice; the lists it is on weigh {score} together, and from 1 on most receivers refuse"),
        harmless=N_("no mail leaves from this address"),
        advice="listed_address",
        techniques=(),
        primary="mailwarden.own_address",
        entities=("mailwarden.listing.lists",),
        span_us=SPAN_US,
        threshold=1,
    )
)
