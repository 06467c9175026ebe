"""An open file gives its lines with their place, and is found again by what it holds."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailwarden.pipeline.sources.birth import Birth
from mailwarden.pipeline.sources.identity import HEAD_BYTES, SEAM_BYTES
from mailwarden.pipeline.sources.source import MAX_LINE_BYTES

LONG = b"x" * (3 * MAX_LINE_BYTES + 5)
PIECE = 1 << 16


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Give a place for a log."""
    return tmp_path / "mail.log"


def read_all(birth: Birth) -> Iterator[tuple[int, bytes]]:
    """Give all pieces that are there."""
    while piece := birth.read(PIECE):
        yield piece


def test_behind_a_line_that_is_too_long_places_are_right(log: Path) -> None:
    """What of it is left out counts: the next line stands where the file has it."""
    log.write_bytes(b"before\n" + LONG + b"\nafter\n")
    birth = Birth(log)

    (first, cut, after) = read_all(birth)

    assert first == (0, b"before\n")
    assert (cut[0], cut[1][:3], cut[1][-2:]) == (7, b"xxx", b"x\n")
    assert MAX_LINE_BYTES <= len(cut[1]) < len(LONG)
    assert after == (7 + len(LONG) + 1, b"after\n")
    assert birth.offset == log.stat().st_size
    birth.close()


def test_a_line_that_is_too_long_ends_with_its_file(log: Path) -> None:
    """Though no LF ends it, nothing of it is given again."""
    log.write_bytes(LONG)
    birth = Birth(log)

    (cut,) = read_all(birth)

    assert cut[0] == 0
    assert birth.finish() is None
    assert birth.offset == len(LONG)
    birth.close()


@pytest.mark.parametrize("changed", ["head", "seam", "nothing"])
def test_a_file_is_gone_on_with_where_its_beginning_and_its_last_lines_are_the_same(log: Path, changed: str) -> None:
    """Either alone does not do: a log may begin like the one before it, and end like it."""
    lines = b"".join(b"%06d a line of a log\n" % number for number in range(500))
    log.write_bytes(lines)
    birth = Birth(log)
    list(read_all(birth))
    mark = birth.mark()
    birth.close()
    other = {
        "head": b"y" * 20 + lines[20:],
        "seam": lines[: -SEAM_BYTES // 2] + b"y" + lines[-SEAM_BYTES // 2 + 1 :],
        "nothing": lines,
    }
    log.write_bytes(other[changed] + b"more\n")

    again = Birth(log)

    assert again.resume(mark) is (changed == "nothing")
    if changed == "nothing":
        assert list(read_all(again)) == [(len(lines), b"more\n")]
    again.close()


def test_a_file_that_begins_small_is_known_by_all_of_its_beginning(log: Path) -> None:
    """What it begins with grows with it, up to what is looked at."""
    log.write_bytes(b"one\n")
    birth = Birth(log)
    list(read_all(birth))
    first = birth.mark()
    with log.open("ab") as file:
        file.write(b"two\n" * HEAD_BYTES)
    list(read_all(birth))

    assert (first.head_bytes, birth.mark().head_bytes) == (4, HEAD_BYTES)
    assert birth.head == log.read_bytes()[:HEAD_BYTES]
    birth.close()
