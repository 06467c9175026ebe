"""`mailwarden web` as a person starts it: a process that prints a link, serves, and ends when told to."""

import http.client
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from click.testing import CliRunner
from watcher import until

from mailwarden.pipeline.cli.root import root
from mailwarden.pipeline.places import store_path
from mailwarden.pipeline.store import Commit, Store

LINK = re.compile(r"http://127\.0\.0\.1:(\d+)(/sign-in\?token=\S+)")


def started(state: Path, *words: str) -> "subprocess.Popen[str]":
    """Start the page on a free port."""
    command = [sys.executable, "-m", "mailwarden", "web", "--listen", "127.0.0.1:0", "--state", str(state), *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=state)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state directory in which the service has run."""
    with Store.open(store_path(tmp_path / "state")) as store:
        store.commit(Commit(1))
    return tmp_path / "state"


def ask(port: int, path: str, cookie: str = "") -> http.client.HTTPResponse:
    """Ask the page."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", path, headers={"Cookie": cookie})
    response = connection.getresponse()
    response.read()
    connection.close()
    return response


def test_the_link_that_is_printed_lets_in(state: Path) -> None:
    """The page prints one link, on standard output alone; it opens the page; SIGTERM ends it well and quietly."""
    page = started(state)
    assert page.stdout is not None
    found = LINK.fullmatch(page.stdout.readline().strip())
    assert found is not None
    port = int(found[1])

    entered = ask(port, found[2])
    cookie = entered.headers["Set-Cookie"].partition(";")[0]
    first = ask(port, "/", cookie)
    page.send_signal(signal.SIGTERM)
    _, said = page.communicate(timeout=20)

    assert (entered.status, first.status) == (303, 200)
    assert "HttpOnly" in entered.headers["Set-Cookie"]
    assert "SameSite=lax" in entered.headers["Set-Cookie"]
    assert page.returncode in (0, -signal.SIGTERM)
    assert said.splitlines() == ["Open this once, within ten minutes:"]


def test_no_link_is_written_into_the_journal(state: Path, tmp_path: Path) -> None:
    """Whoever may read the journal is not let in by it: the unit's page says how root gets a link."""
    journal = tmp_path / "journal"
    with journal.open("wb") as file:
        status = os.fstat(file.fileno())
        page = subprocess.Popen(
            [sys.executable, "-m", "mailwarden", "web", "--listen", "127.0.0.1:0", "--state", str(state)],
            stdout=file, stderr=file, env=os.environ | {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"},
        )  # fmt: skip
        until(lambda: journal.stat().st_size > 0, "the page to be ready")
        page.terminate()
        page.wait(timeout=20)

    assert journal.read_text().splitlines() == ["The page runs. A link into it:  mailwarden web --link"]


def test_another_link_can_be_had(state: Path) -> None:
    """`--link` prints one that the running page takes."""
    page = started(state)
    assert page.stdout is not None
    found = LINK.fullmatch(page.stdout.readline().strip())
    assert found is not None
    try:
        words = ["web", "--link", "--state", str(state), "--listen", f"127.0.0.1:{found[1]}"]
        link = LINK.fullmatch(CliRunner().invoke(root, words).output.strip())

        assert link is not None
        assert ask(int(found[1]), link[2]).status == 303
        assert ask(int(found[1]), link[2]).status == 403
    finally:
        page.terminate()
        page.communicate(timeout=20)


def test_an_address_that_is_taken_is_said(state: Path) -> None:
    """Two pages cannot listen at one address: the second ends with a sentence."""
    page = started(state)
    assert page.stdout is not None
    found = LINK.fullmatch(page.stdout.readline().strip())
    assert found is not None
    try:
        second = subprocess.run(
            [sys.executable, "-m", "mailwarden", "web", "--listen", f"127.0.0.1:{found[1]}", "--state", str(state)],
            capture_output=True, text=True, check=False, timeout=60, cwd=state,
        )  # fmt: skip
    finally:
        page.terminate()
        page.communicate(timeout=20)

    assert second.returncode == 2
    assert "cannot listen there" in second.stderr
    assert "Traceback" not in second.stderr


def test_nothing_is_opened_to_a_network_by_mistake(state: Path) -> None:
    """To listen beyond this machine without passwords is refused, with the way to mend it."""
    result = CliRunner().invoke(root, ["web", "--listen", "0.0.0.0:0", "--state", str(state)])

    assert result.exit_code == 2


def test_a_password_is_asked_for_in_japanese(monkeypatch: pytest.MonkeyPatch) -> None:
    """As everything else that is said to a person."""
    monkeypatch.setenv("LC_ALL", "ja_JP.UTF-8")

    result = CliRunner().invoke(root, ["web", "--password"], input="correct horse\ncorrect horse\n")

    assert "パスワード: " in result.stderr
    assert "もう一度: " in result.stderr


def test_a_password_becomes_a_hash() -> None:
    """`--password` asks twice and prints what stands in the configuration, and never the password."""
    result = CliRunner().invoke(root, ["web", "--password"], input="correct horse\ncorrect horse\n")
    hashed = result.stdout.strip().splitlines()[-1]

    assert PasswordHasher().verify(hashed, "correct horse")
    assert "correct horse" not in result.output


def test_a_link_needs_a_page(tmp_path: Path) -> None:
    """Where no page has run there is no link, and that is said."""
    done = subprocess.run(
        [sys.executable, "-m", "mailwarden", "web", "--link", "--state", str(tmp_path)],
        capture_output=True, text=True, check=False, env=os.environ | {"XDG_CACHE_HOME": str(tmp_path)},
    )  # fmt: skip

    assert done.returncode == 2
    assert "no page has run here yet" in done.stderr
