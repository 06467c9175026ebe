"""Read what stands around a message: when, on which host, by which program; then have its format read the message."""

import re
from collections.abc import Iterable
from datetime import tzinfo
from typing import Any

from mailwarden.parsers.blocks import Blocks
from mailwarden.parsers.claims import names_no_program
from mailwarden.parsers.columns import Columns
from mailwarden.parsers.counted_time import Stamp
from mailwarden.parsers.event import Event, briefly
from mailwarden.parsers.markup import without_markup
from mailwarden.parsers.paired import read_pairs
from mailwarden.parsers.pattern import Format
from mailwarden.parsers.pieces import Pieces
from mailwarden.parsers.prefix import peel, relayed
from mailwarden.parsers.previous import OWN_FIELDS, Others, fail, recalled, remembered
from mailwarden.parsers.priority import is_level, take_leading_priority, take_priority, take_worded_priority
from mailwarden.parsers.raw import (
    LINE_MAX,
    after_structured_data,
    clean,
    is_ragged,
    record_id,
    stamped,
    without_colours,
)
from mailwarden.parsers.records import Records
from mailwarden.parsers.servers import servers_where
from mailwarden.parsers.speaker import Repetition, Speaker
from mailwarden.parsers.stamp import SECONDS, Clock
from mailwarden.parsers.tags import is_pid
from mailwarden.parsers.wrapped import Wrapped
from mailwarden.parsers.wrapping import headed_line, kubernetes, set_header, unwrap_element, unwrap_json

__all__ = ["Reader"]

_LAYERS = 8  # around one line: a letter's mark, quotes, grep's file, Docker's object, a service's name, relays, Exim's own stamp
_IN_BLOCKS = servers_where(lambda one: one.in_blocks)
_NO_FIRST_WORD = frozenset({"", "last", "Last"})
_VERSION_1 = re.compile(r"1 (?=[0-9]{4}-|- )")
_WITHOUT_VERSION = re.compile(r"([^\s:]\S{0,254}) ([^\s:\[\]]{1,128}) ([0-9]{1,10}|-) (\S{1,32}) (?=-|\[\S)")
_PECULIAR = frozenset({"message ", "Last mes", ""})  # how texts begin that are read the long way
_JOURNAL_NOTE = re.compile(r"-- (?:Boot|Reboot|Journal|Logs|No entries)\b")


