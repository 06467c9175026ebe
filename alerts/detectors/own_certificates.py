"""INF-08: a certificate of an own port is near its end, over, or not believed; a port without encryption."""

from mailwarden.alerts.detection.posture_detector import PostureDetector, posture_detection
from mailwarden.alerts.words.translate import N_

__all__ = ["DETECTOR"]

DETECTOR = PostureDetector(
    posture_detection(
        "own_certificates",
        "INF-08",
        N_("a certificate of ours is near its end"),
        N_("it is being renewed right now"),
    ),
    ("certificate", "tls"),
)
