"""Lines of all sources come into one order, each once, wherever batches end and whenever the service stops."""

import json
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailwarden.parsers.event import Event
from mailwarden.pipeline.admission import admission as module
from mailwarden.pipeline.admission.admission import Admission
from mailwarden.pipeline.admission.batch import Batch
from mailwarden.pipeline.sources.files import FileSource
from mailwarden.pipeline.sources.source import Source

START = datetime(2026, 3, 3, 4, 0, 0, tzinfo=UTC)
START_US = int(START.timestamp()) * 1_000_000
NOW_US = START_US + 10 * 86_400_000_000


def clock() -> int:
    return NOW_US


def line(seconds: float, text: str, program: str = "postfix/smtpd", pid: int = 7) -> str:
    stamp = (START + timedelta(seconds=seconds)).isoformat(timespec="microseconds")
    return f"{stamp} mx1 {program}[{pid}]: {text}"


def write(path: Path, lines: list[str]) -> Path:
    path.write_text("".join(f"{one}\n" for one in lines), encoding="utf-8", errors="surrogateescape")
    return path


def open_files(*paths: Path) -> list[Source]:
    return [FileSource(path, rank, only=[path]) for rank, path in enumerate(paths)]


def admitted(*paths: Path, positions: dict[str, Any] | None = None) -> list[Event]:
    admission = Admission(open_files(*paths), follow=False, clock=clock, zone=UTC, positions=positions)
    return [event for batch in admission.batches() for event in batch.events]


def facts(events: list[Event]) -> list[tuple[str, int, int, int]]:
    return [(event.event_original, event.stream_us, event.source_rank, event.log_offset) for event in events]


@contextmanager
def small(lines: int, size: int) -> Iterator[None]:
    """Make batches and blocks small, so that few lines show what many would."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_BATCH_LINES", lines)
        patch.setattr(module, "BLOCK_BYTES", size)
        yield


# one source


def test_a_single_source_passes_through_with_its_offsets(tmp_path: Path) -> None:
    """Offsets count bytes, not characters; lines end at LF alone."""
    lines = [line(0, "a"), line(1, "größe\u2028x\x0by\x85"), line(2, "\udcff bytes"), line(3, "b")]
    path = write(tmp_path / "mail.log", lines)

    events = admitted(path)

    assert [event.event_original for event in events] == lines
    data = path.read_bytes()
    for event in events:
        whole = event.event_original.encode("utf-8", "surrogateescape")
        assert data[event.log_offset :].startswith(whole + b"\n")
    assert [event.stream_us - START_US for event in events] == [0, 1_000_000, 2_000_000, 3_000_000]


def test_an_earlier_stamp_keeps_its_time_and_gets_the_stream_time_before_it(tmp_path: Path) -> None:
    """Exim's log steps back a second many times an hour."""
    events = admitted(write(tmp_path / "mail.log", [line(5, "a"), line(4, "b"), line(6, "c")]))

    assert [event.timestamp_us - START_US for event in events] == [5_000_000, 4_000_000, 6_000_000]
    assert [event.stream_us - START_US for event in events] == [5_000_000, 5_000_000, 6_000_000]


@pytest.mark.parametrize("place", [0, 1, 20, 39])
@pytest.mark.parametrize("size", [100, 1 << 17])
def test_one_wrong_stamp_moves_nothing(tmp_path: Path, place: int, size: int) -> None:
    """A line from 2036 must not expire every window, wherever blocks end."""
    lines = [line(second, "x") for second in range(40)]
    lines[place] = lines[place].replace("2026-", "2036-", 1)
    path = write(tmp_path / "mail.log", lines)

    with small(50_000, size):
        events = admitted(path)

    assert [event.event_original for event in events] == lines
    assert max(event.stream_us for event in events) <= START_US + 39_000_000
    assert [event.stream_us for event in events] == sorted(event.stream_us for event in events)
    assert events[place].timestamp_us > NOW_US


@pytest.mark.parametrize("after", [0, 1, 30])
def test_a_silence_of_days_is_believed_when_the_next_lines_confirm_it(tmp_path: Path, after: int) -> None:
    """A quiet server writes nothing over a holiday; a last line is believed when the clock has passed it."""
    gap = 5 * 86_400
    lines = [line(0, "a")] + [line(gap + second, "b") for second in range(1 + after)]

    events = admitted(write(tmp_path / "mail.log", lines))

    assert [event.stream_us for event in events] == [event.timestamp_us for event in events]


