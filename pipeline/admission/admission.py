"""Bring the lines of all sources into the one order, each once, and hand them on in batches."""

import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import tzinfo
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

from mailwarden.parsers.envelope import Reader
from mailwarden.parsers.errors import Coded
from mailwarden.parsers.event import Event
from mailwarden.parsers.worded_time import year_of_first_line
from mailwarden.pipeline.admission.batch import Batch
from mailwarden.pipeline.admission.copies import KEEP_US, Copies
from mailwarden.pipeline.admission.lane import Lane
from mailwarden.pipeline.configuration.configuration import Configuration
from mailwarden.pipeline.sources.choice import choose, zone_named
from mailwarden.pipeline.sources.family import day_in_name
from mailwarden.pipeline.sources.patterns import PatternSource
from mailwarden.pipeline.sources.source import BLOCK_BYTES, Source
from mailwarden.pipeline.sources.waker import Waker

__all__ = ["Admission", "Statistics"]

_BATCH_LINES = 25_000  # the events of 50,000 lines stand in 100 MiB, half of what a scan may take
_BATCH_S = 1.0
_BATCH_BYTES = 64 << 20  # bounds memory where lines are huge
_LIVE_LINES = 1_000
_LIVE_S = 0.1
_POLL_S = 2.0
_LIVE_US = 300_000_000  # a source is live when its newest stamp is this near to the clock
_MINUTE_US = 60_000_000
_TICK_GRACE_US = 2_000_000  # the clock's minute is told this late: a line of its last second may still be on its way
_NEVER_US = 1 << 62
_stream_us = attrgetter("stream_us")


class Statistics(NamedTuple):
    """What was admitted since the start."""

    lines: int
    copies: int  # lines left out because another source had given them
    bytes_read: int  # on disk, as far as known
    bytes_total: int  # 0: nobody knows


