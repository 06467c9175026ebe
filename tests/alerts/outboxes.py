"""An outbox over real channels, and a store in memory that keeps to the contract."""

import socket
from collections.abc import Sequence

import msgspec
from notices import NOON_US
from receiver import Receiver

from mailwarden.alerts.incidents.incident import Notification
from mailwarden.alerts.telling.channels import Channel, Channels
from mailwarden.alerts.telling.delivery import Delivery, pack
from mailwarden.alerts.telling.outbox import Outbox
from mailwarden.alerts.telling.routes import Plan

SECOND = 1_000_000
MINUTE = 60 * SECOND
PATIENCE_S = 20.0  # far more than loopback takes; nobody waits for it when all goes well


class Row(msgspec.Struct):
    """One row of the outbox table."""

    due_us: int
    done: bool
    blob: bytes


class Rows:
    """A store in memory that keeps to the contract."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self.broken = False

    def put(self, told: Notification, *receivers: str, due_us: int = NOON_US) -> None:
        """Commit a decided notification, as the runner does."""
        delivery = Delivery.of(told, Plan(receivers, 30, 300, 14400))
        self.rows.setdefault(told.id, Row(due_us, False, pack(delivery)))

    def outbox_due(self, now_us: int, limit: int) -> list[tuple[str, int, bytes]]:
        due = sorted(
            (row.due_us, id, row.blob) for id, row in self.rows.items() if not row.done and row.due_us <= now_us
        )
        return [(id, due_us, blob) for due_us, id, blob in due[:limit]]

    def outbox_update(self, id: str, due_us: int, done: bool, blob: bytes) -> None:
        if self.broken:
            raise OSError("killed")
        self.rows[id] = Row(due_us, done, blob)

    def outbox_keep(self, rows: Sequence[tuple[str, int, bytes]]) -> None:
        for id, due_us, blob in rows:
            self.rows[id] = Row(due_us, False, blob)

    def outbox_done(self, since_us: int) -> list[bytes]:
        done = sorted((row.due_us, id, row.blob) for id, row in self.rows.items() if row.done)
        return [blob for due_us, _, blob in done if due_us >= since_us]

    def waiting(self) -> list[str]:
        return [id for id, row in self.rows.items() if not row.done]


def outbox(rows: Rows, chat: Receiver | str, mail: Receiver | str | None = None, **options: object) -> Outbox:
    """Set up an outbox with the channels `chat` and `mail`."""
    places = {"chat": chat, "mail": mail}
    channels = [
        Channel(name=name, url=f"json://{place if isinstance(place, str) else place.address}")
        for name, place in places.items()
        if place is not None
    ]
    given = {"patience_s": PATIENCE_S, **options}
    return Outbox(rows, Channels(channels, answer_s=5), **given)  # type: ignore[arg-type]


def titles(receiver: Receiver) -> list[str]:
    """Give the titles that arrived."""
    return [post.json["title"] for post in receiver.posts]


def closed_port() -> str:
    """Give an address where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{taken.getsockname()[1]}"
