"""REP-09: receivers refuse a domain of ours because SPF, DKIM or DMARC does not hold.

Three within an hour are told as `high`; three within a day, at a domain that sends little, as `medium`. Mail that is passed
on for strangers, whose SPF must fail, is not ours and does not count.
"""

from collections.abc import Iterable

import msgspec

from mailwarden.alerts.detection.detector import Detector, Fired
from mailwarden.alerts.detection.windows import Window, add, crossed
from mailwarden.alerts.terms import Detection
from mailwarden.parsers.event import Event

__all__ = ["DETECTOR"]

_HOUR_US = 3_600_000_000
_SPAN_US = 24 * _HOUR_US
_LEAST = 3


class _State(msgspec.Struct, array_like=True):
    hour: Window = msgspec.field(default_factory=Window)
    day: Window = msgspec.field(default_factory=Window)
    last_us: int = 0


class AuthenticationRefused(Detector[_State]):
    """Refusals of one domain's mail for its authentication."""

    detection = Detection(
        name="authentication_refused",
        id="REP-09",
        version=1,
        cause="config",
        category="blocklist_risk",
        severity="high",
        title="mail of {sender} fails SPF, DKIM or DMARC",
        why="{measure} recipients within {span} were refused for SPF, DKIM or DMARC (fires at {threshold})",
        harmless="the domain is also used by a service elsewhere that signs nothing",
        advice="authentication",
        techniques=(),
        primary="mailwarden.sender_domain",
        entities=(
            "mail.provider",
            "mailwarden.receiver",
            "mailwarden.account",
            "mailwarden.script",
            "mailwarden.return_path",
            "mailwarden.own_address",
        ),
        span_us=_SPAN_US,
        threshold=_LEAST,
    )
    actions = frozenset({"delivery"})
    needs = ("mail.bounce.class", "mailwarden.first_try", "mailwarden.sender_domain")
    state = _State
    gathers = "day"
    ttl_us = 2 * _SPAN_US

    def keys(self, event: Event) -> Iterable[str]:
        """Only refusals for authentication, each recipient's first, of domains that are ours."""
        facts = event.facts
        if event.mail_bounce_class != "policy_auth" or not facts or not facts.get("mailwarden.first_try"):
            return ()
        domain = facts.get("mailwarden.sender_domain")
        return (domain,) if domain else ()

    def update(self, state: _State, event: Event) -> Fired | None:
        """Count the refusal."""
        now = state.last_us = event.stream_us
        hour = add(state.hour, now, _HOUR_US, 1)
        day = add(state.day, now, _SPAN_US, 1)
        if day < _LEAST:
            return None
        severity = "high" if hour >= _LEAST else "medium"
        values = {"sender": (event.facts or {}).get("mailwarden.sender_domain")}
        first = state.day.level == 0
        rose = severity == "high" and crossed(state.hour, hour)
        if crossed(state.day, day) or rose:
            return Fired(day, day if first else 1, severity, values)
        return Fired(day, 1, severity, values, fired=False)


DETECTOR = AuthenticationRefused()