def test_a_jump_of_the_clock_over_a_block_is_judged_by_the_lines_behind_it(tmp_path: Path) -> None:
    """Where a block ends never changes what is admitted."""
    lines = [line(s, "a") for s in range(30)]
    lines[7] = lines[7].replace("2026-", "2031-", 1)
    path = write(tmp_path / "mail.log", lines)
    whole = facts(admitted(path))

    for size in (60, 100, 200, 500):
        with small(3, size):
            assert facts(admitted(path)) == whole


def test_the_year_stated_is_that_of_the_last_line(tmp_path: Path) -> None:
    """--year 2026 for a log that began in December 2025."""
    path = tmp_path / "mail.log"
    path.write_text("Dec 31 23:59:59 mx1 postfix/smtpd[1]: a\nJan  1 00:00:01 mx1 postfix/smtpd[1]: b\n")
    admission = Admission(open_files(path), follow=False, clock=clock, zone=UTC, year=2026)

    events = [event for batch in admission.batches() for event in batch.events]

    years = [datetime.fromtimestamp(event.timestamp_us / 1e6, UTC).year for event in events]
    assert years == [2025, 2026]


def test_the_name_of_a_rotated_file_tells_the_year(tmp_path: Path) -> None:
    """The file's own time is that of the copy, so the name is asked first."""
    path = tmp_path / "maillog-20240107"
    path.write_text("Dec 31 23:59:59 mx1 postfix/smtpd[1]: a\nJan  1 00:00:01 mx1 postfix/smtpd[1]: b\n")

    events = admitted(path)

    years = [datetime.fromtimestamp(event.timestamp_us / 1e6, UTC).year for event in events]
    assert years == [2023, 2024]


# several sources


def test_sources_are_merged_by_time_then_rank_then_offset(tmp_path: Path) -> None:
    """The order is that of a sort by (stream time, rank, offset)."""
    first = write(tmp_path / "a.log", [line(s, f"a{s}") for s in (0, 1, 1, 4, 4, 9)])
    second = write(tmp_path / "b.log", [line(s, f"b{s}") for s in (1, 3, 4, 5)])
    third = write(tmp_path / "c.log", [line(s, f"c{s}") for s in (0, 4, 20)])

    events = admitted(first, second, third)

    keys = [(event.stream_us, event.source_rank, event.log_offset) for event in events]
    assert len(keys) == 13
    assert keys == sorted(keys)


def test_a_copy_from_another_source_is_dropped_and_counted(tmp_path: Path) -> None:
    """Debian writes mail to mail.log and to syslog; repetitions within one log are real."""
    mail = [line(0, "a"), line(1, "same"), line(1, "same"), line(2, "c")]
    syslog = [line(0.5, "cron job", "cron"), *mail[:3], line(1.2, "same"), line(2, "d")]
    admission = Admission(
        open_files(write(tmp_path / "mail.log", mail), write(tmp_path / "syslog", syslog)),
        follow=False,
        clock=clock,
        zone=UTC,
    )

    events = [event for batch in admission.batches() for event in batch.events]

    texts = [event.event_original.rpartition(": ")[2] for event in events]
    assert sorted(texts) == ["a", "c", "cron job", "d", "same", "same", "same"]
    assert admission.statistics.copies == 3
    assert admission.statistics.lines == 7


def test_a_copy_may_come_through_the_journal_or_with_another_header(tmp_path: Path) -> None:
    """What counts is host, program, process and text, not what the way of the line put before them."""
    text = "connect from unknown[203.0.113.7]"
    plain = ["Mar  3 04:00:05 mx1 postfix/smtpd[7]: " + text, "<22>Mar  3 04:00:09 mx1 postfix/smtpd[7]: " + text]
    journal = [
        json.dumps(
            {
                "__REALTIME_TIMESTAMP": str(START_US + 5_400_000),
                "_HOSTNAME": "mx1",
                "SYSLOG_IDENTIFIER": "postfix/smtpd",
                "_PID": "7",
                "MESSAGE": message,
            }
        )
        for message in (text, [ord(letter) for letter in text])
    ]
    paths = write(tmp_path / "mail.log", plain), write(tmp_path / "journal.json", journal)
    admission = Admission(open_files(*paths), follow=False, clock=clock, zone=UTC, year=2026)

    events = [event for batch in admission.batches() for event in batch.events]

    # The second journal entry is a second line within the two seconds: mail.log had but one there.
    assert len(events) == 3
    assert admission.statistics.copies == 1


def test_text_beyond_two_seconds_is_no_copy(tmp_path: Path) -> None:
    """The same words an hour later are another event."""
    first = write(tmp_path / "a.log", [line(0, "x")])
    second = write(tmp_path / "b.log", [line(3, "x")])

    assert len(admitted(first, second)) == 2


# stopping and going on


