"""Rules are valid Sigma, what they say is what is evaluated, and what is not supported is refused with its name."""

import time
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from memory import Memory

from mailwarden.alerts.detection.counting import is_in_order
from mailwarden.alerts.detection.engine import Engine
from mailwarden.alerts.detection.finding import Finding
from mailwarden.alerts.detection.windows import Window
from mailwarden.alerts.detectors import load_detectors
from mailwarden.alerts.incidents.incident import Judged
from mailwarden.alerts.incidents.verdict import judged, judged_again
from mailwarden.alerts.rulebook.compiler import compile_file
from mailwarden.alerts.rulebook.rule import Rule, RuleSettings
from mailwarden.alerts.rulebook.rulebook import load_rules
from mailwarden.alerts.state.blob import decoder
from mailwarden.parsers.errors import ConfigurationError
from mailwarden.parsers.event import Event

OWN = """\
mailwarden: {id: X-01, cause: guessing, category: auth_attack, primary: source.ip, title: t, why: w, advice: look}
"""
HEAD = "title: t\nname: base\nstatus: experimental\nlogsource: {product: mail}\n"


def event(**fields: Any) -> Event:
    """Make an event of a refused login."""
    made = Event()
    made.event_action, made.source_ip, made.stream_us = "auth-failure", "203.0.113.7", 1_000_000
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def rule_of(tmp_path: Path, text: str, settings: RuleSettings | None = None) -> Rule:
    """Compile a rule's text."""
    path = tmp_path / "own.yaml"
    path.write_text(text, "utf-8")
    rule = compile_file(path, settings)
    assert rule is not None
    return rule


def plain(detection: str, level: str = "low") -> str:
    """Write a rule that fires at the first event."""
    return f"{HEAD}level: {level}\ndetection:\n{detection}{OWN}"


def counting(correlation: str, more: str = "") -> str:
    """Write a rule that counts refused logins."""
    return (
        f"{HEAD}detection:\n  one: {{event.action: auth-failure}}\n  condition: one\n---\n"
        f"title: t\nname: own\n{more}correlation:\n{correlation}level: low\n{OWN}"
    )


def found(rule: Rule, events: list[Event]) -> list[Finding]:
    """Run events through a rule."""
    engine = Engine([rule], [], Memory(), lambda _: "mail.log")
    return [finding for one in events for finding in engine.detect(one)]


def passes(tmp_path: Path, detection: str, one: Event) -> bool:
    """Say whether an event passes a detection."""
    return bool(found(rule_of(tmp_path, plain(detection)), [one]))


