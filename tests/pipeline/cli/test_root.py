"""The command line as a whole: help, slips, exit codes, colour."""

import os
import pty
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from incidents import taken_over

from mailwarden.pipeline.cli.root import COMMANDS, Command, root
from mailwarden.pipeline.store import Commit, Store

HEAVY = ("pandas", "sqlalchemy", "apprise", "sigma", "pyarrow", "rich", "jsonschema", "yaml", "watchdog", "babel")


def test_help_imports_nothing_heavy() -> None:
    """`--help` and bare start-up pay for no library that they do not use."""
    code = (
        "import sys; from mailwarden.pipeline.cli.root import root\n"
        "try: root.main(['--help'])\nexcept SystemExit: pass\n"
        f"print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stderr.strip() == "[]"


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state directory that holds one incident."""
    directory = tmp_path_factory.mktemp("state")
    with Store.open(directory / "mailwarden.db") as store:
        store.commit(Commit(1, incidents=[taken_over()]))
    return directory


def imported(words: list[str], before: str = "") -> tuple[set[str], str]:
    """Call a command in a process of its own; give which heavy libraries it imported, and what it wrote."""
    code = (
        f"import sys\n{before}\nfrom mailwarden.pipeline.cli.root import root\n"
        f"try: root.main({words!r})\nexcept SystemExit: pass\n"
        f"sys.stderr.write('\\n' + ' '.join(name for name in {HEAVY} if name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stderr.rpartition("\n")[2].split()), done.stdout


@pytest.mark.parametrize(
    ("words", "needed"),
    [
        ("silence --list", set()),
        ("unparsed", set()),
        ("blocklist", set()),
        ("people", {"yaml"}),
        ("risk", {"yaml"}),
        ("show {id}", {"yaml", "sigma"}),
    ],
)
def test_who_reads_the_store_imports_what_the_answer_needs(words: str, needed: set[str], state: Path) -> None:
    """A command that reads the store pays for no library but those by which its answer is made."""
    called = [word.format(id=taken_over().id) for word in words.split()]

    found, written = imported([*called, "--state", str(state)])

    assert found <= needed
    assert written


def test_a_configuration_that_was_read_before_costs_no_library(state: Path, tmp_path: Path) -> None:
    """Of settings that were found right once nothing is imported that checks them, nor what channels are made of."""
    path = tmp_path / "mailwarden.yml"
    path.write_text(f"state: {state}\nalerts: {{channels: {{chat: 'slack://a/b/c/d'}}}}\n")

    found = [imported(["silence", "--list", "--config", str(path)])[0] for _ in range(2)]

    assert found == [{"yaml", "jsonschema"}, {"yaml"}]


def test_show_says_what_to_do_before_it_compiles_rules(state: Path) -> None:
    """What it is and what to do now is written while today's rules, by which it is judged again, are still to be read."""
    before = (
        "flush = sys.stdout.flush\n"
        "class Out:\n"
        "    def __getattr__(self, name): return getattr(sys.__stdout__, name)\n"
        "    def flush(self):\n"
        "        sys.__stdout__.write('compiled\\n' if 'sigma' in sys.modules else 'to be compiled\\n'); flush()\n"
        "sys.stdout = Out()\n"
    )

    _, written = imported(["show", taken_over().id, "--state", str(state)], before)

    urgent, _, rest = written.partition("to be compiled\n")
    assert "Do now" in urgent
    assert "Why" in rest
    assert "compiled\n" in rest


def test_what_takes_long_is_announced_on_a_terminal_alone() -> None:
    """It is said before anything heavy is imported, is gone before the answer comes, and never stands in a pipe."""
    shown = on_terminal(["rules", "list"])
    piped = subprocess.run(
        [sys.executable, "-m", "mailwarden", "rules", "list"], capture_output=True, check=True, text=True
    )

    announced = "Reading the rules …"
    blank = "\r" + " " * len(announced) + "\r"
    assert shown.startswith((announced + blank).encode())
    assert shown.count(announced.encode()) == 1
    assert "…" not in piped.stderr
    assert not piped.stdout.startswith(announced)


@pytest.mark.parametrize(
    "words",
    [["rules", "list", "--json"], ["rules", "--help"], ["find", "nobody@example.org", "--queue-ids", "/dev/null"]],
)
def test_nothing_is_announced_before_data_or_help(words: list[str]) -> None:
    """What is written as it is has nothing before it on a terminal either."""
    assert b"Reading the rules" not in on_terminal(words)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_is_one_sentence_examples_options(name: str) -> None:
    """Each command's help begins with the sentence of the table, and has examples before its options."""
    command = import_module(f"mailwarden.pipeline.cli.{name}").command
    assert isinstance(command, click.Command)

    text = CliRunner().invoke(root, [name, "--help"]).output

    assert (command.help or "").split("\n\n")[0].replace("\n", " ").strip() == COMMANDS[name]
    if isinstance(command, Command):
        assert text.index("Examples:") < text.index("Options:")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["shwo"], "No command `shwo`. Did you mean `show`?"),
        (["rules", "lst"], "No command `lst`. Did you mean `list`?"),
        (["rules", "show", "relay_prob"], "No rule `relay_prob`. Did you mean `relay_probe`?"),
        (["parse", "--timezone", "Asia/Tokio"], "Did you mean `Asia/Tokyo`?"),
        (["scan", "--fail-on", "hihg"], "hihg"),
        (["show"], "ID"),
    ],
)
def test_a_slip_is_answered_with_what_was_meant(words: list[str], said: str) -> None:
    """A wrong word costs exit code 2 and names the right one."""
    result = CliRunner().invoke(root, words)

    assert result.exit_code == 2
    assert said in result.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["find", ""],
        ["explain", " "],
        ["explain", "--reply", ""],
        ["scan", "--state", ""],
        ["scan", "--timezone="],
        [""],
    ],
)
def test_an_empty_word_is_refused(words: list[str]) -> None:
    """A variable of a script that is not set never means the present directory, nor everything."""
    result = CliRunner().invoke(root, words)

    assert result.exit_code == 2
    assert "is empty. Give a value" in result.stderr


