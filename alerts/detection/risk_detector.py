"""What the detectors of the risk of our domains and of our servers share."""

from collections.abc import Iterable

import msgspec

from mailwarden.alerts.detection.detector import Detector, Fired
from mailwarden.alerts.risk.outcomes import RISE
from mailwarden.alerts.risk.parts import NAMELESS
from mailwarden.alerts.risk.score import ALARM
from mailwarden.alerts.terms import Detection
from mailwarden.alerts.words.translate import N_
from mailwarden.parsers.event import Event

__all__ = ["ENTITIES", "SPAN_US", "RiskDetector"]

_HOUR_US = 3_600_000_000
SPAN_US = 6 * _HOUR_US
ENTITIES = (
    "mail.provider",
    "mailwarden.receiver",
    "mailwarden.account",
    "mailwarden.script",
    "mailwarden.return_path",
    "mailwarden.own_address",
)


class _State(msgspec.Struct, array_like=True):
    last_us: int = 0


class RiskDetector(Detector[_State]):
    """The risk of one of our senders as it is told.

    Args:
        detection: What it says of itself.
        fact: Where the fold says that the risk has just reached an alarm.
    """

    actions = frozenset(
        {"delivery", "complaint", "dmarc-report", "reject", "discard", "message-held", "filter-verdict"}
    )
    state = _State
    ttl_us = 24 * _HOUR_US

    def __init__(self, detection: Detection, fact: str) -> None:
        self.detection = detection
        self.needs = (fact,)
        self._fact = fact

    def keys(self, event: Event) -> Iterable[str]:
        """Only where the risk has just reached an alarm."""
        found = event.facts and event.facts.get(self._fact)
        return (found[0],) if found else ()

    def update(self, state: _State, event: Event) -> Fired | None:
        """Tell it."""
        name, risk, address = (event.facts or {})[self._fact]
        state.last_us = event.stream_us
        values = {
            "sender": address or name,
            "risk_parts": [[grade.part.name, round(grade.points)] for grade in risk.grades],
        }
        said = self.detection if risk.score >= ALARM else self.detection._replace(threshold=RISE)
        if (address or name) == NAMELESS:
            said = said._replace(title=N_("blacklist risk of this server: {measure} of 100, rising"))
        return Fired(risk.score, 1, "high" if risk.score >= ALARM else "medium", values, detection=said)
