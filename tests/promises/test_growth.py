"""Logs that grow, are rotated and packed while the service is killed again and again give the incidents of one scan."""

import json
import random
import time
from pathlib import Path
from typing import Any

import pytest
from host import Log
from logs import incidents_of, lines_of
from watcher import Watcher, until

SLACK_S = 0.05


def grow_and_kill(watcher: Watcher, logs: list[Log], chance: random.Random, kills: int) -> None:
    """Let logs grow to their end beside a service that is killed at any moment, `kills` times."""
    total = sum(len(log.lines) for log in logs)
    for _ in range(kills):
        watcher.start()
        waited_for = watcher.batches() + chance.randint(0, 3)
        left = sum(len(log.lines) - log.written for log in logs)
        budget, grown = min(max(left // max(kills // 2, 1), 20), left), 0

        def is_time_to_kill(number: int = waited_for) -> bool:
            assert watcher.is_running(), watcher.said.read_text()
            nonlocal grown
            log = chance.choice(logs)
            before = log.written
            if grown < budget:
                log.grow()
                grown += log.written - before
            if chance.random() < 0.01:
                log.rotate()
            if grown >= budget and watcher.lines() >= sum(one.written for one in logs) - len(logs):
                return True  # all that is whole was read
            return watcher.batches() >= number

        until(is_time_to_kill, "a batch to be committed")
        time.sleep(chance.random() * SLACK_S)  # the kill may fall anywhere in a batch
        watcher.kill()
        if chance.random() < 0.5:
            log = chance.choice(logs)
            log.grow()
            log.rotate()
    watcher.start()
    while not all(log.is_done() for log in logs):
        chance.choice(logs).grow()
    for log in logs:
        log.finish_line()
    watcher.read_all(total)
    assert watcher.stop() == 0


def scanned(watcher: Watcher) -> list[dict[str, Any]]:
    """Scan the very files once, into a state of its own."""
    answer = watcher.command("scan", "--json", "--state", str(watcher.directory / "scanned"))
    assert answer.returncode == 0, answer.stderr
    return [json.loads(line) for line in answer.stdout.splitlines()]


@pytest.mark.parametrize(
    ("name", "rotation", "seed"),
    [
        ("account_compromise.mail.log", "rename", 1),
        ("mixed_day.mail.log", "copytruncate", 2),
        ("log_injection.mail.log", "rename", 3),
        ("year_rollover.mail.rfc3339.log", "copytruncate", 4),
    ],
)
def test_one_growing_log_gives_what_one_scan_gives(name: str, rotation: str, seed: int, tmp_path: Path) -> None:
    """One file: the same incidents byte for byte, with the same lines at the same offsets as evidence."""
    chance = random.Random(seed)
    log = Log(tmp_path / "mail.log", lines_of(name), chance, rotation)
    watcher = Watcher(tmp_path, {"sources": [str(log.path)]})

    grow_and_kill(watcher, [log], chance, kills=4)

    expected = scanned(watcher)
    assert json.dumps(expected) == json.dumps(incidents_of(watcher.database))
