"""A real `mailwarden run` in a process of its own, which may be killed at any moment."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Self

PATIENCE_S = 60.0
_LOOK_S = 0.01


def until(is_so: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> None:
    """Look again and again until something is so; fail, naming it, when it takes too long."""
    deadline = time.monotonic() + patience_s
    while not is_so():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {patience_s:g} s: {what}")
        time.sleep(_LOOK_S)


class Watcher:
    """A configuration with its state, and the process that watches with it, when there is one.

    Args:
        directory: Where configuration, state and logs stand.
        settings: The configuration; `state` and `timezone` are put in.
        clock: `stream` or `wall`.
    """

    def __init__(self, directory: Path, settings: dict[str, Any], clock: str = "stream") -> None:
        self.directory = directory
        self.state = directory / "state"
        self.database = self.state / "mailwarden.db"
        self.configuration = directory / "mailwarden.yml"
        self.said = directory / "said.txt"
        self.clock = clock
        self._batches_before = 0
        self.process: subprocess.Popen[bytes] | None = None
        self.configure(settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        """Leave no process behind, whatever a test came to."""
        self.kill()

    def configure(self, settings: dict[str, Any]) -> None:
        """Write the configuration (JSON is YAML)."""
        whole = {"state": str(self.state), "timezone": "UTC", "language": "en"} | settings
        self.configuration.write_text(json.dumps(whole))

    def command(self, *arguments: str, **more: Any) -> "subprocess.CompletedProcess[str]":
        """Call the command line with this configuration."""
        command = [sys.executable, "-m", "mailwarden", *arguments, "--config", str(self.configuration)]
        return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False, **more)

    def start(self, **more: Any) -> None:
        """Begin to watch."""
        self._batches_before = self.batches()
        with self.said.open("ab") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "mailwarden", "run", "--config", str(self.configuration), "--clock", self.clock],
                stdout=said,
                stderr=said,
                env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
                **more,
            )

    def send(self, number: signal.Signals) -> None:
        """Send the process a signal."""
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        """Take the process away, as a power cut would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(PATIENCE_S)
            self.process = None

    def stop(self) -> int:
        """Ask the process to end; give its exit code."""
        assert self.process is not None
        self.process.terminate()
        code = self.process.wait(PATIENCE_S)
        self.process = None
        return code

    def is_running(self) -> bool:
        """Say whether the process is there."""
        return self.process is not None and self.process.poll() is None

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask the database, beside the process; nothing before it is there."""
        if not self.database.exists():
            return []
        try:
            with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=PATIENCE_S)) as connection:
                return connection.execute(sql).fetchall()
        except sqlite3.OperationalError:  # between its creation and its first table
            return []

    def batches(self) -> int:
        """Give the number of the last batch that was committed."""
        rows = self.ask("SELECT value FROM meta WHERE name = 'batch'")
        return int(rows[0][0]) if rows else 0

    def lines(self) -> int:
        """Count the lines that were committed."""
        rows = self.ask("SELECT SUM(count) FROM rollups WHERE name = 'lines'")
        return rows[0][0] or 0 if rows else 0

    def waiting(self) -> bool:
        """Say whether a notice that is due by the time of the log was not told yet."""
        due = "due_us <= (SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'stream_us')"
        return bool(self.ask(f"SELECT 1 FROM outbox WHERE done = 0 AND {due}"))

    def is_ready(self) -> bool:
        """Say whether the process has read what there was when it began."""
        assert self.is_running(), self.said.read_text()
        return self.batches() > self._batches_before

    def read_all(self, lines: int) -> None:
        """Wait until so many lines were committed; fail when the process ends before, or when it counts more."""

        def is_read() -> bool:
            return self.is_ready() and self.lines() >= lines

        try:
            until(is_read, f"{lines} lines read")
        except AssertionError as error:
            raise AssertionError(f"{error}; {self.lines()} were: {self.said.read_text()}") from None
        assert self.lines() == lines