def restarted(paths: list[Path], stop_after: list[int]) -> list[Event]:
    """Stop after so many batches, again and again, each time going on from what that batch held."""
    events: list[Event] = []
    positions: dict[str, Any] | None = None
    for count in [*stop_after, -1]:
        admission = Admission(open_files(*paths), follow=False, clock=clock, zone=UTC, positions=positions)
        for number, batch in enumerate(admission.batches(), 1):
            if batch.events:
                events += batch.events
                positions = json.loads(json.dumps(batch.positions))
            if number == count:
                break
        admission.close()
    return events


_TEXTS = st.sampled_from(["a", "bb", "größe", "x" * 40])
_LINES = st.lists(st.tuples(st.integers(0, 4), _TEXTS), max_size=40)


@settings(max_examples=120, deadline=None)
@given(
    logs=st.lists(_LINES, min_size=1, max_size=3),
    common=_LINES,
    stops=st.lists(st.integers(1, 4), max_size=5),
    batch=st.integers(1, 30),
    size=st.sampled_from([64, 200, 1000, 1 << 17]),
    wrong=st.integers(0, 60),
)
def test_batches_and_restarts_change_nothing(
    logs: list[list[tuple[int, str]]],
    common: list[tuple[int, str]],
    stops: list[int],
    batch: int,
    size: int,
    wrong: int,
) -> None:
    """The same events in the same order with the same times, however often the service stops."""
    with tempfile.TemporaryDirectory() as directory:
        paths = []
        for number, steps in enumerate(logs):
            seconds, lines = 0, []
            for step, text in sorted([*steps, *common], key=lambda pair: pair[1]):
                seconds += step
                lines.append(line(seconds - (seconds % 3 == 2), text))
            if wrong < len(lines):
                lines[wrong] = lines[wrong].replace("2026-", "2033-", 1)
            paths.append(write(Path(directory) / f"{number}.log", lines))
        whole = facts(admitted(*paths))

        with small(batch, size):
            parts = facts(restarted(paths, stops))

        assert parts == whole


# following


class Follower:
    """Runs an admission in a thread and lets a test wait for what it gives."""

    def __init__(self, sources: list[Source], now: Callable[[], int], **settings: Any) -> None:
        self.admission = Admission(sources, follow=True, clock=now, zone=UTC, **settings)
        self.batches: list[Batch] = []
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        for batch in self.admission.batches():
            with self._changed:
                self.batches.append(batch)
                self._changed.notify_all()

    def events(self) -> list[Event]:
        return [event for batch in self.batches for event in batch.events]

    def wait(self, condition: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, timeout=20), [len(b.events) for b in self.batches]

    def __enter__(self) -> "Follower":
        return self

    def __exit__(self, *_: object) -> None:
        self.admission.stop()
        self._thread.join(timeout=20)
        assert not self._thread.is_alive()


def append(path: Path, lines: list[str]) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.writelines(f"{one}\n" for one in lines)


def test_following_gives_lines_as_they_are_written_and_ends_when_stopped(tmp_path: Path) -> None:
    """A live batch says that it is live and where each source stands."""
    path = write(tmp_path / "mail.log", [line(0, "a")])

    with Follower([FileSource(path, follow=True)], lambda: START_US + 1_000_000) as follower:
        follower.wait(lambda: len(follower.events()) == 1)
        append(path, [line(1, "b"), line(1, "c")])
        follower.wait(lambda: len(follower.events()) == 3)

    last = [batch for batch in follower.batches if batch.events][-1]
    assert last.live
    assert last.clock_us == 0
    assert set(last.positions) == {str(path)}


def test_sources_that_come_later_are_read(tmp_path: Path) -> None:
    """A directory of logs gets a new one."""
    from mailwarden.pipeline.sources.opening import open_sources

    write(tmp_path / "mail.log", [line(0, "a")])
    write(tmp_path / "dpkg.log", ["2026-03-03 04:00:00 status installed x:amd64 1"])
    with Follower(open_sources([str(tmp_path)], follow=True), lambda: START_US + 1_000_000) as follower:
        follower.wait(lambda: len(follower.events()) == 1)
        write(tmp_path / "other.log", [line(1, "b")])
        follower.wait(lambda: len(follower.events()) == 2)

        assert [follower.admission.file_of(event.source_rank) for event in follower.events()] == [
            str(tmp_path / "mail.log"),
            str(tmp_path / "other.log"),
        ]


