"""Deliver what was decided: once decided, tried until accepted, marked when accepted.

The runner commits a `Delivery` together with the state that made it; the delivery thread calls `Outbox.deliver_due`
with the time. Nothing here asks for the time of day. A crash between a service's acceptance and our mark sends the same
message again, under the same id.

Each channel works in a thread of its own, one message after the other, so that a slow or dead one delays nobody else.
When a channel fails, the next receiver is tried at once and is told, once, that the other one fails; when all fail, the
delivery waits, twice as long each time and at most an hour, and a channel outside its route is told.
"""

import logging
import queue
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import UTC, tzinfo
from typing import NamedTuple

import msgspec

from mailwarden.alerts.incidents.incident import Notification
from mailwarden.alerts.telling.delivery import Delivery, pack, unpack
from mailwarden.alerts.telling.flood import Flood
from mailwarden.alerts.telling.gathering import Gathering, OutboxStore
from mailwarden.alerts.telling.job import Answer, Failure, Job
from mailwarden.alerts.telling.own_words import OwnWords
from mailwarden.alerts.telling.parcels import JOINED, Parcel, Sender, Writer
from mailwarden.alerts.words.translate import N_
from mailwarden.parsers.errors import code_of, coded, worded

__all__ = ["Fault", "Outbox", "OutboxStore", "backoff_us"]

_log = logging.getLogger(__name__)

_SECOND = 1_000_000
_FIRST_WAIT_US = 30 * _SECOND
_LONGEST_WAIT_US = 3600 * _SECOND
_BATCH = 2000
_STUCK_S = 30.0  # longer than any time-out of a channel: its thread hangs
_REMEMBERED = 1000  # incidents and ways whose last notice is kept in mind
_RECALLED_US = 2 * 86_400 * _SECOND  # what was told before that overtakes nothing any more


class _Told(NamedTuple):
    """The last notice that was accepted on a way: of when, and by which channel."""

    at_us: int
    channel: str


class Fault(msgspec.Struct):
    """A channel that fails: since when, what it said, how many deliveries it cost, whether somebody was told."""

    since_us: int
    error: str
    tries: int = 0
    retry_us: int = 0
    not_before_us: int = 0  # it asked to be left alone until then
    waiting: int = 0
    told: bool = False
    told_by: str | None = None  # the channel that told of it,
    notice: str = ""  # and by which message