@pytest.mark.parametrize(
    ("selection", "fields", "passed"),
    [
        ("{event.action: auth-failure}", {}, True),
        ("{event.action: AUTH-FAILURE}", {}, True),
        ("{event.action: auth-success}", {}, False),
        ("{event.action: [auth-success, auth-failure]}", {}, True),
        ("{event.action: auth-failure, event.module: exim}", {}, False),
        ("{event.action: auth-failure, event.module: exim}", {"event_module": "exim"}, True),
        ("[{event.module: exim}, {event.module: dovecot}]", {"event_module": "dovecot"}, True),
        ("{user.name: Bob@Example.org}", {"user_name": "bob@example.ORG"}, True),
        ("{user.name: bob}", {"user_name": "bobby"}, False),
        ("{user.name: 'bob*'}", {"user_name": "bobby"}, True),
        ("{user.name: 'b?b'}", {"user_name": "bxb"}, True),
        ("{user.name: 'b?b'}", {"user_name": "bxxb"}, False),
        ("{user.name: 'b.b*'}", {"user_name": "bxb"}, False),
        ("{user.name|contains: OB}", {"user_name": "bob"}, True),
        ("{user.name|startswith: bo}", {"user_name": "bob"}, True),
        ("{user.name|endswith: bo}", {"user_name": "bob"}, False),
        ("{user.name|contains|all: [b, o]}", {"user_name": "bob"}, True),
        ("{user.name|contains|all: [b, x]}", {"user_name": "bob"}, False),
        ("{user.name|re: '^b.{1,3}b$'}", {"user_name": "BOOB"}, True),
        ("{user.name|re: '^b$'}", {"user_name": "bob"}, False),
        ("{source.ip|cidr: 203.0.113.0/28}", {}, True),
        ("{source.ip|cidr: [192.0.2.0/24, '2001:db8::/32']}", {}, False),
        ("{source.ip|cidr: '2001:db8::/32'}", {"source_ip": "2001:db8:7::1"}, True),
        ("{source.ip|cidr: 203.0.113.0/24}", {"source_ip": None}, False),
        ("{source.ip|cidr: 203.0.113.0/24}", {"source_ip": "unknown"}, False),
        ("{user.name|exists: true}", {"user_name": "bob"}, True),
        ("{user.name|exists: true}", {}, False),
        ("{user.name|exists: false}", {}, True),
        ("{user.name: null}", {}, True),
        ("{user.name: null}", {"user_name": "bob"}, False),
        ("{tls.established: false}", {"tls_established": False}, True),
        ("{tls.established: false}", {}, False),
        ("{smtp.reply.code: 550}", {"smtp_reply_code": 550}, True),
        ("{smtp.reply.code|gte: 500}", {"smtp_reply_code": 550}, True),
        ("{smtp.reply.code|lt: 500}", {"smtp_reply_code": 550}, False),
        ("{smtp.reply.code|gt: 550}", {"smtp_reply_code": 550}, False),
        ("{smtp.reply.code|lte: 550}", {"smtp_reply_code": 550}, True),
        ("{smtp.reply.code|gte: 500}", {}, False),
        ("{email.to.address: B@example.org}", {"email_to_address": ["a@example.org", "b@example.org"]}, True),
        ("{email.to.address|endswith: '@example.net'}", {"email_to_address": ["a@example.org"]}, False),
        ("{mailwarden.pair.known: true}", {"facts": {"mailwarden.pair.known": True}}, True),
        ("{mailwarden.pair.known: true}", {}, False),
        ("{mailwarden.user.failures|gte: 5}", {"facts": {"mailwarden.user.failures": 5}}, True),
        ("{dovecot.passdb: sql}", {"extra": {"dovecot.passdb": "sql"}}, True),
        ("{dovecot.passdb: sql}", {}, False),
    ],
)
def test_what_a_selection_says_is_what_passes(
    tmp_path: Path, selection: str, fields: dict[str, Any], passed: bool
) -> None:
    """Fields, lists, wildcards, modifiers, null, numbers, facts and rare fields, without regard to case."""
    assert passed == passes(tmp_path, f"  one: {selection}\n  condition: one\n", event(**fields))


@pytest.mark.parametrize(
    ("condition", "passed"),
    [
        ("a and b", True),
        ("a and c", False),
        ("a or c", True),
        ("not c", True),
        ("a and not (b and c)", True),
        ("1 of x*", False),
        ("all of them", False),
        ("1 of them", True),
    ],
)
def test_conditions_join_selections(tmp_path: Path, condition: str, passed: bool) -> None:
    """And, or, not, brackets and quantifiers are Sigma's."""
    detection = (
        "  a: {event.action: auth-failure}\n  b: {source.ip: 203.0.113.7}\n  c: {user.name: bob}\n"
        f"  x1: {{user.name: ann}}\n  condition: {condition}\n"
    )

    assert passed == passes(tmp_path, detection, event())


@pytest.mark.parametrize(
    ("text", "feature"),
    [
        (plain("  one: {user.name|re: '(a)\\1'}\n  condition: one\n"), "linear time"),
        (plain("  one: {user.name|re: '(?=a)b'}\n  condition: one\n"), "linear time"),
        (plain("  one: {user.name|cased: Bob}\n  condition: one\n"), "user.name|cased"),
        (plain("  one: {user.name|fieldref: user.id}\n  condition: one\n"), "user.name|fieldref"),
        (plain("  one: {user.name|nonsense: x}\n  condition: one\n"), "nonsense"),
        (plain("  one: {user.name: x}\n  condition: [one, not one]\n"), "several conditions"),
        (plain("  one: {user.name: x}\n  condition: one and\n"), "condition"),
        (counting("  type: event_count\n  rules: [base]\n  timespan: 1h\n  condition: {lte: 5}\n"), "gte or gt"),
        (counting("  type: event_count\n  rules: [other]\n  timespan: 1h\n  condition: {gte: 5}\n"), '"other"'),
        (counting("  type: value_count\n  rules: [base]\n  timespan: 1h\n  condition: {gte: 5}\n"), "field"),
        (
            counting("  type: value_avg\n  rules: [base]\n  timespan: 1h\n  condition: {field: event.count, gte: 5}\n"),
            "value_avg",
        ),
        (counting("  type: temporal_ordered\n  rules: [base]\n  timespan: 1h\n"), "has no order"),
        (
            counting("  type: temporal_ordered\n  rules: [base, base]\n  timespan: 1h\n  condition: base\n"),
            '"condition: base"',
        ),
        (
            counting("  type: temporal_ordered\n  rules: [base, base]\n  timespan: 1h\n  generate: true\n"),
            "generate: true",
        ),
        (counting("  type: temporal_ordered\n  rules: [base, base]\n  timespan: 99d\n"), "99d"),
        (counting("  type: temporal\n  rules: [base]\n  timespan: 1h\n  condition: base\n"), '"condition: base"'),
        (counting("  type: temporal\n  rules: [other]\n  timespan: 1h\n"), '"other"'),
        (plain("  one: {user.name: x}\n  condition: one\n").replace("cause: guessing", "cause: weather"), '"weather"'),
        (plain("  one: {user.name: x}\n  condition: one\n").replace("auth_attack", "spam"), '"spam"'),
        (plain("  one: {user.name: x}\n  condition: one\n").replace("why: w, ", ""), "mailwarden.why"),
        (plain("  one: {user.name: x}\n  condition: one\n").replace(OWN, "mailwarden: yes\n"), '"mailwarden"'),
        ("not: [a rule", "not YAML"),
        ("- not a rule", "holds no Sigma rule"),
        ("", "holds no rule"),
    ],
)
def test_what_is_not_supported_is_refused_by_name(tmp_path: Path, text: str, feature: str) -> None:
    """The message holds the file, what is wrong with it, and how to mend it."""
    with pytest.raises(ConfigurationError) as caught:
        rule_of(tmp_path, text)

    (fault,) = caught.value.faults
    where, _, said = fault.partition(": ")
    assert where.startswith(f"{tmp_path / 'own.yaml'}:")
    assert feature in said
    assert said.endswith(".")  # with the mend


