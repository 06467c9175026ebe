"""The service takes what it finds in its store, and goes on."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from mailwarden.pipeline.configuration.configuration import ChannelSetting, Configuration, SourceSetting
from mailwarden.pipeline.places import store_path
from mailwarden.pipeline.service.service import run
from mailwarden.pipeline.store import Store

LINE = "2026-03-03T04:00:00+00:00 mx1 postfix/qmgr[2]: 4A11C0D20: removed\n"


def _ended_when_taken(path: Path) -> None:
    """Ask the service to end as soon as it has taken up all acts."""
    with Store.open(path) as store:
        until_s = time.monotonic() + 30
        while store.pending_acts() and time.monotonic() < until_s:
            time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGTERM)


def test_a_silence_that_cannot_be_read_stops_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is said and taken off the list, or the service would fail at it again and again."""
    log = tmp_path / "mail.log"
    log.write_text(LINE, "utf-8")
    configuration = Configuration(
        state=tmp_path / "state",
        sources=(SourceSetting("files", str(log)),),
        channels=(ChannelSetting("desk", "json://127.0.0.1:9/"),),
    )
    path = store_path(configuration.state_directory)
    path.parent.mkdir()
    with Store.open(path) as store:
        store.add_act("silence", {"who": 1}, 0)
    ending = threading.Thread(target=_ended_when_taken, args=(path,))

    ending.start()
    run(configuration)
    ending.join()

    with Store.open(path) as store:
        assert store.pending_acts() == []
    assert "silence 1 cannot be read" in capsys.readouterr().err