def backoff_us(tries: int) -> int:
    """Give how long a delivery waits after its nth failed round: 30 s, then twice as long each time, up to an hour."""
    return min(_FIRST_WAIT_US << min(max(tries, 1) - 1, 12), _LONGEST_WAIT_US)


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
        called: str = "",
        reports: Callable[[str], bytes | None] = lambda _: None,
        zone: tzinfo = UTC,
        own_words: Callable[[str], OwnWords | None] = lambda _: None,
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
            called: What the server is called where a log names no host.
            reports: Gives a report by its name, as a mail without sender and recipient; None where it is gone.
            zone: In which times are told.
            own_words: Gives the operator's template for a channel; None where it has none.
            flood: When to gather notices into a digest; None for more than 6 in 10 minutes.
            patience_s: How long one call waits for the channels' answers; what comes later is marked by a later call.
            monotonic: Tells how long a thread has been at work, to notice one that hangs.
        """
        self._store = store
        self._sender = sender
        self._writer = Writer(sender, others, link, zone, reports, called, own_words)
        self._flood = flood or Flood()
        self._gathering = Gathering(store, sender, self._writer, self._flood)
        self._told_by_another = told_by_another
        self._patience_s = patience_s
        self._monotonic = monotonic
        self._flying: dict[str, Delivery] = {}
        self._jobs: dict[str, Job] = {}
        self._answers: queue.SimpleQueue[Answer] = queue.SimpleQueue()
        self._faults: dict[str, Fault] = {}
        self._news: dict[str, list[str]] = {}  # channel -> failing channels that it is to be told of
        self._over: dict[str, list[str]] = {}  # channel -> news that it told and that is over
        self._told: OrderedDict[tuple[str, str], _Told] = OrderedDict()  # by way
        self._unmarked: dict[str, Delivery] = {}  # accepted by a service, and not yet marked
        self._accepted = 0
        self._recalled = False

    def faults(self) -> dict[str, Fault]:
        """Give the channels that fail at the moment."""
        return dict(self._faults)

    def deliver_due(self, now_us: int) -> int:
        """Deliver what is due, and mark what was accepted; give how many deliveries that were.

        Errors of a channel never leave this; errors of the store do.
        """
        self._accepted = 0
        self._recall(now_us)
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

    def _recall(self, now_us: int) -> None:
        """Remember, once, what was told before this process began: how much, and what it overtakes."""
        if self._recalled:
            return
        messages: set[tuple[str, str]] = set()
        for blob in self._store.outbox_done(now_us - _RECALLED_US):
            try:
                delivery = unpack(blob)
            except msgspec.MsgspecError:
                continue
            channel, at_us = delivery.accepted_by, delivery.accepted_us
            if channel is None or at_us is None:
                continue
            self._remember(delivery)
            message = (channel, delivery.carrier or delivery.notification.id)
            if message not in messages and self._gathering.counts(channel, delivery.notification):
                messages.add(message)
                self._flood.note(channel, at_us, digest=delivery.is_digest)
        self._recalled = True

    def _take(self, now_us: int) -> dict[str, Delivery]:
        """Read what is due and not under way yet."""
        taken: dict[str, Delivery] = {}
        for id, _, blob in self._store.outbox_due(now_us, _BATCH + len(self._flying)):
            if id in self._flying:
                continue
            try:
                delivery = unpack(blob)
            except msgspec.MsgspecError as error:
                said = N_("outbox: delivery {id} cannot be read ({error}). It is kept and looked at again.")
                _log.error(coded("MW5112", said, id=id, error=error))
                self._store.outbox_update(id, now_us + _LONGEST_WAIT_US, False, blob)
                continue
            delivery.failed = {}
            if self._is_stale(delivery):
                self._store.outbox_update(id, now_us, True, blob)
                continue
            taken[id] = delivery
        return taken

    def _is_stale(self, delivery: Delivery) -> bool:
        """Say whether people know more than this tells: it got worse, or part of another, before the notice left."""
        notification = delivery.notification
        if notification.kind in JOINED and self._told_by_another(notification):
            return True
        told = self._told.get(delivery.way)
        return notification.kind in JOINED and told is not None and notification.at_us < told.at_us

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
        for channel in {**by_channel, **self._news, **self._over}:
            if channel not in self._jobs:
                self._start(channel, by_channel.get(channel, {}), now_us)

    def _choose(self, delivery: Delivery, now_us: int) -> str | None:
        left = [name for name in delivery.receivers if name not in delivery.failed]
        told = self._told.get(delivery.way)
        if told and delivery.notification.kind == "ended":  # whoever heard of it hears of its end
            left.sort(key=lambda name: name != told.channel)
        usable = [name for name in left if not (name in self._jobs and self._jobs[name].given_up)]
        usable = [name for name in usable if name not in self._faults or self._faults[name].not_before_us <= now_us]
        for name in usable:
            fault = self._faults.get(name)
            if fault is None or fault.retry_us <= now_us:
                for passed in left[: left.index(name)]:
                    if passed in self._faults:
                        delivery.failed[passed] = self._faults[passed].error
                return name
        return usable[0] if usable else None

    def _start(self, channel: str, deliveries: dict[str, Delivery], now_us: int) -> None:
        parcels = self._gathering.parcels(channel, deliveries, now_us)
        parcels += [
            self._writer.news(channel, about, fault.error, fault.since_us, fault.waiting, now_us)
            for about in self._news.pop(channel, [])
            if (fault := self._faults.get(about)) is not None
        ]
        parcels += [self._writer.over(id_, now_us) for id_ in self._over.pop(channel, [])]
        if not parcels:
            return
        for parcel in parcels:
            for id in parcel.ids:
                self._flying[id] = deliveries[id]
        job = Job(channel, parcels, self._monotonic())
        self._jobs[channel] = job
        threading.Thread(
            target=job.run, args=(self._sender, self._answers), name=f"mailwarden-{channel}", daemon=True
        ).start()

    def _collect(self, now_us: int, wait_s: float = 0.0) -> None:
        """Take the channels' answers, and pass on what a channel refused."""
        again: dict[str, Delivery] = {}
        while True:
            try:
                job, parcel, failure = self._answers.get(timeout=wait_s) if wait_s else self._answers.get_nowait()
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
            if failure is None:
                self._accept(job.channel, parcel, now_us)
            else:
                again |= self._refuse(job.channel, parcel, failure, now_us)
        if again or self._news or self._over:
            self._dispatch(again, now_us)

    def _accept(self, channel: str, parcel: Parcel, now_us: int) -> None:
        fault = self._faults.pop(channel, None)
        if fault is not None:
            _log.info(worded("channel {channel}: works again", channel=channel))
            if fault.told_by is not None and self._sender.has_life(fault.told_by):
                self._over.setdefault(fault.told_by, []).append(fault.notice)
        if parcel.about is not None:
            if parcel.about in self._faults:
                told = self._faults[parcel.about]
                told.told, told.told_by, told.notice = True, channel, parcel.message.id
            return
        if parcel.counts:
            self._flood.note(channel, now_us, digest=parcel.digest)
        for id in parcel.ids:
            delivery = self._flying[id]
            delivery.accepted_by, delivery.accepted_us = channel, now_us
            delivery.carrier, delivery.is_digest = parcel.message.id, parcel.digest
            self._unmarked[id] = delivery
            self._remember(delivery)
            self._tell(list(delivery.failed), channel)
        self._mark()

    def _mark(self) -> None:
        """Mark what was accepted. When the store fails, the next call tries again: nothing is sent a second time."""
        for id, delivery in list(self._unmarked.items()):
            self._store.outbox_update(id, delivery.accepted_us or 0, True, pack(delivery))
            del self._unmarked[id], self._flying[id]
            self._accepted += 1

    def _refuse(self, channel: str, parcel: Parcel, failure: Failure, now_us: int) -> dict[str, Delivery]:
        """Note that a channel failed; give the deliveries that need another one."""
        error = failure.said
        fault = self._faults.setdefault(channel, Fault(since_us=now_us, error=error))
        fault.error = error
        if failure.retry_after_s:
            wait_us = min(int(failure.retry_after_s * _SECOND), _LONGEST_WAIT_US)
            fault.not_before_us = max(fault.not_before_us, now_us + wait_us)
        if fault.retry_us <= now_us:
            fault.tries += 1
            fault.retry_us = max(now_us + backoff_us(fault.tries), fault.not_before_us)
            _log.warning(coded(code_of(error) or "MW4105", "channel {channel}: {error}", channel=channel, error=error))
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
        due_us = now_us + backoff_us(delivery.tries)
        faults = [self._faults.get(name) for name in delivery.receivers]
        due_us = max(due_us, min((fault.not_before_us if fault else 0 for fault in faults), default=0))
        self._store.outbox_update(id, due_us, False, pack(delivery))
        others = (name for name in self._sender.names if name not in delivery.receivers and name not in self._faults)
        outside = [name for name in others if not self._sender.for_customer(name)]
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

    def _remember(self, delivery: Delivery) -> None:
        """Keep in mind up to when an incident's story was told on a way."""
        before = self._told.get(delivery.way)
        at_us = max(delivery.notification.at_us, before.at_us if before else 0)
        self._told[delivery.way] = _Told(at_us, delivery.accepted_by or "")
        self._told.move_to_end(delivery.way)
        if len(self._told) > _REMEMBERED:
            self._told.popitem(last=False)

    def _give_up(self, now_us: int) -> None:
        """Take back what a thread that hangs has not sent. The channel rests until its thread ends."""
        again: dict[str, Delivery] = {}
        for job in self._jobs.values():
            if not job.given_up and self._monotonic() - job.started_s > _STUCK_S * max(1, len(job.parcels)):
                job.given_up = True
                for parcel in job.open:
                    again |= self._refuse(
                        job.channel,
                        parcel,
                        Failure(coded("MW4104", "no answer in {seconds} s", seconds=f"{_STUCK_S:.0f}")),
                        now_us,
                    )
        if again:
            self._dispatch(again, now_us)
