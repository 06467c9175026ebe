"""An operator's own rules stand beside ours: what is wrong with one is told with its line and mend, and stops no other."""

import os
from pathlib import Path
from typing import Any

import pytest
from memory import Memory

from mailwarden.alerts.detection.engine import Engine
from mailwarden.alerts.detection.finding import Finding
from mailwarden.alerts.rulebook.rule import RuleSettings
from mailwarden.alerts.rulebook.rulebook import load_rulebook
from mailwarden.parsers.errors import ConfigurationError
from mailwarden.parsers.event import Event
from mailwarden.pipeline.trial.vocabulary import event_words

OURS = len(load_rulebook().rules)
RULE = """\
title: Refused logins of a partner
name: own_seen
logsource: {product: mail}
detection:
  one: {event.action: auth-failure}
  condition: one
---
title: Many refused logins of a partner
name: own
correlation:
  type: event_count
  rules: [own_seen]
  group-by: [source.ip]
  timespan: 10m
  condition: {gte: 3}
level: low
mailwarden:
  id: OWN-1
  cause: guessing
  category: auth_attack
  primary: source.ip
  title: "{address} guesses"
  why: "{measure} in {span}"
  advice: guessing_network
"""


def event(**fields: Any) -> Event:
    """Make an event of a refused login."""
    made = Event()
    made.event_action, made.source_ip, made.stream_us = "auth-failure", "203.0.113.7", 1_000_000
    made.mailwarden_site = "default"
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def faults(directory: Path, text: str) -> list[str]:
    """Say what is wrong with a text as the only own rule."""
    (directory / "own.yml").write_text(text, "utf-8")
    book = load_rulebook(directory, fields=event_words())
    assert len(book.rules) == OURS + (not book.faults)
    return list(book.faults)


def found(directory: Path, text: str, *events: Event) -> list[Finding]:
    """Run events through a rule of others."""
    assert faults(directory, text) == []
    (rule,) = [one for one in load_rulebook(directory).rules if one.detection.name == "own"]
    engine = Engine([rule], [], Memory(), lambda _: "mail.log")
    return [finding for one in events for finding in engine.detect(one)]


def test_a_rule_of_ones_own_is_loaded_beside_ours(tmp_path: Path) -> None:
    """It has the name of its file, whichever ending that has; a file of cases is none."""
    (tmp_path / "own.cases.yml").write_text("[]", "utf-8")

    assert faults(tmp_path, RULE) == []
    assert "own" in [rule.detection.name for rule in load_rulebook(tmp_path).rules]


