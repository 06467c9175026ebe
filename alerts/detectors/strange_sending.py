"""OUT-15: on its first day at a new network an account sends what its owner does not.

No burst is needed: a few messages to people it never wrote to, from a network unlike those known, at an hour at which it
sleeps; or a trickle that goes on until it is more than the account's busiest day. Points are bits: those of the login come
with it (`alerts/facts/suspicion.py`; Freeman and others, NDSS 2016), recipients add the likelihood ratio of
their being new against the account's own share of new ones, outcomes that of SPOT (Duan and others, 2012: a quarter of a
spammer's fail, two in a hundred of a person's), volume three points a doubling over twice the busiest day, and a program
that it never wrote with what that is worth (`alerts/facts/programs.py`).

What a network sends on its first day is learned little (twenty recipients), and nothing of it counts as usual: who waits for
a day and goes on for weeks teaches slowly. A phone that roams, a neighbour of a known network and a webmail are judged where
the login was odd in other ways or the program is new; `recipient_novelty` sees the rest of their spam. That the network failed
at other accounts counts until three people are found there: an office looks like a sprayer while its first ones mistype. On
the first day of an account it is a note at most, where the login was not odd too.
"""

from collections.abc import Iterable, Mapping
from math import log2
from typing import Any

import msgspec

from mailwarden.alerts.detection.detector import Detector, Fired
from mailwarden.alerts.facts import suspicion
from mailwarden.alerts.state.mark import keyed_mark, new_key
from mailwarden.alerts.terms import Detection
from mailwarden.alerts.words.translate import N_
from mailwarden.parsers.event import Event

__all__ = ["DETECTOR"]

_DAY_US = 86_400_000_000
_REMEMBERED = 240  # recipients an account is remembered by; some six bytes each
_YOUNG = 4  # networks watched at a time
_LEARNED_YOUNG = 20  # recipients of a day that young networks teach
_FADE_AT = 400  # recipients; then the share of new ones is halved in weight
_LEAST_SENT = 10  # recipients before an account's own share of new ones is known
_NEW_BEFORE, _COUNTED_BEFORE = 3, 4  # taken for granted of whom little is known: that most recipients are new
_NEW_OF_THIEF = 0.95
_BAD_OF_THIEF, _BAD_OF_PERSON = 0.25, 0.02
_NOTED, _TOLD, _SURE = 11, 14, 20
_LEAST_RECIPIENTS = 3
_NOVELTY_MOST, _OUTCOMES_MOST, _VOLUME_MOST = 10.0, 8.0, 9.0
_NOVELTY_LEAST = -1.0  # one thief in two answers the owner's own mail, to people he knows
_REFUSED_NEAR = 2  # recipients, before a neighbour of a known network is judged with a program that is the account's
_NEW_DEVICE = 4.0  # bits of a program at most where the network is new, too: both come with a new computer;
_NEW_COMPUTER = 7.0  # of a program and of a mailbox that was read as a whole at most: it has the one and does the other
_HOSTILE = 3.0  # bits of a range, from which on a new computer explains nothing: who sets one up sits among people
_FOREIGN = 3.0  # bits of a program, from which on a network is judged that would not be by itself
_VOLUME_FLOOR = 10  # recipients a day that anybody may send
_ODD = 5  # points of a login, from which on that of who roams is watched
_LABELS = frozenset({"newsletter", "gateway", "shared"})
_OF_THE_SERVER = frozenset({"blocklist", "reputation", "rate_limit", "policy_auth"})
"""Classes of refusals that say nothing of who wrote."""


class _Young(msgspec.Struct, array_like=True):
    """A network that an account came to within the day."""

    since_us: int
    points: float  # of its login
    recipients: int = 0
    new: int = 0
    bad: int = 0
    level: int = 0
    is_far: bool = (
        True  # unlike the networks that are known; a neighbour of one, a webmail: judged where the program is new
    )
    program: float = 0.0  # how strange the program is that writes from there, in bits
    read: float = 0.0  # and what was read from there
    range: float = 0.0  # how much its range is one of guessers, in bits
    sprayed: float = 0.0  # of the points: what it did at other accounts, until people are found to be there


class _State(msgspec.Struct, array_like=True):
    known: dict[int, bool] = {}  # mark of a recipient; the oldest first
    sent: int = 0
    sent_new: int = 0
    day: int = 0
    today: int = 0
    busiest: int = 0
    learned: int = 0  # recipients that young networks taught today
    young: dict[str, _Young] = {}
    last_us: int = 0
    since_us: int = 0
    key: bytes = b""  # of the marks


