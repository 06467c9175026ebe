"""CFG-02: SPF, DKIM, DMARC or MX of a domain that sends from here is missing or wrong."""

from mailwarden.alerts.detection.posture_detector import PostureDetector, posture_detection
from mailwarden.alerts.words.translate import N_

__all__ = ["DETECTOR"]

DETECTOR = PostureDetector(
    posture_detection(
        "sender_records",
        "CFG-02",
        N_("a record of a sending domain is wrong"),
        N_("the domain sends no mail"),
    ),
    ("spf", "dkim", "dmarc", "mx"),
)