class Reader:
    """Read the lines of one source, in order; each gives exactly one event.

    Args:
        zone: Zone of stamps that name none; None is this machine's own.
        year: Year of the first line, where it is stated (see `worded_time.year_of_first_line`).
        hint_year_us: A moment the first line is not later than, in epoch microseconds, where no year is stated: the
            date in a rotated file's name, gzip's header, the file's time, or now.
    """

    def __init__(self, *, zone: tzinfo | None = None, year: int | None = None, hint_year_us: int | None = None) -> None:
        self._clock = Clock(zone, year, hint_year_us)
        self._event: type[Event] = Event
        self._speaker = Speaker()
        self._previous: Event | None = None  # the line before, or the first of the record it belongs to
        self._tail = ""  # the line before, where it went on with that record
        self._others = Others()
        self._stands_for_previous = False  # a repetition: the next one stands for the same line
        self._pieces = Pieces()
        self._columns = Columns(self._speaker.claims)
        self._records = Records()
        self._blocks = Blocks()

    def be_brief(self, actions: frozenset[str]) -> None:
        """Read no more of lines with these actions than is counted of them."""
        self._event = briefly(actions) if actions else Event

    def read(self, line: str) -> Event:
        """Read one line, given without its line feed."""
        return self.read_lines((line,))[0]

    def read_lines(self, lines: Iterable[str], *, rough: bool = True) -> list[Event]:
        """Read many lines; the same as `read` for each, and faster.

        Args:
            lines: In their order.
            rough: Some may be as `is_rough` says.

        Traditional and RFC 3339 stamps of an hour already seen, under a tag already seen, are read here, the rest in
        `_slow`.
        """
        events: list[Event] = []
        add, clock, seconds = events.append, self._clock, SECONDS.get
        peculiar = _PECULIAR
        new = self._event
        tag, like, retry = self._speaker.tags.get, self._speaker.tags.like, self._speaker.retry
        previous = self._previous
        host = previous.host_hostname if previous is not None else None
        hour, hour_us, iso_hour, iso_us, iso_zone, iso_from, iso_end, iso_digits, iso_scale, quality = clock.kept()
        # What stood before the tag of the last line, and its length; no line holds a line feed.
        us, before, after = 0, "\n", 1
        for line in lines:
            if line[:after] == before:
                token, _, text = line[after:].partition(" ")
                known = tag(token) or like(token)
            else:
                known = None
                if line[:10] == hour:
                    us, after = seconds(line[10:16], -1), 16
                    if us >= 0:
                        us += hour_us
                elif line[:14] == iso_hour and line[iso_from:iso_end] == iso_zone:
                    us, after = seconds(line[14:19], -1), iso_end
                    if us >= 0:
                        us += iso_us
                        if iso_scale:
                            fraction = line[20:iso_digits]
                            us = us + int(fraction) * iso_scale if fraction.isdecimal() else -1
                else:
                    us = -1
                if us >= 0:
                    name, _, text = line[after:].partition(" ")
                    token, _, text = text.partition(" ")
                    known = tag(token) or like(token)
                    if known is not None and name != host:
                        if is_level(name):
                            known = None
                        else:
                            self._others.keep(previous, host)
                            host = name
                    after += len(name) + 1
                    before = line[:after]
            if not (known is None or (text[:1] in "mL" and text[:8] in peculiar) or (rough and is_ragged(line))):
                event = new()
                event.timestamp_us = us
                event.mailwarden_time_quality = quality
                event.event_original = line
                event.host_hostname = host
                event.process_name, event.process_pid, event.service_name, event.mail_service, read = known
                try:
                    plain = read(event, text) or retry(event, text) is None
                except Exception as error:  # a pattern's fault costs its own line only
                    fail(event, error)
                    plain = True
                if plain:
                    previous = event
                    add(event)
                    continue
            self._previous = previous
            add(self._slow(line))
            previous = self._previous
            host = previous.host_hostname if previous is not None else None
            hour, hour_us, iso_hour, iso_us, iso_zone, iso_from, iso_end, iso_digits, iso_scale, quality = clock.kept()
            before, after = "\n", 1
        self._previous = previous
        return events

    def snapshot(self) -> dict[str, Any]:
        """Give what the next lines may hang on, as JSON."""
        return {
            "clock": self._clock.snapshot(),
            "previous": remembered(self._previous),
            "tail": self._tail,
            "hosts": self._others.snapshot(),
            "owner": self._speaker.owner.name if self._speaker.owner else None,
            "pending": self._pieces.snapshot(),
            "columns": self._columns.snapshot(),
            "record": self._records.snapshot(),
            "block": self._blocks.snapshot(),
        }

    @classmethod
    def restore(cls, snapshot: dict[str, Any]) -> "Reader":
        """Make a reader that goes on where the snapshot was taken."""
        reader = cls()
        reader._clock = Clock.restore(snapshot["clock"])
        reader._previous = recalled(snapshot["previous"])
        reader._tail = snapshot["tail"]
        reader._others = Others(snapshot["hosts"])
        reader._speaker.owner = reader._speaker.claims.named(snapshot["owner"])
        reader._pieces = Pieces(snapshot["pending"])
        reader._records = Records(snapshot.get("record"))
        reader._blocks = Blocks(snapshot.get("block"))
        reader._columns = Columns(reader._speaker.claims, snapshot.get("columns") or ([], "", False))
        return reader

    # The long way: every shape of header.

    def _slow(self, line: str) -> Event:
        """Read a line of any shape, and remember what the next ones may hang on."""
        owner = self._speaker.owner
        if owner is not None and line[:14] == self._clock.own_hour:
            known = self._own(line, owner)
            if known is not None:
                return known
        event = Event()
        event.event_original = line[:LINE_MAX]
        previous = self._previous
        self._stands_for_previous = False
        records = self._records
        record = records.take(line) if records.open or line[:1] in "_{[" or line[-1] in "]\r" else None
        try:
            if record is None:
                self._open(event, without_markup(clean(line)))
            else:
                self._of_record(event, record)
        except Exception as error:  # as above
            fail(event, error)
        if event.event_module in _IN_BLOCKS:
            self._blocks.carry(event, line)
        if event.event_action != "continuation":
            self._tail = ""
            if not self._stands_for_previous:
                if previous is not None and previous.host_hostname != event.host_hostname:
                    self._others.keep(previous, previous.host_hostname)
                self._previous = event
        return event

    def _own(self, line: str, owner: Format) -> Event | None:
        """Read a line of a server's own file the short way; None where it could be anything else."""
        seconds = SECONDS.get(line[14:20])
        words = line[20:].split(" ", 2)
        if seconds is None or len(words) < 3 or is_ragged(line) or not line.isprintable():
            return None
        first, second, _ = words
        if first in _NO_FIRST_WORD or first[0] in "[<-+{" or ":" in first or ("." in first and "=" not in first):
            return None
        if second[:1] != "[" and (second[-1:] == "]" or ":" in second or ("." in second and "@" not in second)):
            return None
        if self._previous is not None and self._previous.host_hostname is not None:
            return None
        event = Event()
        event.event_original = line
        event.timestamp_us = self._clock.own_us + seconds
        event.mailwarden_time_quality = self._clock.own_quality
        event.process_name = event.service_name = owner.name
        if self._speaker.claims.spans_lines(owner):
            event.event_id = record_id(line)
        try:
            owner.read(event, line[20:])
        except Exception as error:  # as in read_lines
            fail(event, error)
        self._tail = ""
        self._previous = event
        return event

    def _open(self, event: Event, text: str, time: Stamp | None = None, layers: int = _LAYERS) -> None:
        """Take off one wrapper after the other; the outermost time wins, it has year and zone."""
        prefixed = False
        for left in reversed(range(layers)):
            text = without_colours(text)
            wrapped = self._wrapped(text, bare=left == _LAYERS - 1)
            if wrapped is not None:
                time = time or self._time_of(wrapped)
                set_header(event, wrapped)
                if wrapped.tag is not None and not stamped(wrapped.text):
                    self._set_time(event, time)
                    if not wrapped.row:
                        event.event_original = headed_line(event, wrapped)[:LINE_MAX]
                    within = self._speaker.message(event, wrapped.tag, wrapped.pid, wrapped.text)
                    self._open_within(event, within, time, left)
                    return
                joined = self._pieces.join(event, wrapped)
                if joined is None:
                    self._set_time(event, time)
                    return
                text, event.event_original = joined, (joined or event.event_original)[:LINE_MAX]
                continue
            if text[:1] == "{":
                break
            if text[:1] == "<" or text[:1].isdigit():
                text = take_priority(event, text)
                version = _VERSION_1.match(text)
                if version:
                    self._rfc5424(event, text[version.end() :], time, left)
                    return
            stamp = self._clock.stamp(text)
            if stamp is None:
                if time is None and self._goes_on(
                    event, text, bare=left == _LAYERS - 1 or (prefixed and text[:1] not in "\t ")
                ):
                    return
                behind = self._without_prefix(event, text)
                if behind is text:
                    break
                text, prefixed = behind, True
                continue
            rest = text[stamp.end :]
            time = time or stamp
            piece = kubernetes(rest)
            if piece is not None:
                joined = self._pieces.join(event, piece)
                if joined is None:
                    self._set_time(event, time)
                    return
                text = joined
                continue
            if rest[:1] == "\t":
                rest = rest.replace("\t", " ", 4)
            rest = take_worded_priority(event, rest.lstrip(" "))
            inner = relayed(rest)
            if inner is not None:
                event.host_hostname, text = inner[0] or event.host_hostname, inner[1]
                continue
            if text[10:11] == "T" and _WITHOUT_VERSION.match(rest):
                self._rfc5424(event, f"- {rest}", time, left)
                return
            self._set_time(event, time)
            todo = self._speaker.headed(event, rest, own=text[10:11] == " " and text[4:5] == "-")
            if isinstance(todo, Repetition):
                self._repeat(event, todo)
            else:
                self._open_within(event, todo, time, left)
            return
        self._unheaded(event, text, time, left)

    def _of_record(self, event: Event, record: str) -> None:
        """Read a record of several lines with the line that makes it whole; what else it holds goes on with it."""
        first = self._records.first = self._records.first or record_id(event.event_original)
        if self._records.is_raw:
            self._clock.forget()  # so that every line comes this way
        if record:
            self._records.first = ""
            self._open(event, record)
            event.event_id = event.event_id or first
        else:
            self._set_time(event, None)
            event.event_action, event.event_id = "continuation", first

    def _wrapped(self, text: str, *, bare: bool) -> Wrapped | None:
        """Read an object or, where nothing was taken off the line yet, names with values, or columns."""
        if text[:1] == "{":
            return unwrap_json(text)
        if text[:4] == "<co ":
            return unwrap_element(text)
        if not bare:
            return None
        pairs = read_pairs(text)
        if pairs is not None:
            return pairs
        previous = self._previous
        may_go_on = previous is not None and previous.event_id and not self._columns.seen  # with that record, first
        return None if may_go_on else self._columns.read(text, self._clock.stamp)

    def _open_within(self, event: Event, text: str | None, time: Stamp | None, layers: int) -> None:
        """Read a line that stands in another's message; what is none of ours leaves that one as it was."""
        if text is None or not layers:
            return
        inner = Event()
        inner.event_original = event.event_original
        inner.host_hostname, inner.container_name = event.host_hostname, event.container_name
        self._open(inner, text, time or Stamp(event.timestamp_us, event.mailwarden_time_quality, 0), layers)
        sure = stamped(text) or names_no_program(event.process_name or "")
        if inner.event_kind == "event" or (sure and inner.process_name is not None):
            vars(event).clear()
            vars(event).update(vars(inner))

    def _without_prefix(self, event: Event, text: str) -> str:
        """Take off what a tool put before the line, or a syslog daemon before the stamp."""
        peeled = peel(text)
        if peeled is None:
            return take_leading_priority(event, text)
        event.container_name = peeled.container or event.container_name
        return peeled.text

    def _set_time(self, event: Event, time: Stamp | None) -> None:
        if time is not None:
            event.timestamp_us, event.mailwarden_time_quality = time.us, time.quality
            return
        event.timestamp_us = self._previous.timestamp_us if self._previous is not None else 0
        event.mailwarden_time_quality = "arrival"

    def _time_of(self, wrapped: Wrapped) -> Stamp | None:
        if wrapped.time_us is not None:
            return Stamp(wrapped.time_us, None, 0)
        return self._clock.stamp(wrapped.time + " ") if wrapped.time else None

    def _rfc5424(self, event: Event, text: str, time: Stamp | None, layers: int) -> None:
        fields = text.split(" ", 5)
        stamp, host, app, pid, _, rest = fields + ["-"] * (6 - len(fields))
        self._set_time(event, time or (None if stamp == "-" else self._clock.iso(stamp)))
        event.host_hostname = None if host == "-" else host
        text = after_structured_data(rest).removeprefix("\ufeff").removeprefix(" ")
        within = self._speaker.message(
            event, "" if app == "-" else app, int(pid) if is_pid(pid) else None, text.lstrip(" ")
        )
        self._open_within(event, within, time, layers)

    def _goes_on(self, event: Event, text: str, *, bare: bool) -> bool:
        """Make a line without a stamp more of the record before it, where it may be.

        Args:
            event: The line's.
            text: The line.
            bare: Nothing but a prefix was taken off it yet. Where a tool put some before every line, they come off first; but a
                record's own lines are indented, and what stands there a client may have written.
        """
        previous, owner = self._previous, self._speaker.owner
        if previous is None or not previous.event_id or owner is None:
            return False
        if bare and peel(text) is not None and peel(without_markup(clean(previous.event_original))) is not None:
            return False
        if not self._speaker.claims.continues(owner, text, self._tail or previous.event_original):
            return False
        event.event_action, event.event_id = "continuation", previous.event_id
        event.timestamp_us = previous.timestamp_us
        event.mailwarden_time_quality = previous.mailwarden_time_quality
        self._tail = text
        return True

    def _unheaded(self, event: Event, text: str, time: Stamp | None, layers: int) -> None:
        """Read a line without a stamp: a note of the journal, a bare message, or nothing of ours."""
        self._set_time(event, time)
        if not text or _JOURNAL_NOTE.match(text):
            event.event_kind = "ignored"
            return
        speaker = self._speaker
        owner, speaker.owner = speaker.owner, None  # what has no stamp tells nothing about the file
        within = speaker.untagged(event, text, own=False)
        speaker.owner = owner
        self._open_within(event, within, time, layers)

    def _repeat(self, event: Event, repetition: Repetition) -> None:
        """Make the event a copy of its predecessor on that host, as often as it was repeated."""
        base = self._previous
        if base is not None and event.host_hostname is not None and base.host_hostname != event.host_hostname:
            base = self._others.last(event.host_hostname)
        if base is None or repetition.beginning not in base.event_original:
            event.event_kind = "ignored"
            return
        reader = Reader(year=2000)  # the time is that of the repetition
        reader._speaker.owner = self._speaker.owner
        copy = vars(reader.read(base.event_original))
        for name in OWN_FIELDS:
            copy.pop(name, None)
        vars(event).update(copy)
        event.event_count *= repetition.times
        self._stands_for_previous = True
