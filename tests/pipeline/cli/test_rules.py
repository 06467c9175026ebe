"""`mailwarden rules` tries rules on their cases and checks an operator's own."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mailwarden.pipeline.cli.root import root

RULE = """\
title: A stranger asks
name: own
status: experimental
logsource: {product: mail}
level: low
detection:
  refused: {event.action: reject, event.reason: relay_denied}
  condition: refused
mailwarden: {id: X-01, cause: relay, category: relay_abuse, primary: source.ip, title: t, why: w, advice: relay_probe}
"""
CASES = """\
- name: asked
  fires: true
  lines:
    - {refused: {ip: 203.0.113.7, answer: '554 5.7.1 <x@example.net>: Relay access denied', to: x@example.net}}
- name: not asked
  fires: false
  lines:
    - {receive: {}}
"""


def call(*words: str) -> Result:
    """Call `mailwarden rules`."""
    return CliRunner().invoke(root, ["rules", *words])


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Give a directory with one rule and its cases."""
    (tmp_path / "own.yaml").write_text(RULE, "utf-8")
    (tmp_path / "own.cases.yaml").write_text(CASES, "utf-8")
    return tmp_path


def test_a_rule_is_tried_by_name() -> None:
    """Each case is shown with what became of it, ways around as such."""
    result = call("test", "relay_probe")

    assert result.exit_code == 0
    assert "right low      a stranger asks twice in a minute" in result.output
    assert "one try every eleven minutes  a way around" in result.output


def test_a_directory_of_ones_own_is_tried(own: Path) -> None:
    """A case that comes to something else is told with what is wrong; the exit code is 1."""
    good = call("test", str(own))
    (own / "own.cases.yaml").write_text(CASES.replace("fires: false", "fires: true"), "utf-8")
    bad = call("test", str(own / "own.yaml"))

    assert (good.exit_code, bad.exit_code) == (0, 1)
    assert "2 of 2 cases" in good.output
    assert "wrong silent   not asked  raises no incident, and must" in bad.output


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("fires: true", "fires: perhaps", "no list of cases"),
        ("- {receive: {}}", "- {recieve: {}}", 'no turn is named "recieve"'),
        ("- {receive: {}}", "- {receive: {}, every: soon}", '"soon" is no duration'),
        ("- {receive: {}}", "- {receive: {}, repeat: 0}", 'repeat: "0"'),
        ("- {receive: {}}", "- {receive: {}, line: x}", "in one step"),
        ("- {receive: {}}", "- {refused: {ip: 203.0.113.7}}", "nothing fills {answer}"),
        ("- {receive: {}}", "- 'postfix/smtpd[1]: warning: what is this?'", "no pattern knows this line"),
    ],
)
def test_a_case_that_cannot_be_tried_is_told(own: Path, old: str, new: str, fault: str) -> None:
    """The message names the file, the case and the mistake."""
    (own / "own.cases.yaml").write_text(CASES.replace(old, new), "utf-8")

    result = call("test", str(own))

    assert result.exit_code == 2
    assert "own.cases.yaml" in result.output
    assert fault in result.output


def test_a_rule_without_cases_is_told(own: Path) -> None:
    """Trying it means having something to try it on; looking whether it is right does not."""
    (own / "own.cases.yaml").unlink()

    assert call("test", str(own)).exit_code == 2
    assert call("lint", str(own)).exit_code == 0


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("advice: relay_probe", "advice: no_such", 'mailwarden.advice: "no_such"'),
        ("refused: {event.action", "refused: {source.ip|cidr: 192.0.2.0/24, event.action", "source.ip"),
        ("level: low", "level: loud", "loud"),
    ],
)
def test_lint_reads_a_directory_of_ones_own(own: Path, old: str, new: str, fault: str) -> None:
    """What is wrong is told with its file; the exit code is that of a configuration fault."""
    good = call("lint", str(own))
    (own / "own.yaml").write_text(RULE.replace(old, new), "utf-8")
    bad = call("lint", str(own))

    assert (good.exit_code, bad.exit_code) == (0, 2)
    assert "1 of 1 rules are right." in good.output
    assert str(own / "own.yaml") in bad.output
    assert fault in bad.output


def test_a_slip_in_a_name_is_told() -> None:
    """The name that was meant is offered."""
    assert "Did you mean `relay_probe`?" in call("test", "relay_prob").output
