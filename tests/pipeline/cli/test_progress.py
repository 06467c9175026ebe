"""What stands on the terminal while a log is read."""

import os
import pty
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from incidents import incident, taken_over

from mailwarden.alerts.incidents.incident import Incident
from mailwarden.alerts.words.translate import translator
from mailwarden.pipeline.cli import progress
from mailwarden.pipeline.configuration.reading import load
from mailwarden.pipeline.scan import scan

LOG = Path(__file__).parents[3] / "sample_logs" / "account_takeover" / "mail.log"


def test_a_scan_tells_of_a_critical_incident_while_it_reads() -> None:
    """The first one is told with the batch that holds it, not at the end."""
    told: list[tuple[int, Incident | None]] = []

    with scan(
        [str(LOG)],
        state=None,
        zone=None,
        year=2026,
        configuration=load(None),
        progress=lambda lines, _, __, critical: told.append((lines, critical)),
    ):
        pass

    lines, critical = told[0]
    assert lines < 1_216
    assert critical is not None
    assert critical.primary[1] == "office@lindenhof.example"


@pytest.mark.parametrize(("language", "word"), [("en", "CRITICAL"), ("ja", "緊急")])
def test_it_stands_above_the_bar_once(language: str, word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who reads a large log sees it as soon as it is found, one line, while reading goes on."""
    master, follower = pty.openpty()
    parts: list[bytes] = []

    def read() -> None:
        with suppress(OSError):  # the other end is closed
            while part := os.read(master, 1 << 16):
                parts.append(part)

    reading = threading.Thread(target=read)
    reading.start()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(progress, "_AFTER_S", 0.0)
    with os.fdopen(follower, "w", encoding="utf-8") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        with progress.progress_bar(translator(language)) as show:
            assert show is not None
            show(1_000, 10, 100, None)
            show(2_000, 20, 100, taken_over())
            show(3_000, 30, 100, incident())
    reading.join()
    os.close(master)
    written = b"".join(parts).decode()

    assert written.count(f"● {word}") == 1
    assert "walter.rossi1969@nova0.test" in written
