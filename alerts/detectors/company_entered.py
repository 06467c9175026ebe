"""AUTH-25: more accounts come together to a new network than is usual here.

Accounts that are known from elsewhere, within a day of the first that came there: at least five, and more than twice the usual
most of a day (`alerts/facts/companies.py`). Colleagues on a journey and an office that moves do so, and whoever has several
passwords and one address. It is for the report; with it stands what the logins have of a stranger's by themselves. Phones on
the move, neighbours of known networks and new accounts do not count, and before a week nobody knows what is usual.
`many_accounts_entered` tells of ten within two hours, whatever is usual.
"""

from collections.abc import Iterable

import msgspec

from mailwarden.alerts.detection.detector import Detector, Fired
from mailwarden.alerts.terms import Detection
from mailwarden.parsers.event import Event

__all__ = ["DETECTOR"]

_DAY_US = 86_400_000_000
_LEAST = 5


class _State(msgspec.Struct, array_like=True):
    level: int = 0
    last_us: int = 0


class CompanyEntered(Detector[_State]):
    """Accounts that came together to one new network."""

    detection = Detection(
        name="company_entered",
        id="AUTH-25",
        version=1,
        cause="takeover",
        category="account_takeover",
        severity="low",
        title="{measure} accounts come from one new network",
        why="{measure} accounts that are known from elsewhere came from {entity} within a day of the first; this is unusual here"
        " (fires at {threshold})",
        harmless="colleagues on a journey, or an office that has moved",
        advice="many_entered",
        techniques=("T1078",),
        primary="mailwarden.network",
        entities=("mailwarden.account", "source.ip", "network.protocol"),
        span_us=_DAY_US,
        threshold=_LEAST,
    )
    actions = frozenset({"auth-success", "message-received"})
    needs = ("mailwarden.source.company",)
    state = _State
    ttl_us = 2 * _DAY_US

    def keys(self, event: Event) -> Iterable[str]:
        """Logins that are one too many."""
        known = event.facts is not None and "mailwarden.source.company" in event.facts
        return (event.mailwarden_network,) if known and event.mailwarden_network else ()

    def update(self, state: _State, event: Event) -> Fired | None:
        """Tell of the company, again where it doubled."""
        facts = event.facts or {}
        state.last_us = event.stream_us
        many, limit, since_us = facts["mailwarden.source.company"]
        values = {"threshold": limit}
        if state.level and many < 2 * state.level:
            return Fired(many, 1, "low", values, fired=False, first_us=since_us)
        tries = 1 if state.level else many
        state.level = many
        return Fired(many, tries, "low", values, first_us=since_us)


DETECTOR = CompanyEntered()
