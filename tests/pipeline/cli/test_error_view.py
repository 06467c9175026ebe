"""`mailwarden doctor ID`: what is looked up by the id that stands behind an error."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mailwarden.alerts.words.errors import error_kinds
from mailwarden.pipeline.cli.helping import tongue
from mailwarden.pipeline.cli.root import root


def doctor(*words: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(root, ["doctor", *words])


@pytest.mark.parametrize("word", ["MW1102", "mw1102", "[MW1102]", "1102", " MW-1102 "])
def test_an_id_is_found_however_it_is_written(word: str) -> None:
    """As it stands behind an error, as it is typed, and by its number alone."""
    done = doctor(word)

    assert done.exit_code == 0
    assert done.stdout.startswith("MW1102  This user may not read the log\n")
    assert "sudo adduser USER adm" in done.stdout


def test_several_ids_are_explained_one_below_the_other() -> None:
    """Who has five errors before him asks once; examples show what is wrong and what is right."""
    done = doctor("MW2104", "MW2105")

    assert [line[:6] for line in done.stdout.splitlines() if line.startswith("MW")] == ["MW2104", "MW2105"]
    assert done.stdout.count("\nWrong:\n    ") == done.stdout.count("\nRight:\n    ") == 2


def test_an_id_is_explained_in_the_readers_language(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """And as data in English, unless another is asked for."""
    monkeypatch.setenv("LANGUAGE", "ja")
    tongue.cache_clear()
    request.addfinalizer(tongue.cache_clear)

    assert "ログを読む権限がありません" in doctor("MW1102").stdout
    assert json.loads(doctor("MW1102", "--json").stdout)["title"] == "This user may not read the log"
    assert json.loads(doctor("MW1102", "--json", "--words", "ja").stdout)["error.code"] == "MW1102"


def test_an_id_that_is_not_there_brings_those_that_are_like_it() -> None:
    """A slip of one digit is mended at once; what is like none leads to the list."""
    slip, nonsense = doctor("MW1192"), doctor("seven")

    assert (slip.exit_code, nonsense.exit_code) == (2, 2)
    assert "Did you mean MW1102, MW1112?" in slip.stderr
    assert (
        nonsense.stderr == 'no kind of error has the id "seven". List them with  mailwarden doctor --list  [MW8116]\n'
    )


def test_all_ids_are_listed_by_what_they_are_about() -> None:
    """One line each, below what their group is called; as data one object a line."""
    lines = doctor("--list").stdout.splitlines()

    assert lines[0] == "Reading logs"
    assert [line.split()[0] for line in lines if line.startswith("  ")] == list(error_kinds())
    assert max(map(len, lines)) <= 80
    assert len(doctor("--list", "--json").stdout.splitlines()) == len(error_kinds())


def test_a_check_that_fails_has_an_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As text and as data; one that is well has none."""
    monkeypatch.chdir(tmp_path)
    settings = f"state: {tmp_path}\nsources: [{{path: {tmp_path}/gone.log}}]\nprobes: {{enabled: false}}\n"
    (tmp_path / "mailwarden.yml").write_text(settings, "utf-8")

    found = {one["name"]: one for one in map(json.loads, doctor("--json").stdout.splitlines())}

    assert found[f"log {tmp_path}/gone.log"]["error.code"] == "MW1103"
    assert found["channels"]["error.code"] == "MW4111"
    assert "error.code" not in found["disk"]
    assert "is not there; nothing is read from it  [MW1103]\n" in doctor().stdout
