"""INF-15: people who come every day are not let in any more, and nobody is.

The password service died, or the directory or database behind it, and the log shows it from one network alone: an office
behind one address, a webmail on the machine. `auth_backend_down` asks for two, because a single guesser makes dozens of tries
without a verdict. What no guesser can make is this: since the first of these tries the server let nobody in, though it had
within the ten minutes before, and the tries are of people at networks that are their own. Three people without a verdict
within two minutes or more; ten tries of an office within five, where the server does not say whose; five people who are
refused, within five minutes, though they were let in there within the day. That is `low`: passwords that were changed for
everybody look the same, until somebody has the new one; `medium` are ten people and half an hour. Phones with an old password
were refused before, while others came in: in the minutes of a night in which nobody comes they say nothing.
"""

from collections.abc import Iterable

import msgspec

from mailwarden.alerts.detection.detector import Detector, Fired
from mailwarden.alerts.state.mark import mark
from mailwarden.alerts.terms import Detection, severity_rank
from mailwarden.alerts.words.translate import N_
from mailwarden.parsers.event import Event

__all__ = ["DETECTOR"]

_MINUTE_US = 60_000_000
_SPAN_US = 15 * _MINUTE_US
_BEFORE_US = 10 * _MINUTE_US
_UNANSWERED, _UNANSWERED_US = 3, 2 * _MINUTE_US  # people, and how long it lasts at least
_NAMELESS, _NAMELESS_US = 10, 5 * _MINUTE_US  # tries
_REFUSED, _REFUSED_US = 5, 5 * _MINUTE_US  # people
_MANY, _LASTING_US = 10, 30 * _MINUTE_US  # of people refused: of new passwords somebody has one by then
_OFFICE = 3  # people who were let in from a network
_MOST = 16  # people remembered
_MOST_STALE = 256


class _State(msgspec.Struct, array_like=True):
    first_us: int = 0  # since when nobody is let in
    last_us: int = 0
    was_open: bool = False  # somebody was let in shortly before
    unanswered: list[int] = []  # marks of people
    refused: list[int] = []
    stale: list[int] = []  # who was refused while others were let in
    nameless: int = 0  # tries without an answer
    tries: int = 0  # of all kinds, until it is told
    told: int = -1  # the rank of the severity


class NobodyLetIn(Detector[_State]):
    """Tries of people of ours since a server last let somebody in."""

    detection = Detection(
        name="nobody_let_in",
        id="INF-15",
        version=2,
        cause="service",
        category="service_fault",
        severity="high",
        title="nobody can log in: no answer about passwords",
        why="{measure} people got no answer about their passwords where they always log in, and for {minutes} min nobody was let"
        " in (fires at {threshold})",
        harmless="a restart that is going on just now",
        advice="auth_backend_down",
        techniques=(),
        primary="mailwarden.site",
        entities=("source.ip", "process.name", "mailwarden.account"),
        span_us=_SPAN_US,
        threshold=_UNANSWERED,
    )
    actions = frozenset({"auth-error", "auth-failure"})
    needs = ("mailwarden.let_in.us",)
    state = _State
    ttl_us = 4 * _SPAN_US

    def keys(self, event: Event) -> Iterable[str]:
        """Tries of people, by the server that they are at."""
        facts = event.facts or {}
        is_ours: bool | None
        if event.event_action == "auth-failure":
            is_ours = facts.get("mailwarden.pair.recent")
        elif event.mailwarden_account is None:
            is_ours = facts.get("mailwarden.source.users", 0) >= _OFFICE
        else:
            is_ours = facts.get("mailwarden.pair.known")
        return (event.host_hostname or "localhost",) if is_ours else ()

    def update(self, state: _State, event: Event) -> Fired | None:
        """Count who tries in vain; begin anew where somebody was let in."""
        now, let_in_us = event.stream_us, (event.facts or {})["mailwarden.let_in.us"]
        if let_in_us > state.first_us or now - state.last_us > _SPAN_US:
            _begin(state, now, was_open=now - let_in_us <= _BEFORE_US)
        state.last_us = now
        state.tries += 1
        _count(state, event)
        found = _judge(state) if state.was_open else None
        if found is None:
            return None
        measure, severity, words = found
        values = {"minutes": (now - state.first_us) // _MINUTE_US, "threshold": words.threshold}
        rank = severity_rank(severity)
        is_new, tries = rank > state.told, state.tries
        state.told, state.tries = max(rank, state.told), 0
        return Fired(measure, tries, severity, values, fired=is_new, detection=words, first_us=state.first_us)


def _begin(state: _State, now: int, *, was_open: bool) -> None:
    state.first_us, state.was_open = now, was_open
    state.stale = [*state.stale, *state.refused][-_MOST_STALE:]
    state.unanswered, state.refused = [], []
    state.nameless, state.tries, state.told = 0, 0, -1


def _count(state: _State, event: Event) -> None:
    if event.mailwarden_account is None:
        state.nameless += 1
        return
    is_refused = event.event_action == "auth-failure"
    people = state.refused if is_refused else state.unanswered
    who = mark(event.mailwarden_account)
    if who not in people and len(people) < _MOST and not (is_refused and who in state.stale):
        people.append(who)


def _judge(state: _State) -> tuple[int, str, Detection] | None:
    """Give how many try in vain, how bad that is and in which words; None where it may yet be chance."""
    lasts_us = state.last_us - state.first_us
    if len(state.unanswered) >= _UNANSWERED and lasts_us >= _UNANSWERED_US:
        return len(state.unanswered), "high", DETECTOR.detection
    if state.nameless >= _NAMELESS and lasts_us >= _NAMELESS_US:
        return state.nameless, "high", _OFFICE_UNANSWERED
    if len(state.refused) >= _REFUSED and lasts_us >= _REFUSED_US:
        is_lasting = len(state.refused) >= _MANY and lasts_us >= _LASTING_US
        return len(state.refused), "medium" if is_lasting else "low", _ALL_REFUSED
    return None


_OFFICE_UNANSWERED = NobodyLetIn.detection._replace(
    why=N_(
        "{measure} tries from where your people are got no answer about the password, and for {minutes} min nobody was let in"
        " (fires at {threshold})"
    ),
    threshold=_NAMELESS,
)
_ALL_REFUSED = NobodyLetIn.detection._replace(
    title=N_("nobody can log in: every password is refused"),
    why=N_(
        "{measure} people were refused where they had been let in within the day, and for {minutes} min nobody was let in"
        " (fires at {threshold})"
    ),
    harmless=N_("you have just changed the passwords of everybody"),
    threshold=_REFUSED,
)
DETECTOR = NobodyLetIn()