def test_the_clock_makes_minutes_while_live_sources_are_silent(tmp_path: Path) -> None:
    """Windows must close and silence must be noticed although no line comes."""
    path = write(tmp_path / "mail.log", [line(10, "a")])
    now = START_US + 20_000_000

    with Follower([FileSource(path, follow=True)], lambda: now) as follower:
        follower.wait(lambda: len(follower.events()) == 1)
        now = START_US + 62_500_000
        follower.wait(lambda: any(batch.clock_us for batch in follower.batches))
        now = START_US + 245_000_000
        follower.wait(lambda: follower.batches[-1].clock_us == START_US + 240_000_000)
        append(path, [line(246, "b"), line(239, "late")])
        follower.wait(lambda: len(follower.events()) == 3)

    ticks = [batch.clock_us - START_US for batch in follower.batches if not batch.events]
    assert ticks == [60_000_000, 240_000_000]
    assert [event.stream_us - START_US for event in follower.events()] == [10_000_000, 246_000_000, 246_000_000]


def test_an_old_log_makes_no_minutes(tmp_path: Path) -> None:
    """A source that is not live says nothing about now: the clock has no part in reading old logs."""
    path = write(tmp_path / "mail.log", [line(10, "a")])

    with Follower([FileSource(path, follow=True)], clock) as follower:
        follower.wait(lambda: len(follower.events()) == 1)
        append(path, [line(11, "b")])
        follower.wait(lambda: len(follower.events()) == 2)

    assert all(batch.events for batch in follower.batches)


def test_a_silent_sibling_does_not_hold_lines_for_long(tmp_path: Path) -> None:
    """Live, a line waits for those of other sources, but only `hold`."""
    first, second = write(tmp_path / "a.log", [line(0, "a")]), write(tmp_path / "b.log", [line(0, "b")])
    sources: list[Source] = [FileSource(first, 0, follow=True), FileSource(second, 1, follow=True)]

    with Follower(sources, lambda: START_US + 5_000_000) as follower:
        follower.wait(lambda: len(follower.events()) == 2)
        append(second, [line(1, "c")])
        follower.wait(lambda: len(follower.events()) == 3)
        append(first, [line(0.5, "late")])
        follower.wait(lambda: len(follower.events()) == 4)

    assert [batch.late for batch in follower.batches if batch.late] == [{first.as_posix(): 1}]
    stream = [event.stream_us for event in follower.events()]
    assert stream == sorted(stream)


def test_old_logs_of_every_length_are_followed_in_order(tmp_path: Path) -> None:
    """The first start merges what stands there by time: a long log is read on before a shorter one overtakes it."""
    short = write(tmp_path / "a.log", [line(0, "short")])
    long = write(tmp_path / "b.log", [line(1 + n / 10, f"long {n}") for n in range(100)])
    later = write(tmp_path / "c.log", [line(3600 + n, f"later {n}") for n in range(20)])
    sources: list[Source] = [FileSource(path, n, follow=True) for n, path in enumerate((short, long, later))]

    with small(1000, 200), Follower(sources, clock) as follower:
        follower.wait(lambda: len(follower.events()) == 121)

    assert not any(batch.late for batch in follower.batches)
    stream = [event.stream_us for event in follower.events()]
    assert stream == [event.timestamp_us for event in follower.events()] == sorted(stream)


def test_a_host_whose_clock_is_days_ahead_is_believed_in_the_end(tmp_path: Path) -> None:
    """Live, each line comes alone, so that none confirms another; after ten of them the clock is what it is."""
    path = write(tmp_path / "mail.log", [line(0, "a")])
    ahead = 3 * 86_400

    with Follower([FileSource(path, follow=True)], lambda: START_US + 5_000_000) as follower:
        follower.wait(lambda: len(follower.events()) == 1)
        for number in range(12):
            append(path, [line(ahead + number, "b")])
            follower.wait(lambda: len(follower.events()) == number + 2)  # noqa: B023 - waited for here

    stream = [event.stream_us - START_US for event in follower.events()]
    assert stream[1:11] == [0] * 10
    assert stream[11:] == [(ahead + 10) * 1_000_000, (ahead + 11) * 1_000_000]


@pytest.mark.parametrize("turns", [1, 4])
def test_rotation_while_following_loses_nothing(tmp_path: Path, turns: int) -> None:
    """The whole way, with watches: rename, create, go on."""
    path = write(tmp_path / "mail.log", [line(0, "0")])

    with Follower([FileSource(path, follow=True)], lambda: START_US + 5_000_000) as follower:
        follower.wait(lambda: len(follower.events()) == 1)
        for turn in range(1, turns + 1):
            path.rename(tmp_path / f"mail.log.{turns + 1 - turn}")
            write(path, [line(turn, str(turn))])
        follower.wait(lambda: len(follower.events()) == turns + 1)

    assert [event.event_original for event in follower.events()] == [line(t, str(t)) for t in range(turns + 1)]
