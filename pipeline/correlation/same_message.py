"""Whether a message that a local program hands over was seen before, under another queue id.

Sendmail's submission program queues what a script writes and gives it to the daemon on this machine; a content filter gives
back what it took. Both arrive from the loopback address, with the message id that they had; who is elsewhere cannot.
"""

import msgspec

from mailwarden.alerts.state.shelf import Backing, Shelf
from mailwarden.parsers.address import is_loopback
from mailwarden.parsers.event import Event
from mailwarden.pipeline.correlation.message import key_of

__all__ = ["SameMessage"]

_KEEP_US = 3_600_000_000  # a filter that is stuck gives back within the hour
_LONGEST = 120


class _Seen(msgspec.Struct, array_like=True):
    """Under which key a message is known."""

    at_us: int
    key: str


class SameMessage:
    """Remembers messages by their id for an hour.

    Args:
        backing: Where it is remembered.
    """

    def __init__(self, backing: Backing) -> None:
        self._seen = Shelf("message.same", 1, _Seen, lambda one: one.at_us + _KEEP_US, backing)
        self.shelves = (self._seen,)

    def first(self, event: Event) -> str | None:
        """Give the key of the message that this one is again; else remember it and give None."""
        message_id, queue_id = event.email_message_id, event.mail_queue_id
        if not message_id or queue_id is None:
            return None
        host = event.host_hostname
        key = f"{host}\x1f{message_id[:_LONGEST]}"
        seen = self._seen.get(key)
        from_here = event.source_ip is not None and is_loopback(event.source_ip) and event.user_name is None
        if seen is not None and from_here and event.stream_us - seen.at_us <= _KEEP_US:
            return seen.key
        self._seen.put(key, _Seen(event.stream_us, key_of(host, queue_id)))
        return None
