"""The configuration: what it holds, and how its mistakes are told."""

import json
from datetime import time
from pathlib import Path

import pytest

from mailwarden.alerts.telling.flood import FloodLimit
from mailwarden.alerts.telling.hours import Hours
from mailwarden.alerts.telling.routes import Escalation
from mailwarden.alerts.words.translate import LANGUAGES
from mailwarden.parsers.errors import ConfigurationError
from mailwarden.pipeline import configuration
from mailwarden.pipeline.configuration.configuration import ChannelSetting, Configuration, SourceSetting
from mailwarden.pipeline.configuration.reading import load
from mailwarden.pipeline.configuration.times import parse_duration
from mailwarden.pipeline.places import default_state, find_configuration

RULES = ["relay_probe", "send_from_new_network"]
EXAMPLE = Path(__file__).parents[3] / "mailwarden.example.yml"


def faults(tmp_path: Path, text: str) -> list[str]:
    """Give the faults of a configuration, without the directory before its name."""
    path = tmp_path / "mailwarden.yml"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load(path, known_rules=RULES)
    return [fault.removeprefix(f"{tmp_path}/") for fault in caught.value.faults]


def test_nothing_needs_to_be_set() -> None:
    """Without a file there are defaults."""
    configuration = load(None)

    assert configuration == Configuration()
    assert configuration.report.time == time(7)
    assert configuration.hold_ms == 100


def test_the_example_is_right() -> None:
    """Every setting of the example is read."""
    configuration = load(EXAMPLE)

    assert configuration.sources[2] == SourceSetting("files", "/srv/tokyo/maillog", timezone="Asia/Tokyo", year=2026)
    assert configuration.sources[3].kind == "journal"
    assert [channel.name for channel in configuration.channels][:3] == ["ops", "chat", "pager"]
    critical, risk, shop = configuration.route().routes
    assert (critical.repeat_interval_s, critical.goes_on, critical.escalations) == (
        14400.0,
        True,
        (Escalation(900.0, ("pager",)),),
    )
    assert critical.routes[0].time == (Hours(1320, 420), Hours(0, 1440, (5, 6)))
    assert (risk.quiet_hours, shop.quiet_hours, shop.domain) == ((), None, ("shop.example", "*.shop.example"))
    assert configuration.route().quiet_hours == (Hours(1320, 420),)
    weekly, once = configuration.muting().maintenance
    assert (weekly.hours, weekly.meant.host) == ((Hours(120, 240, (6,)),), ("mx2",))
    assert once.from_us == 1_796_158_800_000_000  # 22:00 in Berlin is 21:00 UTC
    (inhibition,) = configuration.muting().inhibitions
    assert (inhibition.source.at_least, inhibition.equal) == ("high", ("host",))
    assert configuration.alerting is not None
    assert configuration.alerting.flood == FloodLimit(6, 600.0, 3600.0)
    assert configuration.alerting.heartbeat is not None
    assert configuration.alerting.heartbeat.interval_s == 300.0
    assert configuration.as_site().labelled("newsletter", "news@example.org")


def test_every_language_may_be_set() -> None:
    """The schema names those that there are."""
    schema = json.loads(Path(configuration.__file__).with_name("configuration.schema.json").read_text("utf-8"))

    assert schema["$defs"]["language"]["enum"] == list(LANGUAGES)


