"""REP-11: the signs that lead to a block add up for one of our servers.

Fires at 60 of 100 (`high`), and where the risk rises by 25 within six hours (`medium`). How it is weighed stands in
`alerts/risk/`; here it is only told.
"""

from mailwarden.alerts.detection.risk_detector import ENTITIES, SPAN_US, RiskDetector
from mailwarden.alerts.risk.score import ALARM
from mailwarden.alerts.terms import Detection
from mailwarden.alerts.words.translate import N_

__all__ = ["DETECTOR"]

DETECTOR = RiskDetector(
    Detection(
        name="server_risk",
        id="REP-11",
        version=1,
        cause="listed",
        category="blocklist_risk",
        severity="medium",
        title=N_("blacklist risk of {sender}: {measure} of 100, rising"),
        why=N_("the signs that lead to block lists add up: {risk_parts}"),
        harmless=N_("one large mailing to an old list, which is over"),
        advice="blacklist_risk",
        techniques=(),
        primary="mailwarden.site",
        entities=ENTITIES,
        span_us=SPAN_US,
        threshold=ALARM,
    ),
    "mailwarden.risk.server",
)
