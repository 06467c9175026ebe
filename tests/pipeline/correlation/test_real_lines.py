"""Lines that real servers wrote under unusual settings (small cuts of whole logs, nothing edited)."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from mailwarden.pipeline.cli.root import root

REAL = Path(__file__).parents[2] / "data" / "real"
LOGS = sorted(REAL.glob("*.log"))
LOGIN = re.compile(r" A=(\w+):(\S+) ")


def told(command: str, path: Path) -> list[dict[str, Any]]:
    """Run a command that gives JSON lines, and read them."""
    result = CliRunner().invoke(root, [command, *(["--json"] if command == "scan" else []), str(path)])
    assert result.exit_code in (0, 1), result.output
    return [json.loads(line) for line in result.stdout.split("\n") if line.startswith("{")]


@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.stem)
def test_each_line_is_understood(path: Path) -> None:
    """Debug output, every log selector and lines from before a restart are read to the last one."""
    assert {event["event.kind"] for event in told("parse", path)} == {"event"}


def test_a_login_shows_through_every_selector() -> None:
    """With `+all`, flags of TLS and DNSSEC stand before the login, and it is read all the same."""
    path = REAL / "exim_all_selectors.log"
    lines = path.read_text().splitlines()

    events = told("parse", path)

    named = [
        (found[2], event.get("user.name"))
        for line, event in zip(lines, events, strict=True)
        if (found := LOGIN.search(line))
    ]
    assert len(named) >= 3
    assert all(expected == user for expected, user in named)


@pytest.mark.parametrize("name", ["exim_all_selectors", "exim_local_deferral"])
def test_ordinary_mail_raises_nothing(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """People who log in and mail that waits for a mailbox here are no relaying."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    assert told("scan", REAL / f"{name}.log") == []
