"""Every kind of rotation is followed without a gap and without a repetition."""

import bz2
import gzip
import json
import lzma
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import zstandard
from nobody import as_nobody

from mailwarden.pipeline.admission.batch import Chunk
from mailwarden.pipeline.sources.files import FileSource

PACKERS = {
    "gz": gzip.compress,
    "xz": lzma.compress,
    "bz2": bz2.compress,
    "zst": lambda data: zstandard.ZstdCompressor().compress(data),
}


def line(number: int, text: str = "") -> bytes:
    return f"2026-03-03T04:{number // 60 % 60:02}:{number % 60:02}+00:00 mx1 postfix/smtpd[{number}]: {text}\n".encode()


def lines(start: int, end: int) -> bytes:
    return b"".join(line(number) for number in range(start, end))


def chunks(source: FileSource, limit: int = 1 << 17) -> list[Chunk]:
    found = []
    while (chunk := source.read(limit)) is not None:
        found.append(chunk)
    return found


def text(source: FileSource, limit: int = 1 << 17) -> bytes:
    return b"".join(chunk.data for chunk in chunks(source, limit))


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def rename(path: Path) -> None:
    """Do what logrotate does with `create`: move all along by one."""
    for number in range(8, 0, -1):
        for end in ("", ".gz"):
            old = path.with_name(f"{path.name}.{number}{end}")
            if old.exists():
                old.rename(path.with_name(f"{path.name}.{number + 1}{end}"))
    path.rename(path.with_name(path.name + ".1"))


def pack(path: Path) -> None:
    """Compress as gzip does: the same times, another inode, the plain file gone last."""
    target = path.with_name(path.name + ".gz")
    target.write_bytes(gzip.compress(path.read_bytes()))
    times = path.stat()
    os.utime(target, ns=(times.st_atime_ns, times.st_mtime_ns))
    path.unlink()


def stored(source: FileSource) -> dict[str, Any]:
    position: dict[str, Any] = json.loads(json.dumps(source.position()))
    return position


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "mail.log"


def test_a_file_is_read_once_and_the_source_is_exhausted(log: Path) -> None:
    """A scan gives each byte once, in whole lines, with offsets since birth."""
    log.write_bytes(lines(0, 100))
    source = FileSource(log, only=[log])

    found = chunks(source, 300)

    assert b"".join(chunk.data for chunk in found) == lines(0, 100)
    assert all(chunk.data.endswith(b"\n") for chunk in found)
    assert [chunk.offset for chunk in found] == [sum(len(c.data) for c in found[:n]) for n in range(len(found))]
    assert len({chunk.birth for chunk in found}) == 1
    assert source.exhausted
    assert source.problems == []


def test_the_last_line_of_a_finished_file_needs_no_lf(log: Path) -> None:
    """A scan gives a last line without LF; following holds it back until it is whole."""
    log.write_bytes(lines(0, 2) + b"half")
    follower = FileSource(log, follow=True)

    assert text(FileSource(log, only=[log])) == lines(0, 2) + b"half"
    assert text(follower) == lines(0, 2)
    append(log, b" and half\n")
    assert text(follower) == b"half and half\n"
    follower.close()


@pytest.mark.parametrize("packer", PACKERS)
def test_rotated_files_are_read_from_the_oldest_on(log: Path, packer: str) -> None:
    """Numbered and compressed rotations come in the order in which they were written."""
    for number, start in ((10, 0), (9, 10), (2, 20)):
        log.with_name(f"mail.log.{number}.{packer}").write_bytes(PACKERS[packer](lines(start, start + 10)))
    log.with_name("mail.log.1").write_bytes(lines(30, 40))
    log.write_bytes(lines(40, 50))
    log.with_name("mail.logger").write_bytes(b"another\n")

    assert text(FileSource(log, rotations=True)) == lines(0, 50)


