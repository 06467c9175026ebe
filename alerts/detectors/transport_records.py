"""CFG-08: MTA-STS, TLS-RPT or DANE does not fit what is there."""

from mailwarden.alerts.detection.posture_detector import PostureDetector, posture_detection
from mailwarden.alerts.words.translate import N_

__all__ = ["DETECTOR"]

DETECTOR = PostureDetector(
    posture_detection(
        "transport_records",
        "CFG-08",
        N_("a record for encrypted delivery is wrong"),
        N_("it is being changed right now"),
    ),
    ("mta_sts", "tls_rpt", "dane"),
)
