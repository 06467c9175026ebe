"""AUTH-21: a login that is unlike its owner in several ways at once.

The points are bits: how much likelier each sign is where a thief comes than where the owner comes from a new place
(`alerts/facts/suspicion.py`): a network, a country and an hour unlike the account's own, a range that sends guessers and no
people, a network that failed at other accounts, a day on which strangers guess at it, a protocol that it never used, a speed
that no airliner flies, months without a login, ten failures while the owner's devices went on. A person abroad comes to 15 at
most: told is what comes to more, the rest stands in the report.

A login is watched for a day: a session that reads a whole mailbox adds to its points, and so does each hour at which the
account is hardly ever active, where it came from a range of guessers.
"""

from collections.abc import Iterable, Mapping
from math import log2
from typing import Any

import msgspec

from mailwarden.alerts.detection.detector import Detector, Fired
from mailwarden.alerts.facts import suspicion
from mailwarden.alerts.terms import Detection
from mailwarden.alerts.words.translate import N_
from mailwarden.parsers.event import Event

__all__ = ["DETECTOR"]

_DAY_US = 86_400_000_000
_HOUR_US = 3_600_000_000
_NOTED = 9
_TOLD = 16
_RARE = 10  # per cent of an account's days
_USUAL = 25  # from so many on an hour says nothing; half of it is worth a bit
_HOSTILE = 3  # bits of a range
_GUESSED = 3.0  # bits of a day of guessing
_WATCHED = 4  # networks at a time
_ODD_HOUR = 2.0  # bits at most: a machine of a thief does not sleep; a tunnel of the owner is closed at night
_ODD_HOURS_MOST = 8.0


class _Watched(msgspec.Struct, array_like=True):
    """A network that an account came to within the day."""

    since_us: int
    points: float  # of its login
    range: float = 0.0
    hour: int = 0
    odd_hours: float = 0.0  # bits of the hours at which the account sleeps
    read: float = 0.0  # bits of what it read


class _State(msgspec.Struct, array_like=True):
    level: int = 0
    last_us: int = 0
    watched: dict[str, _Watched] = {}


class StrangeLogin(Detector[_State]):
    """First logins of an account from a network."""

    detection = Detection(
        name="strange_login",
        id="AUTH-21",
        version=6,
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
    actions = frozenset({"auth-success", "message-received", "session-end"})
    needs = ("mailwarden.surprise",)
    state = _State
    ttl_us = _DAY_US

    def keys(self, event: Event) -> Iterable[str]:
        """First logins from a network, of accounts whose habits are known, and what follows within the day."""
        facts = event.facts
        if not facts:
            return ()
        if facts.get("mailwarden.read.bits"):
            return (event.mailwarden_account or "",)
        if facts.get("mailwarden.surprise") is None or facts.get("mailwarden.source.is_proxy"):
            return ()
        if facts.get("mailwarden.pair.known") and not facts.get("mailwarden.pair.young"):
            return ()
        return () if "shared" in facts.get("mailwarden.labels", ()) else (event.mailwarden_account or "",)

    def update(self, state: _State, event: Event) -> Fired | None:
        """Add up what is unusual."""
        facts = event.facts or {}
        now, net = event.stream_us, event.mailwarden_network or ""
        if state.last_us and now - state.last_us > _DAY_US:
            state.level = 0
        is_first = "mailwarden.read.bits" not in facts and not facts.get("mailwarden.pair.known")
        watched = _begin(state, net, event) if is_first else _follow(state.watched.get(net), event)
        if watched is None:
            return None
        state.last_us = now
        points = round(watched.points + watched.read + min(_ODD_HOURS_MOST, watched.odd_hours))
        if points < _NOTED or points <= state.level:
            return None
        state.level = points
        values = {
            "hours": facts.get("mailwarden.habit.hour_share", 0),
            "failures": facts.get("mailwarden.source.failures", 0),
            "networks": facts.get("mailwarden.user.failing_networks", 0),
            "address": event.source_ip or "?",
        }
        severity, words = "medium" if points >= _TOLD else "low", _words(watched, facts)
        return Fired(points, 1, severity, values, detection=words, first_us=watched.since_us)


def _begin(state: _State, net: str, event: Event) -> _Watched:
    """Watch a network from its first login on."""
    facts = event.facts or {}
    old = state.watched.pop(net, None)
    points, hour = suspicion.points(event), event.stream_us // _HOUR_US
    watched = _Watched(event.stream_us, points, facts.get("mailwarden.source.range", 0.0), hour)
    if old is not None and event.stream_us - old.since_us <= _DAY_US:
        watched.since_us, watched.points = old.since_us, max(old.points, points)
    state.watched[net] = watched
    if len(state.watched) > _WATCHED:
        del state.watched[next(iter(state.watched))]
    return watched


def _follow(watched: _Watched | None, event: Event) -> _Watched | None:
    """Note what is odd about a later hour, or about what was read; None where a network is not watched."""
    if watched is None or event.stream_us - watched.since_us > _DAY_US:
        return None
    facts, hour = event.facts or {}, event.stream_us // _HOUR_US
    watched.read = max(watched.read, facts.get("mailwarden.read.bits", 0.0))
    share = facts.get("mailwarden.habit.hour_share")
    if share is not None and hour != watched.hour and watched.range >= _HOSTILE:
        watched.hour = hour
        watched.odd_hours += min(_ODD_HOUR, max(0.0, log2(_USUAL / max(share, 1))))
    return watched


def _words(watched: _Watched, facts: Mapping[str, Any]) -> Detection:
    """Say what is oddest about a login, or about what followed."""
    if watched.read and "mailwarden.read.bits" in facts:
        return _READS
    if watched.odd_hours:
        return _SLEEPLESS
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
_READS = StrangeLogin.detection._replace(
    why=N_(
        "{address} is unlike the networks known of it, and a session from there read a whole mailbox; {measure} points"
        " (told at {threshold})"
    )
)
_SLEEPLESS = StrangeLogin.detection._replace(
    why=N_(
        "{address} is unlike the networks known of it, in a range from which guessers come here and hardly a person, and"
        " goes on at hours at which the account is hardly ever active; {measure} points (told at {threshold})"
    )
)
DETECTOR = StrangeLogin()
