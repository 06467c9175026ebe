"""The small real logs that these tests read (tests/data/), and what the commands say of a database."""

import gzip
import json
from pathlib import Path
from typing import Any

from mailwarden.alerts.words.translate import translator
from mailwarden.pipeline.showing.incident_json import as_data
from mailwarden.pipeline.showing.sentences import Sentences
from mailwarden.pipeline.store import Store

DATA = Path(__file__).parents[1] / "data"


def lines_of(name: str) -> list[bytes]:
    """Give the lines of a log, each with its LF."""
    return gzip.decompress((DATA / f"{name}.gz").read_bytes()).splitlines(keepends=True)


def incidents_of(path: Path) -> list[dict[str, Any]]:
    """Give the incidents of a database as `scan --json` writes them."""
    with Store.open(path, read_only=True) as store:
        incidents = store.incidents()
    sentences = Sentences(incidents, translator("en"))
    ordered = sorted(incidents, key=lambda one: (one.opened_us, one.id))
    return [json.loads(json.dumps(as_data(one, sentences))) for one in ordered]