@pytest.mark.parametrize(
    ("before", "after", "line", "said", "mend"),
    [
        ("timespan: 10m", "timespan: 10 minuts", 14, '"timespan: 10 minuts" is not a duration', "Write 10m, 2h or 1d."),
        ("timespan: 10m", "timespan: 31d", 14, '"timespan: 31d" is longer than', "Write 30d or less."),
        ("timespan: 10m", "timespan: 0s", 14, '"timespan: 0s" is not a duration', "Write 10m"),
        ("{gte: 3}", "{gte: 0}", 15, 'threshold "0"', "Write 1 or more."),
        ("{gte: 3}", "{gte: x}", 15, "'x' is no valid", "Mend or remove"),
        ("{gte: 3}", "{lte: 3}", 15, "gte or gt", "Mend or remove"),
        ("condition: one", "condition: two", 6, "'two' not defined", 'Its detection defines "one"'),
        ("event.action", "event.acton", 5, 'no event has a field "event.acton"', 'Did you mean "event.action"?'),
        ("auth-failure", "auth_failure", 5, 'no event has the event.action "auth_failure"', '"auth-failure"?'),
        ("auth-failure", "logon", 5, 'no event has the event.action "logon"', "mailwarden explain LINE"),
        ("[source.ip]", "[source.nonsense.of.mine]", 13, "no event has a field", "mailwarden explain LINE"),
        ("rules: [own_seen]", "rules: [own]", 12, "round in a circle: own → own", "Mend or remove"),
        ("rules: [own_seen]", "rules: [others]", 12, '"others", which is not in the same file', "Mend or remove"),
        ("name: own\n", "name: own_seen\n", 9, 'the name "own_seen" is that of another', "Change it."),
        ("level: low", "level: lowest", 16, "'lowest' is not a valid", "Write informational"),
        ("  cause: guessing", "  cause: bad weather", 19, '"bad weather" is none of', "Mend or remove"),
        ("  advice: guess", "  advise: guess", 24, 'unknown key "advise"', 'Did you mean "advice"?'),
        ('"{measure} in', '"{mesure} in', 23, 'nothing fills "{mesure}"', "Known: account,"),
        (
            "name: own_seen",
            "name: own_seen\nid: fd3c5fc9-e580-55b6-80ef-8cae171273b5",
            3,
            "fast_guessing.yaml too",
            "another (uuidgen).",
        ),
        ("logsource: {product: mail}", "logsource: {product: windows}", 3, 'logsource.product: "windows"', "Mend"),
        ("one: {event.action:", "one: {event.action|base63:", 4, "Unknown modifier 'base63'", "Known: contains"),
        ("one: {event.action: auth-failure}", "one: [", 7, "not YAML", "Mend or remove"),
        ("name: own_seen", "name: own_seen\nid: 7", 3, 'the id "7" is no text', "uuidgen"),
        ("name: own_seen", "name: own_seen\nid: [a]", 3, "is no text", "uuidgen"),
        ("name: own_seen", "name: own_seen\ntags: [spam]", 3, "Sigma tag must start", "[attack.t1110.001]"),
        ("name: own_seen", "name: own_seen\nauthor: 7", 3, "author must be a string", "Mend or remove"),
        ("name: own_seen", "name: 7", 2, "name must be a string", "in quotes"),
        ("condition: one", "condition: one | count() by source.ip > 5", 6, "| count() by source.ip > 5", "event_count"),
        (
            "condition: one",
            "condition: one | count(user.name) by source.ip > 5",
            6,
            "| count(user.name)",
            "value_count",
        ),
        ("condition: one", "condition: one | near two", 6, '"| near two"', "temporal"),
        ("condition: one", "condition: one\n  timeframe: 5m", 7, '"timeframe"', "a correlation with a timespan"),
        ("condition: one", "condition: one and (", 6, "cannot be read from character", 'Its detection defines "one"'),
        ("type: event_count", "type: event_cound", 11, "'event_cound' is no valid", "Known: event_count"),
        ("{gte: 3}", "{gte: 99999999999}", 15, "cannot be reached", "or less"),
        ("{event.action: auth-failure}", "{source.ip|cidr: 192.0.2.7/24}", 4, "host bits", "Write 192.0.2.0/24."),
        ("{event.action: auth-failure}", "{user.name|expand: '%admins%'}", 4, "user.name|expand", "Mend or remove"),
        ("{event.action: auth-failure}", "{user.name|hour: 5}", 4, "user.name|hour", "Mend or remove"),
        ("{event.action: auth-failure}", "{user.name: 2026-11-24}", 4, "of the kind datetime.date", "in quotes"),
        ("level: low", "level: low\nlevel: high", 17, '"level" is given twice', "Remove one."),
    ],
)
def test_a_fault_is_told_with_its_line_and_its_mend(
    tmp_path: Path, before: str, after: str, line: int, said: str, mend: str
) -> None:
    """One broken file stops no other, and the message ends with how many rules go on."""
    assert before in RULE

    (fault,) = faults(tmp_path, RULE.replace(before, after, 1))

    where, _, told = fault.partition(": ")
    assert where == f"{tmp_path / 'own.yml'}:{line}"
    assert said in told
    assert mend in told
    assert told.endswith(f" All others are loaded ({OURS}).")


def test_a_file_that_multiplies_itself_costs_nothing(tmp_path: Path) -> None:
    """Nine aliases of ten aliases each stand for a thousand million values; they are refused before they are made."""
    text = "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
    for name, before in zip("bcdefghij", "abcdefghi", strict=True):
        text += f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"

    (fault,) = faults(tmp_path, f"{text}title: bomb\n")

    assert "holds more than 20000 values" in fault
    assert "Write less" in fault


