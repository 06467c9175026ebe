"""REL-05: the server answers spam with bounces to people who never wrote.

Thirty non-delivery notices within an hour that go back for mail which strangers gave us: it should have been refused while
the stranger was connected. Block lists such as Backscatterer list for it.
"""

from collections.abc import Iterable

import msgspec

from mailwarden.alerts.detection.detector import Detector, Fired, fire, is_first_outcome
from mailwarden.alerts.detection.windows import Window, add_value
from mailwarden.alerts.state.mark import mark_text
from mailwarden.alerts.terms import Detection
from mailwarden.parsers.event import Event

__all__ = ["DETECTOR"]

_HOUR_US = 3_600_000_000
_LEAST = 30
_REMEMBERED = 128


class _State(msgspec.Struct, array_like=True):
    victims: Window = msgspec.field(default_factory=Window)
    last_us: int = 0


class Backscatter(Detector[_State]):
    """Strangers who are sent bounces of mail that other strangers gave us."""

    detection = Detection(
        name="backscatter",
        id="REL-05",
        version=1,
        cause="sending",
        category="blocklist_risk",
        severity="medium",
        title="backscatter: spam bounced to {measure} bystanders",
        why="{measure} bounces within {span} go back for mail from elsewhere (fires at {threshold})",
        harmless="a full disk or a mailbox database that was down for a moment",
        advice="backscatter",
        techniques=("T1498",),
        primary="mailwarden.site",
        entities=("email.to.address", "destination.domain", "host.hostname"),
        span_us=_HOUR_US,
        threshold=_LEAST,
    )
    actions = frozenset({"delivery"})
    needs = ("mailwarden.way.returned", "mailwarden.first_try")
    state = _State
    gathers = "victims"
    ttl_us = 2 * _HOUR_US

    def keys(self, event: Event) -> Iterable[str]:
        """First outcomes of bounces of strangers' mail."""
        facts = event.facts
        if facts is None or not facts.get("mailwarden.returned") or not event.email_to_address:
            return ()
        return (event.host_hostname or "localhost",) if is_first_outcome(event) else ()

    def update(self, state: _State, event: Event) -> Fired | None:
        """Count whom the bounce goes to."""
        state.last_us = event.stream_us
        victim = (event.email_to_address or [""])[0].lower()
        measure = add_value(state.victims, event.stream_us, _HOUR_US, mark_text(victim), _REMEMBERED)
        return fire(state.victims, measure, 1, "medium", {}) if measure >= _LEAST else None


DETECTOR = Backscatter()
