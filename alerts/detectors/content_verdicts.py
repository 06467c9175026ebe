"""OUT-13: our own filter refuses what an account sends.

Three messages of one account, or of one script, within an hour that a milter, a content filter or the server's own check
refused, threw away or held as spam or malware. What arrives from elsewhere is not meant.
"""

from collections.abc import Iterable

import msgspec

from mailwarden.alerts.detection.detector import Detector, Fired, fire_now
from mailwarden.alerts.detection.windows import Window, add
from mailwarden.alerts.terms import Detection
from mailwarden.parsers.event import Event

__all__ = ["DETECTOR"]

_SPAN_US = 3_600_000_000
_LEAST = 3


class _State(msgspec.Struct, array_like=True):
    verdicts: Window = msgspec.field(default_factory=Window)
    last_us: int = 0


class ContentVerdicts(Detector[_State]):
    """Messages of one sender that our own filter refused."""

    detection = Detection(
        name="content_verdicts",
        id="OUT-13",
        version=1,
        cause="sending",
        category="outbound_spam",
        severity="high",
        title="our filter refuses what {who} sends",
        why="{measure} messages within {span} were taken for spam or malware (fires at {threshold})",
        harmless="a link in a signature that a list holds against everybody",
        advice="content_verdicts",
        techniques=("T1586.002",),
        primary="mailwarden.content.sender",
        entities=(
            "mailwarden.account",
            "mailwarden.script",
            "mailwarden.return_path",
            "source.ip",
            "email.from.address",
        ),
        span_us=_SPAN_US,
        threshold=_LEAST,
    )
    actions = frozenset({"delivery", "reject", "discard", "message-held", "filter-verdict"})
    needs = ("mailwarden.content.sender",)
    state = _State
    gathers = "verdicts"
    ttl_us = 2 * _SPAN_US

    def keys(self, event: Event) -> Iterable[str]:
        """Only verdicts on mail of ours."""
        who = event.facts and event.facts.get("mailwarden.content.sender")
        return (str(who),) if who else ()

    def update(self, state: _State, event: Event) -> Fired | None:
        """Count the message."""
        now = state.last_us = event.stream_us
        verdicts = add(state.verdicts, now, _SPAN_US, event.event_count)
        if verdicts < _LEAST:
            return None
        values = {"who": (event.facts or {})["mailwarden.content.sender"]}
        return fire_now(state.verdicts, verdicts, 1, "high", values)


DETECTOR = ContentVerdicts()
