"""Ctrl-C: what was found so far is shown, and is what the lines read so far say."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from mailwarden.pipeline.admission.batch import Batch
from mailwarden.pipeline.cli.root import root
from mailwarden.pipeline.runner import Runner

LOG = Path(__file__).parents[3] / "sample_logs" / "account_takeover" / "mail.log"


@pytest.mark.parametrize("kept", [False, True])
def test_what_was_found_so_far_is_shown(kept: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scan that somebody ends in the middle of a batch shows what it found, and `--state` goes on behind that batch."""
    monkeypatch.setenv("LANGUAGE", "en")
    folded: list[int] = []
    fold_in = Runner.fold_in

    def interrupted(self: Runner, batch: Batch, **words: Any) -> None:
        if not folded:
            os.kill(os.getpid(), signal.SIGINT)
        fold_in(self, batch, **words)
        folded.append(len(batch.events))

    with monkeypatch.context() as patch:
        patch.setattr(Runner, "fold_in", interrupted)
        words = ["scan", "--year", "2026", str(LOG), *(["--state", str(tmp_path / "state")] if kept else [])]
        result = CliRunner().invoke(root, words)

    assert result.exit_code == 130
    assert len(folded) == 1
    assert "Interrupted. Found so far: 1 critical." in result.stdout
    assert "office@lindenhof.example was guessed and sends spam" in result.stdout
    shown = CliRunner().invoke(root, ["show", "ZBO", *(words[-2:] if kept else [])])
    assert shown.stdout.startswith("● CRITICAL ZBO")
    if kept:
        rest = CliRunner().invoke(root, words)
        assert f"Read {1216 - folded[0]} lines" in rest.stdout.replace("\n", " ")
