"""`mailwarden backtest` and `mailwarden rules tune` say what a change would have come to."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mailwarden.pipeline.cli.root import root
from mailwarden.pipeline.configuration.reading import rule_names


def call(*words: str) -> Result:
    """Run a command."""
    return CliRunner().invoke(root, list(words))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a place with three weeks of logs: each day another stranger guesses, once more than the day before."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    monkeypatch.setenv("LANG", "C.UTF-8")
    others = "".join(f"  {name}: {{enabled: false}}\n" for name in rule_names() if name != "fast_guessing")
    (tmp_path / "mailwarden.yml").write_text(f"rules:\n{others}")
    (tmp_path / "mail.log").write_text(
        "".join(
            f"2026-03-{day:02}T08:00:{tries:02}+00:00 mx1 postfix/smtpd[7]: warning: unknown[198.18.{day}.7]:"
            " SASL LOGIN authentication failed: UGFzc3dvcmQ6\n"
            for day in range(1, 25)
            for tries in range(4 + day)
        )
    )
    return tmp_path


def test_what_a_change_loses_is_listed(place: Path) -> None:
    """A verdict first, then what was tried, then examples, the worst first."""
    result = call("backtest", "--set", "fast_guessing.threshold=8", "--timezone", "UTC", "mail.log")

    assert result.exit_code == 0
    assert result.stdout.startswith("0 gained, 3 lost, 0 of another severity (incidents before: 24, after: 21).\n")
    assert "Tried fast_guessing.threshold=8 on 1 Mar 08:00 – 24 Mar 08:00 UTC, 396 lines" in result.stdout
    assert "■ MINOR  198.18.3.7 guesses passwords" in result.stdout
    assert "3 Mar 08:00–08:00 UTC · 7 events · fast_guessing" in result.stdout


def test_it_is_data_too(place: Path) -> None:
    """One object: counts of both sides, and every incident gained, lost or of another severity."""
    words = ("backtest", "--set", "fast_guessing.severity=high", "--since", "7d", "--json", "mail.log")

    data = json.loads(call(*words).stdout)

    assert data["changes"] == ["fast_guessing.severity=high"]
    assert data["events"] == 396
    assert data["gained"] == data["lost"] == []
    assert {pair["before"]["severity"] for pair in data["changed"]} == {"low"}
    assert {pair["after"]["severity"] for pair in data["changed"]} == {"high"}
    assert data["after"]["severities"]["high"] == len(data["changed"])
    assert data["after"]["notices"] > data["before"]["notices"] == 0
    assert data["since"].startswith("2026-03-17")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("backtest", "mail.log"), "what is to be tried?"),
        (("backtest", "--set", "fast_guessing.threshold=8"), "holds no history yet"),
        (("backtest", "--set", "fast_guessing.threshold=8", "--since", "x", "mail.log"), "is not a duration"),
        (("backtest", "--set", "sending_burst.threshold=8", "mail.log"), "no single threshold"),
        (("backtest", "--rule", "mail.log", "mail.log"), "mail.log:"),
        (("rules", "tune", "relay_probe", "mail.log"), "no threshold of its own"),
        (("rules", "tune", "fast_guessing", "--target", "often", "mail.log"), "1/week"),
        (("rules", "tune", "fast_guesing", "mail.log"), "Did you mean"),
    ],
)
def test_what_cannot_be_tried_is_told(place: Path, words: tuple[str, ...], said: str) -> None:
    """Usage: exit code 2."""
    result = call(*words)

    assert result.exit_code == 2
    assert said in result.stderr


def test_a_threshold_is_proposed_with_the_setting_to_write(place: Path) -> None:
    """The verdict, what each would have come to, and how to see what it loses."""
    said = call("rules", "tune", "fast_guessing", "--target", "1/week", "mail.log").stdout

    assert said.startswith("fast_guessing: threshold 26 instead of 5 keeps within 1/week.\n")
    assert "        5          24      7.3  as it is\n" in said
    assert "rules:\n  fast_guessing: {threshold: 26}\n" in said
    assert "mailwarden backtest --set fast_guessing.threshold=26" in said


def test_a_short_history_gives_no_proposal(place: Path) -> None:
    """Nothing to write into the configuration is shown."""
    said = call("rules", "tune", "fast_guessing", "--target", "1/month", "mail.log").stdout.replace("\n", " ")

    assert said.startswith("fast_guessing: no proposal. The history holds 23 days; for 1/month it takes 90 days")
    assert "mailwarden.yml" not in said


def test_both_speak_japanese(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the reader's language."""
    monkeypatch.setenv("LANG", "ja_JP.UTF-8")

    assert "なくなる 3 件" in call("backtest", "--set", "fast_guessing.threshold=8", "mail.log").stdout
    assert "しきい値を 5 から 26 にする" in call("rules", "tune", "fast_guessing", "mail.log").stdout


def test_a_log_that_is_not_there_is_told(place: Path) -> None:
    """Nothing happened in it, and that must not look like calm."""
    result = call("backtest", "--set", "fast_guessing.threshold=8", "none.log")

    assert result.exit_code == 3
    assert "none.log: does not exist." in result.stderr
