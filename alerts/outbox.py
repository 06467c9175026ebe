"""Deliver what was decided: once decided, tried until accepted, marked when accepted.

The runner commits a `Delivery` together with the state that made it; the delivery thread calls `Outbox.deliver_due`
with the time. Nothing here asks for the time of day. A crash between a service's acceptance and our mark sends the same
message again, under the same id.

Each channel works in a thread of its own, one message after the other, so that a slow or dead one delays nobody else.
When a channel fails, the next receiver is tried at once and is told, once, that the other one fails; when all fail, the
delivery waits, twice as long each time and at most an hour, and a channel outside its route is told.
"""

import hashlib
import logging
import queue
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import UTC, tzinfo
from typing import Any, Protocol

import msgspec

from mailwarden.alerts.channels import Limits, Message
from mailwarden.alerts.escape import printable
from mailwarden.alerts.incident import Notification
from mailwarden.alerts.render import (
    BODY_LIMIT,
    TITLE_LIMIT,
    Rendered,
    render,
    render_digest,
    render_fault,
    render_plain,
)
from mailwarden.alerts.routes import Flood, Plan
from mailwarden.parsers.errors import DeliveryError

__all__ = ["Delivery", "Fault", "Outbox", "OutboxStore", "Sender", "backoff_us", "pack", "unpack"]

_log = logging.getLogger(__name__)

_SECOND = 1_000_000
_FIRST_WAIT_US = 30 * _SECOND
_LONGEST_WAIT_US = 3600 * _SECOND
_BATCH = 200
_STUCK_S = 30.0  # longer than any time-out of a channel: its thread hangs
_REMEMBERED = 1000  # incidents whose last notice is kept in mind
_JOINED = frozenset({"opened", "worse", "repeated", "returned"})  # kinds that say the same when they come together


class OutboxStore(Protocol):
    """Where deliveries are kept. The runner puts them there in its own transaction, as (id, due_us, blob)."""

    def outbox_due(self, now_us: int, limit: int) -> list[tuple[str, int, bytes]]:
        """Give the deliveries that are due and not done as (id, due_us, blob), the one due first at the front."""
        ...

    def outbox_update(self, id: str, due_us: int, done: bool, blob: bytes) -> None:
        """Keep what became of a delivery, durably, before it returns."""
        ...


class Sender(Protocol):
    """What an outbox needs of channels: `Channels` is one."""

    @property
    def names(self) -> list[str]:
        """All channels, in the order of the configuration."""
        ...

    def language(self, name: str) -> str:
        """Give a channel's language."""
        ...

    def limits(self, name: str) -> Limits:
        """Give what a channel takes."""
        ...

    def send(self, name: str, message: Message) -> None:
        """Send, or raise DeliveryError."""
        ...


class Delivery(msgspec.Struct, kw_only=True):
    """A notification on its way: who is to get it in turn, and how it went so far. Stored as the outbox's blob."""

    notification: Notification
    receivers: tuple[str, ...]
    tries: int = 0  # rounds in which every receiver failed
    failed: dict[str, str] = {}  # what the receivers said, in the last round
    held: bool = False  # kept back for a digest
    accepted_by: str | None = None
    accepted_us: int | None = None

    @classmethod
    def of(cls, notification: Notification, plan: Plan) -> "Delivery":
        """Start a delivery along a route."""
        return cls(notification=notification, receivers=plan.receivers)


class Fault(msgspec.Struct):
    """A channel that fails: since when, what it said, how many deliveries it cost, whether somebody was told."""

    since_us: int
    error: str
    tries: int = 0
    retry_us: int = 0
    waiting: int = 0
    told: bool = False


class _Parcel(msgspec.Struct):
    """One message for one channel and the deliveries that it carries; or the news that channel `about` fails."""

    message: Message
    ids: list[str]
    digest: bool = False
    about: str | None = None


