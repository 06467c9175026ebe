"""One source on its way to admission: its lines as events, with stream time and a place to come back to."""

from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

from mailwarden.parsers.envelope import Reader
from mailwarden.parsers.event import Event
from mailwarden.parsers.raw import is_rough
from mailwarden.pipeline.admission.batch import Chunk
from mailwarden.pipeline.sources.source import Source

__all__ = ["Lane"]

_DAY_US = 86_400_000_000
_UNKNOWN_US = -10 * _DAY_US  # no line has told the time yet; whatever comes first is a jump ahead
_JURY = 10  # lines that confirm or refute a jump ahead
_AHEAD_US = 300_000_000  # a stamp this far beyond the clock is a wrong one: clocks of hosts differ by minutes at most
_START_EVERY_US = 1_000_000  # of stream time: where several sources keep a minute of places, one a second will do


class _Start(NamedTuple):
    """All that reading on from a place needs."""

    source: dict[str, Any]
    reader: dict[str, Any] | None  # None: nothing was read yet
    stream_us: int
    refused: tuple[int, int]


class _Segment(NamedTuple):
    """Lines of one chunk, by their count since the lane began."""

    first: int
    end: int
    birth: str
    end_offset: int  # of its last line
    start: _Start | None
    arrived_s: float


class Lane:
    """Lines of one source, read ahead.

    Args:
        source: Where they come from.
        number: Stands in its events as `source_rank`.
        make_reader: Called with the first chunk's source, once its hint is known.
        clock: Microseconds since the epoch, now.
        brief: Actions of which nobody wants to know more than that they happened.
    """

    def __init__(
        self,
        source: Source,
        number: int,
        make_reader: Callable[[Source], Reader],
        clock: Callable[[], int],
        brief: frozenset[str] = frozenset(),
    ) -> None:
        self.source = source
        self.number = number
        self.order = number
        self.events: list[Event] = []  # stamped and not taken yet, from `index` on
        self.index = 0
        self.at_end = False
        self.newest_us = 0
        self.stream_us = _UNKNOWN_US
        self.floor_us = 0  # ticks were made up to here
        self.keep_us = 0  # how far back in stream time the place to come back to must lie
        self.bytes = self.late = 0
        self.misdated = 0  # lines whose stamp jumped ahead, and which no other line confirmed
        self.silent: deque[tuple[int, int]] = deque()  # counts of lines (from, to) that an earlier run admitted
        self.taken = 0  # lines taken since the lane began
        self.knows_a_line = False  # of a mail server
        self._make_reader = make_reader
        self._reader: Reader | None = None
        self._clock = clock
        self._brief = brief
        self._doubtful: list[Event] = []  # from a jump ahead on, that the next lines must confirm
        self._segments: deque[_Segment] = deque()
        self._read = 0
        self._taken_offset = -1
        self._refused = (0, 0)  # the first of the lines refused of late, and how many they are
        self._start: _Start | None = None
        self._seen: dict[str, int] = {}

    # reading

    def fill(self, limit_bytes: int, now_s: float) -> bool:
        """Read one chunk; False when there is none now."""
        start = self._here() if not self._doubtful else None
        chunk = self.source.read(limit_bytes)
        if chunk is None:
            self.at_end = True
            self._seen.clear()
            if self._doubtful:
                self._stamp(self._doubtful, final=True)
            return False
        self.at_end = False
        if self._reader is None:
            self._reader = self._make_reader(self.source)
            self._reader.be_brief(self._brief)
        self._start = None
        events, sizes = self._parse(chunk)
        self.knows_a_line = self.knows_a_line or any(event.event_kind == "event" for event in events)
        placed = self._place(events, sizes, chunk.offset)
        if self._is_too_close(start):
            start = None
        end = self._read + len(events)
        self._segments.append(_Segment(self._read, end, chunk.birth, events[-1].log_offset, start, now_s))
        if self._seen:
            self._hush(chunk.birth, events)
        self._read = end
        self.bytes += len(chunk.data)
        if placed == len(events):
            self._ready(events)
        else:
            self._ready(events[:placed])
            self._stamp(self._doubtful + events[placed:], final=False)
        return True

    def _is_too_close(self, start: _Start | None) -> bool:
        if start is None or not self.keep_us:
            return False
        before = next((segment.start for segment in reversed(self._segments) if segment.start is not None), None)
        return before is not None and start.stream_us - before.stream_us < _START_EVERY_US

    def _parse(self, chunk: Chunk) -> tuple[list[Event], list[int]]:
        """Read the lines of a chunk; give their events and how many bytes each line has, without its LF."""
        assert self._reader is not None
        text = chunk.data.decode("utf-8", "surrogateescape")
        lines = text.split("\n")  # never splitlines(): it also splits where a client may write
        if not lines[-1]:
            lines.pop()
        sizes = list(map(len, lines))
        events = self._reader.read_lines(lines, rough=is_rough(text, lines))
        if self.number:
            for event in events:
                event.source_rank = self.number
        if len(text) == len(chunk.data):
            return events, sizes
        return events, [len(line.encode("utf-8", "surrogateescape")) for line in lines]

    def _place(self, events: list[Event], sizes: list[int], offset: int) -> int:
        """Give events their offset and, up to the first jump ahead, their stream time; count these.

        The one loop of admission that runs for every line: 0.2 µs.
        """
        last = self.stream_us
        doubt: Event | None = self._doubtful[0] if self._doubtful else None
        for event, size in zip(events, sizes, strict=True):
            event.log_offset = offset
            offset += size + 1
            stamp = event.timestamp_us
            if stamp != last:
                ahead = stamp - last
                if 0 < ahead <= _DAY_US:
                    last = stamp
                elif ahead > 0:
                    doubt = doubt or event
                elif last == self.floor_us and doubt is None:
                    self.late += 1
            event.stream_us = last
        if doubt is None:
            self.stream_us = last
            self._refused = (0, 0)
            return len(events)
        if self._doubtful:
            return 0
        placed = events.index(doubt)
        self.stream_us = events[placed - 1].stream_us if placed else self.stream_us
        return placed

    def _stamp(self, events: list[Event], *, final: bool) -> None:
        """Give events their stream time where there is a jump ahead, which other lines must confirm."""
        last = self.stream_us
        self._doubtful = []
        for place, event in enumerate(events):
            ahead = event.timestamp_us - last
            if 0 <= ahead <= _DAY_US:
                last += ahead
            elif ahead > 0:
                believed = self._believe(event.timestamp_us, events[place + 1 : place + 1 + _JURY], last, final)
                if believed is None:
                    self._doubtful = events[place:]
                    events = events[:place]
                    break
                self.misdated += 0 < last == believed
                last = believed
            event.stream_us = max(last, 0)
        self.stream_us = last
        self._ready(events)

    def _believe(self, stamp: int, jury: list[Event], last: int, final: bool) -> int | None:
        """Say what stream time an event has that jumps ahead: its own, or the one before; None to wait for more lines."""
        if len(jury) < _JURY and not final:
            return None
        stamps = sorted(event.timestamp_us for event in jury if event.timestamp_us)
        if stamp and sum(1 for other in stamps if other >= stamp - _DAY_US) * 2 > len(stamps):
            return stamp
        if last == _UNKNOWN_US:
            # The first line is the wrong one, or bears no stamp: its followers know.
            median = stamps[len(stamps) // 2] if stamps else stamp
            return next((other for other in stamps if other >= median - _DAY_US), stamp or last)
        if stamps:
            return last
        return stamp if stamp <= self._clock() + _AHEAD_US or self._insists(stamp) else last

    def _insists(self, stamp: int) -> bool:
        """Notice that one line after the other, each alone, was refused for the same future: then that is the time."""
        first, count = self._refused
        self._refused = (first, count + 1) if count and stamp >= first - _DAY_US else (stamp, 1)
        return self._refused[1] > _JURY

    def _ready(self, events: list[Event]) -> None:
        self.newest_us = max(self.newest_us, self.stream_us)
        if self.index == len(self.events):
            self.events, self.index = events, 0
        elif events:
            self.events = self.events[self.index :] + events
            self.index = 0

    # what admission takes

    def count(self) -> int:
        """Count the events that are ready."""
        return len(self.events) - self.index

    @property
    def is_strange(self) -> bool:
        """Say whether lines were read and not one of them was a mail server's."""
        return bool(self._read) and not self.knows_a_line

    def take(self, count: int) -> list[Event]:
        """Take the next events, in order."""
        start, self.index = self.index, self.index + count
        self.taken += count
        if self.index < len(self.events):
            taken = self.events[start : self.index]
        else:
            taken = self.events[start:] if start else self.events
            self.events, self.index = [], 0
        if taken:
            self._taken_offset = taken[-1].log_offset
        return taken

    def is_silent(self, number: int) -> bool:
        """Ask whether the line of this count was admitted by an earlier run; counts must be asked in order."""
        while self.silent and self.silent[0][1] <= number:
            self.silent.popleft()
        return bool(self.silent) and self.silent[0][0] <= number

    def ripe(self, until_s: float) -> int:
        """Count the ready events that had arrived by this moment (monotonic seconds)."""
        for segment in reversed(self._segments):
            if segment.arrived_s <= until_s:
                ripe: int = segment.end - self.taken
                return min(ripe, self.count())
        return 0

    def tick(self, minute_us: int) -> None:
        """Let time pass up to here without a line."""
        self.floor_us = minute_us
        self.stream_us = max(self.stream_us, minute_us)
        self._start = None

    # where to come back to

    def _here(self) -> _Start:
        if self._start is None:
            reader = self._reader.snapshot() if self._reader is not None else None
            self._start = _Start(self.source.position(), reader, self.stream_us, self._refused)
        return self._start

    def position(self) -> dict[str, Any]:
        """Give all that resumes this lane behind the last event taken."""
        if not self.keep_us and self.taken == self._read and not self._doubtful:
            self._segments.clear()
            start = self._here()
            seen: dict[str, int] = {}
        else:
            self._forget()
            start = (self._segments[0].start if self._segments else None) or self._here()
            seen = {
                segment.birth: segment.end_offset if segment.end <= self.taken else self._taken_offset
                for segment in self._segments
                if segment.first < self.taken
            }
        for birth, offset in self._seen.items():
            seen[birth] = max(offset, seen.get(birth, -1))
        return {
            "source": start.source,
            "reader": start.reader,
            "stream_us": start.stream_us,
            "refused": start.refused,
            "seen": seen,
            "floor_us": self.floor_us,
        }

    def _forget(self) -> None:
        """Drop chunks that lie further back than must be kept."""
        horizon = self.stream_us - self.keep_us
        while len(self._segments) > 1:
            later = next((i for i, s in enumerate(self._segments) if i and s.start is not None), None)
            if later is None:
                return
            segment = self._segments[later]
            assert segment.start is not None
            if segment.first > self.taken or (self.keep_us and segment.start.stream_us > horizon):
                return
            for _ in range(later):
                self._segments.popleft()

    def restore(self, position: dict[str, Any]) -> None:
        """Go on where `position` was told."""
        self.source.restore(position["source"])
        if position["reader"] is not None:
            self._reader = Reader.restore(position["reader"])
            self._reader.be_brief(self._brief)
        self.stream_us = self.newest_us = position["stream_us"]
        self._refused = (position["refused"][0], position["refused"][1])
        self.floor_us = position["floor_us"]
        self._seen = dict(position["seen"])

    def _hush(self, birth: str, events: list[Event]) -> None:
        """Mark lines that an earlier run admitted: they are read again only for what they leave behind."""
        until = self._seen.get(birth)
        if until is None:
            return
        count = sum(1 for event in events if event.log_offset <= until)
        if count:
            self.silent.append((self._read, self._read + count))
        if count < len(events):
            del self._seen[birth]
