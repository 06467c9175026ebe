"""OUT-08: an account sends in bulk from a network it never used.

Twenty recipients within a quarter of an hour, on the first day that the account comes from this network while it is known
from another; and four times the most it ever sent in a quarter of an hour, for a busy person who roams sends on as before.
Eight messages or sixty recipients make it critical: one letter to thirty guests is what people write from hotels. An
account that is in another network every few days is judged by what it sends (strange_sending), not by where from.

At a cold start nobody knows which networks are an account's own: until the third day that it is seen at all this is `medium`
(`low` where others are too, as in an office), unless a tenth of what it sends comes back: subscribers take a newsletter. That
strangers guessed before (send_after_guessing) is told as ever.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from mailwarden.alerts.detection.detector import Detector, Fired
from mailwarden.alerts.detection.windows import Window, add, crossed
from mailwarden.alerts.facts.acquaintances import is_refused
from mailwarden.alerts.terms import Detection
from mailwarden.alerts.words.translate import N_
from mailwarden.parsers.event import Event

__all__ = ["DETECTOR"]

_SPAN_US = 900_000_000
_LEAST = 20
_TIMES_USUAL = 4
_MESSAGES = 8
_MANY = 60
_KNOWN_DAYS = 3  # from which on an account's networks are known
_LABELS = frozenset({"newsletter", "gateway", "shared"})


class _State(msgspec.Struct, array_like=True):
    window: Window = msgspec.field(default_factory=Window)
    last_us: int = 0
    messages: Window = msgspec.field(default_factory=Window)
    is_critical: bool = False


class SendFromNewNetwork(Detector[_State]):
    """Recipients of an account from one new network."""

    detection = Detection(
        name="send_from_new_network",
        id="OUT-08",
        version=3,
        cause="takeover",
        category="account_takeover",
        severity="critical",
        title="{account} was taken over and sends spam",
        why="{measure} recipients within {span} from {address}, a network it had not used before (fires at {threshold})",
        harmless="a newsletter sent from a hotel; ask the owner before you unlock",
        advice="takeover",
        techniques=("T1078", "T1586.002"),
        primary="mailwarden.account",
        entities=("source.ip", "email.from.address"),
        span_us=_SPAN_US,
        threshold=_LEAST,
    )
    actions = frozenset({"message-queued", "message-received"})
    needs = ("mailwarden.account", "mailwarden.accepted", "mailwarden.pair.young")
    state = _State
    gathers = "window"
    ttl_us = 2 * _SPAN_US

    def keys(self, event: Event) -> Iterable[str]:
        """Accepted mail of an account whose network is new to it."""
        facts = event.facts
        if event.mailwarden_account is None or not facts or not facts.get("mailwarden.accepted"):
            return ()
        if not facts.get("mailwarden.pair.young") or not _LABELS.isdisjoint(facts.get("mailwarden.labels", ())):
            return ()
        return (f"{event.mailwarden_account}\x1f{event.mailwarden_network}",)

    def update(self, state: _State, event: Event) -> Fired | None:
        """Add the message's recipients."""
        recipients = event.mail_recipient_count or 1
        state.last_us = event.stream_us
        measure = add(state.window, event.stream_us, _SPAN_US, recipients)
        messages = add(state.messages, event.stream_us, _SPAN_US, 1)
        threshold = max(_LEAST, _TIMES_USUAL * (event.facts or {}).get("mailwarden.user.best_quarter", 0))
        if measure < threshold:
            return None
        values = {"threshold": threshold, "address": event.source_ip or "?"}
        is_script = messages >= _MESSAGES or measure >= _MANY
        severity, words = _judge(event.facts or {}, is_script=is_script or state.is_critical)
        first, newly_critical = state.window.level == 0, severity == "critical" and not state.is_critical
        state.is_critical = state.is_critical or newly_critical
        if crossed(state.window, measure) or newly_critical:
            return Fired(measure, measure if first else recipients, severity, values, detection=words)
        return Fired(measure, recipients, severity, values, fired=False, detection=words)


def _judge(facts: dict[str, Any], *, is_script: bool) -> tuple[str, Detection]:
    """Say how bad it is, and in which words, by how long the account is known, who takes its mail, and how much it sends."""
    if facts.get("mailwarden.user.known_days", 0) < _KNOWN_DAYS and not is_refused(facts):
        return "low" if facts.get("mailwarden.source.shared") else "medium", _COLD
    return ("critical", DETECTOR.detection) if is_script else ("high", _ASKED)


_ASKED = SendFromNewNetwork.detection._replace(
    title=N_("{account} sends to many from a new network"), advice="odd_login"
)
_COLD = SendFromNewNetwork.detection._replace(
    title=N_("{account} mails many from a 2nd network"),
    why=N_(
        "{measure} recipients within {span} from {address}, where it was not before (fires at {threshold}); it is seen for less"
        " than three days, so its networks are not known yet"
    ),
    harmless=N_("a newsletter from home, or from an office that was not seen yet"),
    advice="odd_login",
)
DETECTOR = SendFromNewNetwork()
