"""What happened here is folded again from the archive, and a changed rule shows what it would have told."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from logs import lines_of

from mailwarden.alerts.rulebook.compiler import compile_file
from mailwarden.parsers.errors import UsageError
from mailwarden.pipeline.admission.admission import Admission
from mailwarden.pipeline.archive import Archive, archive
from mailwarden.pipeline.archive.history import last_us, replay
from mailwarden.pipeline.configuration.configuration import Configuration, RuleSetting
from mailwarden.pipeline.configuration.reading import rule_directory, rule_names
from mailwarden.pipeline.runner import Runner, wall_clock
from mailwarden.pipeline.store import Store
from mailwarden.pipeline.trial import backtest
from mailwarden.pipeline.trial.replay import compare
from mailwarden.pipeline.trial.tuning import Proposal, parse_target, tune

LOGS = ["mixed_day.mail.log", "account_compromise.mail.log", "exim_account_compromise.exim_mainlog.log"]


def kept(tmp_path: Path, log: str, full: int, monkeypatch: pytest.MonkeyPatch) -> tuple[Configuration, list]:  # type: ignore[type-arg]
    """Read a real log as the service does, in many batches, into an archive; give the incidents of the store too."""
    monkeypatch.setattr(archive, "_FULL", full)
    path = tmp_path / "mail.log"
    path.write_bytes(b"".join(lines_of(log)))
    configuration = Configuration(state=tmp_path / "state")
    with Store.open(tmp_path / "state" / "mailwarden.db") as store:
        admission = Admission.of_paths(
            [str(path)],
            configuration=configuration,
            zone="UTC",
            year=2026,
            positions={},
            clock=wall_clock,
            batch_lines=700,
        )
        runner = Runner(store, configuration, admission, archive=Archive.open(configuration.archive_directory, 0))
        for batch in admission.batches():
            runner.take(batch)
        return configuration, store.incidents()


def story(incident) -> tuple:  # type: ignore[no-untyped-def, type-arg]
    """Give all of an incident that does not depend on where its lines stand."""
    lines = [(one.offset, one.line) for one in incident.evidence]
    told = (incident.told, incident.told_severity, incident.worse_us, incident.parent, incident.previous)
    return (
        *(incident.id, incident.severity, incident.category, incident.primary, incident.status, incident.rules),
        *(incident.counts, incident.event_count, incident.entities, incident.entity_counts, incident.timeline),
        *(incident.first_seen_us, incident.last_seen_us, incident.opened_us, incident.values, lines, told),
    )


@pytest.mark.parametrize("full", [50_000, 500])
@pytest.mark.parametrize("log", LOGS)
def test_the_past_comes_to_the_same_incidents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: str, full: int
) -> None:
    """From the archive, its full files and its newest events, every incident comes out as the service made it."""
    configuration, known = kept(tmp_path, log, full, monkeypatch)

    variant, _ = backtest.as_it_is(configuration)
    tried = backtest.try_out(backtest.past_of(configuration, [], None), configuration, {"now": variant})

    assert len(known) > 0
    assert bool(list(configuration.archive_directory.glob("events/*/*.parquet"))) == (full == 500)
    assert sorted(map(story, tried.incidents("now"))) == sorted(map(story, known))


def guessing(days: int, begin: int = 1) -> str:
    """Write a month in which each day another stranger guesses, one time more than the one of the day before."""
    return "".join(
        f"2026-03-{day:02}T08:{tries // 20:02}:{tries % 20 * 3:02}+00:00 mx1 postfix/smtpd[7]: warning:"
        f" unknown[198.18.{day}.7]: SASL LOGIN authentication failed: UGFzc3dvcmQ6\n"
        for day in range(begin, begin + days)
        for tries in range(5 + day)
    )


@pytest.fixture
def month(tmp_path: Path) -> Configuration:
    """Give what the service kept of such a month."""
    log = tmp_path / "mail.log"
    log.write_text(guessing(28))
    configuration = Configuration(state=tmp_path / "state")
    with Store.open(tmp_path / "state" / "mailwarden.db") as store:
        admission = Admission.of_paths(
            [str(log)], configuration=configuration, zone="UTC", year=2026, positions={}, clock=wall_clock
        )
        runner = Runner(store, configuration, admission, archive=Archive.open(configuration.archive_directory, 0))
        for batch in admission.batches():
            runner.take(batch)
    return configuration


def lost_and_gained(
    configuration: Configuration, *sets: str, since: timedelta | None = None, **rules: str
) -> tuple[set[str], set[str]]:
    """Back-test changes; give the networks that are lost and those that are gained."""
    files = []
    for name, text in rules.items():
        files.append(configuration.state_directory / f"{name}.yml")
        files[-1].write_text(text)
    before, _ = backtest.as_it_is(configuration, files)
    after, _ = backtest.changed(configuration, files, sets)
    past = backtest.past_of(configuration, [], since)
    tried = backtest.try_out(past, configuration, {"before": before, "after": after})
    compared = compare(tried.incidents("before"), tried.incidents("after"))
    return {one.primary[1] for one in compared.lost}, {one.primary[1] for one in compared.gained}


ONLY = [f"{name}.enabled=false" for name in rule_names() if name != "fast_guessing"]


def test_a_threshold_that_is_raised_loses_what_it_is_to_lose(month: Configuration) -> None:
    """Those with fewer tries go, the others stay, nothing comes; a lowered one would bring some."""
    quiet = replace(month, rules={name.partition(".")[0]: RuleSetting(enabled=False) for name in ONLY})

    lost, gained = lost_and_gained(quiet, "fast_guessing.threshold=20")

    assert lost == {f"198.18.{day}.0/24" for day in range(1, 15)}
    assert gained == set()
    assert lost_and_gained(quiet, "fast_guessing.enabled=false")[0] == {f"198.18.{day}.0/24" for day in range(1, 29)}
    loud = replace(quiet, rules={**quiet.rules, "fast_guessing": RuleSetting(threshold=30)})
    assert lost_and_gained(loud, "fast_guessing.threshold=25") == (
        set(),
        {f"198.18.{day}.0/24" for day in range(20, 25)},
    )


def test_only_the_time_asked_for_is_judged(month: Configuration) -> None:
    """What came before is learned from, and not listed."""
    lost, _ = lost_and_gained(month, *ONLY, "fast_guessing.enabled=false", since=timedelta(days=7))

    assert "198.18.28.0/24" in lost
    assert not {f"198.18.{day}.0/24" for day in range(1, 20)} & lost


def test_a_rule_file_comes_new_or_stands_for_the_one_of_its_name(month: Configuration) -> None:
    """The same rule with another wording is compared with ours; a new one brings what it finds."""
    source = (rule_directory() / "fast_guessing.yaml").read_text("utf-8")
    new = (
        "title: Any refused login\nlogsource: {product: mail}\ndetection:\n"
        "  one: {event.action: auth-failure, src_ip|exists: true}\n"
        "  condition: one\n"
    )

    replaced, _ = lost_and_gained(month, *ONLY, fast_guessing=source.replace("gte: 5", "gte: 500"))
    _, added = lost_and_gained(month, own=new)

    assert {f"198.18.{day}.0/24" for day in range(1, 29)} <= replaced
    assert {f"198.18.{day}.7" for day in range(1, 29)} <= added


def test_a_rule_that_is_tried_may_stand_in_its_directory_already(month: Configuration) -> None:
    """What it adds is shown, not that it is there."""
    new = "title: t\nlogsource: {product: mail}\ndetection:\n  one: {src_ip|exists: true}\n  condition: one\n"
    (month.state_directory / "rules.d").mkdir()
    own = replace(month, own_rules=month.state_directory / "rules.d")
    (own.state_directory / "rules.d" / "own.yml").write_text(new)

    before, _ = backtest.as_it_is(own, [own.state_directory / "rules.d" / "own.yml"])
    after, _ = backtest.changed(own, [own.state_directory / "rules.d" / "own.yml"], [])

    assert {rule.detection.name for rule in after.rules} - {rule.detection.name for rule in before.rules} == {"own"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nosuch.threshold=5", 'no rule "nosuch"'),
        ("fast_gessing.threshold=5", 'Did you mean "fast_guessing"'),
        ("fast_guessing.threshold=0", "cannot be set"),
        ("fast_guessing.threshold", "cannot be set"),
        ("fast_guessing.severity=huge", "cannot be set"),
        ("fast_guessing", "cannot be set"),
    ],
)
def test_a_setting_that_cannot_be_read_is_told(text: str, said: str) -> None:
    """With what may be written."""
    with pytest.raises(UsageError, match=re.escape(said)):
        backtest.changed(Configuration(), [], [text])


def test_without_history_it_says_so(tmp_path: Path) -> None:
    """No archive, or an empty one, is no history of zero incidents."""
    with pytest.raises(UsageError, match="holds no history yet"):
        backtest.past_of(Configuration(state=tmp_path), [], None)


def test_a_stamp_from_the_future_does_not_end_the_past(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line that is years ahead moves no time in the replay, as it moved none in the service."""
    monkeypatch.setattr(archive, "_FULL", 1)
    log = tmp_path / "mail.log"
    wrong = guessing(1).splitlines(keepends=True)[0].replace("2026-", "2028-")
    log.write_text(guessing(2) + wrong + guessing(2, begin=3))
    configuration = Configuration(state=tmp_path / "state")
    with Store.open(tmp_path / "state" / "mailwarden.db") as store:
        admission = Admission.of_paths(
            [str(log)], configuration=configuration, zone="UTC", year=2026, positions={}, clock=wall_clock
        )
        runner = Runner(store, configuration, admission, archive=Archive.open(configuration.archive_directory, 0))
        streamed = []
        for batch in admission.batches():
            streamed += [event.stream_us for event in batch.events]
            runner.take(batch)

    again = [event.stream_us for events in replay(configuration.archive_directory) for event in events]

    assert again == streamed
    assert last_us(configuration.archive_directory) == streamed[-1]


