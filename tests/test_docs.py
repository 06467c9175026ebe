"""The documentation is true: what it shows is run, what it names exists, and its pages ask nobody."""

import os
import re
import shlex
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import click
import pytest

from mailwarden.alerts.words.errors import error_kinds
from mailwarden.pipeline.cli.root import COMMANDS, root

TOP = Path(__file__).parent.parent
PAGES = [*sorted((TOP / "docs").rglob("*.md")), TOP / "README.md", TOP / "README.ja.md"]
_BLOCK = re.compile(r"^(?P<indent> *)```(?P<kind>[a-z]+)\n(?P<text>.*?)^(?P=indent)```", re.MULTILINE | re.DOTALL)


class Shown(NamedTuple):
    """A command that a page shows with a part of its output."""

    page: str
    command: str
    output: str


def blocks(path: Path, kind: str) -> list[str]:
    """Give the fenced blocks of one kind, without their indent."""
    found = []
    for match in _BLOCK.finditer(path.read_text(encoding="utf-8")):
        if match["kind"] == kind:
            found.append("\n".join(line.removeprefix(match["indent"]) for line in match["text"].splitlines()))
    return found


def shown() -> list[Shown]:
    """Give every command of the `console` blocks with the words that stand below it."""
    found = []
    for page in PAGES:
        for block in blocks(page, "console"):
            for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
                command, _, output = part.partition("\n")
                found.append(Shown(str(page.relative_to(TOP)), command, output.strip()))
    return found


def named() -> list[tuple[str, str]]:
    """Give every call of mailwarden that the pages name without running it."""
    found = []
    for page in PAGES:
        for block in blocks(page, "sh"):
            for line in block.splitlines():
                call = re.search(r"\bmailwarden( .*)?$", line.partition("  #")[0].strip())
                if call:
                    found.append((str(page.relative_to(TOP)), call[0]))
    return found


@pytest.mark.parametrize("one", shown(), ids=lambda one: f"{one.page}: {one.command[:40]}")
def test_what_is_shown_is_what_comes(one: Shown, tmp_path: Path) -> None:
    """A command with output is run as it stands, beside the sample logs; each line below it is in what comes."""
    (tmp_path / "sample_logs").symlink_to(TOP / "sample_logs")
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    (bin_ / "mailwarden").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m mailwarden "$@"\n')
    (bin_ / "mailwarden").chmod(0o755)
    place = {"HOME": str(tmp_path), "PATH": f"{bin_}:{os.environ['PATH']}", "LANG": "C.UTF-8", "TZ": "UTC"}
    if "find " in one.command or "report" in one.command or "show" in one.command:
        subprocess.run(
            ["mailwarden", "scan", "sample_logs/account_takeover/mail.log", "--year", "2026"],
            cwd=tmp_path, env=place, capture_output=True, check=True,
        )  # fmt: skip

    done = subprocess.run(one.command, shell=True, cwd=tmp_path, env=place, capture_output=True, text=True, timeout=120)

    assert done.returncode == 0, done.stderr
    for line in one.output.splitlines():
        assert line.strip() in done.stdout


@pytest.mark.parametrize(("page", "call"), named(), ids=str)
def test_what_is_named_exists(page: str, call: str) -> None:
    """A command that is only named has the options that are named with it."""
    words = [word for word in shlex.split(call)[1:] if word not in ("|", "-")]
    command: click.Command = root
    with click.Context(root, info_name="mailwarden") as context:
        while words and not words[0].startswith("-"):
            inner = command.get_command(context, words[0]) if isinstance(command, click.Group) else None
            if inner is None:
                break
            command = inner
            words = words[1:]
        options = {option for one in command.get_params(context) for option in (*one.opts, *one.secondary_opts)}
        left = [word.partition("=")[0] for word in words if word.startswith("--")]
    assert isinstance(command, click.Command)
    assert command is not root or not words, f"{page}: no command {words}"
    assert [word for word in left if word not in options] == []


def steps(path: Path) -> list[str]:
    """Give what a page tells to type or to write, without what is of a language: comments, reasons, the language itself."""
    found = []
    for block in _BLOCK.finditer(path.read_text(encoding="utf-8")):
        for line in block["text"].splitlines():
            words = re.sub(
                r"LANG=\S+ ", "", re.sub(r'--because "[^"]*"', "--because", re.split(r"  +# ", line)[0].strip())
            )
            if words and (block["kind"] != "console" or words.startswith("$ ")):
                found.append(words)
    return found


@pytest.mark.parametrize("page", sorted((TOP / "docs" / "tasks").glob("*.md")), ids=lambda page: page.stem)
def test_every_task_can_be_done_in_japanese(page: Path) -> None:
    """A task page has one in Japanese, with the same commands and the same settings, and the site leads to it."""
    own = TOP / "docs" / "ja" / "tasks" / page.name

    assert steps(own) == steps(page)
    assert re.search(r"[\u3041-\u30ff]", own.read_text(encoding="utf-8"))
    assert f"- ja/tasks/{page.name}\n" in (TOP / "mkdocs.yml").read_text(encoding="utf-8")
    assert f"(tasks/{page.name})" in (TOP / "docs" / "ja" / "index.md").read_text(encoding="utf-8")


def test_every_command_has_a_page() -> None:
    """The reference holds every command, setting and rule, for it is made from them."""
    sys.path.insert(0, str(TOP / "docs"))
    try:
        pages = dict(import_module("pages").pages())
    finally:
        sys.path.remove(str(TOP / "docs"))
    assert [name for name in COMMANDS if f"## mailwarden {name}" not in pages["reference/commands.md"]] == []
    assert "`alerts.routes[].receivers`" in pages["reference/settings.md"]
    assert "reference/rules/send_from_new_network.md" in pages
    for page in ("reference/errors.md", "ja/errors.md"):
        assert [code for code in error_kinds() if f"{{ #{code} }}" not in pages[page]] == []


def test_the_site_is_whole_and_asks_nobody(tmp_path: Path) -> None:
    """The site builds without a warning, and no page of it fetches anything from elsewhere."""
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")]
    done = subprocess.run(build, cwd=TOP, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"}, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr
    fetched = re.compile(r"""(?:src|href)=["']?(https?://[^"' >]+)[^>]*(?:stylesheet|\.js)""")
    for page in (tmp_path / "site").rglob("*.html"):
        assert fetched.findall(page.read_text(encoding="utf-8")) == [], page.name
