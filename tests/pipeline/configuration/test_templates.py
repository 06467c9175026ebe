"""A channel's own words are looked at when the configuration is read."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mailwarden.parsers.errors import ConfigurationError
from mailwarden.pipeline.configuration.reading import load

STATED = """\
alerts:
  channels:
    chat:
      url: json://localhost
      template: words/chat.txt
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "words").mkdir()
    path = tmp_path / "mailwarden.yml"
    path.write_text(STATED)
    return path


def test_a_template_stands_beside_the_configuration(path: Path) -> None:
    """Its path is meant from there, and the channel has its text."""
    (path.parent / "words" / "chat.txt").write_text("{{ title }}\n{{ next }}")

    (channel,) = load(path).resolved_channels({})

    assert channel.template == "{{ title }}\n{{ next }}"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "words/chat.txt: No such file or directory. Check the path"),
        (b"{{ title }}\n{{ tilte }}", 'words/chat.txt:2: "tilte" is none of what can be said'),
        (b"{% if kind %}", "words/chat.txt:1: cannot be read"),
        (b"\xff\xfe", "words/chat.txt: is not UTF-8 text (byte 0). Save it as UTF-8."),
        (b"", "words/chat.txt:1: says nothing"),
    ],
)
def test_a_fault_is_told_with_both_lines(path: Path, content: bytes | None, said: str) -> None:
    """That of the configuration, and that of the template; nothing is started."""
    if content is not None:
        (path.parent / "words" / "chat.txt").write_bytes(content)

    with pytest.raises(ConfigurationError) as raised:
        load(path)

    (fault,) = raised.value.faults
    assert fault.startswith(f"{path}:5: alerts.channels.chat.template: {path.parent}/")
    assert said in fault
    assert fault.code == "MW4114"


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (os.mkfifo, "is no regular file"),
        (lambda path: path.symlink_to("/dev/zero"), "is no regular file"),
        (lambda path: path.write_bytes(b"x" * 1_000_001), "is larger than 1000000 bytes"),
    ],
)
def test_what_would_hang_or_never_end_is_refused(path: Path, make: Callable[[Path], object], said: str) -> None:
    """A pipe in the place of a template stops neither the service nor any command; nor does a device."""
    make(path.parent / "words" / "chat.txt")

    with pytest.raises(ConfigurationError, match=said):
        load(path)
