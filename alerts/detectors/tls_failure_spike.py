"""PRO-07: encryption fails with many clients at once.

Failed handshakes with twenty networks within an hour, and five times the usual: a certificate has ended, a protocol was
switched off, or somebody in between breaks connections. In the first week it is told as `low`. One client that fails
again and again is another rule's case.
"""

from collections.abc import Iterable

import msgspec

from mailwarden.alerts.detection.detector import Detector, Fired, fire
from mailwarden.alerts.detection.windows import Window, add_value
from mailwarden.alerts.facts.usual import Usual, learn, usual_of
from mailwarden.alerts.state.mark import mark_text
from mailwarden.alerts.terms import Detection
from mailwarden.parsers.address import network
from mailwarden.parsers.event import Event

__all__ = ["DETECTOR"]

_HOUR_US = 3_600_000_000
_LEAST = 20
_TIMES_USUAL = 5
_REMEMBERED = 128


class _State(msgspec.Struct, array_like=True):
    networks: Window = msgspec.field(default_factory=Window)
    usual: Usual = msgspec.field(default_factory=Usual)
    last_us: int = 0


class TlsFailureSpike(Detector[_State]):
    """Networks with which encryption failed within an hour, against the site's usual."""

    detection = Detection(
        name="tls_failure_spike",
        id="PRO-07",
        version=1,
        cause="service",
        category="service_fault",
        severity="medium",
        title="TLS fails with {measure} networks",
        why="handshakes with {measure} networks failed within {span}; usual: {usual} (fires at {threshold})",
        harmless="a scan of the whole internet",
        advice="tls_failure",
        techniques=("T1557",),
        primary="network.protocol",
        entities=("source.ip", "host.hostname"),
        span_us=_HOUR_US,
        threshold=_LEAST,
    )
    actions = frozenset({"tls-failed", "beat"})
    state = _State
    gathers = "networks"
    ttl_us = 90 * 24 * _HOUR_US

    def keys(self, event: Event) -> Iterable[str]:
        """Handshakes that clients failed at; the time that passes shows that there are none."""
        return ("site",) if event.source_ip is not None or event.event_action == "beat" else ()

    def update(self, state: _State, event: Event) -> Fired | None:
        """Count the client's network."""
        now = state.last_us = event.stream_us
        if event.source_ip is None:
            learn(state.usual, now, 0)
            return None
        usual = usual_of(state.usual, now)
        measure = add_value(state.networks, now, _HOUR_US, mark_text(network(event.source_ip)), _REMEMBERED)
        learn(state.usual, now, measure)
        threshold = min(max(_LEAST, _TIMES_USUAL * (usual or 0)), _REMEMBERED)
        if measure < threshold:
            return None
        is_known = now - state.usual.first_us >= 7 * 24 * _HOUR_US
        values = {"usual": usual if usual is not None or not is_known else 0, "threshold": threshold}
        return fire(state.networks, measure, 1, "medium" if is_known else "low", values)


DETECTOR = TlsFailureSpike()