def test_expressions_take_linear_time(tmp_path: Path) -> None:
    """What makes other engines backtrack for years takes no time."""
    rule = rule_of(tmp_path, plain("  one: {user.name|re: '^(a+)+$'}\n  condition: one\n"))

    started = time.perf_counter()
    assert not found(rule, [event(user_name="a" * 5000 + "b")])
    assert time.perf_counter() - started < 1


def test_an_event_count_fires_at_its_threshold_then_once_a_doubling(tmp_path: Path) -> None:
    """What comes between goes on the same incident; `gt` is one more than `gte`."""
    text = counting(
        "  type: event_count\n  rules: [base]\n  group-by: [source.ip]\n  timespan: 1h\n  condition: {gt: 2}\n"
    )

    findings = found(rule_of(tmp_path, text), [event(stream_us=number * 1_000_000) for number in range(1, 13)])

    assert [(one.fired, one.measure) for one in findings if one.fired] == [(True, 3), (True, 6), (True, 12)]
    assert len(findings) == 10
    assert findings[0].tries == 3
    assert sum(one.tries for one in findings) == 12


def test_a_count_weighs_the_tries_a_line_stands_for(tmp_path: Path) -> None:
    """One line of three tries is three; a line that tells again of a try is none."""
    text = counting("  type: event_count\n  rules: [base]\n  timespan: 1h\n  condition: {gte: 5}\n")

    one = found(rule_of(tmp_path, text), [event(mailwarden_attempts=3), event(mailwarden_attempts=0)])
    two = found(rule_of(tmp_path, text), [event(mailwarden_attempts=3), event(mailwarden_attempts=2)])

    assert (len(one), [finding.measure for finding in two]) == (0, [5])


def test_value_count_and_value_sum(tmp_path: Path) -> None:
    """Different values of a field; the sum of a field."""
    count = counting("  type: value_count\n  rules: [base]\n  timespan: 1h\n  condition: {field: user.name, gte: 3}\n")
    total = counting("  type: value_sum\n  rules: [base]\n  timespan: 1h\n  condition: {field: mail.size, gte: 100}\n")
    names = [event(user_name=name) for name in ("a", "b", "a", None, "c")]
    sizes = [event(mail_size=size) for size in (60, None, 60)]

    assert [one.measure for one in found(rule_of(tmp_path, count), names)] == [3]
    assert [one.measure for one in found(rule_of(tmp_path, total), sizes)] == [120]


def test_temporal_needs_all_of_its_counts(tmp_path: Path) -> None:
    """Five tries and two names, in any order."""
    text = (
        f"{HEAD}detection:\n  one: {{event.action: auth-failure}}\n  condition: one\n---\n"
        "title: a\nname: tries\ncorrelation:\n  type: event_count\n  rules: [base]\n  timespan: 1h\n"
        "  condition: {gte: 5}\n---\n"
        "title: b\nname: names\ncorrelation:\n  type: value_count\n  rules: [base]\n  timespan: 1h\n"
        "  condition: {field: user.name, gte: 2}\n---\n"
        f"title: t\nname: own\ncorrelation:\n  type: temporal\n  rules: [tries, names]\n  timespan: 1h\nlevel: low\n{OWN}"
    )
    rule = rule_of(tmp_path, text)

    alone = found(rule, [event(user_name="a") for _ in range(9)])
    both = found(rule, [event(user_name="ab"[number % 2]) for number in range(5)])

    assert alone == []
    assert [one.measure for one in both] == [5]