class _Job:
    """The messages that one channel's thread sends, until the first that fails."""

    def __init__(self, channel: str, parcels: list[_Parcel], started_s: float) -> None:
        self.channel = channel
        self.parcels = parcels
        self.started_s = started_s
        self.open = list(parcels)  # without a result yet
        self.given_up = False

    def run(self, sender: Sender, results: "queue.SimpleQueue[tuple[_Job, _Parcel | None, str | None]]") -> None:
        error: str | None = None
        for parcel in self.parcels:
            if error is None and not self.given_up:
                error = _send(sender, self.channel, parcel.message)
            results.put((self, parcel, error))
        results.put((self, None, None))


def backoff_us(tries: int) -> int:
    """Give how long a delivery waits after its nth failed round: 30 s, then twice as long each time, up to an hour."""
    return min(_FIRST_WAIT_US << min(max(tries, 1) - 1, 12), _LONGEST_WAIT_US)


def pack(delivery: Delivery) -> bytes:
    """Write a delivery as bytes. Bytes of the log that were no UTF-8 are spelt out: msgpack cannot hold them."""
    try:
        return msgspec.msgpack.encode(delivery)
    except UnicodeEncodeError:
        return msgspec.msgpack.encode(_spelt(msgspec.to_builtins(delivery, builtin_types=(bytes, bytearray))))


def unpack(blob: bytes) -> Delivery:
    """Read what `pack` wrote.

    Raises:
        msgspec.MsgspecError: It did not.
    """
    return msgspec.msgpack.decode(blob, type=Delivery)