def test_what_is_no_file_hangs_nobody(tmp_path: Path) -> None:
    """A pipe that nobody writes to and a directory are told as what they are; a long file is not read."""
    os.mkfifo(tmp_path / "pipe.yml")
    (tmp_path / "room.yml").mkdir()
    (tmp_path / "tome.yml").write_text("# much\n" * 300_000, "utf-8")

    told = load_rulebook(tmp_path, fields=event_words()).faults

    assert [fault.split(": ")[1].partition(".")[0] for fault in told] == [
        "is no file",
        "is no file",
        "is larger than 2000000 bytes",
    ]


def test_however_many_are_broken_the_rest_is_counted_once(tmp_path: Path) -> None:
    """The last message says how many rules go on."""
    for name in ("one", "two"):
        (tmp_path / f"{name}.yml").write_text("", "utf-8")

    first, last = load_rulebook(tmp_path).faults

    assert "All others" not in first
    assert last.endswith(f" All others are loaded ({OURS}).")


def test_what_a_modifier_makes_of_one_value_is_either(tmp_path: Path) -> None:
    """`windash` and `base64offset` make several texts of one: any of them is what the rule asks for."""
    rule = RULE.replace("{event.action: auth-failure}", "{user.name|windash|contains: ' -x'}").replace(
        "gte: 3", "gte: 1"
    )

    assert len(found(tmp_path, rule, event(user_name="run /x"))) == 1
    assert found(tmp_path, rule, event(user_name="run x")) == []


def test_correlations_that_go_round_in_a_circle_are_refused(tmp_path: Path) -> None:
    """One that counts another that counts the first would never be ready."""
    head = "title: {0}\nname: {0}\ncorrelation:\n  type: temporal\n  rules: [{1}]\n  timespan: 1h\nlevel: low\n"

    (fault,) = faults(tmp_path, head.format("a", "b") + "---\n" + head.format("b", "a"))

    assert "round in a circle: a → b → a" in fault


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("{field: source.ip, gte: 2}", "within one source.ip there is one source.ip"),
        ("{field: user.name, gte: 1001}", "more than the 1000 different values"),
    ],
)
def test_a_threshold_that_cannot_be_reached_is_refused(tmp_path: Path, condition: str, said: str) -> None:
    """A rule that never fires looks like a quiet server."""
    (fault,) = faults(tmp_path, RULE.replace("event_count", "value_count").replace("{gte: 3}", condition))

    assert said in fault


def test_several_rules_in_one_file_are_not_dropped_in_silence(tmp_path: Path) -> None:
    """Only one rule of a file is told; a second one that nothing names would be lost."""
    second = RULE.partition("---\n")[0].replace("own_seen", "other").replace("Refused", "Other")

    (fault,) = faults(tmp_path, f"{RULE}---\n{second}")

    assert "2 rules that nothing joins" in fault
    assert "Write one file for each." in fault


def test_a_name_of_ours_is_not_taken_over(tmp_path: Path) -> None:
    """A file of the name of one of our rules would put it out of work unseen."""
    (tmp_path / "fast_guessing.yaml").write_text(RULE, "utf-8")

    (fault,) = load_rulebook(tmp_path).faults

    assert 'the name "fast_guessing" is that of' in fault


def test_settings_change_ones_own_rules_too(tmp_path: Path) -> None:
    """By the name of the file; a name that is nobody's is refused."""
    (tmp_path / "own.yml").write_text(RULE, "utf-8")

    book = load_rulebook(tmp_path, {"own": RuleSettings(threshold=7)})

    assert [one.counts[0].threshold for one in book.rules if one.detection.name == "own"] == [7]
    with pytest.raises(ConfigurationError, match="no rule has the name"):
        load_rulebook(tmp_path, {"owner": RuleSettings()})


OTHERS = """\
title: Guessing of root {over SASL}
id: 929a690e-bef0-4204-a928-ef5e620d6fcc
status: test
author: somebody else
logsource: {product: linux, service: postfix}
detection:
  selection: {src_ip|cidr: 203.0.113.0/24, User: root}
  keywords: [authentication failed]
  condition: selection and keywords
falsepositives: [a scanner of one's own]
"""


