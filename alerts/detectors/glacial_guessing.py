"""AUTH-03: guessing so slow that no count of a day sees it.

Fifteen tries on three days of a week, from a network that nobody here uses (Javed and Paxson, CCS 2013, found attacks
that went on for months). Kept as seven small numbers a network, for very many networks try once.
"""

from collections.abc import Iterable

import msgspec

from mailwarden.alerts.detection.detector import Detector, Fired
from mailwarden.alerts.terms import Detection
from mailwarden.parsers.event import Event

__all__ = ["DETECTOR"]

_DAY_US = 86_400_000_000
_DAYS = 7
_TRIES = 15
_LEAST_DAYS = 3


class _State(msgspec.Struct, array_like=True):
    days: dict[int, int] = {}  # day -> tries, oldest first
    level: int = 0  # tries at the last firing
    last_us: int = 0


class GlacialGuessing(Detector[_State]):
    """Tries of one network by the day."""

    detection = Detection(
        name="glacial_guessing",
        id="AUTH-03",
        version=1,
        cause="guessing",
        category="auth_attack",
        severity="low",
        title="{address} guesses passwords, a few a day",
        why="{measure} tries on {days} days of a week from a network that nobody here uses (fires at {threshold})",
        harmless="a broken scanner, or a device that somebody forgot",
        advice="guessing_network",
        techniques=("T1110.001",),
        primary="mailwarden.network",
        entities=("source.ip", "mailwarden.account", "network.protocol"),
        span_us=_DAYS * _DAY_US,
        threshold=_TRIES,
    )
    actions = frozenset({"auth-failure"})
    needs = ("mailwarden.network",)
    state = _State
    ttl_us = _DAYS * _DAY_US

    def keys(self, event: Event) -> Iterable[str]:
        """Tries from networks that nobody here uses."""
        facts = event.facts
        if facts is None or event.mailwarden_network is None or not event.mailwarden_attempts:
            return ()
        if facts.get("mailwarden.pair.known") or facts.get("mailwarden.source.users"):
            return ()
        return (event.mailwarden_network,)

    def update(self, state: _State, event: Event) -> Fired | None:
        """Count the tries of the day."""
        day, tries = event.stream_us // _DAY_US, event.mailwarden_attempts
        state.last_us = event.stream_us
        if day not in state.days:
            state.days = {known: count for known, count in state.days.items() if known > day - _DAYS}
            if not state.days:
                state.level = 0
        state.days[day] = state.days.get(day, 0) + tries
        measure = sum(state.days.values())
        if len(state.days) < _LEAST_DAYS or measure < _TRIES:
            return None
        if state.level and measure < 2 * state.level:
            return None  # other rules count what goes on; this one is to cost little
        tries = max(tries, measure - state.level)
        state.level = measure
        return Fired(measure, tries, "low", {"days": len(state.days)})


DETECTOR = GlacialGuessing()
