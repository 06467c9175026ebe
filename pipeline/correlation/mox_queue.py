"""mox's queue: its lines bear another number than the session in which a message came; sender and recipient tell which it is."""

import msgspec

from mailwarden.alerts.state.shelf import Backing, Shelf
from mailwarden.parsers.event import Event
from mailwarden.pipeline.correlation.dialogues import Dialogues

__all__ = ["MoxQueue"]

_QUEUED_US = 3 * 86_400_000_000  # it gives up after 36 hours


class _Queued(msgspec.Struct, array_like=True):
    """Which message waits for a recipient."""

    at_us: int
    queue_id: str


class MoxQueue:
    """Joins sessions as others do, and the queue with who handed in.

    Args:
        dialogues: Joins the lines of each session.
        backing: Where is remembered what waits.
    """

    def __init__(self, dialogues: Dialogues, backing: Backing) -> None:
        self._dialogues = dialogues
        self._queued = Shelf("queued.mox", 1, _Queued, lambda one: one.at_us + _QUEUED_US, backing)
        self.shelves = (self._queued,)

    def join(self, event: Event) -> None:
        """Set what other lines of the session, or of the message, told."""
        self._dialogues.join(event)
        sender, to = event.email_from_address or [""], event.email_to_address
        if not to:
            return
        key = f"{event.host_hostname or ''}\x1f{sender[0].lower()}\x1f{to[0].lower()}"
        if event.event_action == "message-received" and event.mail_queue_id is not None:
            self._queued.put(key, _Queued(event.stream_us, event.mail_queue_id))
        elif event.event_action == "delivery" and event.mail_session_id is None:
            queued = self._queued.get(key)
            event.mail_queue_id = queued.queue_id if queued is not None else None
