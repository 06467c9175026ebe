"""One account that was taken over among everyday guessing is seen at once."""

import os
import subprocess
import sys
from pathlib import Path

from logs import DATA

LOG = DATA / "needle.mail.log.gz"  # the last two minutes of 100,000 lines, and what else names the account
ACCOUNT = "walter.rossi1969@nova0.test"


def test_the_needle_is_named_in_line_four(tmp_path: Path) -> None:
    """The verdict stands in line 1, the account in line 4, all in 25 lines of 80 columns; the next command is there."""
    answer = subprocess.run(
        [sys.executable, "-m", "mailwarden", "scan", "--year", "2025", "--timezone", "UTC", str(LOG)],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"XDG_CACHE_HOME": str(tmp_path), "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"},
        cwd=tmp_path,
    )

    lines = answer.stdout.splitlines()
    assert lines[0].startswith("1 critical")
    assert ACCOUNT in lines[3] and "CRITICAL" in lines[3]
    assert len(lines) <= 25
    assert max(map(len, lines)) <= 80
    assert f"doveadm kick {ACCOUNT}" in answer.stdout
