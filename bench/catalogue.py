"""Check a catalogue of example lines: `python -m bench.catalogue examples.yaml [server ...]`.

The catalogue is YAML with a list `examples` of `{id, server, line | lines, fields}`; a field that is null must be absent.
"""

import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from mailwarden.parsers.envelope import Reader
from mailwarden.parsers.event import to_ecs

HINT_US = 1_790_000_000_000_000  # September 2026: the examples bear no year


def differences(example: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Give the fields that differ, as (wanted, got); of several lines the first that is no continuation counts."""
    events = Reader(hint_year_us=HINT_US).read_lines(example.get("lines") or [example["line"]])
    got = to_ecs(next((event for event in events if event.event_action != "continuation"), events[0]))
    if "@timestamp" in example["fields"]:
        example["fields"]["@timestamp"] = datetime.fromisoformat(example["fields"]["@timestamp"])
        got["@timestamp"] = datetime.fromisoformat(got["@timestamp"])
    return {name: (want, got.get(name)) for name, want in example["fields"].items() if got.get(name) != want}


def main(path: str, *servers: str) -> None:
    examples = [
        one
        for one in yaml.safe_load(Path(path).read_text(encoding="utf-8"))["examples"]
        if not servers or one["server"] in servers
    ]
    wrong = {one["id"]: found for one in examples if (found := differences(one))}
    for name, found in wrong.items():
        print(name, found)
    print(f"{len(examples) - len(wrong)} of {len(examples)} examples give the fields they state")


if __name__ == "__main__":
    main(*sys.argv[1:])
