"""Tests that need more than Python: what they need is named, and where it lacks they are left out by name, never passed.

`.ci/run` sets MAILWARDEN_EVERY_TEST, and leaves out none.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailwarden.pipeline import places

_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"  # where Debian keeps servers, which a user's path lacks


@pytest.fixture(autouse=True)
def elsewhere(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep a test away from what this machine's own mailwarden knows: its state, its last scan, its configuration."""
    own = tmp_path_factory.getbasetemp() / "nobody" / hashlib.sha1(request.node.nodeid.encode()).hexdigest()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STATE_DIRECTORY", str(own / "state"))
        patch.setenv("XDG_STATE_HOME", str(own))
        patch.setenv("XDG_CACHE_HOME", str(own / "cache"))
        patch.delenv("MAILWARDEN_CONFIG", raising=False)
        patch.setattr(places, "SEARCHED", (places.SEARCHED[0], str(own / "mailwarden.yml")))
        yield own


def pytest_configure(config: pytest.Config) -> None:
    """Name the marks."""
    config.addinivalue_line(
        "markers", "program(name): takes a program of the system; `requirements/debian.sh` names it"
    )
    config.addinivalue_line("markers", "root: takes root, to mount or to become somebody else")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what cannot be run here."""
    if os.environ.get("MAILWARDEN_EVERY_TEST"):
        return
    lacking = [item for item in items if _lacks(item)]
    if lacking:
        items[:] = [item for item in items if item not in set(lacking)]
        config.hook.pytest_deselected(items=lacking)
        config.stash[_LEFT] = lacking


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where every test is to run, one that was skipped is a failure."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("MAILWARDEN_EVERY_TEST") and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what was not run, and why."""
    counts: dict[str, int] = {}
    for item in config.stash.get(_LEFT, []):
        counts[_lacks(item)] = counts.get(_lacks(item), 0) + 1
    for what, count in sorted(counts.items()):
        terminalreporter.write_line(f"NOT RUN: {count} tests that take {what}. See  requirements/debian.sh")


_LEFT = pytest.StashKey[list[pytest.Item]]()


def _lacks(item: pytest.Item) -> str:
    if item.get_closest_marker("root") and os.geteuid() != 0:
        return "root"
    names = [str(mark.args[0]) for mark in item.iter_markers("program")]
    return next((name for name in names if shutil.which(name, path=_PATH) is None), "")
