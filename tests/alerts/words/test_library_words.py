"""What libraries say of what they cannot read is told in the reader's language, word for word the same in English."""

import re
from pathlib import Path

import pytest
import yaml

from mailwarden.alerts.rulebook.compiler import compile_file
from mailwarden.alerts.words.library_words import heard
from mailwarden.alerts.words.translate import translator
from mailwarden.parsers.errors import ConfigurationError, Worded

RULE = """\
title: Own
id: 11111111-2222-3333-4444-555555555501
logsource: {product: mail}
detection:
  one: {event.action: auth-failure}
  condition: one
level: high
"""
ENGLISH = re.compile(r"\b(?:must|not|is|the|expected|found|without|have|cannot|Sigma rule)\b")


@pytest.mark.parametrize(
    "text",
    [
        "a: [b\nc: 1",
        "a: {b: 1\nc",
        "a: b: c",
        "a: 'b",
        "a: *b",
        "- a\nb: 1",
        "a: \tb\n\tc: 1",
        'a: "\\q"',
        "? [a]\n: b",
        "a: !!python/none x",
        "a\nb: c",
        "@a: b",
    ],
)
def test_faults_of_yaml_are_known(text: str) -> None:
    """As PyYAML words them today: a new version that words them anew is noticed here."""
    with pytest.raises(yaml.MarkedYAMLError) as caught:
        yaml.safe_load(text)

    said = heard(caught.value.problem)

    assert isinstance(said, Worded)
    assert said == caught.value.problem
    assert not ENGLISH.search(translator("ja").worded(said))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("title: Own\n", ""),
        ("11111111", "x"),
        ("level: high", "level: huge"),
        ("level: high", "status: great"),
        ("level: high", "date: someday"),
        ("level: high", "tags: x"),
        ("level: high", "author: 7"),
        ("level: high", "falsepositives: none"),
        ("condition: one", "condition: one | count() > 5"),
        ("condition: one", "condition: one and ("),
        ("condition: one", "condition: two"),
        ("condition: one", "condition: 1 of two*"),
        ("event.action: auth-failure", "user.name|foo: x"),
        ("event.action: auth-failure", "user.name|re: '(x'"),
        ("event.action: auth-failure", "user.name|re: '(?=x)'"),
        ("event.action: auth-failure", "source.ip|cidr: 300.0.0.0/8"),
        ("logsource: {product: mail}\n", ""),
        ("detection:\n  one: {event.action: auth-failure}\n  condition: one\n", ""),
    ],
)
def test_faults_of_a_rule_are_told_in_japanese(
    old: str, new: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """As pySigma and RE2 word them today; and nothing but us writes anything."""
    path = tmp_path / "own.yaml"
    assert old in RULE
    path.write_text(RULE.replace(old, new), "utf-8")

    with pytest.raises(ConfigurationError) as caught:
        compile_file(path, None, frozenset({"event.action", "source.ip", "user.name"}))

    said = translator("ja").worded(caught.value.said).replace(str(path), "")
    assert not ENGLISH.search(said), said
    assert said.endswith(("。", "uuidgen"))
    assert capfd.readouterr() == ("", "")


def test_what_is_not_known_is_told_as_it_is() -> None:
    """A library may say anything; a very long name in it does not make the look slow."""
    assert type(heard("the moon is full")) is str
    assert heard("Unknown modifier " + "x" * 100_000).startswith("Unknown modifier x")
