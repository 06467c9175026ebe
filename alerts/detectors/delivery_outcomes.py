"""OUT-03: what an account sends fails so often that it is no person's mail.

A sequential probability ratio test on what becomes of its recipients (Wald 1945; SPOT, Duan et al., IEEE TDSC 2012): of a
person's recipients 2 in 100 are wrong, of a spam run's 25 or more. Each outcome moves the ratio; when it passes the upper
bound the account is told, when it passes the lower one the test begins anew. With these bounds one test in a thousand
accuses a person, and one in a hundred acquits a spam run. Bad is a recipient who does not exist and a message that looks
like spam to its receiver; our own bad standing and full mailboxes are nobody's in particular. Five bad outcomes at three
domains are asked for besides: outcomes of one message are not independent, as the test would have them.
"""

import math
from collections.abc import Iterable

import msgspec

from mailwarden.alerts.detection.detector import Detector, Fired
from mailwarden.alerts.detection.windows import Window, add
from mailwarden.alerts.state.mark import is_among, mark
from mailwarden.alerts.terms import Detection
from mailwarden.parsers.event import Event

__all__ = ["DETECTOR"]

_DAY_US = 86_400_000_000
_ALPHA, _BETA = 0.001, 0.01
_P0, _P1 = 0.02, 0.25
_UPPER = math.log((1 - _BETA) / _ALPHA)
_LOWER = math.log(_BETA / (1 - _ALPHA))
_BAD_STEP = math.log(_P1 / _P0)
_GOOD_STEP = math.log((1 - _P1) / (1 - _P0))
_LEAST, _LEAST_BAD, _LEAST_DOMAINS = 10, 5, 3
_IDLE_US = 7 * _DAY_US
_REMEMBERED = 50
_BAD = frozenset({"unknown_user", "spam_content"})


class _State(msgspec.Struct, array_like=True):
    ratio: float = 0.0
    outcomes: int = 0
    bad: int = 0
    told: int = 0  # bad outcomes when it was last told
    recipients: list[int] = []  # marks of the last bad ones: who mistypes an address twice mistyped once
    domains: list[int] = []
    last_us: int = 0
    failures: Window = msgspec.field(default_factory=Window)  # the bad ones of a day


class DeliveryOutcomes(Detector[_State]):
    """Whether an account's deliveries fail as a person's do, or as a spam run's."""

    detection = Detection(
        name="delivery_outcomes",
        id="OUT-03",
        version=1,
        cause="sending",
        category="outbound_spam",
        severity="high",
        title="what {account} sends fails like spam does",
        why="{measure} of its last {outcomes} recipients do not exist or take it for spam, at {domains} domains or more",
        harmless="a mailing to an old list",
        advice="sending_burst",
        techniques=("T1586.002",),
        primary="mailwarden.account",
        entities=("source.ip", "email.from.address", "destination.domain"),
        span_us=_DAY_US,
        threshold=_LEAST_BAD,
    )
    actions = frozenset({"delivery"})
    needs = ("mailwarden.way.account",)
    state = _State
    gathers = "failures"
    record = "account_mail"
    ttl_us = _IDLE_US

    def keys(self, event: Event) -> Iterable[str]:
        """Final outcomes of an account's mail elsewhere."""
        account = event.mailwarden_account
        if account is None or event.mail_delivery_status not in ("sent", "bounced") or not event.email_to_address:
            return ()
        facts = event.facts or {}
        if event.mailwarden_direction != "outbound" or facts.get("mailwarden.hand_over"):
            return ()
        return () if "newsletter" in facts.get("mailwarden.labels", ()) else (account,)

    def update(self, state: _State, event: Event) -> Fired | None:
        """Move the ratio."""
        if event.stream_us - state.last_us > _IDLE_US:
            _begin(state)
        state.last_us = event.stream_us
        is_bad = event.mail_delivery_status == "bounced" and event.mail_bounce_class in _BAD
        if is_bad and not _meet(state, (event.email_to_address or [""])[0].lower()):
            return None
        add(state.failures, event.stream_us, _DAY_US, int(is_bad))
        state.outcomes += 1
        state.bad += is_bad
        state.ratio += _BAD_STEP if is_bad else _GOOD_STEP
        if state.ratio <= _LOWER:
            _begin(state)
        if not is_bad or state.ratio < _UPPER or state.outcomes < _LEAST or state.bad < _LEAST_BAD:
            return None
        if len(state.domains) < _LEAST_DOMAINS:
            return None
        first, is_new = state.told == 0, state.bad >= 2 * state.told
        if is_new:
            state.told = state.bad
        values = {"outcomes": state.outcomes, "domains": len(state.domains)}
        return Fired(state.bad, state.bad if first else 1, "high", values, is_new)


def _begin(state: _State) -> None:
    state.ratio, state.outcomes, state.bad, state.told = 0.0, 0, 0, 0
    state.recipients, state.domains = [], []


def _meet(state: _State, recipient: str) -> bool:
    """Remember a recipient and the domain; False for one that was met before."""
    if is_among(recipient, state.recipients):
        return False
    state.recipients = [*state.recipients, mark(recipient)][-_REMEMBERED:]
    domain = recipient.rpartition("@")[2]
    if len(state.domains) < _LEAST_DOMAINS and not is_among(domain, state.domains):
        state.domains = [*state.domains, mark(domain)]
    return True


DETECTOR = DeliveryOutcomes()
