"""REL-06: a mailbox begins to send all its mail elsewhere, or sends far more of it.

Who reads a stolen mailbox in secret sets a forward, of the server's or of the mailbox's own filter (Sieve). Where a login
within the three days before was unlike its owner, people are told, though neither alone tells enough. Says nothing of a
mailbox that was not seen for a week without this one: forwards that were there from the beginning are known. A hundred messages
that go on in a day, five times the usual, are told apart. An address with sixteen targets is a list.
"""

from collections.abc import Iterable

import msgspec

from mailwarden.alerts.detection.detector import Detector, Fired, fire, is_first_outcome
from mailwarden.alerts.detection.windows import Window, add
from mailwarden.alerts.facts.usual import Usual, learn, usual_of
from mailwarden.alerts.state.mark import is_among, mark
from mailwarden.alerts.terms import Detection
from mailwarden.alerts.words.translate import N_
from mailwarden.parsers.event import Event

__all__ = ["DETECTOR"]

_DAY_US = 86_400_000_000
_KNOWN_US = 7 * _DAY_US
_MANY = 100
_TIMES_USUAL = 5
_LIST = 16  # who has as many targets is a list


class _State(msgspec.Struct, array_like=True):
    first_us: int = 0
    last_us: int = 0
    targets: list[int] = []  # marks of the addresses that it forwards to
    forwards: Window = msgspec.field(default_factory=Window)
    usual: Usual = msgspec.field(default_factory=Usual)  # forwards of a day


class NewForward(Detector[_State]):
    """Where a mailbox's mail is sent on to."""

    detection = Detection(
        name="new_forward",
        id="REL-06",
        version=3,
        cause="config",
        category="account_takeover",
        severity="low",
        title="{account} now forwards its mail: to {target}",
        why="mail for it was seen for a week or longer without this forward; messages that went on within {span}: {measure}",
        harmless="its owner is on holiday, or has moved",
        advice="forward",
        techniques=("T1114.003",),
        primary="mailwarden.account",
        entities=("email.to.address", "host.hostname"),
        span_us=_DAY_US,
        threshold=1,
    )
    actions = frozenset({"delivery", "forward"})
    needs = ("mailwarden.way.forward", "mailwarden.first_try")
    state = _State
    ttl_us = 90 * _DAY_US

    def keys(self, event: Event) -> Iterable[str]:
        """Mail that came for a mailbox here and went on elsewhere."""
        owner = event.mail_original_recipient
        if owner is None or "@" not in owner or not is_first_outcome(event):
            return ()
        if event.destination_ip is None and event.event_action != "forward":
            return ()
        target = (event.email_to_address or [""])[0]
        same = target.lower().rpartition("@")[2] == owner.lower().rpartition("@")[2]
        return () if same or event.mailwarden_direction == "outbound" else (owner.lower(),)

    def update(self, state: _State, event: Event) -> Fired | None:
        """Learn where it went."""
        now = event.stream_us
        state.first_us, state.last_us = state.first_us or now, now
        if len(state.targets) >= _LIST:
            return None
        target = (event.email_to_address or [""])[0].lower()
        is_new = not is_among(target, state.targets)
        if is_new:
            state.targets = [*state.targets, mark(target)]
        usual = usual_of(state.usual, now)
        measure = add(state.forwards, now, _DAY_US, 1)
        learn(state.usual, now, measure)
        seen_us = min(state.first_us, (event.facts or {}).get("mailwarden.user.first_us") or state.first_us)
        if now - seen_us < _KNOWN_US:
            return None
        if is_new:
            odd = (event.facts or {}).get("mailwarden.user.odd_login")
            if odd:
                return Fired(measure, 1, "medium", {"target": target, "points": odd}, detection=_AFTER_ODD_LOGIN)
            return Fired(measure, 1, "low", {"target": target})
        threshold = max(_MANY, _TIMES_USUAL * (usual or 0))
        if not usual or measure < threshold:
            return None
        values = {"target": target, "usual": usual, "threshold": threshold}
        return fire(state.forwards, measure, 1, "medium", values)._replace(detection=_FAR_MORE)


_AFTER_ODD_LOGIN = NewForward.detection._replace(
    why=N_(
        "mail for it was seen for a week or longer without this forward, and within three days before, a login to it was"
        " unlike its owner ({points} points)"
    ),
)
_FAR_MORE = NewForward.detection._replace(
    title=N_("{account} forwards far more than usual"),
    why=N_("{measure} messages went on within {span}, the last to {target}; usual: {usual} (fires at {threshold})"),
)
DETECTOR = NewForward()
