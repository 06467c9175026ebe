"""JSON that somebody else wrote holds no half characters, which no file and no database can keep."""

import json

import pytest

from mailwarden.parsers.envelope import Reader
from mailwarden.parsers.event import to_ecs
from mailwarden.parsers.json_text import read_json

HALVES = [r"\ud800", r"\uDFFF x", r"\udbff\ud801", r"\ud83d", r"\udc00\ud800"]


@pytest.mark.parametrize("half", HALVES)
def test_half_a_character_is_replaced(half: str) -> None:
    """In names, in text and in what is nested; whole characters and bytes that were no text stay as they are."""
    found = read_json(f'{{"a{half}": ["{half}", {{"b": "{half}"}}], "whole": "\\ud83d\\ude00 \udcff é", "n": 7}}')

    json.dumps(found, ensure_ascii=False).encode("utf-8", "surrogateescape")
    assert found["whole"] == "\U0001f600 \udcff é"
    assert found["n"] == 7
    assert "\ufffd" in next(iter(found))


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize(
    "line",
    [
        '2026-03-02T08:00:00+00:00 mx1 mailwarden-probe: report {"kind": "tls", "id": "{half}", "organisation": "{half}",'
        ' "domain": "example.org{half}", "total": 10, "failed": 7, "sources": {}}',
        '{"MESSAGE": "connect from {half}", "__REALTIME_TIMESTAMP": "1772438400000000", "SYSLOG_IDENTIFIER": "{half}"}',
        '{"log": "{half}\\n", "time": "2026-03-02T08:00:00Z"}',
    ],
)
def test_no_line_brings_one_into_an_event(line: str, half: str) -> None:
    """Whatever the line is wrapped in: what is made of it can be written down."""
    event = Reader().read(line.replace("{half}", half))

    assert event.event_original is not None
    json.dumps(to_ecs(event), ensure_ascii=False).encode("utf-8", "surrogateescape")
