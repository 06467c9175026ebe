"""What a channel gets of what is due: message by message, or one digest when it would be too many.

A digest is decided before it is sent: its members bear its id, so that after a crash, or when the channel refuses it, the
same digest goes out again.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from mailwarden.alerts.incidents.incident import Notification
from mailwarden.alerts.telling.delivery import Delivery, pack, unpack
from mailwarden.alerts.telling.flood import Flood
from mailwarden.alerts.telling.parcels import DIGEST, Group, Parcel, Sender, Writer, joined

__all__ = ["Gathering", "OutboxStore"]

_GATHER_US = 60_000_000  # how long the first digest of a flood waits for the rest of it
_LOOKED_AT = 1000
_OPEN_US = 30 * 86_400_000_000  # a digest that told of something longer ago is resolved by hand


class OutboxStore(Protocol):
    """Where deliveries are kept. The runner puts them there in its own transaction, as (id, due_us, blob)."""

    def outbox_due(self, now_us: int, limit: int) -> list[tuple[str, int, bytes]]:
        """Give the deliveries that are due and not done as (id, due_us, blob), the one due first at the front."""
        ...

    def outbox_update(self, id: str, due_us: int, done: bool, blob: bytes) -> None:
        """Keep what became of a delivery, durably, before it returns."""
        ...

    def outbox_keep(self, rows: Sequence[tuple[str, int, bytes]]) -> None:
        """Keep deliveries that are not done as (id, due_us, blob): all of them, durably, or none."""
        ...

    def outbox_done(self, since_us: int) -> list[bytes]:
        """Give the blobs of the deliveries that were done at or after an instant, the oldest first."""
        ...


class Gathering:
    """Turns deliveries into messages."""

    def __init__(self, store: OutboxStore, sender: Sender, writer: Writer, flood: Flood) -> None:
        self._store = store
        self._sender = sender
        self._writer = writer
        self._flood = flood
        self._gathered_us: dict[str, int] = {}  # until when a flood is gathered, by channel

    def counts(self, channel: str, notification: Notification) -> bool:
        """Say whether a notice counts towards a flood: a program takes what comes, a pager must hear every end."""
        if notification.kind == "report":
            return False
        if notification.kind in ("ended", "acknowledged") and self._sender.has_life(channel):
            return False
        return not self._sender.is_program(channel)

    def parcels(self, channel: str, deliveries: dict[str, Delivery], now_us: int) -> list[Parcel]:
        """Give one message for each incident, or a digest when they are too many; what waits for one is put off."""
        parcels, left = self._decided(channel, deliveries, now_us)
        single: list[Group] = []
        others: list[Group] = []
        for group in joined(left):
            (single if self._stands_alone(channel, group[0]) else others).append(group)
        critical = sum(self.counts(channel, notification) for notification, _ in single)
        parcels += [self._single(channel, group, now_us) for group in single]
        if not others:
            return parcels
        room = self._flood.room(channel, now_us) - critical
        held = len(others) > 1 and any(left[id].held for _, ids in others for id in ids)
        if not held and len(others) <= room and len(others) + self._soon(channel, now_us) <= room:
            return parcels + [self._single(channel, group, now_us) for group in others]
        members = {id: left[id] for _, ids in others for id in ids}
        from_us = self._digest_from_us(channel, members, now_us)
        if now_us < from_us:
            for delivery in members.values():
                delivery.held = True
            self._store.outbox_keep([(id, from_us, pack(one)) for id, one in members.items()])
            return parcels
        if len(others) == 1:
            parcel = self._single(channel, others[0], now_us)
            parcel.digest = True
            return [*parcels, parcel]
        parcel = self._writer.digest(channel, others, now_us)
        for delivery in members.values():
            delivery.carrier = parcel.message.id
        self._store.outbox_keep([(id, now_us, pack(one)) for id, one in members.items()])
        return [*parcels, parcel]

    def _stands_alone(self, channel: str, notification: Notification) -> bool:
        return notification.incident.severity == "critical" or not self.counts(channel, notification)

    def _digest_from_us(self, channel: str, members: dict[str, Delivery], now_us: int) -> int:
        """Give from when a digest may leave: an hour after the last; the first, when what comes soon has come."""
        from_us = self._flood.digest_from_us(channel)
        if now_us < from_us or any(one.held for one in members.values()):
            return from_us
        until_us = self._gathered_us.get(channel, 0)
        if now_us < until_us:
            return until_us
        if not until_us + _GATHER_US < now_us or not self._soon(channel, now_us):
            return now_us
        self._gathered_us[channel] = now_us + _GATHER_US
        return now_us + _GATHER_US

    def _soon(self, channel: str, now_us: int) -> int:
        """Count the incidents that will be due for a channel within the time for which a flood is gathered."""
        incidents = set()
        for _, due_us, blob in self._store.outbox_due(now_us + _GATHER_US, _LOOKED_AT):
            if due_us <= now_us:
                continue
            try:
                delivery = unpack(blob)
            except msgspec.MsgspecError:
                continue
            if delivery.receivers[:1] == (channel,) and not self._stands_alone(channel, delivery.notification):
                incidents.add(delivery.notification.incident.id)
        return len(incidents)

    def _decided(
        self, channel: str, deliveries: dict[str, Delivery], now_us: int
    ) -> tuple[list[Parcel], dict[str, Delivery]]:
        """Give the digests that were decided before, as they were, and the deliveries that are in none."""
        carried: dict[str, dict[str, Delivery]] = {}
        left: dict[str, Delivery] = {}
        for id, delivery in deliveries.items():
            if delivery.carrier is None or self._sender.is_program(channel):
                left[id] = delivery
            else:
                carried.setdefault(delivery.carrier, {})[id] = delivery
        return [self._writer.digest(channel, joined(part), now_us, id) for id, part in carried.items()], left

    def _single(self, channel: str, group: Group, now_us: int) -> Parcel:
        notification, ids = group
        if notification.kind == "report":
            return self._writer.report(channel, notification, ids, now_us)
        parcel = self._writer.single(channel, notification, ids, now_us)
        parcel.counts = self.counts(channel, notification)
        if notification.kind == "ended" and self._sender.has_life(channel):
            over = self._over(channel, notification.incident.id, now_us)
            parcel.message = msgspec.structs.replace(parcel.message, over=over)
        return parcel

    def _over(self, channel: str, ended: str, now_us: int) -> tuple[str, ...]:
        """Give the digests of a channel in which an incident that ends now was the last that had not ended."""
        members: dict[str, set[str]] = {}
        done = {ended}
        for blob in self._store.outbox_done(now_us - _OPEN_US):
            try:
                delivery = unpack(blob)
            except msgspec.MsgspecError:
                continue
            id = delivery.notification.incident.id
            if delivery.notification.kind == "ended":
                done.add(id)
            elif delivery.accepted_by == channel and (delivery.carrier or "").startswith(DIGEST):
                members.setdefault(str(delivery.carrier), set()).add(id)
        return tuple(sorted(carrier for carrier, ids in members.items() if ended in ids and ids <= done))