ORDERED = (
    "title: o\nname: own\ncorrelation:\n  type: temporal_ordered\n  rules: [RULES]\n  group-by: [user.name]\n"
    "  timespan: 10m\nlevel: low\n"
)
STEPS = {"a": "auth-failure", "b": "auth-success", "c": "message-queued"}


def ordered(rules: str, more: str = "") -> str:
    """Write a rule that asks for others one after another."""
    base = "".join(
        f"title: {name}\nname: {name}\nlogsource: {{product: mail}}\n"
        f"detection:\n  x: {{event.action: {action}}}\n  condition: x\n---\n"
        for name, action in STEPS.items()
        if name in more + rules
    )
    return base + ORDERED.replace("RULES", rules) + OWN


def steps(rule: Rule, text: str, minutes: int = 1, **fields: Any) -> list[int]:
    """Let events follow each other at so many minutes; give the places of those at which a rule fired."""
    engine = Engine([rule], [], Memory(), lambda _: "mail.log")
    happened = [
        event(event_action=STEPS[name], stream_us=(1 + place * minutes) * 60_000_000, user_name="bob", **fields)
        for place, name in enumerate(text)
    ]
    return [place for place, one in enumerate(happened) for found in engine.detect(one) if found.fired]


@pytest.mark.parametrize(
    ("text", "fires"),
    [("abc", [2]), ("aabbc", [4]), ("acbc", [3]), ("acb", []), ("cba", []), ("bca", []), ("ab", []), ("bcabac", [5])],
)
def test_an_ordered_rule_asks_for_the_order(tmp_path: Path, text: str, fires: list[int]) -> None:
    """It fires at the last of its rules, others between them or not; never where they come otherwise."""
    rule = rule_of(tmp_path, ordered("a, b, c"))

    assert steps(rule, text) == fires


def test_an_ordered_rule_asks_for_all_within_its_time(tmp_path: Path) -> None:
    """From the first to the last at most the timespan; what began later may still end in time."""
    rule = rule_of(tmp_path, ordered("a, b, c"))

    assert steps(rule, "abc", minutes=5) == [2]
    assert steps(rule, "abc", minutes=6) == []
    assert steps(rule, "abaxbc".replace("x", "a"), minutes=3) == [5]


def test_one_event_is_no_two_steps(tmp_path: Path) -> None:
    """The same rule twice asks for two events, and one that both rules see is one of them."""
    twice = rule_of(tmp_path, ordered("a, a"))

    assert steps(twice, "a") == []
    assert steps(twice, "aa") == [1]


def test_an_ordered_rule_keeps_groups_apart(tmp_path: Path) -> None:
    """What one account began no other ends."""
    rule = rule_of(tmp_path, ordered("a, b"))

    assert not found(rule, [event(user_name="bob"), event(user_name="ann", event_action="auth-success")])
    assert found(rule, [event(user_name="bob"), event(user_name="bob", event_action="auth-success")])


def test_counts_may_have_an_order(tmp_path: Path) -> None:
    """Five failures, then a success: told with the line that decided it, and judged alike from what was kept of it."""
    many = (
        "title: m\nname: many\ncorrelation:\n  type: event_count\n  rules: [a]\n  group-by: [user.name]\n  timespan: 2m\n"
        "  condition: {gte: 5}\n---\n"
    )
    rule = rule_of(tmp_path, many + ordered("many, b", "a"))

    assert steps(rule, "baaaaba", 0) == []
    assert steps(rule, "aaaaab", 0) == [5]
    (one,) = found(rule, [event(user_name="bob", event_action="auth-success", log_offset=9)]
            + [event(user_name="bob", log_offset=n) for n in range(5)]
        + [event(user_name="bob", event_action="auth-success", stream_us=400_000_000, log_offset=5)])  # fmt: skip
    assert (one.fired, [line.offset for line in one.evidence]) == (True, [0, 1, 2, 5])
    assert judged_again(decoder(Judged)(judged(one)), rule).says == "same"


