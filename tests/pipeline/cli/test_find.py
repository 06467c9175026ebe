"""`mailwarden find` knows where to look."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

LOG = Path(__file__).parents[3] / "sample_logs" / "account_takeover" / "mail.log"


def mailwarden(home: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    place = {"HOME": str(home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TZ": "UTC"}
    command = [sys.executable, "-m", "mailwarden", *arguments]
    return subprocess.run(command, cwd=home, env=place, capture_output=True, text=True, timeout=120)


def test_after_a_scan_it_looks_in_what_was_scanned(tmp_path: Path) -> None:
    """Without a service the files of the last scan are looked in, in the year that was told for them."""
    shutil.copy(LOG, tmp_path / "mail.log")
    assert mailwarden(tmp_path, "scan", "mail.log", "--year", "2024").returncode == 0

    done = mailwarden(tmp_path, "find", "office@lindenhof.example", "--json")

    assert done.returncode == 0, done.stderr
    assert done.stdout.count('"@timestamp":"2024-') == done.stdout.count("\n") > 50


def test_without_anything_it_says_what_to_do(tmp_path: Path) -> None:
    """Where nothing ran and the scanned files are gone, it says how to name files."""
    done = mailwarden(tmp_path, "find", "office@lindenhof.example")

    assert done.returncode == 3
    assert "Name the files to look in:  mailwarden find office@lindenhof.example" in done.stderr
