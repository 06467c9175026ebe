"""What a weekly report says of the week before it, and of what people called normal here; how the risk of a block went."""

from collections.abc import Iterator
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from counted_days import HOUR, QUIET, TODAY, Days, incident

from mailwarden.alerts.incidents.incident import Incident
from mailwarden.alerts.risk.decay import Fading
from mailwarden.alerts.risk.outcomes import KIND, SERVER
from mailwarden.alerts.risk.sender import HOUR_US, Sender, Story
from mailwarden.alerts.state.blob import encode
from mailwarden.pipeline.configuration.reading import load
from mailwarden.pipeline.report import build
from mailwarden.pipeline.report.figures import day_start_us
from mailwarden.pipeline.service import acts
from mailwarden.pipeline.store import Listing, Store

DAY_US = 24 * HOUR
LAST_WEEK_US = day_start_us(TODAY - timedelta(days=9), UTC)
NOW_US = day_start_us(TODAY, UTC) + 9 * HOUR


@pytest.fixture
def days(tmp_path: Path) -> Iterator[Days]:
    with Store.open(tmp_path / "mailwarden.db") as store:
        yield Days(store)


def week(days: Days, language: str = "en") -> str:
    """Give the report of the week that ends today, its rows joined."""
    report = build(days.store, TODAY - timedelta(days=6), until=TODAY, weekly=True, language=language)
    return " ".join(report.as_text().split())


def old(name: str, **fields: Any) -> Incident:
    """Make an incident of the week before."""
    given = {
        "first_seen_us": LAST_WEEK_US,
        "opened_us": LAST_WEEK_US,
        "last_seen_us": LAST_WEEK_US + HOUR,
        "span_us": HOUR,
    }
    return incident(name, **{"severity": "high", **given, **fields})


def test_what_was_asked_for_last_week_is_followed_up(days: Days) -> None:
    """What goes on is told with its step, what came back by its new id, what is over with its day; what ended before is not."""
    days.add(TODAY, QUIET)
    over_us = day_start_us(TODAY - timedelta(days=4), UTC) + HOUR
    back = old("back@example.org", status="closed", last_seen_us=LAST_WEEK_US + 2 * DAY_US + 20 * HOUR)
    again = incident("back@example.org", "high", id="B" * 26, previous=back.id)
    days.commit(
        incidents=[
            old("goes.on@example.org", last_seen_us=NOW_US),
            back,
            again,
            old("over@example.org", status="closed", last_seen_us=over_us),
            old("long.ended@example.org", status="closed"),
            old("minor@example.org", severity="low", last_seen_us=NOW_US),
        ]
    )

    text = week(days)
    said = text[text.index("Asked for last week") :]

    assert said.startswith("Asked for last week: 3; still to do: 2")
    assert "goes.on@example.org was taken over and sends spam: still so; change the password of goes.on" in said
    assert "BBB back@example.org was taken over and sends spam: back since Tue 3 Mar 2026" in said
    assert "over@example.org was taken over and sends spam: over since Fri 27 Feb 2026" in said
    assert "long.ended" not in text
    assert "minor@" not in said.partition("began")[0]


def test_a_week_after_a_quiet_one(days: Days) -> None:
    """Where nothing was asked for and nothing was called normal, that is said in a line each, in both languages."""
    days.add(TODAY, QUIET)
    nothing = week(days)
    days.commit(incidents=[incident()])

    assert "Last week asked for nothing." in nothing
    assert "nobody said that an alert was false" in week(days)
    assert "誤った通知だったという申告はありませんでした" in week(days, "ja")


def test_a_false_alarm_comes_with_the_setting_that_ends_it(days: Days, tmp_path: Path) -> None:
    """What was called normal is told with who and why, and the proposed lines are a configuration that holds it back."""
    days.add(TODAY, QUIET)
    mine = incident(
        "news@example.org", "medium", rules=["sending_burst"], primary=("mailwarden.account", "news@example.org")
    )
    script = incident(
        "/srv/www/form.php", "medium", rules=["script_burst"], primary=("mailwarden.script", "/srv/www/form.php")
    )
    silenced = incident("only@example.org", "medium")
    days.commit(incidents=[mine, script, silenced])
    for one, normal in ((mine, True), (script, True), (silenced, False)):
        days.store.add_act("silence", acts.silence(one, "ann", "our newsletter", NOW_US, normal=normal), NOW_US)

    report = build(days.store, TODAY - timedelta(days=6), until=TODAY, weekly=True)
    text = " ".join(report.as_text().split())

    assert "2 incidents were called normal here" in text
    assert "(ann: our newsletter)" in text
    assert "only@example.org" not in text[text.index("were called normal") :]
    assert "passed over until Mon 1 Jun 2026" in text
    assert report.weekly is not None
    for one, rule in zip(report.weekly.normal, ("sending_burst", "script_burst"), strict=True):
        assert one.setting in text
        (tmp_path / "mailwarden.yml").write_text(one.setting)
        assert rule in load(tmp_path / "mailwarden.yml").rules
        assert yaml.safe_load(one.setting)["rules"][rule]["except"]


