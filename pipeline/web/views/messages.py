"""Messages: where is this mail? One line of life for each: accepted, tried, delivered or why not."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from mailwarden.alerts.words.translate import Translator
from mailwarden.pipeline.answers.words import action_text, reason_text, status_text
from mailwarden.pipeline.web.visitor import Visitor

__all__ = [
    "Life",
    "MessagesView",
    "at_us",
    "by_message",
    "events_for",
    "listed",
    "messages_view",
    "reply_text",
    "status_of",
]

_LIVES = 25  # messages on a page
_STEPS = 60  # events of one message
_OTHERS = 50
_NAMED = 3  # recipients that are written out

_QUEUES = ("mail.queue.id", "mail.queue.orig_id", "mail.queue.parent_id", "mail.queue.child_id")
_MESSAGE = "email.message_id"
_DIRECTION = "mailwarden.direction"
_OURS = ("outbound", "internal")  # nobody outside can make mail look like it
_HANDED_IN = ("mailwarden.account", "user.name", "user.id")
_OF_MAIL = frozenset(
    {
        "@timestamp",
        "email.from.address",
        "email.message_id",
        "email.subject",
        "email.to.address",
        "event.action",
        "event.id",
        "event.kind",
        "event.module",
        "event.outcome",
        "event.reason",
        "host.hostname",
        "mail.bounce.class",
        "mail.delivery.delay",
        "mail.delivery.relay",
        "mail.delivery.status",
        "mail.dnsbl.zone",
        "mail.mailbox",
        "mail.null_sender",
        "mail.original_recipient",
        *_QUEUES,
        "mail.reject.temporary",
        "mail.size",
        "network.protocol",
        "process.name",
        "smtp.reply.code",
        "smtp.reply.enhanced_code",
        "smtp.reply.text",
        "smtp.stage",
    }
)
_OF_CLIENT = frozenset(
    {"client.domain", "client.ip", "smtp.helo", "source.domain", "source.ip", "source.port", "tls.version"}
)
_SHAPES = {"sent": ("✓", "ok"), "deferred": ("▲", "watch"), "queued": ("■", "minor")}
_FAILED = ("●", "critical")
_CALL = "process-start"


class Outcome(msgspec.Struct, frozen=True):
    """What became of some recipients of a message."""

    shape: str
    tone: str
    word: str
    number: int


class Step(msgspec.Struct, frozen=True):
    """One event: when, what, to whom or from where, and what was said."""

    at_us: int
    word: str
    about: str
    relay: str
    said: str


class Life(msgspec.Struct, frozen=True):
    """One message."""

    at_us: int
    sender: str
    recipients: list[str]
    more: int
    size: int
    queue: str
    message_id: str
    outcomes: list[Outcome]
    why: str  # what was said of the last recipient that did not get it
    steps: list[Step]
    left_out: int


class MessagesView(msgspec.Struct, frozen=True):
    """What was looked for, and what there is of it.

    Args:
        what: As typed.
        looked: Whether anything was looked for.
        archive: Whether there is an archive.
        lives: Messages, the newest first.
        others: Events that belong to no message, the newest first.
        before: Where to go on with what is older; "" where there is nothing.
        later: Whether this is itself such a page.
    """

    what: str
    looked: bool
    archive: bool
    lives: list[Life]
    more_lives: int
    others: list[Step]
    more_others: int
    before: str = ""
    later: bool = False


def messages_view(
    what: str,
    events: Sequence[dict[str, Any]],
    visitor: Visitor,
    tongue: Translator,
    *,
    archive: bool = True,
    before: str = "",
    later: bool = False,
) -> MessagesView:
    """Lay events out as the messages that they are of."""
    seen = [_seen(one, visitor) for one in events if _theirs(one, visitor)]
    groups, rest = by_message(seen)
    rest = [one for one in rest if one.get("event.action") != _CALL] or rest  # what it handed in tells more
    lives = sorted((_life(group, tongue) for group in groups), key=lambda life: -life.at_us)
    others = sorted((_step(one, tongue) for one in rest), key=lambda step: -step.at_us)
    return MessagesView(
        what=what,
        looked=bool(what),
        archive=archive,
        lives=lives[:_LIVES],
        more_lives=max(0, len(lives) - _LIVES),
        others=others[:_OTHERS],
        more_others=max(0, len(others) - _OTHERS),
        before=before,
        later=later,
    )


def events_for(events: Sequence[dict[str, Any]], visitor: Visitor) -> list[dict[str, Any]]:
    """Give events as data, without what is of others; their lines name more than the fields, so those stay away too."""
    seen = [_seen(one, visitor) for one in events if _theirs(one, visitor)]
    if visitor.sees_all:
        return seen
    return [{name: value for name, value in one.items() if name != "event.original"} for one in seen]


def _theirs(event: dict[str, Any], visitor: Visitor) -> bool:
    """Say whether an event is about somebody of the visitor's domains."""
    return visitor.sees_all or any(visitor.owns(name) for name in [*_senders(event), *_recipients(event)])


