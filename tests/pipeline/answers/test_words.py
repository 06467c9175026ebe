"""What events did is said in words of every language, never by a code."""

import re
from pathlib import Path

import pytest
import yaml

from mailwarden.alerts.words.translate import translator
from mailwarden.pipeline.answers.words import action_text

FORMATS = Path(__file__).parents[3] / "parsers" / "formats"


def actions() -> set[str]:
    """Give every `event.action` that the samples of the formats hold."""
    found: set[str] = set()
    for path in FORMATS.glob("*.yaml"):
        for sample in yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader):
            for fields in [sample.get("fields") or {}, *(sample.get("events") or [])]:
                found.add(str(fields.get("event.action")))
    return found - {"None"}


@pytest.mark.parametrize("language", ["en", "ja"])
def test_every_action_has_words(language: str) -> None:
    """A server that tells of something new needs a word for it, in each language."""
    tongue = translator(language)

    said = {action: action_text(action, tongue) for action in actions()}

    assert len(said) > 30
    assert len(set(said.values())) == len(said)
    if language == "ja":
        assert [action for action, text in said.items() if re.fullmatch(r"[a-z -]+", text)] == []
