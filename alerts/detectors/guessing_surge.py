"""AUTH-06, by volume: guessing far exceeds this site's own weather.

Five times the usual hour of the fortnight, and three times its usual busiest one; or five times the usual day
(`alerts/facts/weather.py`). Told of the site as a whole, once, whatever shape the guessing has: many addresses or one, many
accounts or one.
"""

from collections.abc import Iterable

import msgspec

from mailwarden.alerts.detection.detector import Detector, Fired
from mailwarden.alerts.terms import Detection
from mailwarden.parsers.event import Event

__all__ = ["DETECTOR"]

_DAY_US = 86_400_000_000
_FAR = 4  # times the limit from which it is high


class _State(msgspec.Struct, array_like=True):
    level: int = 0
    last_us: int = 0


class GuessingSurge(Detector[_State]):
    """Guessing beyond the weather."""

    detection = Detection(
        name="guessing_surge",
        id="AUTH-06",
        version=1,
        cause="guessing",
        category="auth_attack",
        severity="medium",
        title="far more guessing than usual: {measure} tries",
        why="{measure} failed logins of strangers within an hour or a day (fires at {threshold}, five times the usual)",
        harmless="passwords were changed for everybody, and phones on the move have the old ones",
        advice="site_spray",
        techniques=("T1110",),
        primary="mailwarden.site",
        entities=("source.ip", "mailwarden.account", "network.protocol"),
        span_us=_DAY_US // 4,
        threshold=100,
    )
    actions = frozenset({"auth-failure"})
    needs = ("mailwarden.weather.exceeded",)
    state = _State
    ttl_us = _DAY_US

    def keys(self, event: Event) -> Iterable[str]:
        """Tries beyond the limit."""
        return (event.mailwarden_site or "",) if event.facts and "mailwarden.weather.exceeded" in event.facts else ()

    def update(self, state: _State, event: Event) -> Fired | None:
        """Tell when the limit is passed, then once a doubling."""
        facts = event.facts or {}
        measure, limit = facts["mailwarden.weather.tries"], facts["mailwarden.weather.limit"]
        if state.last_us and event.stream_us - state.last_us > _DAY_US // 4:
            state.level = 0
        state.last_us = event.stream_us
        severity = "high" if measure > _FAR * limit else "medium"
        values = {"threshold": limit}
        if state.level and measure < 2 * state.level:
            return Fired(measure, event.mailwarden_attempts, severity, values, fired=False)
        tries = event.mailwarden_attempts if state.level else measure
        state.level = measure
        return Fired(measure, tries, severity, values)


DETECTOR = GuessingSurge()