def test_a_broken_configuration_stops_every_command(tmp_path: Path) -> None:
    """All faults are told, one a line, and nothing is started."""
    path = tmp_path / "c.yml"
    path.write_text("langage: en\nhold_ms: x\n")

    result = CliRunner().invoke(root, ["--config", str(path), "doctor"])

    assert result.exit_code == 2
    assert [line.removeprefix(str(path))[:3] for line in result.stderr.splitlines()] == [":1:", ":2:"]


def test_a_fault_of_our_own_shows_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is ours to mend is said so; `--debug` shows where it arose."""

    def fail(*_: object) -> None:
        raise RuntimeError("\x1b[31mred")

    monkeypatch.setattr("mailwarden.pipeline.cli.doctor.session", fail)

    result = CliRunner().invoke(root, ["doctor"])
    shown = CliRunner().invoke(root, ["doctor", "--debug"])

    assert result.exit_code == 3
    assert "Traceback" not in result.stderr
    assert "\\x1b[31mred" in result.stderr
    assert isinstance(shown.exception, RuntimeError)


def on_terminal(words: list[str], **environment: str) -> bytes:
    """Run a command on a terminal of its own; give what reaches it."""
    ours, theirs = pty.openpty()
    names = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "TERM": "xterm", "LANG": "C.UTF-8", **environment}
    with subprocess.Popen(
        [sys.executable, "-m", "mailwarden", *words], stdin=theirs, stdout=theirs, stderr=theirs, env=names
    ) as program:
        os.close(theirs)
        shown = b""
        while True:
            try:
                data = os.read(ours, 65536)
            except OSError:  # the last one has closed it
                break
            if not data:
                break
            shown += data
    os.close(ours)
    assert program.returncode in (0, 3)
    return shown


HOSTILE = "\x1b]0;owned\x07\x1b[2J\u202e\x9b31m[bold]name[/bold]"
LINE = f"Nov 23 00:00:01 mx1 postfix/smtpd[7]: {HOSTILE}"


def test_hostile_text_reaches_no_terminal() -> None:
    """On a terminal, with colour, nothing of a log line is obeyed: whatever language of marks it speaks."""
    shown = on_terminal(["explain", LINE])

    assert b"\x1b]" not in shown
    assert b"\x1b[2J" not in shown
    assert "\u202e".encode() not in shown
    assert "\x9b".encode() not in shown
    assert b"\\x1b]0;owned\\x07" in shown
    assert b"[bold]name[/bold]" in shown
    assert b"\x1b[" in shown  # our own colour


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_colour_can_be_switched_off(environment: dict[str, str]) -> None:
    """NO_COLOR and a dumb terminal get plain text."""
    assert b"\x1b" not in on_terminal(["explain", LINE], **environment)
    assert b"\x1b" not in on_terminal(["explain", "--no-color", LINE])


def test_a_pipe_gets_plain_unwrapped_text() -> None:
    """In a pipe there is no colour and no line is broken; FORCE_COLOR brings colour back."""
    long = LINE + " x" * 200
    words = [sys.executable, "-m", "mailwarden", "explain", long]
    names = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LANG": "C.UTF-8"}

    plain = subprocess.run(words, capture_output=True, check=True, env=names).stdout
    forced = subprocess.run(words, capture_output=True, check=True, env={**names, "FORCE_COLOR": "1"}).stdout

    assert b"\x1b" not in plain
    assert b"\x1b[" in forced


def test_output_that_cannot_say_our_signs_is_spelled() -> None:
    """Where the terminal speaks ASCII only, nothing fails."""
    names = {"PATH": os.environ["PATH"], "PYTHONIOENCODING": "ascii", "HOME": "/nonexistent"}
    words = [sys.executable, "-m", "mailwarden", "doctor"]

    done = subprocess.run(words, capture_output=True, check=False, env=names)

    assert done.returncode in (0, 3)
    assert done.stdout.isascii()
