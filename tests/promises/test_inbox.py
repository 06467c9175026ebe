"""What probes say cannot be asked again: through kills at any moment, each line of it counts once."""

import json
import random
import time
from pathlib import Path

import pytest
from watcher import Watcher, until

from mailwarden.pipeline.probes.prober import line
from mailwarden.pipeline.store import Store

LINES = 60
AT_US = 1_772_510_400_000_000  # 3 March 2026, 04:00 UTC


@pytest.mark.parametrize("seed", [1, 2])
def test_each_answer_counts_once_through_kills(tmp_path: Path, seed: int) -> None:
    """Taken up, judged and taken out of the inbox are one commit."""
    log = tmp_path / "mail.log"
    log.write_text("2026-03-03T04:00:00+00:00 mx1 postfix/qmgr[2]: 4A11C0D20: removed\n", "utf-8")
    watcher = Watcher(tmp_path, {"sources": [str(log)]})
    chance = random.Random(seed)
    watcher.start()
    until(watcher.is_ready, "it has read what there was")
    try:
        with Store.open(watcher.database) as store:
            for number in range(LINES):
                record = {"zone": "zen.spamhaus.org", "name": "Spamhaus ZEN", "reason": "refused"}
                store.inbox.add([line(AT_US + number, "mx1", "zone", record)])
                with log.open("a", encoding="utf-8") as file:
                    file.write("2026-03-03T04:00:01+00:00 mx1 postfix/qmgr[2]: 4A11C0D21: removed\n")
                time.sleep(chance.random() * 0.03)
                if number % 12 == 5:
                    watcher.kill()
                    watcher.start()
            until(lambda: store.inbox.read(1) == [], "all was taken up")
    finally:
        watcher.kill()

    ((counted,),) = watcher.ask("SELECT SUM(count) FROM rollups WHERE name = 'lines' AND b = 'probe'")
    with Store.open(watcher.database) as store:
        (incident,) = store.incidents()
    assert counted == LINES
    assert incident.counts == {"blocklists_blind": LINES}
    assert json.dumps(incident.primary) == '["mailwarden.site", "default"]'
