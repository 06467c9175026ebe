"""That a configuration is right in its structure is found out once: what checks it is slow to import."""

import subprocess
import sys
from pathlib import Path

import pytest

from mailwarden.parsers.errors import ConfigurationError
from mailwarden.pipeline.configuration import known_sound
from mailwarden.pipeline.configuration.reading import load
from mailwarden.pipeline.places import cache_directory

SOUND = "language: ja\nsite: {domains: [example.org]}\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "mailwarden.yml"
    path.write_text(SOUND)
    return path


def imports_the_checker(path: Path) -> bool:
    """Read a configuration in a process of its own; say whether it imported what checks the structure."""
    code = (
        "import sys; from pathlib import Path; from mailwarden.pipeline.configuration.reading import load\n"
        "load(Path(sys.argv[1])); print('jsonschema' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, path], check=True, capture_output=True, text=True)
    return done.stdout.strip() == "True"


def test_it_is_looked_at_once(path: Path) -> None:
    """The second command that reads the same settings imports nothing for it; a change is looked at again."""
    assert [imports_the_checker(path) for _ in range(2)] == [True, False]

    path.write_text(SOUND + "hold_ms: 50\n")

    assert [imports_the_checker(path) for _ in range(2)] == [True, False]


def test_another_schema_knows_nothing(path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What an older version found right is looked at again by a newer one."""
    load(path)
    settings = {"language": "ja", "site": {"domains": ["example.org"]}}
    assert known_sound.is_known_sound(settings)

    (tmp_path / "newer.json").write_bytes(b"{}")
    monkeypatch.setattr(known_sound, "_SCHEMA", tmp_path / "newer.json")

    assert not known_sound.is_known_sound(settings)


def test_what_is_wrong_is_told_each_time(path: Path) -> None:
    """A fault of the structure is never remembered as right, nor one that no schema can say."""
    for text, said in (
        ("langage: en\n", "unknown setting"),
        ("rules: {no_such_rule: {enabled: false}}\n", "unknown rule"),
    ):
        path.write_text(text)
        for _ in range(2):
            with pytest.raises(ConfigurationError, match=said):
                load(path)


def test_a_number_as_a_key_is_not_its_text(path: Path) -> None:
    """Settings that only look alike are told apart."""
    load(path)
    known_sound.remember({"labels": {"1": ["a"]}})

    assert known_sound.is_known_sound({"labels": {"1": ["a"]}})
    assert not known_sound.is_known_sound({"labels": {1: ["a"]}})


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"0" * 64])
def test_a_damaged_note_is_no_note(path: Path, content: bytes) -> None:
    """It costs a look, and is written anew."""
    load(path)
    (cache_directory() / "sound-configuration").write_bytes(content)

    assert load(path).language == "ja"
    assert known_sound.is_known_sound({"language": "ja", "site": {"domains": ["example.org"]}})


def test_without_a_place_for_it_nothing_is_remembered(
    path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where the cache cannot be made the configuration is read all the same."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))

    assert load(path).language == "ja"
