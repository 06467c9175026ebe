"""Secrets come from the environment or a file, and what is missing is named."""

from pathlib import Path

import pytest

from mailwarden.pipeline.configuration.secret import read_secret


def test_a_secret_of_the_environment_of_a_file_and_as_it_stands(tmp_path: Path) -> None:
    """Variables may stand within a text; of a file only the first line counts."""
    file = tmp_path / "password"
    file.write_text("s3cret\nsecond line\n")

    assert read_secret("a-${ONE}-b", {"ONE": "1"}) == "a-1-b"
    assert read_secret(f"file:{file}", {}) == "s3cret"
    assert read_secret("as it is", {}) == "as it is"


def test_a_secret_that_names_another_is_not_read_again(tmp_path: Path) -> None:
    """What a file or a variable holds is taken as it stands."""
    file = tmp_path / "password"
    file.write_text("${HOME}\n")

    assert read_secret(f"file:{file}", {"HOME": "/root"}) == "${HOME}"
    assert read_secret("${A}", {"A": "${B}", "B": "x"}) == "${B}"


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    """A variable, a file, its first line, its text."""
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")

    with pytest.raises(ValueError, match=r"\$\{ONE\} is not in the environment"):
        read_secret("${ONE}", {})
    for name, why in (("none", "No such file"), ("empty", "is empty"), ("binary", "is not text")):
        with pytest.raises(ValueError, match=why):
            read_secret(f"file:{tmp_path / name}", {})
