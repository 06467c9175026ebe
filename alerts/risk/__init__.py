"""The risk of being blocked or listed, told from what receivers answer: one number with named parts for each sender.

A *sender* is what receivers judge: a sending address of ours (by the server that uses it) or a domain of ours.
"""

from mailwarden.alerts.risk.outcomes import Outcomes
from mailwarden.alerts.risk.parts import PARTS, Part
from mailwarden.alerts.risk.score import Risk, assess
from mailwarden.alerts.risk.sender import Sender

__all__ = ["PARTS", "Outcomes", "Part", "Risk", "Sender", "assess"]