def test_a_rule_of_others_is_taken_as_it_is(tmp_path: Path) -> None:
    """Sigma's general names of fields and logs, and keywords, mean what they mean here; what is left out is filled in."""
    line = "warning: unknown[203.0.113.7]: SASL LOGIN Authentication failed: Invalid"
    right = {"user_name": "root", "event_module": "postfix", "event_original": line}

    (finding,) = found(tmp_path, OTHERS, event(**right))

    assert finding.primary == "203.0.113.7"
    assert (finding.severity, finding.detection.title) == ("medium", "Guessing of root {{over SASL}}: {entity}")
    assert finding.detection.harmless == "a scanner of one's own"
    assert not found(tmp_path, OTHERS, event(**right | {"event_module": "dovecot"}))
    assert not found(tmp_path, OTHERS, event(**right | {"event_original": "nothing"}))
    assert not found(tmp_path, OTHERS, event(**right | {"source_ip": "192.0.2.1"}))


def test_a_temporal_rule_joins_plain_ones(tmp_path: Path) -> None:
    """Each of them once within the span, by one key, whichever document stands first."""
    text = (
        "title: both\ncorrelation:\n  type: temporal\n  rules: [a, b]\n  group-by: [src_ip]\n  timespan: 1h\n---\n"
        "title: a\nname: a\nlogsource: {product: mail}\ndetection:\n  x: {event.action: auth-failure}\n  condition: x\n"
        "---\n"
        "title: b\nname: b\nlogsource: {product: mail}\ndetection:\n  x: {event.action: auth-success}\n  condition: x\n"
    )

    one = found(tmp_path, text, event(), event(), event(event_action="auth-success", source_ip="192.0.2.1"))
    both = found(tmp_path, text, event(), event(event_action="auth-success"))

    assert one == []
    assert [finding.primary for finding in both if finding.fired] == ["203.0.113.7"]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("  type: event_count", "  type: value_avg", "Value avg correlation"),
        ("  type: event_count", "  type: event_count\n  generate: true", "generate: true is not supported"),
        (
            "  type: event_count",
            "  type: event_count\n  aliases: {ip: {own_seen: source.ip}}",
            "aliases are not supported",
        ),
        ("  condition: one\n", "  condition: one | count() > 5\n", "| count() > 5"),
    ],
)
def test_what_is_not_supported_is_named(tmp_path: Path, before: str, after: str, said: str) -> None:
    """A rule of others loads or says which feature is missing; never half of it."""
    (fault,) = faults(tmp_path, RULE.replace(before, after, 1))

    assert said in fault


HEAD = "title: t\nlogsource: {product: mail}\ndetection: {a: {user.name: c}, condition: a}\n"
OWN = "mailwarden: {id: x, cause: relay, category: relay_abuse, primary: source.ip, title: t, why: w, advice: look, "


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a: &a [*a]\n", 1, "title"),
        ("title: 5\nlogsource: {product: mail}\ndetection: 7\n", 1, "title must be a string"),
        ("title: t\nlogsource: mail\ndetection: {a: {b: c}, condition: a}\n", 2, "logsource"),
        (HEAD + "level: 5\n", 4, "level must be a string"),
        (HEAD + "correlation: {type: event_count, rules: 7, timespan: 1h, condition: {gte: 5}}\n", 4, "Rule reference"),
        (HEAD + OWN + "version: x}\n", 4, 'mailwarden.version: "x" is no whole number'),
        (HEAD + OWN + "span_s: 1d}\n", 4, 'mailwarden.span_s: "1d" is no whole number'),
        (HEAD + OWN + "entities: source.ip}\n", 4, "mailwarden.entities is no list"),
        (HEAD.replace("user.name: c", "user.name|re: '['"), 3, "|re: "),
        ("", 1, "holds no rule"),
        ("\x00", 1, "not YAML"),
    ],
)
def test_whatever_stands_in_a_file_it_costs_only_itself(tmp_path: Path, text: str, line: int, said: str) -> None:
    """Values of another kind, depth without end, nothing at all: told with the place, and the others are loaded."""
    (fault,) = faults(tmp_path, text)

    assert fault.startswith(f"{tmp_path / 'own.yml'}:{line}: ")
    assert said in fault
    assert ".. " not in fault


def test_bytes_and_directories_are_no_rules(tmp_path: Path) -> None:
    """What is no text, and a folder that is named like a file, are told and stop nothing."""
    (tmp_path / "bytes.yml").write_bytes(bytes(range(128, 256)))
    (tmp_path / "folder.yml").mkdir()

    book = load_rulebook(tmp_path)

    assert len(book.rules) == OURS
    assert len(book.faults) == 2
