"""The real logrotate, with the settings that distributions ship."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from mailwarden.pipeline.sources.files import FileSource

PROGRAM = shutil.which("logrotate", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")

pytestmark = pytest.mark.program("logrotate")


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize(
    "settings",
    [
        "compress\ndelaycompress\ncreate",  # Debian's rsyslog
        "create",
        "copytruncate\ncompress",
        "copytruncate",
        "nocreate",
        "create\nextension .log",
    ],
)
def test_logrotate_is_followed(tmp_path: Path, settings: str, restarts: bool) -> None:
    """Each line comes once, whether the service runs or starts again between two rotations."""
    log, state, configuration = tmp_path / "mail.log", tmp_path / "state", tmp_path / "logrotate.conf"
    configuration.write_text(f"{log} {{\nrotate 20\nmissingok\n{settings}\n}}\n")
    configuration.chmod(0o600)
    tmp_path.chmod(0o700)
    source = FileSource(log, follow=True)
    written = got = b""

    def read() -> bytes:
        data = b""
        while (chunk := source.read(500)) is not None:
            data += chunk.data
        return data

    for turn in range(6):
        before = b"".join(b"Mar  3 04:05:06 mx1 postfix/smtpd[%d]: before %d\n" % (turn, n) for n in range(20))
        after = b"Mar  3 04:05:07 mx1 postfix/smtpd[%d]: unread when rotated\n" % turn
        with log.open("ab") as file:
            file.write(before)
        got += read()
        with log.open("ab") as file:
            file.write(after)
        written += before + after
        if restarts:
            position = json.loads(json.dumps(source.position()))
            source.close()
        subprocess.run([str(PROGRAM), "--force", "--state", str(state), str(configuration)], check=True)
        if restarts:
            source = FileSource(log, follow=True)
            source.restore(position)
    got += read()
    source.close()

    assert got == written
