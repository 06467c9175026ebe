"""Whose configuration a command obeys, and what it does where the machine's is closed to whoever asks."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mailwarden.pipeline import places
from mailwarden.pipeline.cli.root import root

LINE = "Mar 20 02:30:01 mx1 postfix/smtpd[1]: connect from unknown[203.0.113.7]"
NOBODY = 65_534


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a machine's configuration that its owner alone may read, seen by somebody else."""
    there = tmp_path / "etc" / "mailwarden.yml"
    there.parent.mkdir()
    there.write_text("alerts: {channels: {me: 'json://127.0.0.1:9/'}}\n", "utf-8")
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setattr(places, "SEARCHED", ("mailwarden.yml", str(there)))
    monkeypatch.chdir(home)
    monkeypatch.setenv("STATE_DIRECTORY", str(home / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))
    monkeypatch.setenv("LANG", "C.UTF-8")
    return there


@contextmanager
def closed(there: Path) -> Iterator[None]:
    """Let nobody who asks read it: not root either, who becomes nobody meanwhile."""
    there.parent.chmod(0)
    user = os.geteuid()
    try:
        if user == 0:
            os.seteuid(NOBODY)
        yield
    finally:
        os.seteuid(user)
        there.parent.chmod(0o755)


def call(*words: str) -> Result:
    """Run a command."""
    return CliRunner().invoke(root, list(words))


def test_what_is_ones_own_can_be_asked_where_the_machines_configuration_is_closed(machine: Path) -> None:
    """Anybody may have a line explained; that the defaults hold is said, and not that nobody is told."""
    call("explain", LINE)
    with closed(machine):
        done = call("explain", LINE)

    assert done.exit_code == 0, done.output
    assert "203.0.113.7" in done.stdout
    assert "the defaults hold" in done.stderr
    assert "sudo" in done.stderr


@pytest.mark.parametrize("words", [(), ("risk",), ("show", "7K2"), ("report", "yesterday"), ("silence", "--list")])
def test_nothing_is_said_of_a_service_whose_configuration_is_closed(machine: Path, words: tuple[str, ...]) -> None:
    """ "It is not watching yet" would be a lie to whoever is not root: he is told what to do instead."""
    call(*words)  # imports what nobody may not read, where Python is root's own
    with closed(machine):
        done = call(*words)

    assert done.exit_code == 2, done.output + repr(done.exception)
    assert not done.stdout
    assert f"{machine}: its owner alone may read it" in done.stderr
    assert "with sudo" in done.stderr


def test_root_obeys_no_configuration_of_others(machine: Path) -> None:
    """What stands in a directory of somebody else, or in /tmp, is not taken for ours unless it is named."""
    own = Path("mailwarden.yml")
    own.write_text("site: {name: elsewhere}\n", "utf-8")
    mine = call("explain", LINE)
    if os.geteuid() == 0:
        os.chown(own, NOBODY, NOBODY)
        theirs = call("explain", LINE)
        named = call("--config", "mailwarden.yml", "explain", LINE)

        assert theirs.exit_code == 2
        assert "another user's" in theirs.stderr
        assert named.exit_code == 0

    assert mine.exit_code == 0


def test_what_lies_beside_a_database_is_no_sign_of_life(tmp_path: Path) -> None:
    """An empty journal is made by whoever looks; one that finds no space is changed by whoever tries in vain."""
    path = tmp_path / "mailwarden.db"
    path.write_bytes(b"x")
    os.utime(path, (1_000, 1_000))
    journal = path.with_name("mailwarden.db-wal")
    journal.touch()

    assert places.last_alive_s(path) == 1_000

    journal.write_bytes(b"what could not be committed")
    os.utime(journal, (2_000, 2_000))
    assert places.last_alive_s(path) == 1_000

    os.utime(path, (3_000, 3_000))
    assert places.last_alive_s(path) == 3_000
    assert places.last_alive_s(tmp_path / "none.db") == 0
