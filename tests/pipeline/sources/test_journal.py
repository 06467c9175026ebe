"""The journal is read through journalctl, from the cursor where reading stopped."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mailwarden.pipeline.sources.journal import JournalSource

# Speaks journalctl's output format (systemd 252, `-o json`): one object a line, times and numbers as strings.
STAND_IN = """#!{python}
import json, sys, time
from pathlib import Path

store = Path({store!r})
options = dict(a.lstrip("-").partition("=")[::2] for a in sys.argv[1:])
names = [a.partition("=")[2] for a in sys.argv[1:] if a.startswith("--identifier=")]
(store / "calls").open("a").write(" ".join(sys.argv[1:]) + "\\n")
if (store / "words").exists():
    sys.stderr.write((store / "words").read_text())
if (store / "no-merge").exists() and "merge" in options:
    sys.exit("Using --boot or --list-boots with --merge is not supported.")
if (store / "fail").exists():
    sys.exit(1)
place = int(options.get("after-cursor", "s=1;i=0").rpartition("=")[2])
while True:
    entries = (store / "entries").read_text().splitlines()
    for number, text in enumerate(entries[place:], place + 1):
        name, _, message = text.partition(" ")
        if not names or name in names:
            entry = {{
                "__CURSOR": f"s=1;i={{number}}",
                "__REALTIME_TIMESTAMP": str(1772510706000000 + number),
                "_HOSTNAME": "mx1",
                "SYSLOG_IDENTIFIER": name,
                "_PID": "7",
                "MESSAGE": message,
            }}
            print(json.dumps(entry), flush=True)
    place = len(entries)
    if "follow" not in options:
        break
    time.sleep(0.02)
"""


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    program = tmp_path / "bin" / "journalctl"
    program.parent.mkdir()
    program.write_text(STAND_IN.format(python=sys.executable, store=str(tmp_path)))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    (tmp_path / "entries").write_text("".join(f"postfix/smtpd entry {n}\ncron job {n}\n" for n in range(3)))
    return tmp_path


def messages(source: JournalSource, enough: Callable[[list[str]], bool]) -> list[str]:
    """Read until it is enough or the source ends, for 20 seconds at most."""
    found: list[str] = []
    until = time.monotonic() + 20
    while not source.exhausted and not enough(found):
        assert time.monotonic() < until, found
        chunk = source.read()
        if chunk is None:
            time.sleep(0.005)  # a pipe of another process: there is nothing to wait on but its output
        else:
            assert chunk.data.endswith(b"\n")
            found += [json.loads(line)["MESSAGE"] for line in chunk.data.splitlines()]
    return found


def never(_: list[str]) -> bool:
    return False


def test_all_entries_are_read_once(store: Path) -> None:
    """A scan ends with journalctl."""
    source = JournalSource()

    assert messages(source, never) == ["entry 0", "job 0", "entry 1", "job 1", "entry 2", "job 2"]
    assert source.exhausted
    assert source.problems == []
    assert source.name == "journal:"


def test_only_the_programs_asked_for_are_read(store: Path) -> None:
    """A desktop's journal is large, mail is a small part of it."""
    source = JournalSource(("postfix/smtpd",), since="-30d")

    assert messages(source, never) == ["entry 0", "entry 1", "entry 2"]
    assert "--since=-30d" in (store / "calls").read_text()


def test_following_goes_on_and_a_restart_begins_behind_the_cursor(store: Path) -> None:
    """The cursor of the last entry is what is kept."""
    first = JournalSource(follow=True)
    assert len(messages(first, lambda found: len(found) >= 6)) == 6
    position = json.loads(json.dumps(first.position()))
    first.close()
    with (store / "entries").open("a") as file:
        file.write("postfix/qmgr entry 3\n")

    second = JournalSource(follow=True)
    second.restore(position)

    assert messages(second, lambda found: len(found) >= 1) == ["entry 3"]
    with (store / "entries").open("a") as file:
        file.write("postfix/qmgr entry 4\n")
    assert messages(second, lambda found: len(found) >= 1) == ["entry 4"]
    second.close()


def test_a_journalctl_that_does_not_merge_while_it_follows_is_asked_otherwise(store: Path) -> None:
    """systemd 251 to 253, as first released; nobody is told of it."""
    (store / "no-merge").touch()
    source = JournalSource(follow=True)

    assert len(messages(source, lambda found: len(found) >= 6)) == 6
    source.close()

    assert source.problems == []
    assert "--boot=all" in (store / "calls").read_text().splitlines()[-1]


def exported(boot: int, seconds: int, text: str, machine: str) -> str:
    """Give an entry in the journal's export format (systemd.io/JOURNAL_EXPORT_FORMATS)."""
    fields = {
        "__REALTIME_TIMESTAMP": 1_772_510_706_000_000 + seconds * 1_000_000,
        "__MONOTONIC_TIMESTAMP": 1_000_000 + seconds * 1_000_000,
        "_BOOT_ID": f"{boot:032x}",
        "_MACHINE_ID": machine,
        "SYSLOG_IDENTIFIER": "postfix/smtpd",
        "MESSAGE": text,
    }
    return "".join(f"{name}={value}\n" for name, value in fields.items()) + "\n"


REMOTE = "/lib/systemd/systemd-journal-remote"  # the only program that makes a journal without journald


@pytest.mark.program(REMOTE)
@pytest.mark.program("journalctl")
def test_every_boot_is_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real journalctl gives, while it follows, what was written before the last boot; other machines' entries stay out."""
    own = Path("/etc/machine-id").read_text().strip()
    entries = [
        exported(1, 0, "first boot", own),
        exported(2, 60, "other machine", "f" * 32),
        exported(3, 120, "now", own),
    ]
    (tmp_path / "export").write_text("".join(entries))
    subprocess.run(
        [REMOTE, "--output", tmp_path / "system.journal", tmp_path / "export"], check=True, capture_output=True
    )
    program = tmp_path / "bin" / "journalctl"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shutil.which("journalctl")} --directory={tmp_path} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")

    source = JournalSource(("postfix/smtpd",), follow=True)
    found = messages(source, lambda found: "now" in found)
    source.close()

    assert (found, source.problems) == (["first boot", "now"], [])


def test_what_journalctl_complains_of_is_told(store: Path) -> None:
    """Without the group systemd-journal only one's own entries are shown: that must not look like silence."""
    (store / "words").write_text("No journal files were opened due to insufficient permissions.\n")
    (store / "fail").touch()
    source = JournalSource()

    assert messages(source, never) == []
    assert "insufficient permissions" in source.problems[0]
    assert "systemd-journal" in source.problems[0]
    assert "ended with code 1" in source.problems[1]


def test_a_machine_without_a_journal_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """FreeBSD and containers have no journalctl."""
    monkeypatch.setenv("PATH", str(tmp_path))
    source = JournalSource()

    assert source.read() is None
    assert source.exhausted
    assert "no journalctl" in source.problems[0]
