"""AUTH-04, early: several strangers try one account within the hour, more than it usually sees.

Three networks in ninety minutes, where that is improbable (one in a thousand, Poisson) for what this account sees of
strangers in a day: a name that the weather tries all day needs more of them. `account_guessing` counts the day.
"""

from collections.abc import Iterable
from math import exp

import msgspec

from mailwarden.alerts.detection.detector import Detector, Fired
from mailwarden.alerts.state.mark import mark
from mailwarden.alerts.terms import Detection
from mailwarden.parsers.event import Event

__all__ = ["DETECTOR"]

_DAY_US = 86_400_000_000
_MINUTE_US = 60_000_000
_SPAN_MINUTES = 90
_LEAST = 3
_IMPROBABLE = 1e-3
_FADE = 0.8  # of a day's count against the next
_AT_LEAST = 0.5  # networks a day, of an account that nobody tried yet
_KEPT = 24


class _State(msgspec.Struct, array_like=True):
    recent: list[tuple[int, int]] = []  # (minute, hash of a network), oldest first
    day: int = 0
    today: int = 0
    usual: float = 0.0  # networks a day
    level: int = 0
    last_us: int = 0


class AccountTargeted(Detector[_State]):
    """Strange networks that try one account."""

    detection = Detection(
        name="account_targeted",
        id="AUTH-04",
        version=1,
        cause="guessing",
        category="auth_attack",
        severity="low",
        title="{account} is tried by several strangers",
        why="failed logins from {measure} networks within {span}, none of them ever used by this account"
        " (usual: {usual} a day)",
        harmless="its owner travels with a wrong password",
        advice="guessing_account",
        techniques=("T1110.001",),
        primary="mailwarden.account",
        entities=("source.ip", "network.protocol"),
        span_us=_SPAN_MINUTES * _MINUTE_US,
        threshold=_LEAST,
    )
    actions = frozenset({"auth-failure"})
    needs = ("mailwarden.account", "mailwarden.network")
    state = _State
    ttl_us = 4 * _DAY_US

    def keys(self, event: Event) -> Iterable[str]:
        """Tries of strangers at names that may exist."""
        if event.mailwarden_account is None or event.mailwarden_network is None or not event.mailwarden_attempts:
            return ()
        if event.event_reason == "unknown_user" or (event.facts or {}).get("mailwarden.pair.known"):
            return ()
        return (event.mailwarden_account,)

    def update(self, state: _State, event: Event) -> Fired | None:
        """Count the networks of the last hour and a half."""
        now = event.stream_us
        if state.last_us and now - state.last_us > 2 * _SPAN_MINUTES * _MINUTE_US:
            state.level = 0
        state.last_us = now
        day, minute = now // _DAY_US, now // _MINUTE_US
        if day != state.day:
            gone = day - state.day - 1 if state.day else 0
            state.usual = (state.usual * _FADE + state.today * (1 - _FADE)) * _FADE ** min(gone, 60)
            state.day, state.today = day, 0
        name = mark(event.mailwarden_network or "")
        others = [one for one in state.recent if one[1] != name]
        state.today += len(others) == len(state.recent)
        recent = [one for one in others if minute - one[0] < _SPAN_MINUTES]
        state.recent = [*recent, (minute, name)][-_KEPT:]
        measure = len(state.recent)
        if measure < max(_LEAST, 2 * state.level):  # other rules count what goes on; this one is to cost little
            return None
        expected = max(state.usual, _AT_LEAST) * _SPAN_MINUTES / 1440
        if _poisson_tail(measure, expected) >= _IMPROBABLE:
            return None
        tries = max(event.mailwarden_attempts, measure - state.level)
        state.level = measure
        values = {"usual": round(state.usual, 1)}
        return Fired(measure, tries, "low", values, first_us=state.recent[0][0] * _MINUTE_US)


def _poisson_tail(count: int, expected: float) -> float:
    """Give the probability of so many or more where so many are expected."""
    term = total = exp(-expected)
    for number in range(1, count):
        term *= expected / number
        total += term
    return max(0.0, 1.0 - total)


DETECTOR = AccountTargeted()