@pytest.mark.parametrize(
    "names",
    [
        ["maillog-20251230.gz", "maillog-20260101", "maillog"],
        ["maillog-2025-12-30", "maillog-2026-01-01.gz", "maillog"],
        ["maillog.02.gz", "maillog.01.gz", "maillog"],
        ["maillog.0.gz", "maillog"],
        ["mainlog-20260101", "mainlog-20260102", "mainlog-20260103"],
        ["mail-20260101.log.gz", "mail-20260102.log", "mail.log"],
        ["mail.2.log.gz", "mail.1.log", "mail.log"],
        ["mail.log-20260101-1767225600", "mail.log-20260102-1767312000.gz", "mail.log"],
    ],
)
def test_dated_and_numbered_names_sort_by_age(tmp_path: Path, names: list[str]) -> None:
    """dateext, exicyclog, newsyslog and Exim's %D name their files so that their order is known."""
    for place, name in enumerate(names):
        data = lines(place * 10, place * 10 + 10)
        (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    newest = tmp_path / names[-1].removesuffix("-20260103")

    assert text(FileSource(newest, rotations=True)) == lines(0, len(names) * 10)


def test_rename_and_create_is_followed(log: Path) -> None:
    """Lines that the writer still puts into the renamed file come before those of the new one."""
    log.write_bytes(lines(0, 5))
    source = FileSource(log, follow=True)
    assert text(source) == lines(0, 5)

    rename(log)
    log.touch()
    append(log.with_name("mail.log.1"), lines(5, 7))
    assert text(source) == lines(5, 7)
    append(log, lines(7, 9))
    assert text(source) == lines(7, 9)
    source.close()


def test_a_line_written_late_into_the_renamed_file_is_not_lost(log: Path) -> None:
    """A second writer may hold the old file for a moment after the first has begun the new one."""
    log.write_bytes(lines(0, 5))
    source = FileSource(log, follow=True)
    assert text(source) == lines(0, 5)
    rename(log)
    log.write_bytes(lines(5, 6))
    assert text(source) == lines(5, 6)

    append(log.with_name("mail.log.1"), lines(6, 7))

    late = chunks(source)
    assert [chunk.data for chunk in late] == [lines(6, 7)]
    assert late[0].offset == len(lines(0, 5))
    append(log, lines(7, 8))
    assert text(source) == lines(7, 8)
    source.close()


def test_copytruncate_is_followed(log: Path) -> None:
    """The inode stays, the content is new: a new birth, whose offsets begin at 0; what was left is read in the copy."""
    log.write_bytes(lines(0, 5))
    source = FileSource(log, follow=True)
    first = chunks(source)
    append(log, lines(5, 7))
    shutil.copy(log, log.with_name("mail.log.1"))
    os.truncate(log, 0)
    append(log, lines(100, 101))

    found = chunks(source)

    assert b"".join(chunk.data for chunk in found) == lines(5, 7) + lines(100, 101)
    assert found[0].birth == first[0].birth
    assert found[-1].birth != first[0].birth
    assert found[-1].offset == 0
    source.close()


def test_copytruncate_is_noticed_though_the_file_has_outgrown_its_old_size(log: Path) -> None:
    """Size alone does not tell: the bytes before the place of reading do."""
    log.write_bytes(lines(0, 5))
    source = FileSource(log, follow=True)
    assert text(source) == lines(0, 5)
    shutil.copy(log, log.with_name("mail.log.1"))
    os.truncate(log, 0)
    append(log, lines(100, 150))

    assert text(source) == lines(100, 150)
    source.close()


def test_truncation_without_a_copy_goes_on_with_the_new_content(log: Path) -> None:
    """Somebody emptied the log with `> mail.log`."""
    log.write_bytes(lines(0, 5) + b"half a l")
    source = FileSource(log, follow=True)
    assert text(source) == lines(0, 5)
    os.truncate(log, 0)
    append(log, lines(10, 12))

    assert text(source) == b"half a l" + lines(10, 12)
    source.close()


def test_a_hole_left_by_a_writer_that_keeps_its_place_does_not_hide_lines(log: Path) -> None:
    """After copytruncate a writer without O_APPEND goes on at its old offset, before which NUL stand."""
    log.write_bytes(b"\0" * 5000 + lines(0, 3))

    assert text(FileSource(log, follow=True)).lstrip(b" ") == lines(0, 3)


def test_delete_and_create_is_followed(log: Path) -> None:
    """The old file is gone, a new one stands under its name."""
    log.write_bytes(lines(0, 5))
    source = FileSource(log, follow=True)
    assert text(source) == lines(0, 5)
    log.unlink()
    assert text(source) == b""
    log.write_bytes(lines(5, 9))

    assert text(source) == lines(5, 9)
    source.close()


def test_a_link_that_is_moved_to_another_file_is_followed(tmp_path: Path) -> None:
    """Some servers write log.DATE and keep a link on the newest."""
    first, second, link = tmp_path / "a", tmp_path / "b", tmp_path / "current"
    first.write_bytes(lines(0, 5))
    link.symlink_to(first)
    source = FileSource(link, follow=True)
    assert text(source) == lines(0, 5)
    second.write_bytes(lines(5, 9))
    (tmp_path / "new").symlink_to(second)
    (tmp_path / "new").rename(link)

    assert text(source) == lines(5, 9)
    source.close()


def test_a_file_that_comes_later_is_read_from_its_beginning(tmp_path: Path) -> None:
    """A path need not exist when the service starts; that is told once."""
    log = tmp_path / "later" / "mail.log"
    source = FileSource(log, follow=True)
    assert text(source) == b""
    assert text(source) == b""
    log.parent.mkdir()
    log.write_bytes(lines(0, 3))

    assert text(source) == lines(0, 3)
    assert [problem.split(": ")[1][:20] for problem in source.problems] == ["is not there yet. It"]
    source.close()


def test_a_name_with_the_day_is_followed_over_midnight(tmp_path: Path) -> None:
    """Exim's %D: there is no file without a date, the newest is written to."""
    (tmp_path / "mainlog-20260302").write_bytes(lines(0, 3))
    source = FileSource(tmp_path / "mainlog", follow=True)
    assert text(source) == lines(0, 3)
    (tmp_path / "mainlog-20260303").write_bytes(lines(3, 5))

    assert text(source) == lines(3, 5)
    source.close()


@pytest.mark.parametrize("turns", [0, 1, 3])
def test_a_restart_finds_the_place_again_though_the_file_was_renamed_and_packed(log: Path, turns: int) -> None:
    """Identity is content: the file read half is found as mail.log.3.gz, and all that came after it is read."""
    log.write_bytes(lines(0, 10))
    before = FileSource(log, follow=True)
    begun = before.read(300)
    assert begun is not None
    position = stored(before)
    before.close()
    for turn in range(turns):
        rename(log)
        if turn:
            pack(log.with_name("mail.log.2"))
        log.write_bytes(lines(10 + turn * 10, 20 + turn * 10))

    after = FileSource(log, follow=True)
    after.restore(position)

    found = chunks(after)
    assert begun.data + b"".join(chunk.data for chunk in found) == lines(0, 10 + turns * 10)
    assert found[0].offset == len(begun.data)
    assert found[0].birth == begun.birth
    assert after.problems == []
    after.close()


def test_a_restart_after_copytruncate_reads_the_rest_in_the_copy(log: Path) -> None:
    """The inode that the position names holds other content now."""
    log.write_bytes(lines(0, 10))
    before = FileSource(log, follow=True)
    assert text(before) == lines(0, 10)
    position = stored(before)
    before.close()
    append(log, lines(10, 12))
    log.with_name("mail.log.1").write_bytes(log.read_bytes())
    pack(log.with_name("mail.log.1"))
    os.truncate(log, 0)
    append(log, lines(12, 15))

    after = FileSource(log, follow=True)
    after.restore(position)

    assert text(after) == lines(10, 15)
    after.close()


def test_a_restart_says_when_the_file_is_gone(log: Path) -> None:
    """Lines may be lost then, so a person is told; what came later is read."""
    log.write_bytes(lines(0, 10))
    before = FileSource(log, follow=True)
    assert text(before) == lines(0, 10)
    position = stored(before)
    before.close()
    log.unlink()
    log.write_bytes(lines(20, 25))

    after = FileSource(log, follow=True)
    after.restore(position)

    assert text(after) == lines(20, 25)
    assert "is gone" in after.problems[0]
    after.close()


def test_a_file_is_not_read_twice_while_it_is_being_compressed(log: Path) -> None:
    """For a moment mail.log.1 and mail.log.1.gz both stand there."""
    log.with_name("mail.log.1").write_bytes(lines(0, 10))
    log.with_name("mail.log.1.gz").write_bytes(gzip.compress(lines(0, 10))[:20])
    log.write_bytes(lines(10, 12))

    assert text(FileSource(log, rotations=True)) == lines(0, 12)


def test_a_broken_gzip_gives_what_can_be_read_and_is_told_once(log: Path) -> None:
    """A disk was full while the file was packed."""
    whole = lines(0, 20_000)
    log.with_name("mail.log.1.gz").write_bytes(gzip.compress(whole)[:-2000])
    log.write_bytes(lines(50_000, 50_001))
    source = FileSource(log, rotations=True)

    found = text(source)

    begun = found.removesuffix(lines(50_000, 50_001))
    assert whole.startswith(begun)
    assert len(begun) > len(whole) * 0.8
    assert len(source.problems) == 1
    assert "mail.log.1.gz: is broken" in source.problems[0]


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "is empty"),
        (b"\x7fELF" + bytes(range(256)) * 20, "binary"),
        ("Mär  3 04:05:06 mx1 x: y\n".encode("utf-16"), "UTF-16"),
        (
            b'192.0.2.1 - - [03/Mar/2026:04:05:06 +0100] "GET / HTTP/1.1" 200 5 "-" "curl"\n' * 3,
            "looks like a web server log",
        ),
    ],
)
def test_what_is_no_mail_log_is_told_and_not_read(log: Path, data: bytes, word: str) -> None:
    """Where, what, what it means, how to mend it: in one message."""
    log.write_bytes(data)
    source = FileSource(log, only=[log])

    assert text(source) == b""
    assert source.exhausted
    assert len(source.problems) == 1
    assert source.problems[0].startswith(f"{log}: ")
    assert word in source.problems[0]
    assert "Nothing was read" in source.problems[0]