# ---------------------------------------------------------------------- tuning


def proposal_of(configuration: Configuration, target: str) -> Proposal:
    """Tune fast guessing on the month."""
    rule = compile_file(rule_directory() / "fast_guessing.yaml")
    assert rule is not None
    return tune(rule, parse_target(target), backtest.past_of(configuration, [], None), configuration)


def test_the_lowest_threshold_within_the_target_is_proposed(month: Configuration) -> None:
    """28 days hold incidents of 6 to 33 tries: for one a week the four largest may stay."""
    proposal = proposal_of(month, "1/week")

    assert proposal.is_enough
    assert proposal.counts[5] == 28
    assert proposal.counts[31] == 3
    assert proposal.lowest == 31  # four in 27 days and some hours are more than one in seven days
    assert proposal_of(month, "2/day").lowest == 1


def test_a_history_that_is_too_short_is_told(month: Configuration) -> None:
    """One a month takes three months to tell; nobody knows before."""
    proposal = proposal_of(month, "1/month")

    assert not proposal.is_enough
    assert proposal.needed == timedelta(days=90)


@pytest.mark.parametrize("text", ["1", "1/year", "0/week", "x/day", "1/week\n"])
def test_a_target_that_cannot_be_read_is_told(text: str) -> None:
    """With what may be written."""
    with pytest.raises(UsageError, match="1/week"):
        parse_target(text)


def test_a_rule_without_a_threshold_cannot_be_tuned(month: Configuration) -> None:
    """It fires at the first event."""
    rule = compile_file(rule_directory() / "open_relay.yaml")
    assert rule is not None

    with pytest.raises(UsageError, match="no threshold to tune"):
        tune(rule, parse_target("1/week"), backtest.past_of(month, [], None), month)
