"""CFG-05: the configuration of the mail server or its filter names a block list that has ended."""

from mailwarden.alerts.detection.posture_detector import PostureDetector, posture_detection
from mailwarden.alerts.words.translate import N_

__all__ = ["DETECTOR"]

DETECTOR = PostureDetector(
    posture_detection(
        "dead_list_asked",
        "CFG-05",
        N_("the mail server asks a block list that has ended"),
        N_("it answers a private copy under that name"),
    ),
    ("lists",),
    ("lists_dead",),
)
