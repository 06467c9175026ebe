"""`mailwarden parse`: one object for every line."""

import bz2
import gzip
import json
import lzma
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import zstandard
from click.testing import CliRunner

from mailwarden.pipeline.cli.root import root

CONNECT = b"Nov 23 00:00:01 mx1 postfix/smtpd[7]: connect from unknown[192.0.2.1]"
PROGRAM = [sys.executable, "-m", "mailwarden"]
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "xz": lzma.compress,
    "bz2": bz2.compress,
    "zst": lambda data: zstandard.ZstdCompressor().compress(data),
}


def parse(*words: str | Path, data: bytes | None = None) -> list[dict[str, Any]]:
    """Run `parse` and read what it says."""
    result = CliRunner().invoke(root, ["parse", *map(str, words)], input=data)
    assert result.exit_code == 0, result.output
    assert result.stdout_bytes.isascii()
    return [json.loads(line) for line in result.stdout_bytes.split(b"\n")[:-1]]


def test_every_line_gives_one_object(tmp_path: Path) -> None:
    """Empty lines, a last line without LF and separators that are no LF are counted as what they are."""
    path = tmp_path / "mail.log"
    path.write_bytes(CONNECT + b"\n\n" + "a\u2028b\x85c\r\x0bd".encode() + b"\n\x00\n\xff\xfe\nlast")

    events = parse(path)

    assert len(events) == 6
    assert events[0]["source.ip"] == "192.0.2.1"
    assert all("event.kind" in event for event in events)


@pytest.mark.parametrize("kind", PACKERS)
def test_packed_files_are_opened(tmp_path: Path, kind: str) -> None:
    """Compression is told by the first bytes, whatever the name says."""
    path = tmp_path / "mail.log"
    path.write_bytes(PACKERS[kind](CONNECT + b"\n" + CONNECT))

    assert len(parse(path)) == 2


def test_a_broken_file_gives_what_can_be_read(tmp_path: Path) -> None:
    """What stands before the break is read, the break is told, and the exit code is 3 beside a good file."""
    good, broken = tmp_path / "good", tmp_path / "broken.gz"
    good.write_bytes(CONNECT + b"\n")
    broken.write_bytes(gzip.compress(os.urandom(50_000).hex().encode())[:30_000])

    result = CliRunner().invoke(root, ["parse", str(broken), str(good)])

    assert result.exit_code == 3
    assert f"{broken}: breaks off" in result.stderr
    assert result.stdout.count("\n") == 2


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    """A missing file and a directory are told; where nothing at all was read the exit code is 2."""
    result = CliRunner().invoke(root, ["parse", str(tmp_path / "none"), str(tmp_path)])

    assert result.exit_code == 2
    assert "none: is not there" in result.stderr
    assert "is a directory" in result.stderr


def test_an_empty_file_gives_nothing(tmp_path: Path) -> None:
    """No line, no object, no complaint."""
    (tmp_path / "empty").touch()

    assert parse(tmp_path / "empty") == []


def test_bytes_that_are_no_text_are_replaced() -> None:
    """JSON cannot say bytes that are no UTF-8: they become U+FFFD, never a lone surrogate."""
    line = (
        b"Nov 23 00:00:01 mx1 postfix/smtpd[7]: NOQUEUE: reject: RCPT from unknown[192.0.2.1]: 550 5.1.1 <j\xe9@x.test>"
    )

    result = CliRunner().invoke(root, ["parse"], input=line)

    assert b"\\udc" not in result.stdout_bytes


def test_a_long_line_is_one_line() -> None:
    """A line of 10 MB gives one object, and the next line is not touched by it."""
    events = parse(data=b"x" * 10_000_000 + b"\n" + CONNECT)

    assert len(events) == 2
    assert events[1]["source.ip"] == "192.0.2.1"


@pytest.mark.parametrize("before", [b"", b"/var/log/mail.log:", b"mail-1  | "])
def test_the_year_is_that_of_the_last_line(before: bytes, tmp_path: Path) -> None:
    """A file that begins before New Year begins in the year before, also where grep has passed it on."""
    path = tmp_path / "mail.log"
    path.write_bytes(b"\n".join(before + CONNECT.replace(b"Nov 23", day) for day in (b"Dec 31", b"Jan  1")))

    events = parse("--year", "2026", "--timezone", "UTC", path)

    assert [event["@timestamp"][:10] for event in events] == ["2025-12-31", "2026-01-01"]


def test_lines_come_as_they_are_written() -> None:
    """A growing log that is piped in gives each object at once."""
    with subprocess.Popen([*PROGRAM, "parse"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        assert program.stdin and program.stdout
        for _ in range(2):
            program.stdin.write(CONNECT + b"\n")
            program.stdin.flush()
            assert json.loads(program.stdout.readline())["source.ip"] == "192.0.2.1"
        program.stdin.close()


def test_a_reader_that_has_enough_is_no_fault(tmp_path: Path) -> None:
    """`parse | head` ends quietly and well."""
    path = tmp_path / "mail.log"
    path.write_bytes((CONNECT + b"\n") * 20_000)
    with subprocess.Popen([*PROGRAM, "parse", str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as program:
        assert program.stdout and program.stderr
        program.stdout.readline()
        program.stdout.close()
        said = program.stderr.read()

    assert program.returncode == 0
    assert said == b""


def test_a_pipe_loses_no_line(tmp_path: Path) -> None:
    """To look at what a shell hands over as `<(…)` would take from it: every line comes out."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = Thread(target=path.write_bytes, args=((CONNECT + b"\n") * 500,))
    writer.start()
    events = parse(path)
    writer.join()

    assert len(events) == 500
