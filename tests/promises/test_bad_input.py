"""Whatever is given to `scan`, it says what it is and what to do, reads the rest, and its memory stays within bounds."""

import gzip
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from logs import lines_of

from mailwarden.pipeline.cli.root import root

NAME = "account_compromise.mail.log"
MOST_BYTES = 200 << 20


class Answer(NamedTuple):
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def incidents(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


Scan = Callable[..., Answer]


@pytest.fixture
def scan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Scan:
    """Call `scan` as a person would, in a directory and with a cache of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")

    def call(*arguments: str) -> Answer:
        with pytest.raises(SystemExit) as left:
            root.main(["scan", "--timezone", "UTC", "--year", "2026", *arguments], prog_name="mailwarden")
        said = capsysbinary.readouterr()
        return Answer(int(left.value.code or 0), said.out.decode(), said.err.decode())

    return call


def good() -> bytes:
    return b"".join(lines_of(NAME))


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("empty.log", b"", "is empty"),
        (
            "access.log",
            b'192.0.2.1 - - [10/Oct/2025:13:55:36 +0000] "GET / HTTP/1.1" 200 2 "-" "c"\n' * 9,
            "web server",
        ),
        ("binary.log", random.Random(1).randbytes(50_000), "binary"),
        ("broken.log.gz", gzip.compress(b"x")[:10], "broken"),
        ("missing.log", None, "does not exist"),
    ],
)
def test_what_is_no_mail_log_is_named_and_the_rest_is_read(
    name: str, data: bytes | None, says: str, tmp_path: Path, scan: Scan
) -> None:
    """Alone it ends with 2 and says what it looks like; beside a good log, that is read and the end is 3."""
    if data is not None:
        (tmp_path / name).write_bytes(data)
    (tmp_path / "mail.log").write_bytes(good())

    alone, beside = scan(name), scan("--json", "mail.log", name)

    assert (alone.code, beside.code) == (2, 3)
    for answer in (alone, beside):
        assert answer.err.startswith(f"{name}: ")
        assert says in answer.err
        assert "Traceback" not in answer.err
    assert beside.incidents == scan("--json", "mail.log").incidents


@pytest.mark.parametrize(
    "data",
    [
        b"hello\nworld\n",
        b"Mar 20 02:30:00 mx sshd[1]: Accepted publickey for root\nMar 20 02:30:01 mx CRON[2]: (root) CMD (x)\n",
        b"\0" * 1000,
    ],
)
def test_a_log_without_a_known_line_is_not_called_calm(data: bytes, tmp_path: Path, scan: Scan) -> None:
    """Alone it ends with 2; beside a good log it is named, and changes neither the incidents nor the end."""
    (tmp_path / "notes.log").write_bytes(data)
    (tmp_path / "mail.log").write_bytes(good())

    alone, beside = scan("notes.log"), scan("--json", "mail.log", "notes.log")

    assert (alone.code, beside.code) == (2, 0)
    assert alone.err.startswith("notes.log: not one line of a mail server")
    assert "Nothing wrong" not in alone.out
    assert beside.err.startswith(alone.err)
    assert beside.incidents == scan("--json", "mail.log").incidents


@pytest.mark.parametrize("day", [b"Mar 23", b"Jun 30", b"Sep 20"])
def test_a_line_of_another_day_is_told_and_moves_nothing(day: bytes, tmp_path: Path, scan: Scan) -> None:
    """A stamp without year that lies days or months ahead puts neither itself nor the next lines into another time."""
    lines = lines_of(NAME)
    (tmp_path / "mail.log").write_bytes(b"".join(lines))
    expected = scan("--json", "mail.log")
    (tmp_path / "mail.log").write_bytes(
        b"".join([*lines[:600], day + b" 02:35:00 mx postfix/smtpd[1]: connect from a[192.0.2.1]\n", *lines[600:]])
    )

    actual = scan("--json", "mail.log")

    assert "1 line bears a time more than a day ahead" in actual.err
    assert list(map(without_offsets, actual.incidents)) == list(map(without_offsets, expected.incidents))


def test_a_log_of_the_future_is_told(tmp_path: Path, scan: Scan) -> None:
    """A whole log that is still to come is read, and its clock doubted."""
    (tmp_path / "mail.log").write_bytes(b"2099-01-01T00:00:00+00:00 mx postfix/smtpd[1]: connect from a[192.0.2.1]\n")

    answer = scan("mail.log")

    assert answer.code == 0
    assert answer.err.startswith("The newest line is of 1 Jan 00:00:00 UTC (2099), which is still to come")
    assert "1 Jan 00:00–00:00 UTC (2099)" in answer.out


def test_a_path_that_cannot_even_be_looked_at_is_told(tmp_path: Path, scan: Scan) -> None:
    """Where the system refuses to say what stands at a path, the message names it, and the rest is read."""
    (tmp_path / "mail.log").write_bytes(good())

    answer = scan("--json", "mail.log", "x" * 5000)

    assert answer.code == 3
    assert answer.err.startswith("x" * 5000 + ": cannot be read")
    assert answer.incidents


def test_a_file_that_breaks_off_with_an_error_is_told(scan: Scan) -> None:
    """A disk that fails is named with the file; the command goes on."""
    answer = scan("/proc/self/mem")

    assert answer.code == 2
    assert answer.err.startswith('/proc/self/mem: cannot be read further: "Input/output error"')


def test_without_a_place_to_keep_it_the_result_is_shown(
    tmp_path: Path, scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user without a home gets the answer all the same, and is told that nobody keeps it."""
    (tmp_path / "file").write_text("")
    (tmp_path / "mail.log").write_bytes(good())
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))

    answer = scan("--json", "mail.log")

    assert answer.code == 0
    assert answer.incidents
    assert "mailwarden show will not know it" in answer.err


