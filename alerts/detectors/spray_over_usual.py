"""AUTH-06: of all who log in, too many fail, and each of them only once or twice.

The site's own fortnight says how the share of failing pairs (an existing account, a network it never used) varies from hour
to hour; an hour less probable than one in ten thousand (beta-binomial tail, `alerts/facts/weather.py`; Javed and Paxson, CCS
2013) is told as `low`, as `high` where it is also five times the usual. It sees a spray at real accounts that is small
beside the weather, which mostly tries names that nobody has.
"""

from collections.abc import Iterable

import msgspec

from mailwarden.alerts.detection.detector import Detector, Fired
from mailwarden.alerts.terms import Detection
from mailwarden.parsers.event import Event

__all__ = ["DETECTOR"]

_HOUR_US = 3_600_000_000
_SPAN_US = 6 * _HOUR_US


class _State(msgspec.Struct, array_like=True):
    level: int = 0
    is_high: bool = False
    last_us: int = 0


class SprayOverUsual(Detector[_State]):
    """Hours in which too many logins fail."""

    detection = Detection(
        name="spray_over_usual",
        id="AUTH-06",
        version=1,
        cause="guessing",
        category="auth_attack",
        severity="high",
        title="strangers try {measure} accounts in an hour, a try or two each",
        why="{measure} of {pairs} who logged in within the hour were strangers to an existing account and failed;"
        " usual are {usual} %",
        harmless="passwords were just changed for everybody, or a new office opened",
        advice="site_spray",
        techniques=("T1110.003",),
        primary="mailwarden.site",
        entities=("source.ip", "mailwarden.account", "network.protocol"),
        span_us=_SPAN_US,
        threshold=12,
    )
    actions = frozenset({"auth-failure"})
    needs = ("mailwarden.weather.spray",)
    state = _State
    ttl_us = _SPAN_US

    def keys(self, event: Event) -> Iterable[str]:
        """The tries with which an hour became improbable."""
        return (event.mailwarden_site or "",) if event.facts and "mailwarden.weather.spray" in event.facts else ()

    def update(self, state: _State, event: Event) -> Fired | None:
        """Tell of the hour once, again where it doubled or became worse."""
        spray = (event.facts or {})["mailwarden.weather.spray"]
        if state.last_us and event.stream_us - state.last_us > _SPAN_US:
            state.level, state.is_high = 0, False
        state.last_us = event.stream_us
        severity = "high" if spray.exceeds else "low"
        values = {"pairs": spray.pairs, "usual": round(100 * spray.usual, 1)}
        if state.level and spray.failed < 2 * state.level and not (spray.exceeds and not state.is_high):
            return Fired(spray.failed, 1, severity, values, fired=False)
        tries = 1 if state.level else spray.failed
        state.level, state.is_high = max(state.level, spray.failed), state.is_high or spray.exceeds
        return Fired(spray.failed, tries, severity, values)


DETECTOR = SprayOverUsual()
