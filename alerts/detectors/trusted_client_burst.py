"""REL-03: a machine that may send without a login sends far more than usual.

An office server, a printer or a webmail host that was broken into sends through us as one of ours. A hundred recipients
elsewhere within an hour (CSF's RT_RELAY), or five times its own usual where it is known and at least fifty. A mailing list that
hands its copies to the server again is known by its return path and left out; but anybody may write such a path, so a hundred
of it count where receivers refuse one in ten: a list removes addresses that are gone.
"""

from collections.abc import Iterable

import msgspec

from mailwarden.alerts.detection.detector import Detector, Fired, fire, is_first_outcome
from mailwarden.alerts.detection.windows import Window, add
from mailwarden.alerts.facts.usual import Usual, learn, tempered, usual_of
from mailwarden.alerts.terms import Detection
from mailwarden.alerts.words.translate import N_
from mailwarden.parsers.address import is_loopback
from mailwarden.parsers.event import Event

__all__ = ["DETECTOR"]

_HOUR_US = 3_600_000_000
_UNKNOWN_USUAL = 100
_FLOOR = 50
_TIMES_USUAL = 5
_LABELS = frozenset({"newsletter", "gateway"})
_REFUSED_SHARE = 0.1  # of a list's copies; ten times what a list that is kept has
_OF_THE_SERVER = frozenset({"blocklist", "reputation", "rate_limit", "policy_auth"})
"""Classes of refusals that say nothing of the addresses."""


class _State(msgspec.Struct, array_like=True):
    recipients: Window = msgspec.field(default_factory=Window)
    usual: Usual = msgspec.field(default_factory=Usual)
    last_us: int = 0
    copies: Window = msgspec.field(default_factory=Window)  # recipients under a mailing list's return path,
    refused: Window = msgspec.field(default_factory=Window)  # and those of them that were refused


class TrustedClientBurst(Detector[_State]):
    """Recipients of a trusted client within an hour, against its own usual."""

    detection = Detection(
        name="trusted_client_burst",
        id="REL-03",
        version=5,
        cause="sending",
        category="outbound_spam",
        severity="high",
        title="{address} sends to {measure} people without login",
        why="{measure} recipients within {span} from an address that we trust; usual: {usual} (fires at {threshold})",
        harmless="a newsletter's server: label its network",
        advice="trusted_client",
        techniques=("T1496",),
        primary="source.ip",
        entities=("mailwarden.return_path", "email.from.address", "destination.domain", "host.hostname"),
        span_us=_HOUR_US,
        threshold=_UNKNOWN_USUAL,
    )
    actions = frozenset({"delivery"})
    needs = ("mailwarden.way.client", "mailwarden.first_try")
    state = _State
    gathers = "recipients"
    ttl_us = 90 * 24 * _HOUR_US

    def keys(self, event: Event) -> Iterable[str]:
        """First outcomes, elsewhere, of mail that a trusted machine gave us without a login."""
        if event.source_ip is None or event.mailwarden_account is not None or event.user_id is not None:
            return ()
        facts = event.facts or {}
        if event.mailwarden_direction != "outbound" or not is_first_outcome(event):
            return ()
        if not _LABELS.isdisjoint(facts.get("mailwarden.labels", ())):
            return ()
        return (event.source_ip,)

    def update(self, state: _State, event: Event) -> Fired | None:
        """Count the recipient."""
        now = state.last_us = event.stream_us
        if event.facts and event.facts.get("mailwarden.sender.is_list"):
            return _count_copy(state, event)
        usual = usual_of(state.usual, now)
        measure = add(state.recipients, now, _HOUR_US, 1)
        learn(state.usual, now, measure)
        threshold = _UNKNOWN_USUAL if usual is None else max(_FLOOR, _TIMES_USUAL * usual)
        if measure < threshold:
            return None
        severity = tempered("high", usual, to="medium")
        fired = fire(state.recipients, measure, 1, severity, {"usual": usual, "threshold": threshold})
        is_own = event.source_ip is not None and is_loopback(event.source_ip)
        return fired._replace(detection=_HERE) if is_own else fired


def _count_copy(state: _State, event: Event) -> Fired | None:
    """Count a recipient under a mailing list's return path."""
    now = event.stream_us
    is_refused = event.mail_delivery_status == "bounced" and event.mail_bounce_class not in _OF_THE_SERVER
    copies = add(state.copies, now, _HOUR_US, 1)
    refused = add(state.refused, now, _HOUR_US, int(is_refused))
    if copies < _UNKNOWN_USUAL or refused < _REFUSED_SHARE * copies:
        return None
    sender = (event.email_from_address or ["?"])[0]
    values = {"usual": None, "threshold": _UNKNOWN_USUAL, "refused": refused, "sender": sender}
    return fire(state.copies, copies, 1, "medium", values)._replace(detection=_AS_A_LIST)


_HERE = TrustedClientBurst.detection._replace(
    title=N_("this machine sends to {measure} people without login"), advice="trusted_here"
)
_AS_A_LIST = TrustedClientBurst.detection._replace(
    title=N_("{sender} goes to {measure} people; many refuse"),
    advice="unknown_recipients",
    why=N_(
        "{measure} recipients within {span} from an address that we trust, under a mailing list's return path, and {refused}"
        " of them refuse (fires at {threshold})"
    ),
    harmless=N_("a mailing list whose addresses are old"),
)
DETECTOR = TrustedClientBurst()
