"""Who sets up watching for the first time is told what is wrong with an answer while its question stands there."""

import os
import subprocess
import sys
from pathlib import Path


def _talk(directory: Path, *answers: str) -> str:
    """Answer the questions of `mailwarden setup` on a terminal; give all that stood there."""
    leader, follower = os.openpty()
    words = [sys.executable, "-m", "mailwarden", "setup", "--config", str(directory / "mw.yml"), "--no-service"]
    environment = {**os.environ, "LANGUAGE": "en", "TERM": "dumb", "MAILWARDEN_STATE": str(directory)}
    try:
        os.write(leader, "".join(f"{answer}\n" for answer in answers).encode())
        with subprocess.Popen(words, stdin=follower, stdout=follower, stderr=follower, env=environment) as process:
            os.close(follower)
            said = b""
            while chunk := _read(leader):
                said += chunk
        assert process.returncode == 0
    finally:
        os.close(leader)
    return said.decode()


def _read(leader: int) -> bytes:
    try:
        return os.read(leader, 65536)
    except OSError:  # Linux: nobody holds the other end any more
        return b""


def test_a_wrong_answer_is_asked_for_again(tmp_path: Path) -> None:
    """Three slips cost no start from the beginning, and what is written can be read."""
    said = _talk(tmp_path, "slak://x", "me@example.org", "", "de", "ja", "25:99", "06:30", "y")

    assert 'unknown service "slak". Did you mean "slack"?' in said
    assert "mailtos://USER:PASSWORD@SERVER?to=me@example.org" in said
    assert '"de" is not one of en, ja' in said
    assert '"25:99" is not a time of day' in said
    written = (tmp_path / "mw.yml").read_text("utf-8")
    assert "language: ja" in written
    assert "time: 06:30" in written
