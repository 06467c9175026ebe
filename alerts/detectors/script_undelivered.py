"""OUT-18: nothing that a script or a user of this machine sends arrives any more.

Five messages in a row of which no recipient has the mail: a contact form whose sender address is not believed, a relay that
knows its login no more, a cron job that writes to nobody. What comes back goes to the web server's own mailbox, which
nobody reads. `low`, for many a machine has a job that never wrote to anybody; `medium` where five of its messages arrived in
the month before, so that something broke. What is only put off counts after four hours: greylisting takes minutes. What
receivers refuse of the whole server, for its address, is no script's trouble, nor is a receiver that cannot be reached.
"""

from collections.abc import Iterable

import msgspec

from mailwarden.alerts.detection.detector import Detector, Fired, fire
from mailwarden.alerts.detection.windows import Window, add
from mailwarden.alerts.state.mark import mark
from mailwarden.alerts.terms import Detection
from mailwarden.alerts.words.translate import N_
from mailwarden.parsers.event import Event

__all__ = ["DETECTOR"]

_HOUR_US = 3_600_000_000
_SPAN_US = 7 * 24 * _HOUR_US
_KNOWN_US = 30 * 24 * _HOUR_US
_LEAST = 5
_OVERDUE_US = 4 * _HOUR_US
_MOST_WAITING = 32
_ANSWER = 160  # characters
_OF_THE_SERVER = frozenset({"blocklist", "rate_limit", "reputation"})
_UNREACHABLE = frozenset({"connect_refused", "connect_timeout"})


class _State(msgspec.Struct, array_like=True):
    failed: Window = msgspec.field(default_factory=Window)  # messages since one arrived
    message: int = 0  # the mark of the last one
    waiting: list[int] = []  # since when recipients wait who are not counted yet
    arrived: int = 0
    last_us: int = 0


class ScriptUndelivered(Detector[_State]):
    """Messages of a script in a row of which none arrived."""

    detection = Detection(
        name="script_undelivered",
        id="OUT-18",
        version=1,
        cause="service",
        category="service_fault",
        severity="low",
        title="nothing that {script} sends arrives",
        why="its last {measure} messages within {span} did not arrive (fires at {threshold})",
        harmless="a job that writes to an address which does not exist, and is not meant to be read",
        advice="script_undelivered",
        techniques=(),
        primary="mailwarden.script",
        entities=("user.id", "email.from.address", "mailwarden.receiver", "host.hostname"),
        span_us=_SPAN_US,
        threshold=_LEAST,
    )
    actions = frozenset({"delivery"})
    needs = ("mailwarden.script", "mailwarden.first_try")
    state = _State
    gathers = "failed"
    ttl_us = _KNOWN_US

    def keys(self, event: Event) -> Iterable[str]:
        """What became of a script's mail, here or elsewhere; a filter that takes it is no end."""
        facts = event.facts
        if not facts or not facts.get("mailwarden.first_try") or facts.get("mailwarden.hand_over"):
            return ()
        script = facts.get("mailwarden.script")
        if not script or event.mail_bounce_class in _OF_THE_SERVER or event.event_reason in _UNREACHABLE:
            return ()
        return (script,)

    def update(self, state: _State, event: Event) -> Fired | None:
        """Count the message, or begin anew where it arrived."""
        now = state.last_us = event.stream_us
        status = event.mail_delivery_status
        if status in ("sent", "discarded"):
            state.failed, state.waiting, state.message = Window(), [], 0
            state.arrived += 1
            return None
        if status == "deferred":
            state.waiting = [*state.waiting, now][-_MOST_WAITING:]
            lost = 0
        elif (event.facts or {}).get("mailwarden.retried"):
            lost, state.waiting = int(bool(state.waiting)), state.waiting[1:]
        else:
            lost = self._is_another(state, event)
        overdue = [since for since in state.waiting if now - since >= _OVERDUE_US]
        state.waiting = state.waiting[len(overdue) :]
        count = add(state.failed, now, _SPAN_US, lost + len(overdue))
        if count < _LEAST:
            return None
        return self._told(state, count, lost + len(overdue), event)

    def _is_another(self, state: _State, event: Event) -> int:
        """Say whether it is another message, and not one more recipient of the last."""
        before, state.message = state.message, mark(event.mail_queue_id or "")
        return int(state.message != before)

    def _told(self, state: _State, count: int, amount: int, event: Event) -> Fired:
        answer = event.smtp_reply_text
        broke = state.arrived >= _LEAST
        fired = fire(state.failed, count, amount, "medium" if broke else "low", {"answer": (answer or "")[:_ANSWER]})
        words = self.detection
        if broke:
            words = words._replace(title=_NO_LONGER)
        return fired._replace(detection=words._replace(why=_ANSWERED) if answer else words)


_NO_LONGER = N_("what {script} sends does not arrive any more")
_ANSWERED = N_(
    "its last {measure} messages within {span} did not arrive (fires at {threshold}); the last answer was: {answer}"
)
DETECTOR = ScriptUndelivered()
