"""REL-04: a script or local user of this machine writes to many strangers.

Recipients elsewhere, each counted once, of what is handed in without a login: a contact form that is abused, a website that
was broken into. Fifty within an hour (CSF's LF_SCRIPT looks at 100), or six times the usual where it is known and at least
twenty. Mail for mailboxes here is not counted, so that reports and forms that write to their owner stay quiet.
"""

from collections.abc import Iterable

import msgspec

from mailwarden.alerts.detection.detector import Detector, Fired, fire, is_first_outcome, mark
from mailwarden.alerts.detection.windows import Window, add_value
from mailwarden.alerts.facts.usual import Usual, learn, tempered, usual_of
from mailwarden.alerts.terms import Detection
from mailwarden.parsers.event import Event

__all__ = ["DETECTOR"]

_HOUR_US = 3_600_000_000
_UNKNOWN_USUAL = 50
_FLOOR = 20
_TIMES_USUAL = 6
_REMEMBERED = 128  # recipients of an hour


class _State(msgspec.Struct, array_like=True):
    recipients: Window = msgspec.field(default_factory=Window)
    usual: Usual = msgspec.field(default_factory=Usual)
    last_us: int = 0


class ScriptBurst(Detector[_State]):
    """Recipients of a script within an hour, against its own usual."""

    detection = Detection(
        name="script_burst",
        id="REL-04",
        version=1,
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
        measure = add_value(state.recipients, now, _HOUR_US, mark(recipient), _REMEMBERED)
        learn(state.usual, now, measure)
        threshold = _UNKNOWN_USUAL if usual is None else max(_FLOOR, _TIMES_USUAL * usual)
        if measure < min(threshold, _REMEMBERED):
            return None
        severity = tempered("high", usual, to="medium")
        return fire(state.recipients, measure, 1, severity, {"usual": usual, "threshold": threshold})


DETECTOR = ScriptBurst()
