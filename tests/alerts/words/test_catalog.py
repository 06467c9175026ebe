"""No message lacks its translation, wherever it stands."""

from pathlib import Path

import pytest

from mailwarden.alerts.words.catalog import faults, messages
from mailwarden.alerts.words.translate import LANGUAGES, translator

TRANSLATED = [language for language in LANGUAGES if language != "en"]


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_message_is_translated_and_fills_the_same_names(language: str) -> None:
    """Run `python -m mailwarden.alerts.words.catalog`, then write what it found missing."""
    assert faults(language) == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_catalog_loads(language: str) -> None:
    """A catalog is read from its source, without being compiled by anybody."""
    assert translator(language).gettext("CRITICAL") != "CRITICAL"


def test_messages_are_found_in_code_detectors_rules_and_advice(tmp_path: Path) -> None:
    """A message is found in each of the places that may hold one, and cases are none."""
    rules = tmp_path / "alerts" / "rules"
    rules.mkdir(parents=True)
    (tmp_path / "alerts" / "advice.yaml").write_text('x: [{text: "do it"}]', "utf-8")
    (tmp_path / "alerts" / "a.py").write_text(
        '_("one {a}")\ntongue.ngettext("an x", "{n} x", 2)\ntongue.say(N_("two"), v)\nprint("no")\n'
        "f\"{tongue.gettext('in a string')}\"\nDetection(name='no', title='found', threshold=1)\n'no'.count('no')\n",
        "utf-8",
    )
    (rules / "r.yaml").write_text(
        'title: no\n---\nmailwarden: {title: "t", why: "w", harmless: "h", advice: no}\n', "utf-8"
    )
    (rules / "r.cases.yaml").write_text('mailwarden: {title: "no"}\n', "utf-8")

    found = [(each.msgid, each.plural) for each in messages(tmp_path)]

    expected = [
        ("one {a}", None),
        ("an x", "{n} x"),
        ("two", None),
        ("in a string", None),
        ("found", None),
        ("t", None),
        ("w", None),
        ("h", None),
        ("do it", None),
    ]
    assert expected == found
