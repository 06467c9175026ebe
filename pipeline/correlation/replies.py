"""What another server said of a recipient, on lines before the one that says what became of it (Courier).

A reply may have several lines, and each is a line of the log: they are joined until the verdict comes.
"""

import msgspec

from mailwarden.alerts.state.shelf import Backing, Shelf
from mailwarden.parsers.event import Event
from mailwarden.parsers.reply_text import taken_as

__all__ = ["Replies"]

_WAIT_US = 600_000_000  # the verdict stands at once behind the reply
_LONGEST = 1000


class _Reply(msgspec.Struct, array_like=True):
    at_us: int
    code: int | None = None
    enhanced: str | None = None
    text: str = ""
    reason: str | None = None


class Replies:
    """Joins the lines of a reply and hands them to the verdict."""

    def __init__(self, backing: Backing) -> None:
        self._replies = Shelf("reply", 1, _Reply, lambda one: one.at_us + _WAIT_US, backing)
        self.shelves = (self._replies,)

    def note(self, event: Event) -> None:
        """Take up one line of a reply."""
        key = _key(event)
        reply = self._replies.get(key)
        if reply is None or (event.smtp_reply_code != reply.code and event.smtp_reply_code is not None):
            reply = _Reply(event.stream_us, event.smtp_reply_code)
        reply.enhanced = reply.enhanced or event.smtp_reply_enhanced_code
        reply.reason = reply.reason or event.event_reason
        reply.text = f"{reply.text} {event.smtp_reply_text or ''}".strip()[:_LONGEST]
        self._replies.put(key, reply)

    def give(self, event: Event) -> None:
        """Put on a delivery what was said before it."""
        key = _key(event)
        reply = self._replies.get(key)
        if reply is None:
            return
        self._replies.delete(key)
        event.smtp_reply_code, event.smtp_reply_enhanced_code = reply.code, reply.enhanced
        event.smtp_reply_text = reply.text or None
        if event.mail_delivery_status != "sent":
            event.event_reason = event.event_reason or reply.reason
            return
        event.mail_queue_remote_id = taken_as(reply.text)


def _key(event: Event) -> str:
    recipient = event.email_to_address[0].lower() if event.email_to_address else ""
    return f"{event.host_hostname or ''}\x1f{event.mail_queue_id}\x1f{recipient}"
