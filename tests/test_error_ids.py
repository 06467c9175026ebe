"""The ids of errors: what stands in the code is explained, what is explained stands in the code, and examples are true."""

import re
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from mailwarden.alerts.rulebook.compiler import compile_file
from mailwarden.alerts.words.errors import ErrorKind, error_kinds
from mailwarden.parsers.errors import ConfigurationError
from mailwarden.pipeline.cli.root import root
from mailwarden.pipeline.configuration.reading import load
from mailwarden.pipeline.service.readiness import ready
from mailwarden.pipeline.trial.vocabulary import event_words

CHECKOUT = Path(__file__).resolve().parent.parent
KINDS = list(error_kinds().values())
IDS = re.compile(r"\bMW[0-9]{4}\b")
RULE = """\
title: Own
id: 11111111-2222-4333-8444-555555555501
logsource: {product: mail}
detection:
  selection: {event.action: reject}
  condition: selection
level: high
"""


def is_command(kind: ErrorKind) -> bool:
    """Say whether the example of a kind is a command."""
    return kind.wrong.startswith("mailwarden ")


def is_rule(kind: ErrorKind) -> bool:
    """Say whether the example of a kind is part of a rule."""
    return kind.code.startswith("MW3") and bool(kind.wrong)


def is_configuration(kind: ErrorKind) -> bool:
    """Say whether the example of a kind is part of a configuration."""
    return bool(kind.wrong) and not is_command(kind) and not is_rule(kind)


def codes_of(text: str, directory: Path) -> set[str]:
    """Give the ids of what is wrong with a configuration."""
    path = directory / "mailwarden.yml"
    path.write_text(text, "utf-8")
    try:
        ready(load(path))
    except ConfigurationError as error:
        return {fault.code for fault in error.faults}
    return set()


def test_the_code_and_the_explanations_know_the_same_ids() -> None:
    """An id that nothing explains helps nobody; one that nothing says is a promise that is not kept."""
    in_code: set[str] = set()
    for room in ("alerts", "parsers", "pipeline"):
        for path in (CHECKOUT / room).rglob("*.py"):
            text = path.read_text("utf-8")
            in_code |= set(IDS.findall(re.sub(r'"""(?s:.*?)"""', "", text)))

    assert sorted(in_code) == [kind.code for kind in KINDS]


def test_ids_of_a_group_begin_alike() -> None:
    """Who has seen some of them knows at the first digit what an error is about."""
    groups = {}
    for path in (CHECKOUT / "alerts" / "errors").glob("*.yaml"):
        held = yaml.safe_load(path.read_text("utf-8"))
        groups[held["group"]] = {code[:3] for code in held["errors"]}

    assert all(len(begins) == 1 for begins in groups.values())
    assert len(set.union(*groups.values())) == len(groups)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.code)
def test_a_kind_is_said_in_sentences(kind: ErrorKind) -> None:
    """A title is a line of a list; what it means and how to mend it are sentences, and what is typed is marked."""
    assert len(kind.title) <= 72
    assert not kind.title.endswith(".")
    assert kind.means.endswith(".")
    assert kind.mend.endswith((".", "`"))
    assert kind.mend.count("`") % 2 == kind.means.count("`") % 2 == 0


@pytest.mark.parametrize("kind", list(filter(is_configuration, KINDS)), ids=lambda kind: kind.code)
def test_examples_of_configurations_are_true(kind: ErrorKind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wrong one is refused for just this, the right one is taken."""
    monkeypatch.setenv("PASSWORD", "secret")

    assert codes_of(kind.wrong, tmp_path) == {kind.code}
    assert codes_of(kind.right, tmp_path) == set()


@pytest.mark.parametrize("kind", list(filter(is_rule, KINDS)), ids=lambda kind: kind.code)
def test_examples_of_rules_are_true(kind: ErrorKind, tmp_path: Path) -> None:
    """What stands in the example instead of the same part of a good rule is refused for just this."""
    path = tmp_path / "own.yaml"
    path.write_text(RULE, "utf-8")
    compile_file(path, None, event_words())
    parts = {match[1]: match[0] for match in re.finditer(r"(?ms)^(\w+):.*?(?=^\w|\Z)", kind.wrong)}
    kept = "".join(match[0] for match in re.finditer(r"(?ms)^(\w+):.*?(?=^\w|\Z)", RULE) if match[1] not in parts)
    path.write_text((kept if parts else "") + kind.wrong, "utf-8")

    with pytest.raises(ConfigurationError) as caught:
        compile_file(path, None, event_words())

    assert {fault.code for fault in caught.value.faults} == {kind.code}


@pytest.mark.parametrize("kind", list(filter(is_command, KINDS)), ids=lambda kind: kind.code)
def test_examples_of_commands_are_true(kind: ErrorKind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Called like that, a command ends with this error."""
    monkeypatch.chdir(tmp_path)
    for name in ("HOME", "XDG_CACHE_HOME", "STATE_DIRECTORY"):
        monkeypatch.setenv(name, str(tmp_path))

    done = CliRunner().invoke(root, kind.wrong.split()[1:])

    assert f"[{kind.code}]" in done.stderr
    assert done.exit_code == 2
