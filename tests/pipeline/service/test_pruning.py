"""What is over is forgotten after a time, little by little; what nobody has got yet never is."""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from mailwarden.pipeline.configuration.configuration import Keep
from mailwarden.pipeline.service.pruning import Pruner
from mailwarden.pipeline.store import Commit, Store

DAY_US = 86_400_000_000
NOW_US = 20_000 * DAY_US
KEEP = Keep(reports=timedelta(days=10), alerts=timedelta(days=5), counts=timedelta(days=40))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "mailwarden.db") as one:
        yield one


def days_counted(store: Store) -> list[int]:
    return sorted({(NOW_US - row[0]) // DAY_US for row in store.rollups(0, 1 << 62)})


def test_what_is_older_than_is_kept_goes(store: Store, tmp_path: Path) -> None:
    """Old counts, delivered alerts and files of reports go; what waits, what is young and other files stay."""
    rollups = {(NOW_US - day * DAY_US, "lines", "event", "", ""): 1 for day in (1, 39, 41, 400)}
    outbox = [("old", NOW_US - 6 * DAY_US, b""), ("waits", NOW_US - 6 * DAY_US, b""), ("new", NOW_US - DAY_US, b"")]
    store.commit(Commit(1, rollups=rollups, outbox=outbox))
    for id_ in ("old", "new"):
        store.outbox_update(id_, NOW_US, True, b"")
    reports = tmp_path / "reports"
    reports.mkdir()
    for name, days in (("a.txt", 11), ("b.eml", 9), ("notes.md", 99)):
        (reports / name).write_text("x")
        os.utime(reports / name, (NOW_US / 1e6 - days * 86_400,) * 2)

    Pruner(store, reports, KEEP, pytest.fail).tick(NOW_US)

    assert days_counted(store) == [1, 39]
    assert store._rows("SELECT id FROM outbox ORDER BY id") == [("new",), ("waits",)]
    assert sorted(one.name for one in reports.iterdir()) == ["b.eml", "notes.md"]


def test_much_is_forgotten_little_by_little(store: Store, tmp_path: Path) -> None:
    """A batch never waits for more than some thousand rows; the rest goes with the next ones, and then all is quiet."""
    store.commit(Commit(1, rollups={(NOW_US - 90 * DAY_US, "x", str(n), "", ""): 1 for n in range(5_000)}))
    pruner = Pruner(store, tmp_path / "none", KEEP, pytest.fail)

    left = []
    for _ in range(4):
        pruner.tick(NOW_US)
        left.append(len(store.rollups(0, 1 << 62)))
    store.commit(Commit(2, rollups={(NOW_US - 90 * DAY_US, "late", "", "", ""): 1}))
    pruner.tick(NOW_US)

    assert left == [3_000, 1_000, 0, 0]
    assert len(store.rollups(0, 1 << 62)) == 1  # today's work was done; tomorrow it goes
    pruner.tick(NOW_US + DAY_US)
    assert not store.rollups(0, 1 << 62)