def test_a_path_that_is_not_there_is_told(log: Path) -> None:
    """A scan of nothing says so."""
    source = FileSource(log, only=[log])

    assert text(source) == b""
    assert "does not exist" in source.problems[0]


def test_a_file_that_may_not_be_read_is_told(log: Path) -> None:
    """The message names the user and the group."""
    log.write_bytes(lines(0, 1))
    log.chmod(0)
    with as_nobody(log.parent):
        source = FileSource(log, only=[log])

        assert text(source) == b""

    assert "not readable by user" in source.problems[0]


def test_a_line_that_never_ends_is_cut(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded; what comes after the next LF is read as ever."""
    monkeypatch.setattr("mailwarden.pipeline.sources.birth.MAX_LINE_BYTES", 10_000)
    log.write_bytes(line(1) + b"x" * 50_000 + b"\n" + line(2))
    source = FileSource(log, only=[log])

    found = chunks(source, 1000)

    assert [len(part) for part in b"".join(c.data for c in found).split(b"\n")][1] < 20_000
    assert found[-1].data == line(2)
    assert found[-1].offset == len(line(1)) + 50_001
    assert "It was cut there" in source.problems[0]


def test_a_long_line_arrives_whole(log: Path) -> None:
    """Ten MB in one line are one line."""
    log.write_bytes(line(1) + b"x" * 10_000_000 + b"\n" + line(2))

    assert text(FileSource(log, only=[log])) == log.read_bytes()


def test_the_ends_of_what_is_scanned_are_known_where_stamps_lack_the_year(log: Path) -> None:
    """--year is the year of the last line of the newest file."""
    log.with_name("mail.log.1.gz").write_bytes(gzip.compress(b"Dec 30 01:02:03 mx1 a: b\nDec 31 01:02:03 mx1 a: c\n"))
    log.write_bytes(b"Jan  1 01:02:03 mx1 a: d\nJan  2 01:02:03 mx1 a: e\n")

    assert FileSource(log, rotations=True).ends() == ("Dec 30 01:02:03 mx1 a: b", "Jan  2 01:02:03 mx1 a: e")


@pytest.mark.parametrize("follow", [False, True])
def test_a_file_that_grew_after_a_scan_had_ended_is_read_on(log: Path, follow: bool) -> None:
    """What a scan left in its state is where the next one, or the service, goes on in the same file."""
    log.write_bytes(b"one\ntwo\n")
    scan = FileSource(log, only=[log])
    assert [chunk.data for chunk in iter(scan.read, None)] == [b"one\ntwo\n"]
    position = scan.position()
    if not follow:
        with log.open("ab") as file:
            file.write(b"three\n")

    again = FileSource(log, only=None if follow else [log], follow=follow)
    again.restore(position)
    if follow:
        assert again.read() is None
        with log.open("ab") as file:
            file.write(b"three\n")

    assert [(chunk.offset, chunk.data) for chunk in iter(again.read, None)] == [(8, b"three\n")]
    again.close()


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("restarted", [False, True])
def test_files_that_begin_with_the_same_lines_are_told_apart(log: Path, packed: bool, restarted: bool) -> None:
    """A log that was rotated after two lines, before a file that begins with the very same two, hides none of its lines."""
    twins = line(1, "connect") + line(2, "disconnect")
    append(log, twins)
    source = FileSource(log, follow=True)
    assert text(source) == twins
    position = stored(source)

    rename(log)
    if packed:
        pack(log.with_name("mail.log.1"))
    append(log, twins + lines(3, 30))
    if restarted:
        source.close()
        source = FileSource(log, follow=True)
        source.restore(position)
    found = chunks(source)

    assert b"".join(chunk.data for chunk in found) == twins + lines(3, 30)
    assert found[0].birth != ""
