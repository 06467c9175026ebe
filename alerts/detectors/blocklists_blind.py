"""REP-12: block lists that cannot be asked: they refuse, do not answer, or their answers are made up. Two rounds in a row."""

from collections.abc import Iterable

import msgspec

from mailwarden.alerts.detection.detector import Detector, Fired
from mailwarden.alerts.terms import Detection
from mailwarden.alerts.words.listing_words import why_blind
from mailwarden.parsers.event import Event

__all__ = ["DETECTOR"]

_HOUR_US = 3_600_000_000
_ROUNDS = 2


class _State(msgspec.Struct, array_like=True):
    rounds: int = 0
    last_us: int = 0


class BlocklistsBlind(Detector[_State]):
    """Each list for itself; all of them are one incident."""

    detection = Detection(
        name="blocklists_blind",
        id="REP-12",
        version=1,
        cause="config",
        category="config_weakness",
        severity="low",
        title="cannot ask {list} whether we are listed",
        why="it gives no answer",
        harmless="the list has a bad day",
        advice="blocklists_blind",
        techniques=(),
        primary="mailwarden.site",
        entities=("mailwarden.listing.name", "event.reason"),
        span_us=6 * _HOUR_US,
        threshold=_ROUNDS,
    )
    actions = frozenset({"dnsbl-zone"})
    state = _State
    ttl_us = 7 * 24 * _HOUR_US

    def keys(self, event: Event) -> Iterable[str]:
        """The list."""
        return (event.mail_dnsbl_zone,) if event.mail_dnsbl_zone else ()

    def update(self, state: _State, event: Event) -> Fired | None:
        """Count rounds without an answer."""
        state.last_us = event.stream_us
        if event.event_outcome == "success":
            state.rounds = 0
            return None
        state.rounds += 1
        if state.rounds < _ROUNDS:
            return None
        values = {"list": (event.extra or {}).get("mailwarden.listing.name", "?")}
        is_new = state.rounds == _ROUNDS
        told = self.detection._replace(why=why_blind(event.event_reason or ""))
        return Fired(state.rounds, _ROUNDS if is_new else 1, "low", values, is_new, told)


DETECTOR = BlocklistsBlind()