def _seen(event: dict[str, Any], visitor: Visitor) -> dict[str, Any]:
    """Give an event without what is of others.

    Of what their own people handed in, a customer sees all, also to whom it went. Of what came to them, they see what their own
    mailbox shows: the sender of the envelope, what became of it, and of a stranger's mail from where it came; but no login, no
    address, no script and no other recipient of another customer.
    """
    if visitor.sees_all or _is_own(event, visitor):
        return event
    is_local = event.get(_DIRECTION) in _OURS or any(event.get(name) for name in _HANDED_IN)
    shown = _OF_MAIL if is_local else _OF_MAIL | _OF_CLIENT
    seen = {name: value for name, value in event.items() if name in shown}
    for name in ("email.to.address", "mail.original_recipient"):
        if name in seen:
            seen[name] = [one for one in listed(seen[name]) if visitor.owns(one)]
    for name in ("smtp.reply.text", "mail.delivery.relay", "event.reason", "email.subject"):
        if isinstance(seen.get(name), str):
            seen[name] = visitor.masked(seen[name])
    return seen


def _is_own(event: dict[str, Any], visitor: Visitor) -> bool:
    """Say whether the visitor's own people did it: by their login, or by a name of theirs that no stranger wrote."""
    logins = [str(event[name]) for name in ("mailwarden.account", "user.name") if event.get(name)]
    if logins:
        return all(visitor.owns(login) for login in logins)
    return event.get(_DIRECTION) in _OURS and any(map(visitor.owns, listed(event.get("email.from.address"))))


def _senders(event: dict[str, Any]) -> list[str]:
    names = [event.get("mailwarden.account"), event.get("user.name"), *listed(event.get("email.from.address"))]
    return [str(name) for name in names if name]


def _recipients(event: dict[str, Any]) -> list[str]:
    return [*listed(event.get("email.to.address")), *listed(event.get("mail.original_recipient"))]


def listed(value: Any) -> list[str]:
    """Give a field's values: none, one or several."""
    if value is None:
        return []
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]


def by_message(events: Sequence[dict[str, Any]]) -> tuple[list[list[dict[str, Any]]], list[dict[str, Any]]]:
    """Put together what names the same queue id of a host, or the same message id, directly or by another event."""
    leader: dict[tuple[str, str], tuple[str, str]] = {}

    def find(one: tuple[str, str]) -> tuple[str, str]:
        while leader.setdefault(one, one) != one:
            leader[one] = leader[leader[one]]
            one = leader[one]
        return one

    threads = [_threads(event) for event in events]
    for named in threads:
        for one in named[1:]:
            leader[find(one)] = find(named[0])
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    rest = []
    for event, named in zip(events, threads, strict=True):
        if named:
            groups.setdefault(find(named[0]), []).append(event)
        else:
            rest.append(event)
    return list(groups.values()), rest


