"""OUT-06: an account suddenly writes to very many domains.

Twenty-five domains within an hour, and five times the most that is usual for the account. In its first week that is told as
`low`, from fifty on; so is an invoice run, from where it always is to people who take it (`alerts/facts/acquaintances.py`).
"""

from collections.abc import Iterable

import msgspec

from mailwarden.alerts.detection.detector import Detector, Fired, fire, is_first_outcome
from mailwarden.alerts.detection.windows import Window, add_value
from mailwarden.alerts.facts.acquaintances import sending_severity
from mailwarden.alerts.facts.usual import Usual, learn, tempered, usual_of
from mailwarden.alerts.state.mark import mark_text
from mailwarden.alerts.terms import Detection
from mailwarden.parsers.event import Event

__all__ = ["DETECTOR"]

_HOUR_US = 3_600_000_000
_FLOOR = 25
_UNKNOWN_USUAL = 50
_TIMES_USUAL = 5
_REMEMBERED = 128


class _State(msgspec.Struct, array_like=True):
    domains: Window = msgspec.field(default_factory=Window)
    usual: Usual = msgspec.field(default_factory=Usual)
    last_us: int = 0


class DomainFanOut(Detector[_State]):
    """Domains that an account writes to within an hour, against its own usual."""

    detection = Detection(
        name="domain_fan_out",
        id="OUT-06",
        version=2,
        cause="sending",
        category="outbound_spam",
        severity="medium",
        title="{account} writes to {measure} domains an hour",
        why="{measure} domains within {span}; usual: {usual} (fires at {threshold})",
        harmless="a circular to all customers: label the account",
        advice="sending_burst",
        techniques=("T1586.002",),
        primary="mailwarden.account",
        entities=("source.ip", "email.from.address"),
        span_us=_HOUR_US,
        threshold=_FLOOR,
    )
    actions = frozenset({"delivery"})
    needs = ("mailwarden.way.account", "mailwarden.first_try")
    state = _State
    gathers = "domains"
    record = "account_mail"
    ttl_us = 90 * 24 * _HOUR_US

    def keys(self, event: Event) -> Iterable[str]:
        """First outcomes, elsewhere, of an account's mail."""
        account = event.mailwarden_account
        if account is None or event.mailwarden_direction != "outbound" or not event.email_to_address:
            return ()
        if not is_first_outcome(event):
            return ()
        return () if "newsletter" in (event.facts or {}).get("mailwarden.labels", ()) else (account,)

    def update(self, state: _State, event: Event) -> Fired | None:
        """Count the recipient's domain."""
        now = state.last_us = event.stream_us
        domain = (event.email_to_address or [""])[0].lower().rpartition("@")[2]
        measure = add_value(state.domains, now, _HOUR_US, mark_text(domain), _REMEMBERED)
        learn(state.usual, now, measure)
        if measure < _FLOOR:
            return None
        usual = usual_of(state.usual, now)
        threshold = _UNKNOWN_USUAL if usual is None else min(max(_FLOOR, _TIMES_USUAL * usual), _REMEMBERED)
        if measure < threshold:
            return None
        severity = sending_severity(event.facts, measure, worst="medium")
        return fire(state.domains, measure, 1, tempered(severity, usual), {"usual": usual, "threshold": threshold})


DETECTOR = DomainFanOut()
