"""What stands in rule files is read once: pySigma is slow to import."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from mailwarden.alerts.rulebook.plan import Plan, built
from mailwarden.alerts.rulebook.rule import RuleSettings
from mailwarden.pipeline.configuration.configuration import Configuration
from mailwarden.pipeline.configuration.known_rules import known_rules
from mailwarden.pipeline.own_cache import keep, recalled
from mailwarden.pipeline.places import cache_directory

OWN = """\
title: Somebody connects
id: 5c9a4a4e-22c6-4d68-9b3a-6f7d1d3a7c11
logsource: {product: mail}
detection:
  one: {event.action: connection-open, source.ip|cidr: 192.0.2.0/24, user.name|contains: 'x*y'}
  condition: one
level: low
"""


@pytest.fixture(autouse=True)
def _own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def asks_sigma(directory: Path) -> bool:
    """Load the rules in a process of its own, with those of a directory; say whether it imported pySigma."""
    code = (
        "import sys; from pathlib import Path; from mailwarden.pipeline.configuration.configuration import Configuration\n"
        "book = Configuration(path=Path(sys.argv[1]) / 'mailwarden.yml').rulebook()\n"
        "assert len(book.rules) > 50 and not book.faults, book.faults; print('sigma' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, directory], check=True, capture_output=True, text=True)
    return done.stdout.strip() == "True"


def test_rules_are_read_once(tmp_path: Path) -> None:
    """The second command that loads the rules reads no Sigma; a file that changed is read again."""
    (tmp_path / "rules.d").mkdir()
    rule = tmp_path / "rules.d" / "own.yaml"
    rule.write_text(OWN)

    assert [asks_sigma(tmp_path) for _ in range(2)] == [True, False]

    rule.write_text(OWN.replace("level: low", "level: high"))

    assert [asks_sigma(tmp_path) for _ in range(2)] == [True, False]


def test_a_known_rule_is_the_one_that_its_file_holds() -> None:
    """What is built of what was kept asks the same of events, with the same thresholds, as what was just read."""
    with known_rules() as known:
        book = Configuration().rulebook()
        files = [Path(rule.path) for rule in book.rules]
        read = [known.plan(path, None) for path in files]
    kept = msgspec.msgpack.decode(msgspec.msgpack.encode(read), type=list[Plan])

    assert kept == read
    for rule, plan in zip(book.rules, kept, strict=True):
        again = built(plan, rule.path, RuleSettings())
        assert (again.detection, again.actions, again.asks, again.ids) == (
            rule.detection, rule.actions, rule.asks, rule.ids,
        )  # fmt: skip
        assert [one.threshold for one in again.counts] == [one.threshold for one in rule.counts]


@pytest.mark.parametrize("data", [b"", b"\xc1", b"\x81\xa1k\x01", b"\x91" * 5000])
def test_what_is_no_plan_is_read_anew(data: bytes, tmp_path: Path) -> None:
    """A damaged file costs the time that it saved, and nothing else."""
    Configuration().rulebook()
    keep("known-rules", data)

    assert asks_sigma(tmp_path) and not asks_sigma(tmp_path)


def test_what_others_could_have_written_is_not_believed() -> None:
    """Nobody but the user himself decides which rules fire, not even where root is called with his cache."""
    keep("word", b"ours")
    path = cache_directory() / "word"
    assert recalled("word") == b"ours"

    path.chmod(0o620)
    assert recalled("word") is None
    path.chmod(0o600)
    cache_directory().chmod(0o777)
    assert recalled("word") is None
    keep("other", b"into what everybody may change")
    assert not (cache_directory() / "other").exists()


def test_a_link_leads_nowhere(tmp_path: Path) -> None:
    """What is kept is written to no place that a link names, and not read from there."""
    target = tmp_path / "target"
    target.write_bytes(b"theirs")
    keep("word", b"ours")
    (cache_directory() / "word").unlink()
    (cache_directory() / "word").symlink_to(target)

    assert recalled("word") is None

    (cache_directory() / f"word.{os.getpid()}").symlink_to(target)
    keep("word", b"ours")

    assert target.read_bytes() == b"theirs"


def test_no_home_is_made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Users of services have a home that is not there, and it stays so."""
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "nonexistent"))

    keep("word", b"lost")

    assert not (tmp_path / "nonexistent").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file away")
def test_root_reads_nothing_of_a_user() -> None:
    """With `sudo -E` root is called with a user's cache."""
    keep("word", b"ours")
    os.chown(cache_directory() / "word", 65534, -1)
    assert recalled("word") is None

    os.chown(cache_directory(), 65534, -1)
    keep("other", b"root's")
    assert not (cache_directory() / "other").exists()
