"""Which messages that somebody handed in may still wait in the queue: told by login or address, never by a claimed sender."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

__all__ = ["queued", "spellings"]

_Message = tuple[str, str]  # host and queue id
_FROM = ("mail.queue.orig_id", "mail.queue.parent_id")
_EVPID, _HEX = 16, frozenset("0123456789abcdef")
_LETTERS = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-")


def spellings(name: str, default_domain: str | None) -> list[str]:
    """Give the names under which a server may log an account: as it is, and with or without the default domain.

    Of a script some servers log its path, others only the directory that it ran in.
    """
    name = name.strip().strip("<>").lower()
    if name.startswith("/"):
        directory, _, last = name.rstrip("/").rpartition("/")
        return [name, directory] if "." in last and directory else [name.rstrip("/") or name]
    if len(name) == _EVPID and _HEX.issuperset(name):
        return [name, name[:8]]  # an envelope of OpenSMTPD's; its message's id is the first half
    local, _, domain = name.partition("@")
    if not default_domain:
        return [name]
    if not domain:
        return [name, f"{local}@{default_domain}"]
    return [name, local] if domain == default_domain else [name]


def queued(events: Iterable[Mapping[str, Any]], who: Collection[str]) -> list[str]:
    """Give the queue ids of mail that these logins, or these machines without one, handed in and whose end was not seen.

    Followed are copies that the server itself made (a filter's, a forward's), by queue id alone: a message id and a reply
    are written by strangers. A bounce of such mail has no login, and is followed too: it waits because of it.

    Args:
        events: In order, as flat ECS fields, those of the messages' later life among them.
        who: Logins as servers log them, in lower case, or addresses.
    """
    waiting: dict[_Message, None] = {}
    gone: set[_Message] = set()
    envelopes: dict[_Message, set[str]] = {}  # of OpenSMTPD's: one a recipient, and no line for the end of them all
    for fields in events:
        host = str(fields.get("host.hostname", ""))
        here = (host, str(fields.get("mail.queue.id", "")))
        action = fields.get("event.action")
        envelope = fields.get("opensmtpd.evpid")
        if envelope is not None:
            _count_envelope(fields, str(envelope), envelopes.setdefault(here, set()))
        if here in waiting and envelope is not None and action != "message-queued":
            if not envelopes[here]:
                waiting.pop(here)
        elif action == "message-removed":
            waiting.pop(here, None)
            gone.add(here)
        elif action == "message-received":  # where the id is used again, it is another message's by now
            gone.discard(here)
            waiting.pop(here, None)
            if _who(fields) in who or any((host, str(fields.get(name))) in waiting for name in _FROM):
                waiting[here] = None
        elif here in waiting:
            child = (host, str(fields.get("mail.queue.child_id") or _handed_on(fields)))
            if child[1] and child not in gone:
                waiting[child] = None
    return list(dict.fromkeys(queue_id for _, queue_id in waiting if queue_id and _LETTERS.issuperset(queue_id)))


def _count_envelope(fields: Mapping[str, Any], envelope: str, open_: set[str]) -> None:
    """Note that an envelope of a message waits, or does no more."""
    if fields.get("event.action") == "message-queued":
        open_.add(envelope)
    elif fields.get("mail.delivery.status") != "deferred":
        open_.discard(envelope)


def _who(fields: Mapping[str, Any]) -> str:
    """Give who handed a message in: the login, or the machine where there was none."""
    return str(fields.get("user.name") or fields.get("source.ip") or "").lower()


def _handed_on(fields: Mapping[str, Any]) -> str:
    """Give the id under which a filter of this machine gave the message back; what others reply names no mail of ours."""
    address = str(fields.get("destination.ip", ""))
    return str(fields.get("mail.queue.remote_id", "")) if address == "::1" or address.startswith("127.") else ""
