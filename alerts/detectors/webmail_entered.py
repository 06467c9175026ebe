"""AUTH-11: a password is guessed at the webmail's form, and somebody is let in there.

A network that the account never used fails twenty times within a day at the form, and then gets in through it. There nothing
but a person or a program types: no phone retries an old password, which is what the same looks like over IMAP
(success_after_failures). So only failures at a form count: in a hotel a phone may fail by itself while its owner, who has
changed the password, reads in the browser. Nobody types a password wrong twenty times.
"""

from collections.abc import Iterable

import msgspec

from mailwarden.alerts.detection.detector import Detector, Fired
from mailwarden.alerts.detection.windows import Window, add
from mailwarden.alerts.terms import Detection
from mailwarden.parsers.event import Event

__all__ = ["DETECTOR"]

_DAY_US = 86_400_000_000
_LEAST = 20


class _State(msgspec.Struct, array_like=True):
    failures: Window = msgspec.field(default_factory=Window)
    last_us: int = 0


class WebmailEntered(Detector[_State]):
    """Failures at a form by one account and strange network, until it is let in."""

    detection = Detection(
        name="webmail_entered",
        id="AUTH-11",
        version=1,
        cause="takeover",
        category="account_takeover",
        severity="high",
        title="{account} was entered after guessing",
        why="a network that {account} never used got in through the webmail after {measure} failed tries there within a day"
        " (fires at {threshold}): no device tries there by itself",
        harmless="its owner, who remembered the password at last",
        advice="takeover",
        techniques=("T1078", "T1110.001"),
        primary="mailwarden.account",
        entities=("source.ip", "network.protocol"),
        span_us=_DAY_US,
        threshold=_LEAST,
    )
    actions = frozenset({"auth-failure", "auth-success"})
    needs = ("mailwarden.account", "mailwarden.network")
    state = _State
    gathers = "failures"
    ttl_us = 2 * _DAY_US

    def keys(self, event: Event) -> Iterable[str]:
        """Logins at a form from networks that the account never used."""
        if event.network_protocol != "http" or (event.facts or {}).get("mailwarden.pair.known"):
            return ()
        return (f"{event.mailwarden_account} {event.mailwarden_network}",)

    def update(self, state: _State, event: Event) -> Fired | None:
        """Count a failure; judge a login by those before it."""
        now = state.last_us = event.stream_us
        if event.event_action == "auth-failure":
            add(state.failures, now, _DAY_US, event.mailwarden_attempts or 0)
            return None
        measure = add(state.failures, now, _DAY_US, 0)
        return Fired(measure, 1, "high", {}) if measure >= _LEAST else None


DETECTOR = WebmailEntered()
