"""CFG-06: Postfix or Dovecot takes passwords from strangers without encryption."""

from mailwarden.alerts.detection.posture_detector import PostureDetector, posture_detection
from mailwarden.alerts.words.translate import N_

__all__ = ["DETECTOR"]

DETECTOR = PostureDetector(
    posture_detection(
        "plaintext_allowed",
        "CFG-06",
        N_("the mail server takes passwords without encryption"),
        N_("only this machine can reach it"),
    ),
    ("settings",),
    ("settings_plaintext",),
)