def test_every_mistake_is_told_with_its_line(tmp_path: Path) -> None:
    """All mistakes of the structure are told at once, in the order of the lines."""
    text = """\
langage: en
language: fr
sources: /var/log/mail.log
rules:
  relay_probe: {treshold: 3, threshold: 0, enabled: yes}
alerts:
  routes:
    - {receivers: [], group_wait: 10 minuts}
report: {time: 7:00}
"""

    found = faults(tmp_path, text)

    assert found == [
        'mailwarden.yml:1: unknown setting "langage". Did you mean "language"?',
        'mailwarden.yml:2: language: "fr" is not one of en, ja.',
        'mailwarden.yml:3: sources: "/var/log/mail.log" is not a list ([a, b] or lines with -).',
        'mailwarden.yml:5: rules.relay_probe.enabled: "yes" is not true or false.',
        'mailwarden.yml:5: rules.relay_probe.threshold: "0" is too small. Write 1 or more.',
        'mailwarden.yml:5: rules.relay_probe: unknown setting "treshold". Did you mean "threshold"?',
        'mailwarden.yml:8: alerts.routes[0].group_wait: "10 minuts" is not a duration. Write 10m, 2h or 1d.',
        'mailwarden.yml:9: report.time: "7:00" is not a time of day. Write it like "07:00".',
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("timezone: Europe/Berln", '1: timezone: no time zone "Europe/Berln". Did you mean "Europe/Berlin"?'),
        ("rules:\n  relay_prob: {}", '2: rules: unknown rule "relay_prob". Did you mean "relay_probe"?'),
        ("site:\n  networks: [10.0.0.1/24]", 'an address or network. Did you mean "10.0.0.0/24"?'),
        ("alerts:\n  channels: {a: slak://x/y}", '2: alerts.channels.a: unknown service "slak". Did you mean "slack"?'),
        ("report: {receivers: [ops]}", 'unknown channel "ops". Known: none. What is sent to it would be lost.'),
        ("sources:\n- {path: a, journal: true}", "2: sources[0]: give exactly one of path, journal and docker."),
        ("language: en\nlanguage: ja", "2: language: duplicate key; only one can hold."),
        ("language: [", "not YAML"),
        ("a: &a [*a]", "an alias (*name) holds itself"),
        ("a: \x01", "a character that YAML does not allow"),
        ("- a", "is not a group of settings"),
        ("alerts: {quiet_hours: 22-7}", 'alerts.quiet_hours: "22-7" is no span of hours. Write it like "22:00-07:00"'),
        ("alerts: {quiet_hours: []}\nlanguage: 1", 'language: "1" is not one of en, ja.'),
        ("alerts:\n  routes:\n  - {time: [x]}", '3: alerts.routes[0].time[0]: "x" is no span of hours.'),
        ("alerts: {routes: [{repeat_interval: often}]}", '"often" is not a duration. Write 10m, 2h or 1d, or never.'),
        ("alerts: {routes: [{escalate: [{after: 5m}]}]}", 'alerts.routes[0].escalate[0]: "receivers" is missing.'),
        (
            "alerts: {routes: [{escalate: [{after: 5m, receivers: [bos]}]}]}",
            'alerts.routes[0].escalate[0].receivers[0]: unknown channel "bos". Known: none.',
        ),
        ("alerts: {maintenance: [{host: [mx1]}]}", "alerts.maintenance[0]: has neither time nor from nor until"),
        (
            "alerts: {maintenance: [{from: tomorrow}]}",
            'maintenance[0].from: "tomorrow" is no date and time. Write it like',
        ),
        (
            'alerts: {maintenance: [{from: "2026-12-02", until: "2026-12-01"}]}',
            "alerts.maintenance[0].until: is not after from.",
        ),
        (
            "alerts: {inhibit: [{source: {host: [a]}, target: {hosts: [b]}}]}",
            'unknown setting "hosts". Did you mean "host"?',
        ),
        (
            "alerts: {channels: {p: pagerduty://KEY}}\nreport: {receivers: [p]}",
            '2: report.receivers[0]: "p" is a pager: each report would be an incident there.',
        ),
        ("alerts: {heartbeat: {url: ftp://x}}", "alerts.heartbeat.url: is no http or https address."),
        ("alerts: {channels: {a: pagerduti://x}}", 'unknown service "pagerduti". Did you mean "pagerduty"?'),
        ("rules: {relay_probe: {except: [10.0.0.0/20]}}", "of a size that is not counted in"),
        ("sources: " + "[" * 5000, "is nested too deeply to be read."),
    ],
)
def test_a_mistake_says_how_to_mend_it(tmp_path: Path, text: str, said: str) -> None:
    """One mistake gives one message, with what was probably meant."""
    found = faults(tmp_path, text)

    assert len(found) == 1
    assert said in found[0]


def test_a_wrong_structure_hides_no_wrong_meaning(tmp_path: Path) -> None:
    """What a schema sees and what none can see is told at once, by line; a part with a fault is not called unknown."""
    path = tmp_path / "c.yml"
    path.write_text(
        "langage: en\n"
        "timezone: Europe/Berln\n"
        "sources:\n"
        "  - pth: /x\n"
        "  - {path: /y, journal: true}\n"
        "site:\n"
        "  networks: [192.0.2.5/24, 7]\n"
        "rules:\n"
        "  fast_gessing: {threshold: many}\n"
        "alerts:\n"
        "  channels:\n"
        "    ops: {lang: en}\n"
        "  routes:\n"
        "    - receivers: [ops, bos]\n"
        "rules_directory: /nonexistent\n"
        "report: {receivers: [ops], time: '25:00'}\n"
    )

    with pytest.raises(ConfigurationError) as caught:
        load(path)

    told = [fault.removeprefix(f"{path}:") for fault in map(str, caught.value.faults)]
    assert [int(fault.partition(":")[0]) for fault in told] == [1, 2, 4, 5, 7, 7, 9, 9, 12, 12, 14, 15, 16]
    assert 'unknown channel "bos"' in told[10]
    assert not any('unknown channel "ops"' in fault for fault in told)


