"""CFG-03: none of Postfix's limits for one client is set."""

from mailwarden.alerts.detection.posture_detector import PostureDetector, posture_detection
from mailwarden.alerts.words.translate import N_

__all__ = ["DETECTOR"]

DETECTOR = PostureDetector(
    posture_detection(
        "rate_limits_off",
        "CFG-03",
        N_("the mail server lets clients try without a limit"),
        N_("a firewall or fail2ban limits them"),
    ),
    ("settings",),
    ("settings_no_limits",),
)
