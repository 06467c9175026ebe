"""OUT-10: an account sends at hours at which it never sends.

Thirty recipients within an hour, at an hour of the week's working days or weekends that holds less than a hundredth of what the
account sent in the past weeks. Says nothing before it knows two weeks and a hundred recipients. One hour teaches at most
twenty, so that one night makes no habit; what was learned loses a tenth each week.
"""

from collections.abc import Iterable

import msgspec

from mailwarden.alerts.detection.detector import Detector, Fired, fire
from mailwarden.alerts.detection.windows import Window, add
from mailwarden.alerts.terms import Detection
from mailwarden.parsers.event import Event

__all__ = ["DETECTOR"]

_HOUR_US = 3_600_000_000
_DAY_US = 24 * _HOUR_US
_MONDAY = 3  # 1 January 1970 was a Thursday
_LEAST = 30
_SHARE = 0.01
_KNOWN_US = 14 * _DAY_US
_KNOWN = 100
_AN_HOUR = 20
_KEPT_A_WEEK = 0.9
_GONE = 0.1
_LABELS = frozenset({"newsletter", "gateway", "shared"})


class _State(msgspec.Struct, array_like=True):
    first_us: int = 0
    week: int = 0
    hour: int = 0
    this_hour: int = 0
    profile: dict[int, float] = {}  # hour of a working day (0 to 23) or of a weekend (24 to 47) -> recipients
    recipients: Window = msgspec.field(default_factory=Window)
    last_us: int = 0


class UnusualHours(Detector[_State]):
    """Recipients of an account at hours that it does not know."""

    detection = Detection(
        name="unusual_hours",
        id="OUT-10",
        version=1,
        cause="sending",
        category="outbound_spam",
        severity="medium",
        title="{account} sends at an unusual hour",
        why="{measure} recipients within {span}, at an hour that holds {share} % of what it usually sends (fires at {threshold})",
        harmless="its owner travels, or works late for once",
        advice="sending_burst",
        techniques=("T1078", "T1586.002"),
        primary="mailwarden.account",
        entities=("source.ip", "email.from.address"),
        span_us=_HOUR_US,
        threshold=_LEAST,
    )
    actions = frozenset({"message-queued", "message-received"})
    needs = ("mailwarden.account", "mailwarden.accepted")
    state = _State
    gathers = "recipients"
    record = "account_mail"
    ttl_us = 60 * _DAY_US

    def keys(self, event: Event) -> Iterable[str]:
        """Accepted mail of an account."""
        facts = event.facts
        if event.mailwarden_account is None or facts is None or not facts.get("mailwarden.accepted"):
            return ()
        return () if not _LABELS.isdisjoint(facts.get("mailwarden.labels", ())) else (event.mailwarden_account,)

    def update(self, state: _State, event: Event) -> Fired | None:
        """Ask how usual the hour is, then learn it."""
        now, recipients = event.stream_us, event.mail_recipient_count or 1
        state.first_us, state.last_us = state.first_us or now, now
        _turn(state, now)
        measure = add(state.recipients, now, _HOUR_US, recipients)
        state.this_hour += recipients
        if measure < _LEAST or now - state.first_us < _KNOWN_US:
            return None
        all_ = sum(state.profile.values())
        near = sum(state.profile.get(each, 0.0) for each in _near(_bin(now)))
        if all_ < _KNOWN or near >= _SHARE * all_:
            return None
        return fire(state.recipients, measure, recipients, "medium", {"share": round(100 * near / all_, 1)})


def _turn(state: _State, now: int) -> None:
    """Learn the hour that is over; let what was learned fade."""
    week, hour = (now // _DAY_US + _MONDAY) // 7, now // _HOUR_US
    if hour == state.hour:
        return
    if state.this_hour:
        bin_ = _bin(state.hour * _HOUR_US)
        state.profile[bin_] = state.profile.get(bin_, 0.0) + min(state.this_hour, _AN_HOUR)
    if week != state.week:
        kept = _KEPT_A_WEEK ** min(week - state.week, 50) if state.week else 1.0
        state.profile = {each: round(held * kept, 2) for each, held in state.profile.items() if held * kept > _GONE}
        state.week = week
    state.hour, state.this_hour = hour, 0


def _bin(now_us: int) -> int:
    weekend = (now_us // _DAY_US + _MONDAY) % 7 >= 5
    return now_us % _DAY_US // _HOUR_US + (24 if weekend else 0)


def _near(bin_: int) -> tuple[int, int, int]:
    """Give an hour and its neighbours: nobody begins to the minute."""
    day, hour = divmod(bin_, 24)
    return day * 24 + (hour - 1) % 24, bin_, day * 24 + (hour + 1) % 24


DETECTOR = UnusualHours()