def _threads(event: dict[str, Any]) -> list[tuple[str, str]]:
    host = str(event.get("host.hostname") or "")
    named = [(host, str(event[name])) for name in _QUEUES if event.get(name)]
    return [*named, ("", str(event[_MESSAGE]))] if event.get(_MESSAGE) else named


def _life(events: list[dict[str, Any]], tongue: Translator) -> Life:
    events = sorted(events, key=at_us)
    last: dict[str, dict[str, Any]] = {}
    for event in events:
        if event.get("event.action") == "delivery":
            for address in _recipients(event)[:1] or ["?"]:
                last[address.lower()] = event
    counts = Counter(map(status_of, last.values()))
    bad = [event for event in last.values() if status_of(event) != "sent"]
    names = list(dict.fromkeys(name for event in events for name in listed(event.get("email.to.address"))))
    return Life(
        at_us=at_us(events[0]),
        sender=_first(events, "email.from.address") or _first(events, "mailwarden.account"),
        recipients=names[:_NAMED],
        more=max(0, max(len(names), *(int(one.get("mail.recipient_count") or 0) for one in events)) - _NAMED),
        size=max(int(one.get("mail.size") or 0) for one in events),
        queue=_first(events, "mail.queue.id"),
        message_id=_first(events, _MESSAGE),
        outcomes=_outcomes(counts, tongue),
        why=_said(bad[-1], tongue) if bad else "",
        steps=[_step(one, tongue) for one in events[:_STEPS]],
        left_out=max(0, len(events) - _STEPS),
    )


def status_of(event: Mapping[str, Any]) -> str:
    """Give what became of a delivery; Dovecot only says whether it worked."""
    status = str(event.get("mail.delivery.status") or "")
    return status or ("sent" if event.get("event.outcome") == "success" else "deferred")


def _outcomes(counts: Counter[str], tongue: Translator) -> list[Outcome]:
    if not counts:
        return [Outcome(*_SHAPES["queued"], status_text("queued", tongue), 0)]
    return [
        Outcome(*_SHAPES.get(status, _FAILED), status_text(status, tongue), number)
        for status, number in counts.most_common()
    ]


def _step(event: dict[str, Any], tongue: Translator) -> Step:
    action = str(event.get("event.action") or "")
    status = status_of(event)
    said = status_text(status, tongue) if action == "delivery" and status else action_text(action, tongue)
    about = _recipients(event)[:_NAMED] if action in ("delivery", "reject") else []
    about = about or listed(event.get("email.from.address")) or [str(event.get("user.name") or "")]
    return Step(
        at_us=at_us(event),
        word=said,
        about=", ".join(one for one in about if one),
        relay=str(event.get("mail.delivery.relay") or event.get("mail.mailbox") or event.get("source.ip") or ""),
        said=_said(event, tongue),
    )


def _said(event: dict[str, Any], tongue: Translator) -> str:
    """Give what the other side answered, else the reason in words."""
    return reply_text(event) or reason_text(str(event.get("event.reason") or ""), tongue)


def reply_text(event: Mapping[str, Any]) -> str:
    """Give what the other side answered, with its codes; "" where it said nothing."""
    text = str(event.get("smtp.reply.text") or "")
    codes = [event.get("smtp.reply.code"), event.get("smtp.reply.enhanced_code")]
    begin = " ".join(str(code) for code in codes if code is not None and not text.startswith(str(code)))
    return f"{begin} {text}".strip()


def _first(events: Iterable[dict[str, Any]], name: str) -> str:
    for event in events:
        values = listed(event.get(name))
        if values:
            return values[0]
    return ""


def at_us(event: Mapping[str, Any]) -> int:
    """Give when an event was, in epoch microseconds; 0 where that is not told."""
    stamp = event.get("@timestamp")
    if not isinstance(stamp, str):
        return 0
    return round(datetime.fromisoformat(stamp).timestamp() * 1_000_000)
