"""The manual page holds every command, and man takes it without a word."""

import subprocess

import click
import pytest

from mailwarden.pipeline.cli.manual import manual
from mailwarden.pipeline.cli.root import COMMANDS, root


def test_every_command_and_option_is_in_it() -> None:
    """What `--help` knows is in the manual."""
    page = manual("2026-01-01").replace("\\-", "-")

    with click.Context(root, info_name="mailwarden") as parent:
        for name in COMMANDS:
            command = root.get_command(parent, name)
            assert command is not None
            assert f".SS {name}\n" in page
            for one in command.params:
                if isinstance(one, click.Option):
                    assert max(one.opts, key=len) in page


@pytest.mark.program("groff")
def test_groff_takes_it() -> None:
    """It is laid out without a warning, and reads as a manual page."""
    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", "-P-c"],
        input=manual("2026-01-01").encode(),
        capture_output=True,
        check=True,
    )

    assert done.stderr == b""
    assert "read mail-server logs and tell" in " ".join(done.stdout.decode().split())