def test_words_of_old_yaml_are_text(tmp_path: Path) -> None:
    """`no` is a name and 17:00 a time, not false and 1020."""
    path = tmp_path / "c.yml"
    path.write_text("site: {name: no}\nreport: {time: 17:00}\nlabels:\n", "utf-8")

    configuration = load(path)

    assert configuration.site.name == "no"
    assert configuration.report.time == time(17)


def test_secrets_are_put_in_and_never_shown(tmp_path: Path) -> None:
    """A channel's URL takes secrets from the environment or a file; nothing prints them."""
    secret = tmp_path / "url"
    secret.write_text("tgram://TOKEN/1\n")
    by_name = ChannelSetting("a", "json://${USER_X}@localhost")
    by_file = ChannelSetting("b", f"file:{secret}")

    resolved = [by_name.resolve(environment={"USER_X": "s3cret"}), by_file.resolve(environment={})]

    assert [one.url for one in resolved] == ["json://s3cret@localhost", "tgram://TOKEN/1"]
    assert "s3cret" not in repr(resolved)
    assert "localhost" not in repr(by_name)


def test_a_missing_secret_is_told_by_its_name() -> None:
    """A variable that is not set is named, with its channel."""
    with pytest.raises(ConfigurationError, match=r"alerts\.channels\.a: \$\{NOT_SET\} is not in the environment"):
        ChannelSetting("a", "json://${NOT_SET}").resolve(environment={})


def test_exceptions_have_a_short_form(tmp_path: Path) -> None:
    """An account, an address and a network are excepted by themselves; anything else by its fields."""
    path = tmp_path / "c.yml"
    path.write_text(
        "rules: {relay_probe: {except: [A@b.test, 192.0.2.1, 192.0.2.0/24, {event.module: exim}]}}\n", "utf-8"
    )

    rule = load(path, known_rules=RULES).rules["relay_probe"]

    assert rule.exceptions == (
        {"mailwarden.account": "a@b.test"},
        {"source.ip": "192.0.2.1"},
        {"mailwarden.network": "192.0.2.0/24"},
        {"event.module": "exim"},
    )


def test_the_file_is_looked_for_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is stated goes before the environment, and that before the usual places."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mailwarden.yml").touch()

    assert find_configuration("a.yml", {"MAILWARDEN_CONFIG": "b.yml"}) == Path("a.yml")
    assert find_configuration(None, {"MAILWARDEN_CONFIG": "b.yml"}) == Path("b.yml")
    assert find_configuration(None, {}) == Path("mailwarden.yml")


def test_the_state_of_a_service_is_where_systemd_says() -> None:
    """systemd's StateDirectory goes before every default."""
    assert default_state({"STATE_DIRECTORY": "/var/lib/private/mailwarden"}) == Path("/var/lib/private/mailwarden")


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("10m", 600), ("2h", 7200), ("1d", 86400), ("1w", 604800)])
def test_durations(text: str, seconds: int) -> None:
    """A number and a unit make a duration."""
    assert parse_duration(text).total_seconds() == seconds


@pytest.mark.parametrize("text", ["", "m", "10", "10 m", "-1m", "1.5h", "99999999d"])
def test_what_is_no_duration(text: str) -> None:
    """Anything else is refused."""
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration(text)


def test_what_a_unit_hands_over_stands_for_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user who may read neither configuration nor secrets reads systemd's copies, and what stands beside stays where it was."""
    own, copies = tmp_path / "own", tmp_path / "credentials"
    (own / "rules.d").mkdir(parents=True)
    copies.mkdir()
    copies.joinpath("mailwarden.yml").write_text(f"alerts:\n  channels:\n    me: file:{own}/url\n")
    copies.joinpath("url").write_text("json://192.0.2.1/\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(copies))

    configuration = load(own / "mailwarden.yml")

    assert configuration.path == own / "mailwarden.yml"
    assert [channel.url for channel in configuration.resolved_channels()] == ["json://192.0.2.1/"]
    with pytest.raises(ConfigurationError, match="is not there"):
        load(own / "other.yml")
