"""AUTH-03: guessing so slow that no count of a day sees it.

Fifteen tries on three days of a week, from a network that nobody here uses (Javed and Paxson, CCS 2013, found attacks
that went on for months). What each day brought the ledger knows (`alerts/facts/records.py`); only of who guesses that
long something is remembered here, for very many networks try once.
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
    needs = ("mailwarden.source.week",)
    state = _State
    version = 2
    ttl_us = _DAYS * _DAY_US

    def keys(self, event: Event) -> Iterable[str]:
        """Networks that nobody here uses, on the third day of a week on which they try."""
        days = (event.facts or {}).get("mailwarden.source.week", ())
        if event.mailwarden_network is None or len(days) < _LEAST_DAYS or sum(days) < _TRIES:
            return ()
        return (event.mailwarden_network,)

    def update(self, state: _State, event: Event) -> Fired | None:
        """Tell of it when there are enough tries, then at each doubling."""
        days = (event.facts or {})["mailwarden.source.week"]
        measure, state.last_us = sum(days), event.stream_us
        if state.level and measure < 2 * state.level:
            return None  # other rules count what goes on; this one is to cost little
        tries = max(event.mailwarden_attempts, measure - state.level)
        state.level = measure
        return Fired(measure, tries, "low", {"days": len(days)})


DETECTOR = GlacialGuessing()
