"""A machine that writes each line to mail.log, syslog, mail.err and the journal gives the incidents of mail.log alone."""

import json
import random
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from logs import lines_of
from watcher import Watcher

_TAG = re.compile(rb"^(\w{3} [ \d]\d [\d:]{8}) (\S+) ([^\[:]+)(?:\[(\d+)\])?: (.*)\n$", re.DOTALL)
_SEVERE = re.compile(rb"warning|error|fatal|panic", re.IGNORECASE)
_OTHERS = (
    b"CRON[%d]: (root) CMD (run-parts)",
    b"sshd[%d]: Invalid user admin from 203.0.113.9 port 4711",
    b"kernel: eth0",
)


def with_others(lines: list[bytes], chance: random.Random) -> list[bytes]:
    """Give what syslog holds: the same lines, and those of programs that are not ours."""
    made = []
    for line in lines:
        if chance.random() < 0.2:
            text = chance.choice(_OTHERS)
            text = text % chance.randint(1, 999) if b"%" in text else text
            made.append(line[:16] + b"mx " + text + b"\n")
        made.append(line)
    return made


def journal_of(lines: list[bytes], chance: random.Random) -> list[bytes]:
    """Give the journal's form: JSON, microseconds, the program's own words."""
    made, last = [], 0
    for line in lines:
        found = _TAG.match(line)
        assert found is not None
        stamp, host, program, pid, text = (part.decode() if part is not None else "" for part in found.groups())
        at = datetime.strptime(f"2026 {stamp}", "%Y %b %d %H:%M:%S").replace(tzinfo=UTC)
        last = max(last, int((at + timedelta(microseconds=chance.randint(0, 999_999))).timestamp() * 1_000_000))
        record = {
            "__REALTIME_TIMESTAMP": str(last),
            "_HOSTNAME": host,
            "SYSLOG_IDENTIFIER": program,
            "MESSAGE": text,
            "PRIORITY": "6",
        }
        made.append(json.dumps(record | ({"SYSLOG_PID": pid, "_PID": pid} if pid else {})).encode() + b"\n")
    return made


def told(incidents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give incidents without the file and place of their lines, and without the microseconds that only one knows."""
    kept = []
    for incident in incidents:
        rest = {name: incident[name][:19] for name in ("opened_at", "first_seen", "last_seen")}
        kept.append(incident | rest | {"evidence": len(incident["evidence"])})
    return sorted(kept, key=lambda one: one["incident.id"])


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("account_compromise.mail.log", "mail.log"),
        ("log_injection.mail.log", "journal.json"),
        ("mixed_day.mail.log", "syslog"),
    ],
)
def test_copies_change_nothing(name: str, first: str, tmp_path: Path) -> None:
    """The incidents are those of mail.log alone, whichever source comes first."""
    chance, lines = random.Random(name), lines_of(name)
    (tmp_path / "alone").mkdir()
    (tmp_path / "alone" / "mail.log").write_bytes(b"".join(lines))
    files = {
        "mail.log": lines,
        "syslog": with_others(lines, chance),
        "mail.err": [line for line in lines if _SEVERE.search(line)],
        "journal.json": journal_of(lines, chance),
    }
    for file, written in files.items():
        (tmp_path / file).write_bytes(b"".join(written))
    names = [first, *(file for file in files if file != first)]

    alone = scanned(tmp_path / "alone", ["mail.log"])
    together = scanned(tmp_path, names)

    assert told(together) == told(alone)
    assert alone


def scanned(directory: Path, names: list[str]) -> list[dict[str, Any]]:
    sources = [{"path": str(directory / name), "year": 2026} for name in names]
    answer = Watcher(directory, {"sources": sources}).command("scan", "--json", "--state", str(directory / "scanned"))
    assert answer.returncode == 0, answer.stderr
    return [json.loads(line) for line in answer.stdout.splitlines()]
