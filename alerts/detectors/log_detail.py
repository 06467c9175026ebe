"""CFG-07: Dovecot logs too little of failed logins."""

from mailwarden.alerts.detection.posture_detector import PostureDetector, posture_detection
from mailwarden.alerts.words.translate import N_

__all__ = ["DETECTOR"]

DETECTOR = PostureDetector(
    posture_detection(
        "log_detail",
        "CFG-07",
        N_("the mail server does not log why logins fail"),
        N_("another program logs them"),
    ),
    ("settings",),
    ("settings_log_detail",),
)