class Admission:
    """Merge sources by stream time, rank and offset.

    Args:
        sources: In the configured order.
        follow: Go on when everything was read, until `stop` is called.
        clock: Gives microseconds since the epoch. Asked only whether a source is live, and for its minutes while all
            that are live stay silent.
        zone: Zone of stamps that name none; None is this machine's own.
        year: Year of the last line of each source whose stamps bear none.
        positions: What the last committed batch held, by source name.
        arrival: Tells when lines arrive, where that is not the clock's time: the clock of a replay knows nothing of it.
        hold_us: How long a line waits for those of other sources while live.
        zones: Zones that differ, by a source's rank.
        years: Years that differ, by a source's rank.
        batch_lines: The most lines of a batch, where it is not the usual number.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        *,
        follow: bool,
        clock: Callable[[], int],
        zone: tzinfo | None = None,
        year: int | None = None,
        positions: Mapping[str, dict[str, Any]] | None = None,
        arrival: Callable[[], int] | None = None,
        hold_us: int = 100_000,
        zones: Mapping[int, tzinfo] | None = None,
        years: Mapping[int, int] | None = None,
        batch_lines: int | None = None,
    ) -> None:
        self._parents = list(sources)
        self._follow = follow
        self._clock = clock
        self._arrival = arrival or clock
        self._zone, self._zones = zone, zones or {}
        self._year, self._years = year, years or {}
        self._positions = dict(positions or {})
        self._hold_s = hold_us / 1e6
        self._batch_lines = batch_lines or _BATCH_LINES
        self._lanes: list[Lane] = []
        self._copies: Copies | None = None
        self._stopped = self._nudged = False
        self._waker = Waker()
        self._stream_us = 0
        self._live = False
        self.turns = 0  # of the loop of `batches`: whoever watches over it sees that it goes on
        self._lines = self._copied = 0
        self._problems: list[Coded] = []
        self.notes: list[str] = []  # what was left out, and why
        self.brief: frozenset[str] = frozenset()  # actions of which nobody wants to know more than that they happened

    # the face

    @classmethod
    def of_paths(
        cls,
        paths: Sequence[str],
        *,
        configuration: Configuration,
        zone: str | None,
        year: int | None,
        positions: Mapping[str, dict[str, Any]] | None,
        clock: Callable[[], int],
        arrival: Callable[[], int] | None = None,
        follow: bool = False,
        root: Path = Path("/"),
        batch_lines: int | None = None,
    ) -> "Admission":
        """Open what a person named, else what is configured, else what is found on this machine.

        Raises:
            UsageError: `zone` is not the name of a zone.
        """
        chosen = choose(paths, configuration.sources, follow=follow, now_s=clock() / 1e6, root=root)
        made = cls(
            chosen.sources,
            follow=follow,
            clock=clock,
            arrival=arrival,
            hold_us=configuration.hold_ms * 1000,
            zone=zone_named(zone or configuration.timezone),
            year=year,
            positions=positions,
            zones={} if zone else chosen.zones,
            years={} if year else chosen.years,
            batch_lines=batch_lines,
        )
        made.notes = chosen.notes
        made._problems = chosen.problems
        return made

    def batches(self) -> Iterator[Batch]:
        """Give everything admitted, batch by batch.

        Where a batch ends never changes what is in them. A batch without events passes on the clock's minute,
        or tells that all there was has been read.
        """
        self._begin()
        behind = self._follow
        try:
            while not self._stopped:
                self.turns += 1
                self._waker.clear()
                self._look_for_sources()
                began_s = time.monotonic()
                events = self._collect(began_s)
                at_end = all(lane.at_end and not lane.count() for lane in self._lanes)
                if events:
                    live = self._follow and at_end and len(events) <= _LIVE_LINES
                    batch, events = Batch(events, self._told_positions(), 0, live, self._told_late()), []
                    yield batch
                    behind = self._follow and not live
                    del batch  # or two of them would stand in memory while the next is read
                    if live:
                        time.sleep(max(0.0, began_s + _LIVE_S - time.monotonic()))
                    continue
                if not self._follow and at_end and all(lane.source.exhausted for lane in self._lanes):
                    return
                tick_us = self._tick() if self._follow and at_end else 0
                if tick_us or (behind and at_end) or (self._nudged and at_end):
                    behind = self._nudged = False
                    yield Batch([], self._told_positions(), tick_us, True, self._told_late())
                else:
                    self._waker.wait(self._pause(at_end) if self._follow else _LIVE_S / 2)
        finally:
            self.close()

    def nudge(self) -> None:
        """Give a batch soon, though no line came: something else waits. May be called from another thread."""
        self._nudged = True
        self._waker.wake()

    def stop(self) -> None:
        """End `batches` after the present one; may be called from another thread or a signal handler."""
        self._stopped = True
        self._waker.wake()

    def close(self) -> None:
        """Let go of all sources."""
        self._waker.close()
        for source in [*self._parents, *(lane.source for lane in self._lanes)]:
            source.close()

    @property
    def problems(self) -> list[str]:
        """What a person must know about the sources, each told once."""
        known = [*self._parents, *(lane.source for lane in self._lanes if lane.source not in self._parents)]
        return [*self._problems, *(problem for source in known for problem in source.problems)]

    @property
    def strange(self) -> list[str]:
        """Name the sources of whose lines not one was a mail server's."""
        return [lane.source.name for lane in self._lanes if lane.is_strange]

    @property
    def misdated(self) -> int:
        """Count the lines that bore a time more than a day ahead, and which no other line confirmed."""
        return sum(lane.misdated for lane in self._lanes)

    @property
    def statistics(self) -> Statistics:
        """Count what was admitted."""
        progress = [lane.source.progress() for lane in self._lanes]
        known = all(total for done, total in progress if done)
        return Statistics(
            self._lines,
            self._copied,
            sum(done for done, _ in progress),
            sum(total for _, total in progress) if known else 0,
        )

    def file_of(self, rank: int) -> str:
        """Give the configured path that an event's `source_rank` stands for."""
        return self._lanes[rank].source.name

    # sources

    def _begin(self) -> None:
        for source in self._parents:
            if isinstance(source, PatternSource):  # gives sources, no lines
                self._watch(source)
            else:
                self._add(source)
        self._look_for_sources()
        for stored in self._positions.values():
            self._stream_us = max(self._stream_us, stored["merged_us"])
            self._live = self._live or stored["live"]

    def _add(self, source: Source) -> None:
        lane = Lane(source, len(self._lanes), self._make_reader, self._arrival, self.brief)
        stored = self._positions.get(source.name)
        if stored is not None:
            lane.restore(stored)
        self._lanes.append(lane)
        for order, one in enumerate(sorted(self._lanes, key=lambda lane: (lane.source.rank, lane.source.name))):
            one.order = order
        self._watch(source)
        if len(self._lanes) > 1:
            self._copies = self._copies or Copies()
            for one in self._lanes:
                one.keep_us = KEEP_US

    def _watch(self, source: Source) -> None:
        if self._follow:
            self._waker.watch(source.watched())

    def _look_for_sources(self) -> None:
        for parent in self._parents:
            for source in parent.found():
                self._add(source)

    def _make_reader(self, source: Source) -> Reader:
        zone = self._zones.get(source.rank, self._zone)
        year = self._years.get(source.rank, self._year)
        if year is not None:
            ends = source.ends()
            return Reader(zone=zone, year=year_of_first_line(*ends, year) if ends else year)
        day, hint = day_in_name(source.hint.name), source.hint
        seconds = day + 86_400 if day else hint.gzip_mtime or hint.modified
        now_us = self._arrival()
        return Reader(zone=zone, hint_year_us=min(seconds * 1_000_000, now_us) if seconds else now_us)

    def _told_positions(self) -> dict[str, dict[str, Any]]:
        told = {}
        for lane in self._lanes:
            told[lane.source.name] = lane.position() | {"merged_us": self._stream_us, "live": self._live}
        return told

    def _told_late(self) -> dict[str, int]:
        """Count the late lines of each source since the last time."""
        told = {}
        for lane in self._lanes:
            if lane.late:
                told[lane.source.name], lane.late = lane.late, 0
        return told

    # order

    def _collect(self, began_s: float) -> list[Event]:
        """Read and merge until a batch is full, its time is over, or there is no more now."""
        events: list[Event] = []
        read_bytes = sum(lane.bytes for lane in self._lanes) + _BATCH_BYTES
        while len(events) < self._batch_lines and not self._stopped:
            now_s = time.monotonic()
            if now_s > began_s + _BATCH_S or sum(lane.bytes for lane in self._lanes) > read_bytes:
                break
            moved = False
            for lane in self._lanes:
                if lane.index == len(lane.events) and not (lane.at_end and lane.source.exhausted):
                    moved = lane.fill(BLOCK_BYTES, now_s) or moved
            before = len(events)
            if len(self._lanes) == 1:
                self._pass_through(self._lanes[0], events)
            else:
                self._merge(events, now_s)
            if not moved and len(events) == before:
                break
        self._lines += len(events)
        return events

    def _pass_through(self, lane: Lane, events: list[Event]) -> None:
        first = lane.taken
        taken = lane.take(min(lane.count(), self._batch_lines - len(events)))
        if lane.silent:
            taken = [event for number, event in enumerate(taken, first) if not lane.is_silent(number)]
        if taken:
            events += taken
            self._stream_us = taken[-1].stream_us

    def _merge(self, events: list[Event], now_s: float) -> None:
        """Take what can have no earlier line any more, in order."""
        until_us = self._safe_until(now_s)
        while len(events) < self._batch_lines:
            heads = [lane for lane in self._lanes if lane.count()]
            if not heads or any(not (lane.count() or lane.at_end) for lane in self._lanes):
                return  # what was read of a lane is used up, and it holds more: that is no silence
            if until_us is None and any(not (lane.count() or lane.source.exhausted) for lane in self._lanes):
                return
            heads.sort(key=lambda lane: (lane.events[lane.index].stream_us, lane.order))
            lane = heads[0]
            end = self._run_end(lane, heads[1] if len(heads) > 1 else None, until_us)
            end = min(end, lane.index + self._batch_lines - len(events))
            if end == lane.index:
                return
            self._admit(lane, end - lane.index, events)

    @staticmethod
    def _run_end(lane: Lane, other: Lane | None, until_us: int | None) -> int:
        """Find how far a lane comes before the next one's first event."""
        end = len(lane.events)
        if until_us is not None:
            end = bisect_right(lane.events, until_us, lane.index, end, key=_stream_us)
        if other is not None:
            first_us = other.events[other.index].stream_us
            bisect = bisect_right if lane.order < other.order else bisect_left
            end = bisect(lane.events, first_us, lane.index, end, key=_stream_us)
        return end

    def _safe_until(self, now_s: float) -> int | None:
        """Give the stream time up to which lines need not wait for silent siblings; None: while each has a line."""
        if not any(not lane.count() and not lane.source.exhausted for lane in self._lanes):
            return None
        if not self._follow:
            return None
        until_us = self._clock() - _LIVE_US  # a silent sibling's next line will be of now
        for lane in self._lanes:
            ripe = lane.ripe(now_s - self._hold_s)
            if ripe > 0:
                until_us = max(until_us, lane.events[lane.index + ripe - 1].stream_us)
        return until_us

    def _admit(self, lane: Lane, count: int, events: list[Event]) -> None:
        assert self._copies is not None
        first = lane.taken
        for number, event in enumerate(lane.take(count), first):
            silent = bool(lane.silent) and lane.is_silent(number)
            if event.stream_us < self._stream_us:
                lane.late += not silent
                event.stream_us = self._stream_us
            else:
                self._stream_us = event.stream_us
            new = self._copies.take(event, lane.number)
            if silent:
                continue
            if new:
                events.append(event)
            else:
                self._copied += 1

    # time

    def _tick(self) -> int:
        """Give the clock's minute when it has come and all live sources are silent, else 0."""
        now_us = self._clock()
        newest_us = max(self._stream_us, max((lane.newest_us for lane in self._lanes), default=0))
        self._live = newest_us > 0 and (self._live or now_us - newest_us <= _LIVE_US)
        minute_us = (now_us - _TICK_GRACE_US) // _MINUTE_US * _MINUTE_US
        if not self._live or minute_us <= newest_us:
            return 0
        self._stream_us = minute_us
        for lane in self._lanes:
            lane.tick(minute_us)
        return minute_us

    def _pause(self, at_end: bool) -> float:
        """Say how long nothing needs to be looked at."""
        if not at_end:
            return max(self._hold_s / 2, 0.001)
        if not self._live:
            return _POLL_S
        due_us = (self._stream_us // _MINUTE_US + 1) * _MINUTE_US + _TICK_GRACE_US - self._clock()
        return min(_POLL_S, max(due_us / 1e6, 0.01))
