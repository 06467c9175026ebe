"""REP-05: one of our domains stands on a block list of domains, seen twice ten minutes apart; refusals are no listings."""

from mailwarden.alerts.detection.listing_detector import SPAN_US, ListingDetector
from mailwarden.alerts.terms import Detection
from mailwarden.alerts.words.translate import N_

__all__ = ["DETECTOR"]

DETECTOR = ListingDetector(
    Detection(
        name="listed_domain",
        id="REP-05",
        version=1,
        cause="listed",
        category="blocklist_risk",
        severity="critical",
        title=N_("{entity} is on a block list: {lists}"),
        why=N_("seen twice; the lists it is on weigh {score} together, and from 1 on most receivers refuse"),
        harmless=N_("the domain is shared with strangers"),
        advice="listed_domain",
        techniques=(),
        primary="mailwarden.own_domain",
        entities=("mailwarden.listing.lists",),
        span_us=SPAN_US,
        threshold=1,
    )
)
