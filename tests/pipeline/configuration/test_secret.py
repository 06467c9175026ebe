"""Secrets come from the environment or a file, and what is missing is named."""

import os
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


def test_a_unit_that_may_not_read_a_secret_is_told_how_it_is_handed_over(tmp_path: Path) -> None:
    """The unit of the page may read no file of others; systemd gives it copies of those that are named."""
    handed = tmp_path / "credentials"
    handed.mkdir()
    closed = tmp_path / "closed"
    closed.mkdir()
    token = closed / "prometheus.token"
    token.write_text("0123456789abcdef0123\n")
    closed.chmod(0)
    user = os.geteuid()
    try:
        if user == 0:
            os.seteuid(65_534)
        with pytest.raises(ValueError, match=f"LoadCredential=prometheus.token:{token}"):
            read_secret(f"file:{token}", {"CREDENTIALS_DIRECTORY": str(handed)})
        with pytest.raises(ValueError, match="Permission denied"):
            read_secret(f"file:{token}", {})
    finally:
        os.seteuid(user)
        closed.chmod(0o755)

    (handed / token.name).write_text("0123456789abcdef0123\n")

    assert read_secret(f"file:{token}", {"CREDENTIALS_DIRECTORY": str(handed)}) == "0123456789abcdef0123"
