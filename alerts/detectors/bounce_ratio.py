"""OUT-04: too many recipients of an account do not exist.

One in five of at least twenty outcomes within six hours (Lightmeter's figure). A list that was bought or guessed shows so;
receivers count it against the sending address. Whoever writes to one dead address again and again has no such list: it counts
once.
"""

from collections.abc import Iterable

import msgspec

from mailwarden.alerts.detection.detector import Detector, Fired, fire_now
from mailwarden.alerts.detection.windows import Window, add
from mailwarden.alerts.state.mark import is_among, mark
from mailwarden.alerts.terms import Detection
from mailwarden.parsers.event import Event

__all__ = ["DETECTOR"]

_SPAN_US = 6 * 3_600_000_000
_LEAST = 20
_SHARE = 0.2
_MET = 16
_DEAD = frozenset({"unknown_user", "mailbox_full"})


class _State(msgspec.Struct, array_like=True):
    outcomes: Window = msgspec.field(default_factory=Window)
    dead: Window = msgspec.field(default_factory=Window)
    last_us: int = 0
    met: list[int] = []  # marks of the last dead recipients


class BounceRatio(Detector[_State]):
    """The share of an account's recipients that do not exist."""

    detection = Detection(
        name="bounce_ratio",
        id="OUT-04",
        version=2,
        cause="sending",
        category="outbound_spam",
        severity="medium",
        title="{measure} % of what {account} sends comes back",
        why="{dead} of {outcomes} recipients within {span} do not exist or take no mail (fires at {threshold} %)",
        harmless="the first mailing to an old list",
        advice="bounce_ratio",
        techniques=("T1586.002",),
        primary="mailwarden.account",
        entities=("source.ip", "email.from.address"),
        span_us=_SPAN_US,
        threshold=int(_SHARE * 100),
    )
    actions = frozenset({"delivery"})
    needs = ("mailwarden.account", "mail.delivery.status")
    state = _State
    gathers = "dead"
    record = "account_mail"
    ttl_us = 2 * _SPAN_US

    def keys(self, event: Event) -> Iterable[str]:
        """Only final outcomes of an account's mail."""
        if event.mailwarden_account is None or event.mail_delivery_status not in ("sent", "bounced", "expired"):
            return ()
        if (event.facts or {}).get("mailwarden.hand_over"):
            return ()
        return (event.mailwarden_account,)

    def update(self, state: _State, event: Event) -> Fired | None:
        """Count the outcome."""
        now = event.stream_us
        state.last_us = now
        is_dead = event.mail_delivery_status == "bounced" and (
            event.mail_bounce_class in _DEAD or (event.smtp_reply_enhanced_code or "").startswith("5.1.")
        )
        if is_dead and event.email_to_address:
            recipient = event.email_to_address[0].lower()
            if is_among(recipient, state.met):
                return None
            state.met = [*state.met, mark(recipient)][-_MET:]
        outcomes = add(state.outcomes, now, _SPAN_US, 1)
        dead = add(state.dead, now, _SPAN_US, int(is_dead))
        if not is_dead or outcomes < _LEAST or dead < _SHARE * outcomes:
            return None
        values = {"dead": dead, "outcomes": outcomes}
        share = round(100 * dead / outcomes)
        return fire_now(state.dead, dead, 1, "medium", values, share=share)


DETECTOR = BounceRatio()
