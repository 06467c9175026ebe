"""An incident explains itself from what was kept with it, at once."""

import os
import resource
import subprocess
import sys
from pathlib import Path

SAMPLE = Path(__file__).parents[2] / "sample_logs" / "account_takeover" / "mail.log"


def test_a_verdict_is_made_again_within_a_second(tmp_path: Path) -> None:
    """`show` of a real takeover judges it again from its stored inputs, without the log, in less than a second of a core."""
    log = tmp_path / "mail.log"
    log.write_bytes(SAMPLE.read_bytes())
    place = os.environ | {
        "HOME": str(tmp_path),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
    }
    command = [sys.executable, "-m", "mailwarden"]
    subprocess.run([*command, "scan", str(log), "--year", "2026"], env=place, capture_output=True, check=True)
    log.unlink()

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    shown = subprocess.run([*command, "show", "ZBO"], env=place, capture_output=True, text=True, check=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)

    assert "Judged again from this with the rule of today: the same." in " ".join(shown.split())
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 1


def test_one_takeover_is_one_story(tmp_path: Path) -> None:
    """The guessing before, the spam, the blocks and the disbelief of receivers after it are told as the takeover alone."""
    command = [sys.executable, "-m", "mailwarden", "scan", str(SAMPLE), "--year", "2026"]
    place = os.environ | {"XDG_CACHE_HOME": str(tmp_path), "LANG": "C.UTF-8"}

    told = subprocess.run(command, env=place, capture_output=True, text=True, check=True).stdout

    assert told.startswith("1 critical. Read ")
