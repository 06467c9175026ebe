"""CFG-01: a sending address without a name that leads back to it, or a server that calls itself otherwise."""

from mailwarden.alerts.detection.posture_detector import PostureDetector, posture_detection
from mailwarden.alerts.words.translate import N_

__all__ = ["DETECTOR"]

DETECTOR = PostureDetector(
    posture_detection(
        "reverse_names",
        "CFG-01",
        N_("the name of a sending address is wrong"),
        N_("the address sends no mail itself"),
    ),
    ("ptr", "helo"),
)
