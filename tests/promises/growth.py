"""Growing logs beside a service that is killed again and again, and one scan of the same logs."""

import json
import random
import sqlite3
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from host import Host
from logs import incidents_of
from watcher import Watcher, until

from mailwarden.pipeline.archive.archive import files, newest_rows

SLACK_S = 0.05


class Growth:
    """One trial.

    Args:
        directory: Where logs and state stand.
        lines: What is written to each log.
        seed: Of everything that is left to chance.
        rotation: `rename`, `copytruncate` or nothing.
    """

    def __init__(self, directory: Path, lines: Mapping[str, Sequence[bytes]], seed: int, rotation: str = "") -> None:
        self.chance = random.Random(seed)
        self.directory = directory
        self.host = Host(directory, lines, self.chance, rotation)
        self.watcher = Watcher(directory, {"sources": [str(log) for log in self.host.logs]})
        self._until_lines = self._until_batches = 0

    def run(self, kills: int) -> list[dict[str, Any]]:
        """Let the logs grow to their end, with this many kills; give the incidents."""
        for number in range(kills):
            self.watcher.start()
            left = self.host.lines - self.host.written
            self._until_lines = self.host.written + left // (kills - number)
            self._until_batches = self.watcher.batches() + self.chance.randint(0, 3)
            until(self._grow, "a batch to be committed")
            time.sleep(self.chance.random() * SLACK_S)  # the kill may fall anywhere in a batch
            self.watcher.kill()
            if self.chance.random() < 0.5:
                self.host.grow()
                self.host.rotate()
        self.watcher.start()
        while not self.host.is_done():
            self.host.grow()
        self.host.finish_line()
        self.watcher.read_all(self.host.lines)
        assert self.watcher.stop() == 0
        return incidents_of(self.watcher.database)

    def archived(self) -> list[str]:
        """Give the lines of all events that the service has archived, in order."""
        import pyarrow.parquet as pq

        directory = self.watcher.state / "archive"
        full = [str(line) for path in files(directory) for line in pq.read_table(path)["event.original"].to_pylist()]
        return full + [str(row["event_original"]) for row in newest_rows(directory)]

    def counted(self, state: str) -> dict[str, list[tuple[Any, ...]]]:
        """Give what a database holds beside incidents: what detectors know, what reports count."""
        with closing(sqlite3.connect(self.directory / state / "mailwarden.db")) as store:
            return {
                table: store.execute(f"SELECT * FROM {table} ORDER BY 1, 2, 3, 4, 5").fetchall()
                for table in ("state", "rollups", "unparsed")
            }

    def scan(self) -> list[dict[str, Any]]:
        """Scan the same files once, into a state of its own; give the incidents."""
        answer = self.watcher.command("scan", "--json", "--state", str(self.directory / "scanned"))
        assert answer.returncode == 0, answer.stderr
        return [json.loads(line) for line in answer.stdout.splitlines()]

    def _grow(self) -> bool:
        """Write a little; say whether it is time for the kill."""
        assert self.watcher.is_running(), self.watcher.said.read_text()
        if self.host.written < self._until_lines:
            self.host.grow()
            if self.chance.random() < 0.02:
                self.host.rotate()
        elif self.watcher.lines() >= self.host.written - 1:
            return True  # all that is whole was read
        return self.watcher.batches() >= self._until_batches and self.chance.random() < 0.2
