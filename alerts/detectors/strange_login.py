"""AUTH-21: a login that is unlike its owner in several ways at once.

Each way is worth as many points as it is rare for this very account (bits; `alerts/habits.py`; Freeman and others, NDSS
2016): a network and a country unlike those known, an hour of the day at which it is never active; and what no account's
habits say: the network failed at other accounts, the protocol is new, it would have had to travel faster than an
airliner, nobody used it for months, strangers guessed at it today, it failed ten times while the owner's devices went on.
A person abroad comes to 15 at most: told is what comes to more, the rest stands in the report.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from mailwarden.alerts.detector import Detector, Fired
from mailwarden.alerts.finding import Detection
from mailwarden.alerts.translate import N_
from mailwarden.parsers.event import Event

__all__ = ["DETECTOR"]

_DAY_US = 86_400_000_000
_NOTED = 9
_TOLD = 16
_RARE = 10  # per cent of an account's days
_GUESSER = 4
_PROTOCOL = 2
_TRAVEL = 3
_ASLEEP = 2
_GUESSED = 1
# ten failures and then the right password, while the owner's devices go on: it was not changed, but found
_FOUND_OUT = 11
_FAILURES = 10


class _State(msgspec.Struct, array_like=True):
    level: int = 0
    last_us: int = 0


class StrangeLogin(Detector[_State]):
    """First logins of an account from a network."""

    detection = Detection(
        name="strange_login",
        id="AUTH-21",
        version=1,
        cause="takeover",
        category="account_takeover",
        severity="medium",
        title="a login to {account} is unlike its owner",
        why="{address} is unlike the networks known of it; with what else is odd about it {measure} points (told at"
        " {threshold})",
        harmless="its owner is on a journey",
        advice="odd_login",
        techniques=("T1078",),
        primary="mailwarden.account",
        entities=("source.ip", "network.protocol", "source.geo.country_iso_code"),
        span_us=_DAY_US,
        threshold=_TOLD,
    )
    actions = frozenset({"auth-success", "message-received"})
    needs = ("mailwarden.surprise",)
    state = _State
    ttl_us = _DAY_US

    def keys(self, event: Event) -> Iterable[str]:
        """First logins from a network, of accounts whose habits are known."""
        facts = event.facts
        if not facts or facts.get("mailwarden.surprise") is None or facts.get("mailwarden.pair.known"):
            return ()
        if facts.get("mailwarden.source.is_proxy") or "shared" in facts.get("mailwarden.labels", ()):
            return ()
        return (event.mailwarden_account or "",)

    def update(self, state: _State, event: Event) -> Fired | None:
        """Add up what is unusual."""
        facts = event.facts or {}
        if state.last_us and event.stream_us - state.last_us > _DAY_US:
            state.level = 0
        state.last_us = event.stream_us
        points = int(facts["mailwarden.surprise"] + _beside(facts))
        if points < _NOTED or points <= state.level:
            return None
        state.level = points
        values = {
            "hours": facts["mailwarden.habit.hour_share"],
            "failures": facts["mailwarden.source.failures"],
            "address": event.source_ip or "?",
        }
        return Fired(points, 1, "medium" if points >= _TOLD else "low", values, detection=_words(facts))


def _words(facts: dict[str, Any]) -> Detection:
    """Say what is oddest about a login."""
    if facts["mailwarden.source.failures"] >= _FAILURES:
        return _FOUND
    if facts.get("mailwarden.source.others"):
        return _GUESSES
    if facts["mailwarden.habit.hour_share"] <= _RARE:
        return _AT_NIGHT
    return _ABROAD if facts.get("mailwarden.country.new") else DETECTOR.detection


def _beside(facts: dict[str, Any]) -> int:
    """Give the points that no habits say."""
    points: int = (
        _GUESSER * bool(facts.get("mailwarden.source.others") and facts["mailwarden.source.users"] < 3)
        + _PROTOCOL * bool(facts.get("mailwarden.protocol.new"))
        + _TRAVEL * bool(facts.get("mailwarden.travel.kmh"))
        + _ASLEEP * (facts.get("mailwarden.user.asleep_days", 0) >= 60)
        + _FOUND_OUT * (facts["mailwarden.source.failures"] >= _FAILURES and facts["mailwarden.user.undisturbed"])
        + _GUESSED * (facts.get("mailwarden.user.failing_networks", 0) >= 5)
    )
    return points


_FOUND = StrangeLogin.detection._replace(
    why=N_(
        "{address} is unlike the networks known of it, and failed there {failures} times before, while its own devices went"
        " on; {measure} points (told at {threshold})"
    )
)
_GUESSES = StrangeLogin.detection._replace(
    why=N_(
        "{address} is unlike the networks known of it, and it failed at other accounts; {measure} points (told at"
        " {threshold})"
    )
)
_AT_NIGHT = StrangeLogin.detection._replace(
    why=N_(
        "{address} is unlike the networks known of it, and at this hour it is active on {hours} % of its days;"
        " {measure} points (told at {threshold})"
    )
)
_ABROAD = StrangeLogin.detection._replace(
    why=N_(
        "{address} is unlike the networks known of it, in a country it never came from; {measure} points (told at"
        " {threshold})"
    )
)
DETECTOR = StrangeLogin()
