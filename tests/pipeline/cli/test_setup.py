"""Who sets up watching for the first time is told what is wrong with an answer while its question stands there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from mailwarden.pipeline.cli import setup
from mailwarden.pipeline.cli.root import root


def _talk(directory: Path, *answers: str) -> str:
    """Answer the questions of `mailwarden setup` on a terminal; give all that stood there."""
    leader, follower = os.openpty()
    words = [sys.executable, "-m", "mailwarden", "setup", "--config", str(directory / "mw.yml"), "--no-service"]
    environment = {**os.environ, "LANGUAGE": "en", "TERM": "dumb", "MAILWARDEN_STATE": str(directory)}
    try:
        os.write(leader, "".join(f"{answer}\n" for answer in answers).encode())
        with subprocess.Popen(words, stdin=follower, stdout=follower, stderr=follower, env=environment) as process:
            os.close(follower)
            said = b""
            while chunk := _read(leader):
                said += chunk
        assert process.returncode == 0
    finally:
        os.close(leader)
    return said.decode()


def _read(leader: int) -> bytes:
    try:
        return os.read(leader, 65536)
    except OSError:  # Linux: nobody holds the other end any more
        return b""


def test_a_wrong_answer_is_asked_for_again(tmp_path: Path) -> None:
    """Three slips cost no start from the beginning, and what is written can be read."""
    said = _talk(tmp_path, "slak://x", "me@example.org", "", "de", "ja", "25:99", "06:30", "y")

    assert 'unknown service "slak". Did you mean "slack"?' in said
    assert "mailtos://USER:PASSWORD@SERVER?to=me@example.org" in said
    assert '"de" is not one of en, ja' in said
    assert '"25:99" is not a time of day' in said
    written = (tmp_path / "mw.yml").read_text("utf-8")
    assert "language: ja" in written
    assert "time: 06:30" in written


def test_every_setting_can_be_seen_where_no_source_tree_is() -> None:
    """Whoever has installed a wheel sees all that may be set, and it is right."""
    example = Path(__file__).parents[3] / "mailwarden.example.yml"

    shown = CliRunner().invoke(root, ["setup", "--settings"])

    assert shown.exit_code == 0
    assert shown.stdout == example.read_text("utf-8")


def test_what_runs_is_stopped_before_what_it_needs_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once a unit's file is gone systemd can no longer disable it, and a service without its state fails for ever."""
    unit, state, asked = tmp_path / "mailwarden.service", tmp_path / "mailwarden", tmp_path / "asked"
    unit.write_text("[Service]\n")
    state.mkdir()
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "systemctl"
    program.write_text(f'#!/bin/sh\nprintf "%s " "$@" $(ls {unit} {state} -d 2>/dev/null | wc -l) >>{asked}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv("STATE_DIRECTORY", str(state))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(setup, "UNIT_PATH", unit)
    monkeypatch.setattr(setup, "_PAGE_PATH", tmp_path / "mailwarden-web.service")
    monkeypatch.setattr(setup, "_SYSTEMD", tmp_path)

    done = CliRunner().invoke(root, ["--config", str(tmp_path / "mailwarden.yml"), "setup", "--remove", "--yes"])

    assert done.exit_code == 0, done.output
    assert asked.read_text().split() == ["disable", "--now", "mailwarden.service", "2", "daemon-reload", "0"]