class Outbox:
    """The delivering end. One thread calls it; only that thread touches the store."""

    def __init__(
        self,
        store: OutboxStore,
        sender: Sender,
        *,
        others: Callable[[], Iterable[str]] = tuple,
        told_by_another: Callable[[Notification], bool] = lambda _: False,
        link: str | None = None,
        zone: tzinfo = UTC,
        flood: Flood | None = None,
        patience_s: float = 0.5,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Set up.

        Args:
            store: Where the deliveries are.
            sender: The channels.
            others: Gives the ids of all incidents that people may name, to shorten them without doubt.
            told_by_another: Says whether an incident became part of another, which tells of it, while its notice waited.
            link: Where the local page stands; None without one.
            zone: In which times are told.
            flood: When to gather notices into a digest; None for more than 6 in 10 minutes.
            patience_s: How long one call waits for the channels' answers; what comes later is marked by a later call.
            monotonic: Tells how long a thread has been at work, to notice one that hangs.
        """
        self._store = store
        self._sender = sender
        self._others = others
        self._told_by_another = told_by_another
        self._link = link
        self._zone = zone
        self._flood = flood or Flood()
        self._patience_s = patience_s
        self._monotonic = monotonic
        self._flying: dict[str, Delivery] = {}
        self._jobs: dict[str, _Job] = {}
        self._results: queue.SimpleQueue[tuple[_Job, _Parcel | None, str | None]] = queue.SimpleQueue()
        self._faults: dict[str, Fault] = {}
        self._news: dict[str, list[str]] = {}  # channel -> failing channels that it is to be told of
        self._told: OrderedDict[str, int] = OrderedDict()  # incident -> time of its last accepted notice
        self._unmarked: dict[str, Delivery] = {}  # accepted by a service, and not yet marked
        self._accepted = 0

    def faults(self) -> dict[str, Fault]:
        """Give the channels that fail at the moment."""
        return dict(self._faults)

    def deliver_due(self, now_us: int) -> int:
        """Deliver what is due, and mark what was accepted; give how many deliveries that were.

        Errors of a channel never leave this; errors of the store do.
        """
        self._accepted = 0
        self._mark()
        self._collect(now_us)
        self._give_up(now_us)
        self._dispatch(self._take(now_us), now_us)
        return self._wait(now_us, self._patience_s)

    def settle(self, now_us: int, patience_s: float) -> int:
        """Take nothing new, wait for the answers to what is under way, and mark it; give how many were accepted."""
        self._accepted = 0
        return self._wait(now_us, patience_s)

    def _wait(self, now_us: int, patience_s: float) -> int:
        deadline_s = time.monotonic() + patience_s
        while any(not job.given_up for job in self._jobs.values()):
            left_s = deadline_s - time.monotonic()
            if left_s <= 0:
                break
            self._collect(now_us, left_s)
        self._mark()
        return self._accepted

    def _take(self, now_us: int) -> dict[str, Delivery]:
        """Read what is due and not under way yet."""
        taken: dict[str, Delivery] = {}
        for id, _, blob in self._store.outbox_due(now_us, _BATCH + len(self._flying)):
            if id in self._flying:
                continue
            try:
                delivery = unpack(blob)
            except msgspec.MsgspecError as error:
                _log.error("outbox: delivery %s cannot be read (%s). It is kept and looked at again.", id, error)
                self._store.outbox_update(id, now_us + _LONGEST_WAIT_US, False, blob)
                continue
            delivery.failed = {}
            if self._is_stale(delivery.notification):
                self._store.outbox_update(id, now_us, True, blob)
                continue
            taken[id] = delivery
        return taken

    def _is_stale(self, notification: Notification) -> bool:
        """Say whether people know more than this tells: it got worse, or part of another, before the notice left."""
        if notification.kind in _JOINED and self._told_by_another(notification):
            return True
        told_us = self._told.get(notification.incident.id)
        return notification.kind in ("opened", "worse") and told_us is not None and notification.at_us < told_us

    def _dispatch(self, deliveries: dict[str, Delivery], now_us: int) -> None:
        """Give each delivery to the first of its receivers that may work, and start the channels' threads."""
        by_channel: dict[str, dict[str, Delivery]] = {}
        for id, delivery in deliveries.items():
            channel = self._choose(delivery, now_us)
            if channel is None:
                self._put_off(id, delivery, now_us)
            elif channel not in self._jobs:
                by_channel.setdefault(channel, {})[id] = delivery
            # A channel at work takes more when it has finished: the delivery stays due.
        for channel in {**by_channel, **self._news}:
            if channel not in self._jobs:
                self._start(channel, by_channel.get(channel, {}), now_us)

    def _choose(self, delivery: Delivery, now_us: int) -> str | None:
        left = [name for name in delivery.receivers if name not in delivery.failed]
        usable = [name for name in left if not (name in self._jobs and self._jobs[name].given_up)]
        for name in usable:
            fault = self._faults.get(name)
            if fault is None or fault.retry_us <= now_us:
                for passed in left[: left.index(name)]:
                    if passed in self._faults:
                        delivery.failed[passed] = self._faults[passed].error
                return name
        return usable[0] if usable else None

    def _start(self, channel: str, deliveries: dict[str, Delivery], now_us: int) -> None:
        parcels = self._parcels(channel, deliveries, now_us)
        parcels += [self._news_of(about, channel) for about in self._news.pop(channel, []) if about in self._faults]
        if not parcels:
            return
        for parcel in parcels:
            for id in parcel.ids:
                self._flying[id] = deliveries[id]
        job = _Job(channel, parcels, self._monotonic())
        self._jobs[channel] = job
        threading.Thread(
            target=job.run, args=(self._sender, self._results), name=f"mailwarden-{channel}", daemon=True
        ).start()

    def _parcels(self, channel: str, deliveries: dict[str, Delivery], now_us: int) -> list[_Parcel]:
        """Turn deliveries into messages: one for each incident, or a digest when they are too many."""
        groups = _join(deliveries)
        critical = [group for group in groups if group[0].incident.severity == "critical"]
        others = [group for group in groups if group[0].incident.severity != "critical"]
        parcels = [self._single(channel, *group) for group in critical]
        if not others:
            return parcels
        held = len(others) > 1 and any(deliveries[id].held for _, ids in others for id in ids)
        if not held and len(others) <= self._flood.room(channel, now_us) - len(critical):
            return parcels + [self._single(channel, *group) for group in others]
        from_us = self._flood.digest_from_us(channel)
        if now_us < from_us:
            for id in (id for _, ids in others for id in ids):
                deliveries[id].held = True
                self._store.outbox_update(id, from_us, False, pack(deliveries[id]))
            return parcels
        if len(others) == 1:
            parcel = self._single(channel, *others[0])
            parcel.digest = True
        else:
            parcel = self._digest(channel, others)
        return [*parcels, parcel]

    def _single(self, channel: str, notification: Notification, ids: list[str]) -> _Parcel:
        limits, others = self._limits(channel), self._others()
        try:
            text = render(
                notification,
                self._sender.language(channel),
                others=others,
                link=self._link,
                zone=self._zone,
                title_limit=limits.title,
                body_limit=limits.body,
            )
        except Exception:  # one sentence that cannot be written must silence neither this alert nor the others
            _log.exception("outbox: notice %s", notification.id)
            text = render_plain([notification], notification.id, *limits)
        return _Parcel(_message(text), ids)

    def _digest(self, channel: str, groups: list[tuple[Notification, list[str]]]) -> _Parcel:
        ids = [id for _, members in groups for id in members]
        notifications = [notification for notification, _ in groups]
        digest_id = "digest-" + hashlib.blake2b("\0".join(sorted(ids)).encode(), digest_size=10).hexdigest()
        limits, others = self._limits(channel), self._others()
        try:
            text = render_digest(
                notifications,
                self._sender.language(channel),
                digest_id=digest_id,
                others=others,
                zone=self._zone,
                title_limit=limits.title,
                body_limit=limits.body,
            )
        except Exception:  # as above
            _log.exception("outbox: notice %s", digest_id)
            text = render_plain(notifications, digest_id, *limits)
        return _Parcel(_message(text), ids, digest=True)

    def _news_of(self, about: str, channel: str) -> _Parcel:
        fault = self._faults[about]
        limits = self._limits(channel)
        text = render_fault(
            about,
            fault.error,
            since_us=fault.since_us,
            waiting=fault.waiting,
            language=self._sender.language(channel),
            zone=self._zone,
            title_limit=limits.title,
            body_limit=limits.body,
        )
        return _Parcel(_message(text), [], about=about)

    def _limits(self, channel: str) -> Limits:
        """Give the room that a message has, where a service without titles puts ours into its body."""
        title, body = self._sender.limits(channel)
        title_limit = min(TITLE_LIMIT, title or TITLE_LIMIT)
        return Limits(title_limit, max(1, min(BODY_LIMIT, body - (0 if title else title_limit + 2))))

    def _collect(self, now_us: int, wait_s: float = 0.0) -> None:
        """Take the channels' answers, and pass on what a channel refused."""
        again: dict[str, Delivery] = {}
        while True:
            try:
                job, parcel, error = self._results.get(timeout=wait_s) if wait_s else self._results.get_nowait()
            except queue.Empty:
                break
            wait_s = 0.0
            if parcel is None:
                if self._jobs.get(job.channel) is job:
                    del self._jobs[job.channel]
                continue
            if job.given_up:
                continue
            job.open.remove(parcel)
            if error is None:
                self._accept(job.channel, parcel, now_us)
            else:
                again |= self._refuse(job.channel, parcel, error, now_us)
        if again or self._news:
            self._dispatch(again, now_us)

    def _accept(self, channel: str, parcel: _Parcel, now_us: int) -> None:
        if self._faults.pop(channel, None) is not None:
            _log.info("channel %s: works again", channel)
        if parcel.about is not None:
            if parcel.about in self._faults:
                self._faults[parcel.about].told = True
            return
        self._flood.note(channel, now_us, digest=parcel.digest)
        for id in parcel.ids:
            delivery = self._flying[id]
            delivery.accepted_by, delivery.accepted_us = channel, now_us
            self._unmarked[id] = delivery
            self._remember(delivery.notification)
            self._tell(list(delivery.failed), channel)
        self._mark()

    def _mark(self) -> None:
        """Mark what was accepted. When the store fails, the next call tries again: nothing is sent a second time."""
        for id, delivery in list(self._unmarked.items()):
            self._store.outbox_update(id, delivery.accepted_us or 0, True, pack(delivery))
            del self._unmarked[id], self._flying[id]
            self._accepted += 1

    def _refuse(self, channel: str, parcel: _Parcel, error: str, now_us: int) -> dict[str, Delivery]:
        """Note that a channel failed; give the deliveries that need another one."""
        fault = self._faults.setdefault(channel, Fault(since_us=now_us, error=error))
        fault.error = error
        if fault.retry_us <= now_us:
            fault.tries += 1
            fault.retry_us = now_us + backoff_us(fault.tries)
            _log.warning("channel %s: %s", channel, error)
        fault.waiting += len(parcel.ids)
        again = {}
        for id in parcel.ids:
            delivery = self._flying.pop(id)
            delivery.failed[channel] = error
            again[id] = delivery
        return again

    def _put_off(self, id: str, delivery: Delivery, now_us: int) -> None:
        """Keep a delivery that no receiver took for later, and let a channel outside its route know."""
        delivery.tries += 1
        self._store.outbox_update(id, now_us + backoff_us(delivery.tries), False, pack(delivery))
        outside = [name for name in self._sender.names if name not in delivery.receivers and name not in self._faults]
        if outside:
            self._tell(list(delivery.failed), outside[0])

    def _tell(self, failing: list[str], channel: str) -> None:
        """Let a channel be told of those that fail, unless somebody was told already or is being told."""
        under_way = {name for names in self._news.values() for name in names}
        under_way |= {parcel.about for job in self._jobs.values() for parcel in job.open if parcel.about}
        for about in failing:
            fault = self._faults.get(about)
            if fault is not None and not fault.told and about not in under_way:
                self._news.setdefault(channel, []).append(about)

    def _remember(self, notification: Notification) -> None:
        self._told[notification.incident.id] = notification.at_us
        self._told.move_to_end(notification.incident.id)
        if len(self._told) > _REMEMBERED:
            self._told.popitem(last=False)

    def _give_up(self, now_us: int) -> None:
        """Take back what a thread that hangs has not sent. The channel rests until its thread ends."""
        again: dict[str, Delivery] = {}
        for job in self._jobs.values():
            if not job.given_up and self._monotonic() - job.started_s > _STUCK_S * max(1, len(job.parcels)):
                job.given_up = True
                for parcel in job.open:
                    again |= self._refuse(job.channel, parcel, f"no answer in {_STUCK_S:.0f} s", now_us)
        if again:
            self._dispatch(again, now_us)


def _send(sender: Sender, channel: str, message: Message) -> str | None:
    """Give what went wrong, or None."""
    try:
        sender.send(channel, message)
    except DeliveryError as error:
        return str(error)
    except Exception as error:  # the thread must report, whatever happens
        _log.exception("channel %s", channel)
        return f"{type(error).__name__}: {printable(str(error))[:200]}"
    return None


def _join(deliveries: dict[str, Delivery]) -> list[tuple[Notification, list[str]]]:
    """Make one notification of those about the same incident that are due together; the end of one stands by itself."""
    groups: dict[tuple[str, bool, str], tuple[Notification, list[str]]] = {}
    for id, delivery in sorted(deliveries.items(), key=lambda item: item[1].notification.at_us):
        newest = delivery.notification
        joined = newest.kind in _JOINED
        key = (newest.incident.id, joined, "" if joined else id)
        if key in groups:
            first, ids = groups[key]
            told = {"told_count": first.incident.told_count, "told_severity": first.incident.told_severity}
            incident = msgspec.structs.replace(newest.incident, **told)
            groups[key] = (msgspec.structs.replace(first, incident=incident, at_us=newest.at_us), [*ids, id])
        else:
            groups[key] = (newest, [id])
    return list(groups.values())


def _message(text: Rendered) -> Message:
    return Message(id=text.id, title=text.title, body=text.body, tone=text.tone)


def _spelt(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {_spelt(name): _spelt(item) for name, item in value.items()}
    return [_spelt(item) for item in value] if isinstance(value, list | tuple) else value
