"""PRO-07: clients find our certificate expired.

Clients of three networks within an hour end the handshake because the certificate's time is over, and they are a fifth of
the networks that come to read or send mail. Fewer are devices whose clock or list of authorities is old: a server with
thousands of accounts has some of them at any time.
"""

from collections.abc import Iterable

import msgspec

from mailwarden.alerts.detection.detector import Detector, Fired, fire
from mailwarden.alerts.detection.windows import Window, add_value
from mailwarden.alerts.state.mark import mark_text
from mailwarden.alerts.terms import Detection
from mailwarden.parsers.event import Event

__all__ = ["DETECTOR"]

_HOUR_US = 3_600_000_000
_LEAST = 3
_SHARE = 0.2
_REMEMBERED = 128  # networks: of a larger server the latest, of which a fifth must have failed


class _State(msgspec.Struct, array_like=True):
    failing: Window = msgspec.field(default_factory=Window)
    all: Window = msgspec.field(default_factory=Window)
    last_us: int = 0


class CertificateExpired(Detector[_State]):
    """Networks whose clients refuse an expired certificate, against all that come."""

    detection = Detection(
        name="certificate_expired",
        id="PRO-07",
        version=1,
        cause="service",
        category="service_fault",
        severity="high",
        title="the certificate has expired: clients refuse it",
        why="clients of {measure} networks refused it within {span} (fires at {threshold})",
        harmless="devices whose clocks are wrong",
        advice="certificate_expired",
        techniques=(),
        primary="mailwarden.site",
        entities=("source.ip", "network.protocol", "host.hostname"),
        span_us=_HOUR_US,
        threshold=_LEAST,
    )
    actions = frozenset({"tls-failed", "auth-success"})
    state = _State
    gathers = "failing"
    ttl_us = 2 * _HOUR_US

    def keys(self, event: Event) -> Iterable[str]:
        """Clients that refuse it, and those that log in over TLS."""
        if event.source_ip is None:
            return ()
        if event.event_action == "auth-success":
            return () if event.tls_established is False else ("site",)
        return ("site",) if (event.extra or {}).get("mail.tls.alert") == "certificate_expired" else ()

    def update(self, state: _State, event: Event) -> Fired | None:
        """Count the client's network."""
        now = state.last_us = event.stream_us
        net = mark_text(event.mailwarden_network or str(event.source_ip))
        seen = add_value(state.all, now, _HOUR_US, net, _REMEMBERED)
        if event.event_action == "auth-success":
            return None
        failing = add_value(state.failing, now, _HOUR_US, net, _REMEMBERED)
        if failing < max(_LEAST, _SHARE * seen):
            return None
        return fire(state.failing, failing, 1, "high", {})


DETECTOR = CertificateExpired()
