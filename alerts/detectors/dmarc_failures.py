"""REP-09: receivers report (DMARC aggregates) that mail from our own addresses fails DMARC.

Five such messages in the reports of a day are told as `medium`, whoever says so: a report is a mail, which anybody can write.
What strangers send in our name fails as it should and counts for nothing.
"""

from collections.abc import Iterable

import msgspec

from mailwarden.alerts.detection.detector import Detector, Fired, fire_now
from mailwarden.alerts.detection.windows import Window, add
from mailwarden.alerts.terms import Detection
from mailwarden.parsers.event import Event

__all__ = ["DETECTOR"]

_SPAN_US = 24 * 3_600_000_000
_LEAST = 5
_MOST = 100_000  # messages that one report may count


class _State(msgspec.Struct, array_like=True):
    failed: Window = msgspec.field(default_factory=Window)
    last_us: int = 0


class DmarcFailures(Detector[_State]):
    """Messages of our own addresses that failed, by domain."""

    detection = Detection(
        name="dmarc_failures",
        id="REP-09",
        version=1,
        cause="config",
        category="blocklist_risk",
        severity="medium",
        title="our mail of {sender} fails DMARC, receivers report",
        why="{measure} messages from {source} and other addresses of ours failed SPF and DKIM in the reports of a day"
        " (fires at {threshold})",
        harmless="a test of somebody who set up a new server",
        advice="authentication",
        techniques=(),
        primary="mailwarden.own_domain",
        entities=("mailwarden.report.organisation",),
        span_us=_SPAN_US,
        threshold=_LEAST,
    )
    actions = frozenset({"dmarc-report"})
    state = _State
    gathers = "failed"
    ttl_us = 2 * _SPAN_US

    def keys(self, event: Event) -> Iterable[str]:
        """Only reports that know failures of our own addresses."""
        own = (event.facts or {}).get("mailwarden.report.own")
        return (str((event.extra or {})["mailwarden.own_domain"]),) if own else ()

    def update(self, state: _State, event: Event) -> Fired | None:
        """Count them."""
        own = (event.facts or {})["mailwarden.report.own"]
        now = state.last_us = event.stream_us
        failed = add(state.failed, now, _SPAN_US, min(sum(own.values()), _MOST))
        if failed < _LEAST:
            return None
        values = {
            "sender": (event.extra or {})["mailwarden.own_domain"],
            "source": max(own, key=lambda one: own[one]),
        }
        return fire_now(state.failed, failed, 1, "medium", values)


DETECTOR = DmarcFailures()
