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
        ("- {receive: {}}", "- {lines: [{receive: {}}], repeat: 3}", "log lines, as text"),
        ("- {receive: {}}", "- {receive: often}", "is a mapping"),
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
        ("refused: {event.action", "refused: {source.ip|cased: x, event.action", "source.ip"),
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


BROKEN = RULE.replace("level: low", "level: lowest")


@pytest.fixture
def place(own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a place with a configuration and, in the directory beside it, a rule that is right and one that is not."""
    rules = tmp_path / "rules.d"
    rules.mkdir()
    for name in ("own.yaml", "own.cases.yaml"):
        (own / name).rename(rules / name)
    (rules / "broken.yml").write_text(BROKEN, "utf-8")
    (tmp_path / "mailwarden.yml").write_text(
        f"state: {tmp_path / 'state'}\nrules: {{own: {{severity: high}}}}\n", "utf-8"
    )
    (tmp_path / "mail.log").write_text(
        "2026-03-02T08:00:00+00:00 mx1 postfix/smtpd[7]: NOQUEUE: reject: RCPT from unknown[203.0.113.7]: "
        "554 5.7.1 <x@example.net>: Relay access denied; from=<a@example.com> to=<x@example.net> proto=ESMTP helo=<h>\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def test_ones_own_rules_are_listed_shown_tested_and_tried(place: Path) -> None:
    """They stand beside ours in every command, by the name of their file; a broken one is told, and stops nothing."""
    listed, shown, tested = call("list"), call("show", "own"), call("test", "own")
    tried = call("try", "own", "mail.log")

    assert "high       own" in listed.stdout
    assert "rules.d/broken.yml:5: 'lowest'" in listed.stderr
    assert "A stranger asks" in shown.stdout
    assert "rules.d/own.yaml" in shown.stdout
    assert "2 of 2 cases" in tested.stdout
    assert tried.stdout.startswith("1 incident")


def test_scan_and_doctor_follow_ones_own_rules(place: Path) -> None:
    """A broken rule costs only itself: the log is read, the others find what they find, and the exit code says so."""
    scanned = CliRunner().invoke(root, ["scan", "--json", "mail.log"])
    checked = CliRunner().invoke(root, ["doctor"])

    assert '"rules":["own"]' in scanned.stdout.replace(" ", "")
    assert scanned.exit_code == 3
    assert "rules.d/broken.yml:5: 'lowest' is not a valid Sigma rule level" in scanned.stderr
    assert "All others are loaded" in checked.stdout

    (place / "rules.d" / "broken.yml").unlink()

    assert "1 of them your own" in CliRunner().invoke(root, ["doctor"]).stdout
    assert CliRunner().invoke(root, ["scan", "mail.log"]).exit_code == 0


def test_a_directory_of_rules_that_is_not_there_is_told(place: Path) -> None:
    """A setting that leads nowhere is a slip; relative ones begin at the configuration."""
    (place / "mailwarden.yml").write_text("rules_directory: elsewhere\n", "utf-8")

    result = call("list")

    assert result.exit_code == 2
    assert 'mailwarden.yml:1: rules_directory: "elsewhere" is no directory' in result.stderr


def test_lint_finds_what_two_files_share(place: Path) -> None:
    """A name or an id of another rule, ours or one's own, is told with its line."""
    ours = "id: b72f4dbf-1aa5-5652-b980-9e4910cfd1ba"
    (place / "rules.d" / "fast_guessing.yml").write_text(RULE.replace("name: own", f"name: mine\n{ours}"), "utf-8")

    result = call("lint", "rules.d")

    assert result.exit_code == 2
    assert 'the name "fast_guessing" is that of' in result.stderr
    assert 'rules.d/fast_guessing.yml:3: the id "b72f4dbf' in result.stderr
    assert "1 of 3 rules are right." in result.stdout
