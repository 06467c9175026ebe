"""Deliveries of a day, and archives whose files are small."""

from typing import Any

import pytest

from mailwarden.parsers.event import Event
from mailwarden.pipeline.archive import archive

__all__ = ["NOON", "event", "make_small_parts"]

NOON = 20_500 * 86_400_000_000 + 43_200_000_000


def event(second: int, **fields: Any) -> Event:
    """Make a delivery of some second after noon."""
    made = Event()
    made.timestamp_us = made.stream_us = NOON + second * 1_000_000
    made.event_action, made.host_hostname = "delivery", "mx1"
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def make_small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let files be full of forty events, in parts of ten."""
    monkeypatch.setattr(archive, "_FULL", 40)
    monkeypatch.setattr(archive, "_GROUP", 10)
