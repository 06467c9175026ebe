"""CFG-08: senders report (TLS-RPT, RFC 8460) that they could not deliver to a domain of ours over TLS.

Ten sessions and one in twenty within a day are told as `medium`: with MTA-STS or DANE such mail waits or is returned, without
them it goes unencrypted.
"""

from collections.abc import Iterable

import msgspec

from mailwarden.alerts.detection.detector import Detector, Fired, fire_now
from mailwarden.alerts.detection.windows import Window, add
from mailwarden.alerts.terms import Detection
from mailwarden.parsers.event import Event

__all__ = ["DETECTOR"]

_SPAN_US = 24 * 3_600_000_000
_LEAST = 10
_SHARE = 0.05
_MOST = 1_000_000  # sessions that one report may count


class _State(msgspec.Struct, array_like=True):
    failed: Window = msgspec.field(default_factory=Window)
    all: Window = msgspec.field(default_factory=Window)
    last_us: int = 0


class TlsFailuresReported(Detector[_State]):
    """Sessions that failed, by domain."""

    detection = Detection(
        name="tls_failures_reported",
        id="CFG-08",
        version=1,
        cause="service",
        category="service_fault",
        severity="medium",
        title="senders report that TLS to {sender} fails",
        why="{measure} of {total} sessions in the reports of a day failed: {reason} (fires at {threshold})",
        harmless="the certificate was being changed",
        advice="tls_reports",
        techniques=(),
        primary="mailwarden.own_domain",
        entities=("mailwarden.report.organisation",),
        span_us=_SPAN_US,
        threshold=_LEAST,
    )
    actions = frozenset({"tls-report"})
    state = _State
    gathers = "failed"
    ttl_us = 2 * _SPAN_US

    def keys(self, event: Event) -> Iterable[str]:
        """The domain."""
        return (str((event.extra or {})["mailwarden.own_domain"]),)

    def update(self, state: _State, event: Event) -> Fired | None:
        """Count what failed, against all."""
        extra = event.extra or {}
        now = state.last_us = event.stream_us
        failed = add(state.failed, now, _SPAN_US, min(int(extra["mailwarden.report.failed"]), _MOST))
        total = add(state.all, now, _SPAN_US, min(int(extra["mailwarden.report.total"]), _MOST))
        if failed < _LEAST or failed < _SHARE * total:
            return None
        reasons = extra.get("mailwarden.report.reasons", {})
        values = {
            "sender": extra["mailwarden.own_domain"],
            "total": total,
            "reason": max(reasons, key=lambda one: reasons[one], default="?"),
        }
        return fire_now(state.failed, failed, 1, "medium", values)


DETECTOR = TlsFailuresReported()
