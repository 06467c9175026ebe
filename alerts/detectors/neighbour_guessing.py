"""AUTH-24: somebody guesses at an account from the network that its owner uses.

A device with an old password fails from one address, or from a few as it gets new ones, and waits between two tries; so what
fails where an account is known is no guessing to the other rules. Two things no such device does: sixty tries within ten
minutes, and ten tries from five addresses of one /24 or /64 within a day. It is for the report: a neighbour's machine that
was broken into, or a guesser who was given an address of the owner's provider. That he gets in is seen by nobody.
"""

from collections.abc import Iterable

import msgspec

from mailwarden.alerts.detection.detector import Detector, Fired, fire_now
from mailwarden.alerts.detection.windows import Window, add, add_value
from mailwarden.alerts.state.mark import mark_text
from mailwarden.alerts.terms import Detection
from mailwarden.parsers.event import Event

__all__ = ["DETECTOR"]

_DAY_US = 86_400_000_000
_QUICK_US = 600_000_000
_QUICK = 60  # tries; Outlook and phones try every minute or less often
_ADDRESSES, _TRIES = 5, 10
_REMEMBERED = 16  # addresses


class _State(msgspec.Struct, array_like=True):
    quick: Window = msgspec.field(default_factory=Window)
    tries: Window = msgspec.field(default_factory=Window)
    addresses: Window = msgspec.field(default_factory=Window)
    last_us: int = 0


class NeighbourGuessing(Detector[_State]):
    """Tries at an account from one network that it uses."""

    detection = Detection(
        name="neighbour_guessing",
        id="AUTH-24",
        version=1,
        cause="guessing",
        category="auth_attack",
        severity="low",
        title="{account} is guessed at from nearby",
        why="{tries} failed logins within {span} from {places} addresses of a network that this account uses; no device with an"
        " old password tries so",
        harmless="a program with an old password that tries without a pause",
        advice="guessing_account",
        techniques=("T1110.001",),
        primary="mailwarden.account",
        entities=("source.ip", "network.protocol"),
        span_us=_DAY_US,
        threshold=_TRIES,
    )
    actions = frozenset({"auth-failure"})
    needs = ("mailwarden.account", "mailwarden.pair.known")
    state = _State
    gathers = "tries"
    ttl_us = 2 * _DAY_US

    def keys(self, event: Event) -> Iterable[str]:
        """Failures of an account where it is known, but where many people share an address."""
        facts = event.facts or {}
        if event.mailwarden_account is None or event.source_ip is None or not facts.get("mailwarden.pair.known"):
            return ()
        if facts.get("mailwarden.source.is_proxy"):
            return ()
        return (f"{event.mailwarden_account}\x1f{event.mailwarden_network}",)

    def update(self, state: _State, event: Event) -> Fired | None:
        """Count the tries and the addresses."""
        now, tries = event.stream_us, event.mailwarden_attempts
        state.last_us = now
        quick = add(state.quick, now, _QUICK_US, tries)
        total = add(state.tries, now, _DAY_US, tries)
        addresses = add_value(state.addresses, now, _DAY_US, mark_text(event.source_ip or ""), _REMEMBERED)
        if quick < _QUICK and (addresses < _ADDRESSES or total < _TRIES):
            return None
        return fire_now(state.tries, total, tries, "low", {"tries": total, "places": addresses})


DETECTOR = NeighbourGuessing()
