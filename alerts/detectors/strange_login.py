"""AUTH-21: a login that is unlike its owner in several ways at once.

The points are bits: how much likelier each sign is where a thief comes than where the owner comes from a new place
(`alerts/suspicion.py`): a network, a country and an hour unlike the account's own, a range that sends guessers and no people,
a network that failed at other accounts, a day on which strangers guess at it, a protocol that it never used, a speed that no
airliner flies, months without a login, ten failures while the owner's devices went on. A person abroad comes to 15 at most:
told is what comes to more, the rest stands in the report.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from mailwarden.alerts import suspicion
from mailwarden.alerts.detector import Detector, Fired
from mailwarden.alerts.finding import Detection
from mailwarden.alerts.translate import N_
from mailwarden.parsers.event import Event

__all__ = ["DETECTOR"]

_DAY_US = 86_400_000_000
_NOTED = 9
_TOLD = 16
_RARE = 10  # per cent of an account's days
_HOSTILE = 3  # bits of a range
_GUESSED = 3.0  # bits of a day of guessing


class _State(msgspec.Struct, array_like=True):
    level: int = 0
    last_us: int = 0


class StrangeLogin(Detector[_State]):
    """First logins of an account from a network."""

    detection = Detection(
        name="strange_login",
        id="AUTH-21",
        version=2,
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
        points = int(suspicion.points(event))
        if points < _NOTED or points <= state.level:
            return None
        state.level = points
        values = {
            "hours": facts["mailwarden.habit.hour_share"],
            "failures": facts["mailwarden.source.failures"],
            "networks": facts["mailwarden.user.failing_networks"],
            "address": event.source_ip or "?",
        }
        return Fired(points, 1, "medium" if points >= _TOLD else "low", values, detection=_words(facts))


def _words(facts: Mapping[str, Any]) -> Detection:
    """Say what is oddest about a login."""
    if facts["mailwarden.source.failures"] >= suspicion.FAILURES:
        return _FOUND
    if facts.get("mailwarden.source.others"):
        return _GUESSES
    if suspicion.guessed(facts) >= _GUESSED:
        return _GUESSED_AT
    if facts["mailwarden.source.range"] >= _HOSTILE:
        return _HOSTED
    if facts["mailwarden.habit.hour_share"] <= _RARE:
        return _AT_NIGHT
    return _ABROAD if facts.get("mailwarden.country.new") else DETECTOR.detection


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
_GUESSED_AT = StrangeLogin.detection._replace(
    why=N_(
        "{address} is unlike the networks known of it, and {networks} networks failed at it within the day; {measure} points"
        " (told at {threshold})"
    )
)
_HOSTED = StrangeLogin.detection._replace(
    why=N_(
        "{address} is unlike the networks known of it, in a range from which guessers come here and hardly a person;"
        " {measure} points (told at {threshold})"
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
