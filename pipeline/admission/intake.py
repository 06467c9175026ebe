"""Take up what waits in the inbox: as events for the fold, and as what the store keeps of them.

A line of the inbox is admitted behind the lines of the batch it comes with, at the stream time that stands: it never moves
time, and is read once, in the order in which it was written.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from mailwarden.alerts.words.posture import severity_of
from mailwarden.parsers.envelope import Reader
from mailwarden.parsers.event import Event
from mailwarden.pipeline.admission.batch import Batch
from mailwarden.pipeline.store import Listing, Posture, Store

__all__ = ["INBOX", "INBOX_RANK", "Intake", "Taken"]

INBOX = "probes"
"""What stands for a file's path in evidence."""
INBOX_RANK = 1 << 20  # beyond every source
_AT_ONCE = 1000
_SUBJECTS = ("mailwarden.own_domain", "mailwarden.own_address", "host.name")


class Taken(NamedTuple):
    """What was taken up: the number of its last line, and the states it tells of."""

    last: int = 0
    listings: tuple[Listing, ...] = ()
    postures: tuple[Posture, ...] = ()


class Intake:
    """Reads the inbox of a store.

    Args:
        store: Whose.
        stream_us: The stream time of the last commit.
    """

    def __init__(self, store: Store, stream_us: int) -> None:
        self._store = store
        self._stream_us = stream_us
        self._reader = Reader()

    def join(self, batch: Batch) -> tuple[Batch, Taken]:
        """Give the batch with what waits behind its lines; only where it is live, for before that time is in the past."""
        if batch.events:
            self._stream_us = batch.events[-1].stream_us
        self._stream_us = max(self._stream_us, batch.clock_us)
        if not batch.live:
            return batch, Taken()
        received = self._store.inbox.read(_AT_ONCE)
        if not received:
            return batch, Taken()
        events = [self._event(one.id, one.line) for one in received]
        listings = tuple(found for event in events for found in _listings(event))
        postures = tuple(found for event in events for found in _postures(event))
        return batch._replace(events=[*batch.events, *events]), Taken(received[-1].id, listings, postures)

    def _event(self, number: int, line: str) -> Event:
        event = self._reader.read(line)
        event.stream_us = self._stream_us or event.timestamp_us
        event.source_rank, event.log_offset = INBOX_RANK, number
        return event


def _listings(event: Event) -> Iterator[Listing]:
    if event.event_action != "dnsbl-check" or event.event_module != "probe":
        return
    extra: dict[str, Any] = event.extra or {}
    subject = str(extra.get("mailwarden.own_address") or extra.get("mailwarden.own_domain"))
    for one in extra["mailwarden.listing.answers"]:
        yield Listing(
            subject=subject,
            zone=one["zone"],
            since_us=event.timestamp_us,
            checked_us=event.timestamp_us,
            state=one["state"],
            name=one["name"],
            weight=float(one.get("weight", 0.0)),
            codes=tuple(map(str, one.get("codes", ()))),
            reason=str(one.get("reason", "")),
        )


def _postures(event: Event) -> Iterator[Posture]:
    if event.event_action != "posture-check" or event.event_module != "probe":
        return
    extra: dict[str, Any] = event.extra or {}
    state, reason = extra["mailwarden.posture.state"], event.event_reason or ""
    yield Posture(
        subject=next(str(extra[name]) for name in _SUBJECTS if name in extra),
        check=extra["mailwarden.posture.check"],
        name=extra["dns.question.name"],
        since_us=event.timestamp_us,
        checked_us=event.timestamp_us,
        state=state,
        reason=reason,
        severity=severity_of(state, reason),
        now=extra.get("mailwarden.posture.now", ""),
        should=extra.get("mailwarden.posture.should", ""),
        details=extra.get("mailwarden.posture.details", {}),
    )