@pytest.mark.parametrize(
    ("command", "code", "says"),
    [
        ("scan mail.log > /dev/full", 3, "standard output: No space left on device"),
        ("parse mail.log > /dev/full", 3, "standard output: No space left on device"),
        ("scan mail.log >&-", 0, ""),
        ("scan mail.log 2>&-", 0, ""),
        ("parse <&-", 0, ""),
        ("parse mail.log | head -1", 0, ""),
    ],
)
def test_an_output_that_takes_nothing_is_named(command: str, code: int, says: str, tmp_path: Path) -> None:
    """A full disk, a closed output or a reader who has enough of it: one line at most, and no traceback."""
    (tmp_path / "mail.log").write_bytes(good())

    answer = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {sys.executable} -m mailwarden {command}"],
        cwd=tmp_path,
        env=os.environ | {"XDG_CACHE_HOME": str(tmp_path), "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (answer.returncode, answer.stderr[: len(says)]) == (code, says)
    assert "Traceback" not in answer.stderr


def test_a_directory_is_read(tmp_path: Path, scan: Scan) -> None:
    """The logs in a directory are read; one without any is told."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "none").mkdir()
    (tmp_path / "logs" / "mail.log").write_bytes(good())

    assert scan("logs").code == 0
    assert scan("none").code == 2


def test_a_gzip_that_is_cut_off_is_read_up_to_there(tmp_path: Path, scan: Scan) -> None:
    """What stands before the break is read and judged; that the rest is missing is told."""
    packed = gzip.compress(good())
    (tmp_path / "mail.log.gz").write_bytes(packed[: len(packed) * 3 // 4])

    answer = scan("--json", "mail.log.gz")

    assert answer.code == 3
    assert "the rest is lost" in answer.err
    assert answer.incidents


@pytest.mark.parametrize(
    "line",
    [
        b"Mar 20 02:35:00 mx postfix/smtpd[1]: nul \0\0 in it",
        b"Mar 20 02:35:00 mx postfix/smtpd[1]: \xff\xfe\xc3( is no UTF-8",
        b"Mar 20 02:35:00 mx postfix/smtpd[1]: warning: \xff[192.0.2.1]: SASL LOGIN authentication failed: \xfe",
        b"\xff" * 300,
        b"\0" * 300,
        b"",
        b"2027-09-09T09:09:09+00:00 mx postfix/smtpd[1]: connect from unknown[192.0.2.1]",
        b"2019-01-01T00:00:00+00:00 mx postfix/smtpd[1]: connect from unknown[192.0.2.1]",
        b"Mar 20 01:00:00 mx postfix/smtpd[1]: connect from unknown[192.0.2.1]",
        b"Feb 31 99:99:99 mx postfix/smtpd[1]: connect from unknown[192.0.2.1]",
    ],
)
def test_a_bad_line_changes_nothing_but_itself(line: bytes, tmp_path: Path, scan: Scan) -> None:
    """NUL, bytes that are no text, a stamp of the future, of long ago or of no day: the incidents stay what they are."""
    lines = lines_of(NAME)
    (tmp_path / "mail.log").write_bytes(b"".join(lines))
    expected = scan("--json", "mail.log")
    (tmp_path / "mail.log").write_bytes(b"".join([*lines[:600], line + b"\n", *lines[600:]]))

    actual = scan("--json", "mail.log")

    assert (expected.code, actual.code) == (0, 0)
    assert list(map(without_offsets, actual.incidents)) == list(map(without_offsets, expected.incidents))


def without_offsets(incident: dict[str, Any]) -> dict[str, Any]:
    return incident | {"evidence": [one["line"] for one in incident["evidence"]]}


def test_a_line_of_ten_megabytes_is_bounded(tmp_path: Path) -> None:
    """It is one line that nobody understands; the memory for it is bounded, and the incidents are found."""
    long = b"Mar 20 02:41:04 mx postfix/smtpd[1]: " + b"x" * (10 << 20) + b"\n"
    (tmp_path / "mail.log").write_bytes(
        good() + long + b"Mar 20 02:41:05 mx postfix/smtpd[1]: connect from a[192.0.2.1]\n"
    )
    program = (
        "import re, sys; from mailwarden.pipeline.cli.root import root\n"
        "try: root.main(sys.argv[1:], prog_name='mailwarden')\n"
        # not ru_maxrss: a process inherits that of the one it was started from
        "finally: sys.stderr.write(re.search('VmHWM:.*?([0-9]+) kB', open('/proc/self/status').read())[1])\n"
    )

    answer = subprocess.run(
        [sys.executable, "-c", program, "scan", "--json", "--year", "2026", "--timezone", "UTC", "mail.log"],
        cwd=tmp_path,
        env=os.environ | {"XDG_CACHE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert len(answer.stdout.splitlines()) >= 1
    assert int(answer.stderr) * 1024 < MOST_BYTES