class StrangeSending(Detector[_State]):
    """What an account sends from networks that are new to it."""

    detection = Detection(
        name="strange_sending",
        id="OUT-15",
        version=7,
        cause="takeover",
        category="account_takeover",
        severity="medium",
        title="mail of {account} is unlike its owner",
        why="from {address}, a network new to it, it wrote to {recipients} people, {new} of whom are new to it;"
        " {measure} points (told at {threshold})",
        harmless="its owner writes from a journey to people just met",
        advice="odd_login",
        techniques=("T1078", "T1586.002"),
        primary="mailwarden.account",
        entities=("source.ip", "email.from.address", "destination.domain"),
        span_us=_DAY_US,
        threshold=_TOLD,
    )
    actions = frozenset({"auth-success", "message-received", "session-end", "delivery"})
    needs = ("mailwarden.account",)
    state = _State
    record = "account_mail"
    ttl_us = 90 * _DAY_US

    def keys(self, event: Event) -> Iterable[str]:
        """Logins from networks that are new, and what becomes of an account's mail."""
        account, facts = event.mailwarden_account, event.facts
        if account is None or not facts:
            return ()
        if event.event_action != "delivery":
            return (account,) if "mailwarden.read.bits" in facts or _is_watched(event, facts) else ()
        if not facts.get("mailwarden.first_try") or facts.get("mailwarden.hand_over") or not event.email_to_address:
            return ()
        return (account,) if _LABELS.isdisjoint(facts.get("mailwarden.labels", ())) else ()

    def update(self, state: _State, event: Event) -> Fired | None:
        """Watch a new network, or weigh a recipient."""
        now, net = event.stream_us, event.mailwarden_network or ""
        state.last_us = now
        state.since_us = state.since_us or now
        young = state.young.get(net)
        if young is not None and now - young.since_us > _DAY_US:
            del state.young[net]
            young = None
        if event.event_action != "delivery":
            self._watch(state, net, young, event)
            return None
        address = (event.email_to_address or [""])[0].lower()
        if not state.known:
            state.key = new_key(address, now)
        recipient = keyed_mark(address, state.key)
        is_new = recipient not in state.known
        if young is not None:
            young.program = max(young.program, (event.facts or {}).get("mailwarden.program.bits", 0.0))
        is_own = young is None or not (young.is_far or young.program >= _FOREIGN)
        self._count_day(state, now, is_own=is_own)
        if is_own:
            _learn(state, recipient, is_new)
        if young is None:
            return None
        if is_new and not is_own and state.learned < _LEARNED_YOUNG:
            state.learned += 1
            _remember(state, recipient)
        young.recipients += 1
        young.new += is_new
        young.bad += event.mail_delivery_status == "bounced" and event.mail_bounce_class not in _OF_THE_SERVER
        return None if is_own and young.bad < _REFUSED_NEAR else _judge(state, young, event)

    def _watch(self, state: _State, net: str, young: _Young | None, event: Event) -> None:
        facts = event.facts or {}
        if "mailwarden.read.bits" in facts:
            if young is not None:
                young.read = max(young.read, facts["mailwarden.read.bits"])
            return
        points = suspicion.points(event)
        if young is None:
            young = state.young[net] = _Young(
                facts.get("mailwarden.pair.first_us", event.stream_us),
                points,
                is_far=_is_far(facts, points),
                sprayed=suspicion.sprayed(facts),
            )
            if len(state.young) > _YOUNG:
                del state.young[next(iter(state.young))]
        if young.sprayed and facts["mailwarden.source.shared"]:
            young.points, young.sprayed = young.points - young.sprayed, 0.0
        young.points = max(young.points, points)
        young.is_far = young.is_far or _is_far(facts, points)
        young.range = max(young.range, facts.get("mailwarden.source.range", 0.0))

    def _count_day(self, state: _State, now: int, *, is_own: bool) -> None:
        """Count the recipients of the day from networks that are the account's own."""
        day = now // _DAY_US
        if day != state.day:
            state.busiest = max(state.today, state.busiest * 19 // 20)
            state.day, state.today, state.learned = day, 0, 0
        state.today += is_own


def _is_watched(event: Event, facts: Mapping[str, Any]) -> bool:
    """Say whether an account came here within the day, and is known from elsewhere."""
    since_us = facts.get("mailwarden.pair.first_us")
    return since_us is not None and event.stream_us - since_us <= _DAY_US and facts["mailwarden.user.has_history"]


def _is_far(facts: Mapping[str, Any], points: float) -> bool:
    """Say whether mail from there is judged in any case; of who roams only where the login was odd in other ways."""
    return not facts["mailwarden.source.is_proxy"] and (bool(facts["mailwarden.pair.young"]) or points >= _ODD)


def _learn(state: _State, recipient: int, is_new: bool) -> None:
    state.sent += 1
    state.sent_new += is_new and state.sent > _LEAST_SENT  # the first ones are new to us only
    if state.sent >= _FADE_AT:
        state.sent, state.sent_new = state.sent // 2, state.sent_new // 2
    _remember(state, recipient)


def _remember(state: _State, recipient: int) -> None:
    state.known.pop(recipient, None)
    state.known[recipient] = True
    if len(state.known) > _REMEMBERED:
        del state.known[next(iter(state.known))]


def _judge(state: _State, young: _Young, event: Event) -> Fired | None:
    """Add up the points; fire where they reach the next severity."""
    novelty, volume, outcomes = _novelty(state, young), _volume(state, young), _outcomes(young)
    is_device = young.range < _HOSTILE
    program = min(young.program, _NEW_DEVICE) if is_device and young.is_far else young.program
    device = min(program + young.read, max(_NEW_COMPUTER, program)) if is_device else program + young.read
    points = round(young.points + device + novelty + volume + outcomes)
    if points < _NOTED or young.recipients < _LEAST_RECIPIENTS:
        return None
    rank = (points >= _NOTED) + (points >= _TOLD) + (points >= _SURE)
    if event.stream_us - state.since_us < _DAY_US and young.points < _ODD:
        rank = 1  # on an account's first day nobody knows what its owner does
    severity = ("low", "medium", "high")[rank - 1]
    usual = max(state.busiest, state.today)
    values: dict[str, Any] = {
        "new": young.new, "recipients": young.recipients, "bad": young.bad, "usual": usual, "address": event.source_ip or "?",
    }  # fmt: skip
    words = DETECTOR.detection if novelty >= max(volume, outcomes) else _TRICKLE if volume >= outcomes else _REFUSED
    if program > max(novelty, volume, outcomes):
        words = _FOREIGN_PROGRAM
    if rank <= young.level:
        return Fired(points, 1, severity, values, fired=False, detection=words, first_us=young.since_us)
    tries = 1 if young.level else young.recipients
    young.level = rank
    return Fired(points, tries, severity, values, detection=words, first_us=young.since_us)


def _novelty(state: _State, young: _Young) -> float:
    """Weigh how many recipients are new against the account's own share of new ones."""
    counted = state.sent - _LEAST_SENT
    if counted < 0:
        return 0.0
    share = min(0.9, max(0.05, (state.sent_new + _NEW_BEFORE) / (counted + _COUNTED_BEFORE)))
    known = young.recipients - young.new
    points = young.new * log2(_NEW_OF_THIEF / share) + known * log2((1 - _NEW_OF_THIEF) / (1 - share))
    return min(_NOVELTY_MOST, max(_NOVELTY_LEAST, points))


def _volume(state: _State, young: _Young) -> float:
    usual = max(_VOLUME_FLOOR, 2 * max(state.busiest, state.today))
    return min(_VOLUME_MOST, 3 * log2(young.recipients / usual)) if young.recipients > usual else 0.0


def _outcomes(young: _Young) -> float:
    good = young.recipients - young.bad
    points = young.bad * log2(_BAD_OF_THIEF / _BAD_OF_PERSON) + good * log2((1 - _BAD_OF_THIEF) / (1 - _BAD_OF_PERSON))
    return min(_OUTCOMES_MOST, max(0.0, points))


_TRICKLE = StrangeSending.detection._replace(
    why=N_(
        "from {address}, a network new to it, it wrote to {recipients} people within a day, and never to more than"
        " {usual}; {measure} points (told at {threshold})"
    )
)
_FOREIGN_PROGRAM = StrangeSending.detection._replace(
    why=N_(
        "from {address}, a network new to it, it wrote to {recipients} people with a mail program that it never used, by the"
        " shape of its Message-IDs; {measure} points (told at {threshold})"
    )
)
_REFUSED = StrangeSending.detection._replace(
    why=N_(
        "from {address}, a network new to it, it wrote to {recipients} people, {bad} of whom do not exist or refuse;"
        " {measure} points (told at {threshold})"
    )
)
DETECTOR = StrangeSending()
