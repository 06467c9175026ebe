"""docs/rules.md leads a stranger to a rule that watches: every command and file in it is used here, in its order."""

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mailwarden.pipeline.admission.admission import Admission
from mailwarden.pipeline.archive import Archive
from mailwarden.pipeline.cli.root import root
from mailwarden.pipeline.configuration.reading import load
from mailwarden.pipeline.runner import Runner, wall_clock
from mailwarden.pipeline.store import Store
from mailwarden.pipeline.trial.vocabulary import event_words

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "rules.md").read_text("utf-8")
FILES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = re.findall(r"^(?:sudo )?(mailwarden .*?)(?:  +#.*)?$", PAGE, re.MULTILINE)
REFUSED = (
    "2026-03-{day:02}T08:{minute:02}:00+00:00 mx1 postfix/smtpd[7]: NOQUEUE: reject: RCPT from unknown[203.0.113.{day}]:"
    " 554 5.7.1 <x@example.net>: Relay access denied; from=<a@example.com> to=<x@example.net> proto=ESMTP helo=<h>\n"
)


def call(line: str) -> Result:
    """Run a command as it stands on the page."""
    program, *words = shlex.split(line.replace("--config /etc/mailwarden/mailwarden.yml ", ""))  # here it is beside us
    assert program == "mailwarden"
    return CliRunner().invoke(root, words)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a place with a configuration, a month of logs, and what the service kept of them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("LANG", "C.UTF-8")
    (tmp_path / "mailwarden.yml").write_text(f"state: {tmp_path / 'state'}\ntimezone: UTC\n")
    log = tmp_path / "mail.log"
    log.write_text("".join(REFUSED.format(day=day, minute=tries) for day in range(1, 29) for tries in range(2 + day)))
    configuration = load(tmp_path / "mailwarden.yml")
    with Store.open(tmp_path / "state" / "mailwarden.db") as store:
        admission = Admission.of_paths(
            [str(log)], configuration=configuration, zone="UTC", year=2026, positions={}, clock=wall_clock
        )
        runner = Runner(store, configuration, admission, archive=Archive.open(configuration.archive_directory, 0))
        for batch in admission.batches():
            runner.take(batch)
    rules = tmp_path / "rules.d"
    rules.mkdir()
    (rules / "partner_refused.yml").write_text(FILES[0])
    (rules / "partner_refused.cases.yml").write_text(FILES[1])
    return tmp_path


def test_a_stranger_gets_from_a_line_to_a_rule_that_watches(place: Path) -> None:
    """Each command ends well and says what the page promises of it."""
    said = {line: call(line) for line in COMMANDS}

    assert {line: result.output for line, result in said.items() if result.exit_code not in (0, 3)} == {}
    explained, linted, tested, logged, raised, archived, tuned, checked, listed = said.values()
    assert "relay_denied" in explained.stdout
    assert linted.stdout == "1 of 1 rules are right.\n"
    assert "3 of 3 cases come to what they say." in tested.stdout
    assert archived.stdout.startswith("26 gained, ")
    assert "203.0.113.28 is refused again and again" in archived.stdout
    assert "26 gained" in logged.stdout
    assert re.search(r"0 gained, \d+ lost", raised.stdout)
    assert tuned.stdout.startswith("partner_refused: threshold 2")
    assert "1 of them your own" in checked.stdout
    assert "medium" in next(line for line in listed.stdout.splitlines() if "partner_refused" in line)


def test_the_settings_of_the_page_change_the_rule(place: Path) -> None:
    """They are valid, and hold."""
    with (place / "mailwarden.yml").open("a") as file:
        file.write(FILES[2])

    (line,) = [line for line in call("mailwarden rules list").stdout.splitlines() if "partner_refused" in line]

    assert line.startswith("low")
    assert "threshold was 5" in line and "1 exception" in line


def test_what_the_page_lists_is_what_there_is() -> None:
    """Every key of `mailwarden:` and everything that sentences are filled with stands on the page."""
    from mailwarden.alerts.rulebook import declaration

    assert all(f"`{key}`" in PAGE for key in declaration._OWN_KEYS - {"weight"})
    assert all(f"`{{{name}}}`" in PAGE for name in declaration._FILLED - {"id"})
    listed = re.search(r"It is one of:\n(.*?)\. Rules ask", PAGE, re.DOTALL)
    actions = {word.partition("=")[2] for word in event_words() if "=" in word} - {"beat", "resolve"}
    assert listed is not None
    assert set(re.findall(r"`([a-z-]+)`", listed[1])) == actions


def test_the_rule_of_the_page_passes_sigmas_checks() -> None:
    """A stranger learns to write what other tools take too."""
    from sigma.collection import SigmaCollection
    from sigma.plugins import InstalledSigmaPlugins
    from sigma.validation import SigmaValidator

    known = InstalledSigmaPlugins.autodiscover(include_backends=False, include_pipelines=False).validators
    wanted = {one for name, one in known.items() if name not in ("attacktag", "d3_fendtag", "identifier_existence")}

    collection = SigmaCollection.from_yaml(FILES[0])

    assert not collection.errors
    assert SigmaValidator(wanted).validate_rules(collection.rules) == []
