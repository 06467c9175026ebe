"""Help, slips and errors are told in the reader's language, and laid out by columns."""

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from mailwarden.alerts.words.translate import language_of
from mailwarden.pipeline.cli import helping
from mailwarden.pipeline.cli.root import COMMANDS, root
from mailwarden.pipeline.showing.columns import columns

JAPANESE = re.compile(r"[\u3041-\u30ff\u4e00-\u9fff]")
LATIN_SENTENCE = re.compile(r"\b(?:the|which|that|with|where)\b")


@pytest.fixture
def japanese(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A person whose environment asks for Japanese."""
    monkeypatch.setenv("LANGUAGE", "ja")
    monkeypatch.chdir(tmp_path)
    helping.tongue.cache_clear()
    yield
    helping.tongue.cache_clear()


def call(*words: str) -> Result:
    return CliRunner().invoke(root, list(words))


def paths() -> list[tuple[str, ...]]:
    """List every command with its subcommands."""
    found: list[tuple[str, ...]] = [()]
    with click.Context(root, info_name="mailwarden") as context:
        for name in COMMANDS:
            command = root.get_command(context, name)
            found.append((name,))
            if isinstance(command, click.Group):
                found += [(name, each) for each in command.list_commands(context)]
    return found


@pytest.mark.usefixtures("japanese")
@pytest.mark.parametrize("path", paths())
def test_help_is_in_the_readers_language(path: tuple[str, ...]) -> None:
    """Every sentence of every command's help is translated, and no line but an example is wider than a terminal."""
    text = call(*path, "--help").output
    examples, body = "", text
    if "例：" in text:
        before, _, rest = text.partition("例：\n")
        examples, _, after = rest.partition("\n\n")
        body = before + after

    assert text.startswith("使い方：")
    assert JAPANESE.search(body)
    assert not LATIN_SENTENCE.search(text)
    assert all(columns(line) <= 80 for line in body.splitlines())
    assert all(JAPANESE.search(line) for line in examples.splitlines() if "  " in line.strip())


@pytest.mark.usefixtures("japanese")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("shwo",), "コマンド `shwo` はありません。`show` のことですか。"),
        (("report", "--dommain", "x"), "オプション --dommain はありません。`--domain` のことですか。"),
        (("find",), "'WHAT' が指定されていません。"),
        (("people", "--days", "0"), "'--days'：0 は範囲外です。1 から 400 までの数を指定してください。"),
        (("people", "--days", "x"), "'--days'：'x' は整数ではありません。"),
        (("people", "--mark", "x"), "'--mark'：'x' は"),
        (("report", "a", "b"), "b：余分です。"),
        (("report", "--domain"), "--domain には値が必要です。"),
        (("report", "someday"), "「someday」は日付ではありません。"),
        (("scan", "/not/there"), "/not/there：ありません。何も読んでいません。"),
        (("silence", "--list", "--end"), "同時に指定できません"),
    ],
)
def test_a_slip_is_told_in_the_readers_language(words: tuple[str, ...], said: str) -> None:
    """Ours and click's alike, with the mend."""
    result = call(*words)

    assert result.exit_code == 2
    assert said in result.stderr
    assert not LATIN_SENTENCE.search(result.stderr)


@pytest.mark.usefixtures("japanese")
def test_every_fault_of_the_configuration_is_told_in_it(tmp_path: Path) -> None:
    """Each with its place, what is wrong and the mend; a terminal's own words in a value stay spelt out."""
    text = 'langage: ja\nhold_ms: "x\\e[31m"\nreport: {time: 7}\nlabels: {newsletter: []}\nkeep: {alerts: 10 days}\n'
    (tmp_path / "mailwarden.yml").write_text(text)
    said = call("report").stderr

    assert "mailwarden.yml:1: 「langage」という設定はありません。「language」のことですか。" in said
    assert 'mailwarden.yml:2: hold_ms："x\\x1b[31m" は整数ではありません。' in said
    assert "は文字列ではありません。引用符で囲んでください" in said
    assert "設定のまとまり" not in said
    assert 'mailwarden.yml:5: keep.alerts："10 days" は時間の長さではありません。' in said


def test_the_configuration_speaks_before_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once it was read, errors are in its language."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LANGUAGE", "en")
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "mailwarden.yml").write_text("language: ja\n")

    assert "mailwarden はまだここで動いていません" in call("risk").stderr


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "ja_JP.UTF-8"}, "ja"),
        ({"LANG": "ja_JP.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "C", "LANGUAGE": "ja"}, "ja"),
        ({"LANG": "ja_JP.UTF-8", "LANGUAGE": "de:en"}, "en"),
        ({"LANG": "ja_JP.UTF-8", "LANGUAGE": "de"}, "ja"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
    ],
)
def test_whose_language(environment: dict[str, str], language: str) -> None:
    """The first that we speak of those that are asked for."""
    assert language_of(environment) == language


@pytest.mark.program("groff")
def test_the_manual_is_there_in_japanese() -> None:
    """It is made where the environment asks for it, and groff takes it."""
    made = subprocess.run(
        [sys.executable, "-m", "mailwarden.pipeline.cli.manual"],
        env={"LANGUAGE": "ja", "PYTHONUTF8": "1", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        check=True,
    )
    done = subprocess.run(
        ["groff", "-K", "utf8", "-mja", "-man", "-Tutf8", "-ww", "-P-c"],
        input=made.stdout,
        capture_output=True,
        check=True,
    )

    assert "この程度以上" in made.stdout.decode()
    assert b"invalid" not in done.stderr


@pytest.mark.usefixtures("japanese")
def test_what_is_wrong_with_files_is_told_in_it(tmp_path: Path) -> None:
    """Rules, cases, reports of others, a database: where, what, and the mend, down to what the system says."""
    rule = "title: x\nlogsource: {product: mail}\ndetection: {one: {evnt.action: x}, condition: one}\n"
    (tmp_path / "own.yaml").write_text(rule)
    (tmp_path / "binary.yaml").write_bytes(bytes(range(128, 256)))
    (tmp_path / "report.gz").write_bytes(b"\x1f\x8bxxxxxxx")
    (tmp_path / "mailwarden.db").write_bytes(b"x" * 5000)

    lint, feedback, report = call("rules", "lint", "."), call("feedback", "report.gz"), call("report", "--state", ".")

    assert "own.yaml:3: 「evnt.action」というフィールドを持つイベントはなく" in lint.stderr
    assert "binary.yaml:1: UTF-8 のテキストではありません" in lint.stderr
    assert "report.gz: 読み飛ばしました：gzip データが壊れています" in feedback.stdout
    assert "（「データベースのファイルではありません」）" in report.stderr
    assert not LATIN_SENTENCE.search(lint.stderr + feedback.stdout + report.stderr)


@pytest.mark.usefixtures("japanese")
def test_a_file_that_an_option_names_is_told_of_in_it() -> None:
    """In place of click's words."""
    said = call("backtest", "--rule", "none.yml").stderr

    assert said.startswith("'--rule'：none.yml：ありません。パスを確かめてください。")
