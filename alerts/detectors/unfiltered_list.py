"""CFG-04: a block list is used without saying which of its answers are listings (a refusal would bounce all mail)."""

from mailwarden.alerts.detection.posture_detector import PostureDetector, posture_detection
from mailwarden.alerts.words.translate import N_

__all__ = ["DETECTOR"]

DETECTOR = PostureDetector(
    posture_detection(
        "unfiltered_list",
        "CFG-04",
        N_("the mail server takes refusals of a block list for listings"),
        N_("the list never refuses your resolver"),
    ),
    ("lists",),
    ("lists_unfiltered",),
)
