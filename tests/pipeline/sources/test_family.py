"""Which files belong to a log, and which of them is older."""

import os
from pathlib import Path

import pytest

from mailwarden.pipeline.sources.family import members
from mailwarden.pipeline.sources.lineage import Lineage


def put(folder: Path, *names: str) -> None:
    """Make files, the first of which was written last a day before the second, and so on."""
    for day, name in enumerate(names):
        (folder / name).write_bytes(b"line\n")
        os.utime(folder / name, (86_400 * day, 86_400 * day))


@pytest.mark.parametrize(
    "oldest_first",
    [
        ("mail.log.2.gz", "mail.log.1", "mail.log-20260301", "mail.log-20260302.gz", "mail.log"),
        ("mail.log-20260301.gz", "mail.log-20260302", "mail.log.2.gz", "mail.log.1", "mail.log"),
    ],
)
def test_rotated_files_are_named_otherwise_since(tmp_path: Path, oldest_first: tuple[str, ...]) -> None:
    """Where logrotate's settings were changed, names of the kind that was written last are the newer ones."""
    put(tmp_path, *oldest_first)

    assert [member.path.name for member in members(tmp_path / "mail.log")] == list(oldest_first)


@pytest.mark.parametrize("both", [("mail.log.1", "mail.log.1.gz"), ("mail.log.1.gz", "mail.log.1")])
def test_of_a_file_that_is_being_packed_the_whole_one_counts(tmp_path: Path, both: tuple[str, str]) -> None:
    """Whichever the directory lists first."""
    put(tmp_path, *both, "mail.log")

    assert [member.path.name for member in members(tmp_path / "mail.log")] == ["mail.log.1", "mail.log"]


def test_what_was_written_long_ago_is_left_out(tmp_path: Path) -> None:
    """At a first start only what was written since a time is read, and the log itself however old it is."""
    put(tmp_path, "mail.log.2", "mail.log.1")
    lineage = Lineage(tmp_path / "mail.log", None, lambda *_: None)

    first, passed = lineage.first(rotations=True, not_before=86_400.0)
    assert first is not None and first.path.name == "mail.log.1"
    assert [mark.modified_ns for mark in passed] == [0]

    (tmp_path / "mail.log").write_bytes(b"line\n")
    os.utime(tmp_path / "mail.log", (10, 10))
    first, _ = lineage.first(rotations=True, not_before=86_400.0 * 3)
    assert first is not None and first.path.name == "mail.log"
