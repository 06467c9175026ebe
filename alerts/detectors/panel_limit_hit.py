"""OUT-17: a domain, a local user or an account has used up what a hosting panel lets it send.

cPanel and DirectAdmin count what leaves, and stop the rest: after the message was taken in, so that no mail program shows it
to who wrote. The first recipient is `low`: it may be the last of a newsletter. Five who never get the mail within an hour are
`medium`, for then either somebody else writes in that name, or mail that people wait for is lost. What is only put off comes
later, and stays `low`.
"""

from collections.abc import Iterable

import msgspec

from mailwarden.alerts.detection.detector import Detector, Fired
from mailwarden.alerts.detection.windows import Window, add, crossed
from mailwarden.alerts.terms import Detection
from mailwarden.alerts.words.translate import N_
from mailwarden.parsers.event import Event

__all__ = ["DETECTOR"]

_SPAN_US = 3_600_000_000
_MANY = 5  # recipients who never get it
_PUT_OFF = "deferred"
_WHYS = {
    ("messages", "hour"): N_(
        "{limit} an hour are allowed: the mail of {measure} more recipients was stopped within {span}, {lost} of them never"
        " get it"
    ),
    ("messages", "day"): N_(
        "{limit} a day are allowed: the mail of {measure} more recipients was stopped within {span}, {lost} of them never get it"
    ),
    ("messages", "minute"): N_(
        "{limit} a minute are allowed: the mail of {measure} more recipients was stopped within {span}, {lost} of them never get"
        " it"
    ),
    ("failures", "hour"): N_(
        "more than {limit} deliveries of an hour failed or were put off: the mail of {measure} further recipients was stopped"
        " within {span}, {lost} of them never get it"
    ),
}


class _State(msgspec.Struct, array_like=True):
    stopped: Window = msgspec.field(default_factory=Window)
    lost: Window = msgspec.field(default_factory=Window)
    last_us: int = 0


class PanelLimitHit(Detector[_State]):
    """Recipients whose mail a limit of sending stopped within an hour, by whose limit it is."""

    detection = Detection(
        name="panel_limit_hit",
        id="OUT-17",
        version=1,
        cause="sending",
        category="outbound_spam",
        severity="medium",
        title="{entity} has used up its sending limit",
        why="the mail of {measure} recipients was stopped within {span} by a limit of this server, {lost} of them never get it",
        harmless="a newsletter of its own, or a limit that is too low",
        advice="sending_limit",
        techniques=(),
        primary="mailwarden.limited",
        entities=("mailwarden.account", "mailwarden.script", "user.id", "source.ip", "email.from.address"),
        span_us=_SPAN_US,
        threshold=1,
    )
    actions = frozenset({"rate-limit", "reject"})
    needs = ("mailwarden.limited",)
    state = _State
    ttl_us = 2 * _SPAN_US

    def keys(self, event: Event) -> Iterable[str]:
        """Each recipient once, whose mail a limit stopped."""
        facts = event.facts
        if not facts or not facts.get("mailwarden.first_try"):
            return ()
        limited = facts.get("mailwarden.limited")
        return (limited,) if limited else ()

    def update(self, state: _State, event: Event) -> Fired | None:
        """Count the recipient."""
        now = state.last_us = event.stream_us
        again = bool((event.facts or {}).get("mailwarden.retried"))  # it waited, and is thrown away now
        stopped = add(state.stopped, now, _SPAN_US, int(not again))
        lost = add(state.lost, now, _SPAN_US, int(event.mail_delivery_status != _PUT_OFF))
        first = state.stopped.level == 0
        is_new = crossed(state.stopped, stopped)
        rose = lost >= _MANY and crossed(state.lost, lost)
        extra = event.extra or {}
        values = {"lost": lost, "limit": extra.get("mail.rate.limit"), "threshold": _MANY if lost >= _MANY else 1}
        why = _WHYS.get(
            (extra.get("mail.rate.counts", "messages"), extra.get("mail.rate.period", "")), self.detection.why
        )
        return Fired(
            stopped,
            stopped if first else 1,
            "medium" if lost >= _MANY else "low",
            values,
            is_new or rose,
            detection=self.detection._replace(primary=_whose(event), why=why),
            first_us=state.stopped.first_us,
        )


def _whose(event: Event) -> str:
    """Give as what an incident names whose limit it is."""
    if event.user_domain is not None and event.event_action == "rate-limit":
        return "mailwarden.sender_domain"
    return "mailwarden.script" if event.user_id is not None and event.user_name is None else "mailwarden.account"


DETECTOR = PanelLimitHit()
