"""REP-11: the signs that lead to a block add up for one of our domains.

Fires at 60 of 100 (`high`), and where the risk rises by 25 within six hours (`medium`). How it is weighed stands in
`alerts/risk/`; here it is only told.
"""

from collections.abc import Iterable

import msgspec

from mailwarden.alerts.detector import Detector, Fired
from mailwarden.alerts.finding import Detection
from mailwarden.parsers.event import Event

__all__ = ["DETECTOR"]

_ALARM = 60
_FACT = "mailwarden.risk.domain"


class _State(msgspec.Struct, array_like=True):
    last_us: int = 0


class DomainRisk(Detector[_State]):
    """The risk of one of our domains as it is told."""

    detection = Detection(
        name="domain_risk",
        id="REP-11",
        version=1,
        cause="listed",
        category="blocklist_risk",
        severity="medium",
        title="blacklist risk of the domain {sender}: {measure} of 100 and rising",
        why="the signs that lead to block lists add up: {risk_parts}",
        harmless="one large mailing to an old list, which is over",
        advice="blacklist_risk",
        techniques=(),
        primary="mailwarden.sender_domain",
        entities=(
            "mail.provider",
            "mailwarden.receiver",
            "mailwarden.account",
            "mailwarden.script",
            "mailwarden.own_address",
        ),
        span_us=6 * 3_600_000_000,
        threshold=_ALARM,
    )
    actions = frozenset(
        {"delivery", "complaint", "dmarc-report", "reject", "discard", "message-held", "filter-verdict"}
    )
    needs = (_FACT,)
    state = _State
    ttl_us = 24 * 3_600_000_000

    def keys(self, event: Event) -> Iterable[str]:
        """Only where the risk has just reached an alarm."""
        found = event.facts and event.facts.get(_FACT)
        return (found[0],) if found else ()

    def update(self, state: _State, event: Event) -> Fired | None:
        """Tell it."""
        name, risk, address = (event.facts or {})[_FACT]
        state.last_us = event.stream_us
        values = {
            "sender": address or name,
            "risk_parts": [[grade.part.name, round(grade.points)] for grade in risk.grades],
        }
        return Fired(risk.score, 1, "high" if risk.score >= _ALARM else "medium", values)


DETECTOR = DomainRisk()
