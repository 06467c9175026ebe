"""What a scan does not read of a line changes nothing that comes out."""

from pathlib import Path

import msgspec
import pytest
from logs import lines_of

from mailwarden.pipeline import fold
from mailwarden.pipeline.configuration.configuration import Configuration
from mailwarden.pipeline.places import store_path
from mailwarden.pipeline.scan import scan
from mailwarden.pipeline.store import Store

LOGS = ["mixed_day.mail.log", "account_compromise.mail.log", "exim_account_compromise.exim_mainlog.log"]


def outcome(log: Path, state: Path) -> tuple[list[object], list[object], dict[object, int]]:
    """Scan a log; give what is kept of it."""
    with scan([str(log)], state=state, zone="UTC", year=2026, configuration=Configuration()) as result:
        totals = result.totals
    with Store.open(store_path(state)) as store:
        states = store._rows("SELECT kind, key, version, expires_us, blob FROM state ORDER BY kind, key")
        return [*map(msgspec.to_builtins, store.incidents()), *states], sorted(store.rollups(0, 1 << 62)), totals


@pytest.mark.parametrize("name", LOGS)
def test_reading_all_of_each_line_gives_the_same(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Incidents, state and counts are those of a scan that reads every field of every line."""
    log = tmp_path / "mail.log"
    log.write_bytes(b"".join(lines_of(name)))
    brief = outcome(log, tmp_path / "brief")
    monkeypatch.setattr(fold, "BRIEF", frozenset())

    assert outcome(log, tmp_path / "whole") == brief
