"""A notification on its way to people, as the outbox keeps it."""

from typing import Any

import msgspec

from mailwarden.alerts.incidents.incident import Notification
from mailwarden.alerts.telling.routes import Plan
from mailwarden.alerts.words.escape import printable
from mailwarden.parsers.errors import packed, unpacked

__all__ = ["Delivery", "pack", "unpack"]


class Delivery(msgspec.Struct, kw_only=True):
    """A notification on its way: who is to get it in turn, and how it went so far. Stored as the outbox's blob."""

    notification: Notification
    receivers: tuple[str, ...]
    tries: int = 0  # rounds in which every receiver failed
    failed: dict[str, str] = {}  # what the receivers said, in the last round
    worded: dict[str, Any] = {}  # the same as the store keeps it, so that it can be said in any language
    held: bool = False  # kept back for a digest
    carrier: str | None = None  # the message that bears it: decided before a digest is sent, noted when one is accepted
    is_digest: bool = False  # whether that message stood for those of a flood
    accepted_by: str | None = None
    accepted_us: int | None = None

    @classmethod
    def of(cls, notification: Notification, plan: Plan) -> "Delivery":
        """Start a delivery along a route."""
        return cls(notification=notification, receivers=plan.receivers)

    @property
    def way(self) -> tuple[str, str]:
        """Whom it tells about what."""
        return self.notification.incident.id, ",".join(self.receivers)


def pack(delivery: Delivery) -> bytes:
    """Write a delivery as bytes. Bytes of the log that were no UTF-8 are spelt out: msgpack cannot hold them."""
    delivery = msgspec.structs.replace(
        delivery,
        failed={name: str(said) for name, said in delivery.failed.items()},
        worded={name: packed(said) for name, said in delivery.failed.items()},
    )
    try:
        return msgspec.msgpack.encode(delivery)
    except UnicodeEncodeError:
        return msgspec.msgpack.encode(_spelt(msgspec.to_builtins(delivery, builtin_types=(bytes, bytearray))))


def unpack(blob: bytes) -> Delivery:
    """Read what `pack` wrote.

    Raises:
        msgspec.MsgspecError: It did not.
    """
    delivery = msgspec.msgpack.decode(blob, type=Delivery)
    delivery.failed |= {name: unpacked(said) for name, said in delivery.worded.items()}
    return delivery


def _spelt(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {_spelt(name): _spelt(item) for name, item in value.items()}
    return [_spelt(item) for item in value] if isinstance(value, list | tuple) else value