@given(st.lists(st.tuples(st.integers(0, 6), st.sampled_from("abc")), max_size=14))
def test_an_order_is_found_where_there_is_one(told: list[tuple[int, str]]) -> None:
    """An event ends a row where one of all rows of earlier events, in order and within the span, does."""
    span, now, rows, windows = 10, 1, [], [Window(), Window(), Window()]
    for gap, name in told:
        now += gap
        expected = name == "c" and any(
            first == "a" and second == "b" and now - at <= span
            for (at, first), (_, second) in combinations(rows, 2)
        )  # fmt: skip
        assert expected == is_in_order(windows, [name == one for one in "abc"], now, span)
        rows.append((now, name))


def test_groups_are_counted_apart_and_need_their_field(tmp_path: Path) -> None:
    """An event without the field it is grouped by is counted nowhere."""
    text = counting(
        "  type: event_count\n  rules: [base]\n  group-by: [user.name]\n  timespan: 1h\n  condition: {gte: 2}\n"
    )

    findings = found(rule_of(tmp_path, text), [event(user_name=name) for name in ("a", "b", None, None, "a")])

    assert len(findings) == 1


def test_exceptions_leave_events_out(tmp_path: Path) -> None:
    """All fields of one exception must hold; one exception of several suffices."""
    text = plain("  one: {event.action: auth-failure}\n  condition: one\n")
    excepted = RuleSettings(
        exceptions=({"source.ip": ["192.0.2.1", "203.0.113.7"], "user.name": "BOB"}, {"event.module": "exim"})
    )
    rule = rule_of(tmp_path, text, excepted)

    passed = [
        bool(found(rule, [one]))
        for one in (event(user_name="bob"), event(user_name="ann"), event(event_module="exim"), event())
    ]

    assert passed == [False, True, False, True]


def test_the_configuration_changes_threshold_and_severity(tmp_path: Path) -> None:
    """A severity that somebody set stands, whatever the weather; a rule that is off is none."""
    text = counting("  type: event_count\n  rules: [base]\n  timespan: 1h\n  condition: {gte: 5}\n")
    text = text.replace("advice: look", "advice: look, weather: true")

    rule = rule_of(tmp_path, text, RuleSettings(threshold=2, severity="high"))
    (finding,) = found(rule, [event(), event()])

    assert (finding.severity, rule.detection.threshold) == ("high", 2)
    assert compile_file(tmp_path / "own.yaml", RuleSettings(enabled=False)) is None


def test_the_configuration_changes_detectors() -> None:
    """A detector takes another severity and passes over what is excepted, as a rule does."""
    settings = {"sending_burst": RuleSettings(severity="low", exceptions=({"mailwarden.account": "ann@example.org"},))}
    detectors = [one for one in load_detectors(settings) if one.detection.name == "sending_burst"]
    engine = Engine([], detectors, Memory(), lambda _: "mail.log")
    bulk = {"event_action": "message-queued", "mail_recipient_count": 60}
    facts = {"mailwarden.accepted": True, "mailwarden.way": "account", "mailwarden.user.usual_hour": 2}

    findings = [
        finding
        for account in ("ann@example.org", "bob@example.org")
        for finding in engine.detect(event(mailwarden_account=account, facts=facts, **bulk))
    ]

    assert [(one.primary, one.severity) for one in findings] == [("bob@example.org", "low")]
    assert [one.severity for one in load_detectors()] == [None] * len(load_detectors())


def test_a_threshold_that_cannot_be_set_is_refused(tmp_path: Path) -> None:
    """Where nothing is counted, or the usual is what counts, a threshold would change nothing."""
    text = plain("  one: {event.action: auth-failure}\n  condition: one\n")

    with pytest.raises(ConfigurationError, match=r"rules\.own\.threshold: own fires at the first event"):
        rule_of(tmp_path, text, RuleSettings(threshold=2))
    with pytest.raises(ConfigurationError, match=r"rules\.sending_burst\.threshold: "):
        load_detectors({"sending_burst": RuleSettings(threshold=2)})


def test_the_rules_of_a_directory_come_beside_ours(tmp_path: Path) -> None:
    """Cases are no rules, the others are loaded by name; every fault of every file is told at once."""
    (tmp_path / "own.yaml").write_text(plain("  one: {user.name: x}\n  condition: one\n"), "utf-8")
    (tmp_path / "own.cases.yaml").write_text("[]", "utf-8")

    rules = load_rules(tmp_path)

    assert "own" in [rule.detection.name for rule in rules]
    assert [rule.detection.name for rule in rules] == sorted(rule.detection.name for rule in rules)
    (tmp_path / "one.yaml").write_text("[", "utf-8")
    (tmp_path / "two.yaml").write_text("", "utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_rules(tmp_path, {"nosuch": RuleSettings()})
    assert len(caught.value.faults) == 3
