"""REL-04: a script or local user of this machine writes to many strangers.

Recipients elsewhere, each counted once, of what is handed in without a login: a contact form that is abused, a website that
was broken into. Six times the usual within an hour where it is known, and at least twenty. Where it is not, forty-five (CSF's
LF_SCRIPT looks at 100; at ten a minute fifty have left when the notice does); twenty where more than one in ten of them
does not exist, for a list's first post is taken by all. From a hundred on, or where one in five does not exist, it is `high`
though nobody knows the usual. One in five of at least twenty who do not exist are told by themselves, however slowly
they come (as `bounce_ratio` tells of accounts). Under a mailing list's return path nothing else is: a list is taken by all
(Sympa calls sendmail), and a stranger who writes such a path is not. Mail for mailboxes here is not counted, so that reports
and forms that write to their owner stay quiet.
"""

from collections.abc import Iterable

import msgspec

from mailwarden.alerts.detection.detector import Detector, Fired, fire, is_first_outcome
from mailwarden.alerts.detection.windows import Window, add, add_value, crossed
from mailwarden.alerts.facts.usual import Usual, learn, tempered, usual_of
from mailwarden.alerts.state.mark import mark_text
from mailwarden.alerts.terms import Detection
from mailwarden.alerts.words.translate import N_
from mailwarden.parsers.event import Event

__all__ = ["DETECTOR"]

_HOUR_US = 3_600_000_000
_UNKNOWN_USUAL = 45
_FLOOR = 20
_TIMES_USUAL = 6
_SURE = 100  # recipients of an hour: CSF's own limit
_REMEMBERED = 128  # recipients of an hour
_DEAD_SPAN_US = 6 * _HOUR_US
_DEAD_SHARE = 0.2
_MANY_DEAD = 0.1  # besides one: of an ordinary list 2 % are gone, of a spammer's 25 % (SPOT, Duan and others 2012)
_DEAD = frozenset({"unknown_user", "mailbox_full"})


class _State(msgspec.Struct, array_like=True):
    recipients: Window = msgspec.field(default_factory=Window)
    usual: Usual = msgspec.field(default_factory=Usual)
    last_us: int = 0
    outcomes: Window = msgspec.field(default_factory=Window)
    dead: Window = msgspec.field(default_factory=Window)


class ScriptBurst(Detector[_State]):
    """Recipients of a script within an hour, against its own usual, and how many of them do not exist."""

    detection = Detection(
        name="script_burst",
        id="REL-04",
        version=3,
        cause="sending",
        category="outbound_spam",
        severity="high",
        title="{script} sends to {measure} people in an hour",
        why="{measure} recipients elsewhere within {span}, without a login; usual: {usual} (fires at {threshold})",
        harmless="a shop's newsletter or a list manager: label it",
        advice="script",
        techniques=("T1496", "T1505.003"),
        primary="mailwarden.script",
        entities=("user.id", "email.from.address", "host.hostname"),
        span_us=_HOUR_US,
        threshold=_UNKNOWN_USUAL,
    )
    actions = frozenset({"delivery"})
    needs = ("mailwarden.way.script", "mailwarden.first_try")
    state = _State
    gathers = "recipients"
    ttl_us = 90 * 24 * _HOUR_US

    def keys(self, event: Event) -> Iterable[str]:
        """First outcomes, elsewhere, of what was handed in on this machine."""
        if event.facts is None or event.user_id is None or event.mailwarden_direction != "outbound":
            return ()
        script = event.facts.get("mailwarden.script")
        if script is None or not event.email_to_address or not is_first_outcome(event):
            return ()
        return () if "newsletter" in event.facts.get("mailwarden.labels", ()) else (script,)

    def update(self, state: _State, event: Event) -> Fired | None:
        """Count the recipient."""
        now = state.last_us = event.stream_us
        recipient = (event.email_to_address or [""])[0].lower()
        usual = usual_of(state.usual, now)
        measure = add_value(state.recipients, now, _HOUR_US, mark_text(recipient), _REMEMBERED)
        learn(state.usual, now, measure)
        dead, outcomes = _count_dead(state, event)
        is_refused = outcomes >= _FLOOR and dead >= _DEAD_SHARE * outcomes
        threshold = min(_threshold(usual, dead, outcomes), _REMEMBERED)
        is_taken = bool((event.facts or {}).get("mailwarden.sender.is_list")) and not _is_gone(dead, outcomes)
        if measure < threshold or is_taken:
            return _refused(state, dead, outcomes) if is_refused else None
        severity = "high" if measure >= _SURE or is_refused else tempered("high", usual, to="medium")
        return fire(state.recipients, measure, 1, severity, {"usual": usual, "threshold": threshold})


def _threshold(usual: int | None, dead: int, outcomes: int) -> int:
    """Give how many recipients of an hour are too many."""
    if usual is None:
        return _FLOOR if _is_gone(dead, outcomes) else _UNKNOWN_USUAL
    return max(_FLOOR, _TIMES_USUAL * usual)


def _is_gone(dead: int, outcomes: int) -> bool:
    """Say whether more recipients do not exist than of a list that is kept."""
    return dead > 1 + _MANY_DEAD * outcomes


def _count_dead(state: _State, event: Event) -> tuple[int, int]:
    """Count what became of a recipient; give how many of the last six hours do not exist, and of how many."""
    is_dead = event.mail_delivery_status == "bounced" and (
        event.mail_bounce_class in _DEAD or (event.smtp_reply_enhanced_code or "").startswith("5.1.")
    )
    dead = add(state.dead, event.stream_us, _DEAD_SPAN_US, int(is_dead))
    return dead, add(state.outcomes, event.stream_us, _DEAD_SPAN_US, int(event.mail_delivery_status != "deferred"))


def _refused(state: _State, dead: int, outcomes: int) -> Fired:
    """Tell of a list that was bought or guessed, or of bots that fill in a form."""
    is_new = crossed(state.dead, dead)
    values = {"dead": dead, "outcomes": outcomes, "threshold": round(100 * _DEAD_SHARE)}
    return Fired(round(100 * dead / outcomes), 1, "medium", values, is_new, detection=_TO_NOBODY)


_TO_NOBODY = ScriptBurst.detection._replace(
    title=N_("{measure} % of what {script} sends comes back"),
    why=N_("{dead} of {outcomes} recipients within {span} do not exist or take no mail (fires at {threshold} %)"),
    harmless=N_("a form whose visitors mistype their address, or that bots fill in"),
    span_us=_DEAD_SPAN_US,
)
DETECTOR = ScriptBurst()