def test_the_risk_is_a_line_of_two_weeks_with_its_first_sign(days: Days) -> None:
    """The days stand as bars and numbers, the first sign with its lead, in text and data; a calm sender is one sentence."""
    sender = Sender(
        first_us=1, last_us=NOW_US, hour=NOW_US // HOUR_US, addresses={"192.0.2.25": 3}, scores=[20] * 9,
        sums={"refusals": Fading(9, NOW_US)}, highs=[*[0] * 12, 11], stories=[Story(NOW_US - 30 * HOUR)],
    )  # fmt: skip
    calm = Sender(first_us=1, last_us=NOW_US, hour=NOW_US // HOUR_US)
    days.add(TODAY, QUIET)

    def told(one: Sender) -> str:
        days.commit(states=[(KIND, SERVER + "mx1", 1, NOW_US * 2, encode(one))], meta={"stream_us": str(NOW_US)})
        return " ".join(build(days.store, TODAY).as_text().split())

    bad, blocked, quiet = told(sender), None, None
    data = build(days.store, TODAY).as_data()["risks"][0]
    sender.stories[0].blocked_us = NOW_US - 25 * HOUR
    blocked, quiet = told(sender), told(calm)

    assert data["days"][-3:-1] == [0, 11]
    assert len(data["days"]) == 14
    assert f"14 days, 0 to {data['days'][-1]}: 192.0.2.25 (mx1)" in bad
    assert "▁▁▁▁▁▁▁▁▁▁▁▁▁" in bad
    assert "192.0.2.25 (mx1): first sign 2 Mar 03:00:00 UTC, 30 h ago; no block so far." in bad
    assert "first sign 2 Mar 03:00:00 UTC, first block 5 h later." in blocked
    assert "Blacklist risk: no sign of a block; the worst is mx1 with 0 of 100." in quiet
    assert "14 days" not in quiet


def test_lists_are_counted_in_the_page_by_name(days: Days) -> None:
    """Of a calm report the page says by list what it answered, the text in one line."""
    at = NOW_US
    days.add(TODAY, QUIET)
    days.commit(
        listings=[
            Listing("192.0.2.25", "zen.example", at, at, "clear", "Zen", 1.0),
            Listing("192.0.2.26", "zen.example", at, at, "no answer", "Zen", 1.0),
            Listing("192.0.2.25", "bl.example", at, at, "clear", "Other", 1.0),
        ]
    )
    report = build(days.store, TODAY)

    section = next(one for one in report.document().sections if one.name == "lists")

    assert section.grid is not None
    assert section.grid.rows == [["Zen", "0", "1", "1"], ["Other", "0", "1", "0"]]
    assert "Zen" in report.as_html()
    assert "Zen" not in report.as_text()


def test_a_week_of_which_little_was_read_calls_nobody_gone(days: Days) -> None:
    """Whoever is in no line of four weeks that were not read may have been there all the while."""
    for back in range(40, 90):
        days.add(TODAY - timedelta(days=back), QUIET)

    text = week(days)

    assert "ana@example.org" not in text
    assert "Too little was read in the last four weeks to tell who is new" in text


def test_weeks_tell_how_each_provider_took_our_mail_and_what_was_taken_for_spam(days: Days) -> None:
    """The weeks stand beside each other by provider, and what was refused as spam beside what was sent."""
    for back in range(14):
        spam = {("delivery", "google", "bounced", "spam_content"): 100} if back < 7 else {}
        days.add(TODAY - timedelta(days=back), QUIET | spam)

    text = week(days)

    assert "2026-02-25 21,700 · 3.2 %" in text
    assert "2026-02-18 21,000 · 0.0 %" in text
    assert "2026-02-25 770 31,500 700" in text  # failed logins, sent, as spam
