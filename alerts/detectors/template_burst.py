"""OUT-11: an account sends one message after the other of nearly the same size.

Thirty messages within half an hour whose sizes differ by at most two per cent, as a spam run made from one template does. An
account that does so often is compared with its own usual; in its first week it is told as `low`, and so are invoices: from
where it always is, to people it wrote to before.
"""

from collections.abc import Iterable

import msgspec

from mailwarden.alerts.detection.detector import Detector, Fired
from mailwarden.alerts.facts.acquaintances import sending_severity
from mailwarden.alerts.facts.usual import Usual, learn, tempered, usual_of
from mailwarden.alerts.terms import Detection
from mailwarden.parsers.event import Event

__all__ = ["DETECTOR"]

_SPAN_US = 1_800_000_000
_SECOND_US = 1_000_000
_LEAST = 30
_TIMES_USUAL = 3
_TOLERANCE = 0.02
_REMEMBERED = 100
_FEW = 10  # so many are not compared
_LABELS = frozenset({"newsletter", "gateway"})


class _State(msgspec.Struct, array_like=True):
    sent: list[tuple[int, int]] = []  # (second, size), newest last
    usual: Usual = msgspec.field(default_factory=Usual)
    level: int = 0  # alike ones when it was last told
    last_us: int = 0


class TemplateBurst(Detector[_State]):
    """Messages of one size that an account sends within half an hour."""

    detection = Detection(
        name="template_burst",
        id="OUT-11",
        version=2,
        cause="sending",
        category="outbound_spam",
        severity="medium",
        title="{account} sends {measure} messages nearly alike",
        why="{measure} messages of about {size} bytes within {span}; usual: {usual} (fires at {threshold})",
        harmless="invoices or invitations: label the account",
        advice="sending_burst",
        techniques=("T1586.002",),
        primary="mailwarden.account",
        entities=("source.ip", "email.from.address"),
        span_us=_SPAN_US,
        threshold=_LEAST,
    )
    actions = frozenset({"message-queued", "message-received"})
    needs = ("mailwarden.account", "mailwarden.accepted", "mail.size")
    state = _State
    record = "account_mail"
    ttl_us = 90 * 48 * _SPAN_US

    def keys(self, event: Event) -> Iterable[str]:
        """Accepted mail of an account, where its size is known."""
        facts = event.facts
        if event.mailwarden_account is None or not event.mail_size or facts is None:
            return ()
        if not facts.get("mailwarden.accepted") or not _LABELS.isdisjoint(facts.get("mailwarden.labels", ())):
            return ()
        return (event.mailwarden_account,)

    def update(self, state: _State, event: Event) -> Fired | None:
        """Count the messages that are about as large as this one."""
        now, size = event.stream_us, event.mail_size or 0
        if now - state.last_us > _SPAN_US:
            state.level = 0
        state.last_us = now
        horizon = (now - _SPAN_US) // _SECOND_US
        sent = [one for one in state.sent if one[0] > horizon][1 - _REMEMBERED :]
        state.sent = [*sent, (now // _SECOND_US, size)]
        alike, first_s = 1, now // _SECOND_US
        if len(state.sent) >= _FEW:
            seconds = [at_s for at_s, other in state.sent if abs(other - size) <= _TOLERANCE * size]
            alike, first_s = len(seconds), seconds[0]
        usual = usual_of(state.usual, now)
        learn(state.usual, now, alike)
        threshold = min(max(_LEAST, _TIMES_USUAL * (usual or 0)), _REMEMBERED)
        if alike < threshold:
            return None
        first, is_new = state.level == 0, alike >= 2 * state.level
        if is_new:
            state.level = alike
        values = {"size": size, "usual": usual, "threshold": threshold}
        severity = sending_severity(event.facts, alike, worst="medium")
        tries = alike if first else 1
        return Fired(alike, tries, tempered(severity, usual), values, is_new, first_us=first_s * _SECOND_US)


DETECTOR = TemplateBurst()
