"""What qmail spreads over two lines: the start of a delivery names its message and recipient, the end its number only."""

import msgspec

from mailwarden.alerts.state.shelf import Backing, Shelf
from mailwarden.parsers.event import Event

__all__ = ["QmailDeliveries"]

_RUNS_US = (
    24 * 3_600_000_000
)  # the other server may take twenty minutes for each of its answers (control/timeoutremote)


class _Delivery(msgspec.Struct, array_like=True):
    at_us: int
    queue_id: str
    recipient: str
    is_local: bool


class QmailDeliveries:
    """Joins both lines, by the delivery's number; numbers begin anew with qmail-send."""

    def __init__(self, backing: Backing) -> None:
        self._running = Shelf("qmail.delivery", 1, _Delivery, lambda one: one.at_us + _RUNS_US, backing)
        self.shelves = (self._running,)

    def start(self, event: Event) -> None:
        """Take up which message and recipient a number stands for."""
        extra = event.extra or {}
        if event.mail_queue_id is not None and event.email_to_address:
            started = _Delivery(
                event.stream_us, event.mail_queue_id, event.email_to_address[0], extra.get("qmail.channel") == "local"
            )
            self._running.put(_key(event), started)

    def end(self, event: Event) -> None:
        """Put them on what became of it."""
        started = self._running.get(_key(event))
        if started is None:
            return
        self._running.delete(_key(event))
        event.mail_queue_id, event.email_to_address = started.queue_id, [started.recipient]
        event.set("qmail.channel", "local" if started.is_local else "remote")


def _key(event: Event) -> str:
    return f"{event.host_hostname or ''}\x1f{(event.extra or {}).get('qmail.delivery')}"
