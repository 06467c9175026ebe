"""Tab behind a command."""

from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from incidents import taken_over

from mailwarden.pipeline.cli.root import root
from mailwarden.pipeline.places import store_path
from mailwarden.pipeline.store import Commit, Store


def offered(words: list[str], begun: str) -> list[str]:
    return [one.value for one in ShellComplete(root, {}, "mailwarden", "X").get_completions(words, begun)]


def test_names_of_rules_are_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of rules and of detectors alike."""
    monkeypatch.chdir(tmp_path)

    assert "fast_guessing" in offered(["rules", "show"], "fast_")
    assert "send_from_new_network" in offered(["rules", "tune"], "send_")


def test_ids_of_incidents_are_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As short as they are typed; and nothing, without a word, where nothing is known or the configuration is broken."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    one = taken_over()
    assert offered(["show"], "") == []
    with Store.open(store_path(tmp_path)) as store:
        store.commit(Commit(1, incidents=[one]))

    assert offered(["show"], "") == [one.id[:3]]
    assert offered(["silence"], one.id[:2].lower()) == [one.id[:3]]
    (tmp_path / "mailwarden.yml").write_text("langage: en\n")
    assert offered(["show"], "") == []
