"""Logs that grow, are rotated and packed while the service is killed again and again give the incidents of one scan."""

import json
from pathlib import Path
from typing import Any

import pytest
from growth import Growth
from logs import lines_of

EXIM = ("exim_mainlog.log", "mail.log", "auth.log")


@pytest.mark.parametrize(
    ("name", "rotation", "kills"),
    [
        ("account_compromise.mail.log", "rename", 3),
        ("mixed_day.mail.log", "copytruncate", 3),
        ("log_injection.mail.log", "rename", 2),
        ("year_rollover.mail.rfc3339.log", "copytruncate", 2),
    ],
)
def test_one_growing_log_gives_what_one_scan_gives(name: str, rotation: str, kills: int, tmp_path: Path) -> None:
    """One file: the same incidents byte for byte, with the same lines at the same offsets as evidence.

    What detectors know, what reports count and what is archived are the same too.
    """
    growth = Growth(tmp_path, {"mail.log": lines_of(name)}, seed=1, rotation=rotation)

    watched = growth.run(kills)

    assert json.dumps(watched) == json.dumps(growth.scan())
    assert growth.counted("state") == growth.counted("scanned")
    assert growth.archived() == [line.decode().rstrip("\n") for line in lines_of(name)]


def what_must_be_equal(incidents: list[dict[str, Any]]) -> dict[str, Any]:
    """Give incidents by id, without what a source that lagged may change."""
    kept = {}
    for incident in incidents:
        lines = sorted((one["file"], one["offset"], one["line"]) for one in incident["evidence"])
        moved = dict.fromkeys(("opened_at", "first_seen", "last_seen"))
        kept[incident["incident.id"]] = incident | moved | {"evidence": lines}
    return kept


def test_several_growing_logs_give_what_one_scan_gives(tmp_path: Path) -> None:
    """Several files of one machine: the same ids always, the same incidents unless one lagged behind the others."""
    lines = {name: lines_of(f"exim_account_compromise.{name}") for name in EXIM}
    growth = Growth(tmp_path, lines, seed=5, rotation="rename")

    watched, scanned = growth.run(3), growth.scan()

    assert {one["incident.id"] for one in watched} == {one["incident.id"] for one in scanned}
    assert what_must_be_equal(watched) == what_must_be_equal(scanned)
