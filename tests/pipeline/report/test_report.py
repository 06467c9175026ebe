"""The report of a day: the verdict first, nothing falsely calm, and short."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from counted_days import HOUR, QUIET, TODAY, Days, Words, incident

from mailwarden.alerts.risk.decay import Fading
from mailwarden.alerts.risk.outcomes import KIND
from mailwarden.alerts.risk.sender import Sender
from mailwarden.alerts.state.blob import encode
from mailwarden.pipeline.report import build
from mailwarden.pipeline.report.__main__ import main
from mailwarden.pipeline.report.figures import day_start_us
from mailwarden.pipeline.showing.columns import columns
from mailwarden.pipeline.store import Store


@pytest.fixture
def days(tmp_path: Path) -> Iterator[Days]:
    with Store.open(tmp_path / "mailwarden.db") as store:
        yield Days(store)


def test_a_quiet_day_takes_five_lines(days: Days) -> None:
    """A day like the others is a verdict and five lines, none of them wider than a terminal."""
    days.weeks(QUIET)
    days.add(TODAY, QUIET)

    assert days.text().splitlines() == [
        "✓ Tue 3 Mar 2026: all normal. 2,100 received, 4,500 delivered (99.8 %), 10",
        "  returned.",
        "Everything counted is near its usual value.",
        "900 logins (IMAP 800, POP3 100), all with TLS.",
        "110 failed logins: 100 by strangers (1 network), 10 by people known there; 1",
        "account known here was tried.",
        "Block lists, names and certificates: not checked.",
        "29,996 lines read, 99.98 % of the mail servers' understood.",
    ]


def test_no_history_no_usual(days: Days) -> None:
    """Before seven days of history nothing is called usual."""
    days.weeks(QUIET, days=6)
    days.add(TODAY, {**QUIET, ("auth_failure", "dovecot", "wrong_password", "imap"): 9_000})

    report = build(days.store, TODAY)

    assert "No history yet" in report.as_text()
    assert all(one.usual is None and not one.changed for one in report.figures.measures.values())


def test_the_usual_is_the_median_of_the_weekday(days: Days) -> None:
    """A number stands beside the median of the same weekday of four weeks, whatever the other days were."""
    sent = ("delivery", "google", "sent", "")
    for back in range(1, 31):
        weekday = back % 7 == 0
        days.add(TODAY - timedelta(days=back), {("lines", "event", "", ""): 1, sent: 1000 + back if weekday else 9})
    days.add(TODAY, {("lines", "event", "", ""): 1, sent: 5_000})

    measure = build(days.store, TODAY).figures.measures["sent"]

    assert (measure.count, measure.usual, measure.changed) == (5_000, 1017.5, True)
    text = days.text()
    assert "not all is as usual" in text
    assert "  mail delivered elsewhere    5,000  1,018  ▲ 4.9×" in text


def test_a_week_in_which_nothing_ran_is_no_usual(days: Days) -> None:
    """A day on which the service did not run says nothing about what is usual."""
    sent = ("delivery", "google", "sent", "")
    days.add(TODAY - timedelta(days=28), {sent: 100})
    days.add(TODAY - timedelta(days=7), {sent: 100})
    days.add(TODAY, {sent: 90})

    assert build(days.store, TODAY).figures.measures["sent"].usual == 100


def test_a_day_without_a_line_is_not_called_calm(days: Days) -> None:
    """Where nothing was read the report says so, and nothing else."""
    days.weeks(QUIET)

    text = days.text()

    assert text.startswith("▲ Tue 3 Mar 2026: no line was read.")
    assert len(text.splitlines()) <= 2


def test_lines_that_came_late_are_told_of(days: Days) -> None:
    """Where a log lagged behind the others, the report says that times may be too late, and of which log, as data."""
    days.weeks(QUIET)
    days.add(TODAY, QUIET | {("late", "/var/log/mail.err", "", ""): 3})

    assert "3 lines came behind later ones of other logs" in days.text()
    assert build(days.store, TODAY).figures.late == {"/var/log/mail.err": 3}


@pytest.mark.parametrize(
    "trouble",
    [
        {("data_loss", "syslog", "rate_limit", ""): 3},
        {("lines", "pipeline_error", "postfix", "smtpd"): 9_000},
    ],
)
def test_calm_is_not_false(days: Days, trouble: dict[Words, int]) -> None:
    """A day of which lines were lost or not understood is not called normal."""
    days.weeks(QUIET)
    days.add(TODAY, QUIET | trouble)
    days.commit(unparsed={("postfix", "smtpd", "t"): (9_000, "odd \x1b[31m line")})

    text = days.text()

    assert text.startswith("▲")
    assert "not all could be read or told" in " ".join(text.split())
    assert "all normal" not in text


def test_a_log_without_a_mail_server_is_not_called_calm(days: Days) -> None:
    """Lines of other programs alone say nothing about mail, and 100 % of nothing is not said."""
    days.add(TODAY, {("lines", "ignored", "", "cron"): 3})

    text = days.text()

    assert text.startswith("▲")
    assert "3 lines read, none of them of a mail server." in text
    assert "%" not in text


def test_all_is_said_only_of_all(days: Days) -> None:
    """One line of a million that was not understood is no 100 %."""
    days.add(TODAY, {("lines", "event", "", ""): 1_000_000, ("lines", "pipeline_error", "", ""): 1})

    assert "99.99 %" in days.text()


def test_mail_that_only_waits_is_told(days: Days) -> None:
    """Where nothing was delivered the mail that waits stands in the verdict."""
    days.add(TODAY, {("lines", "event", "", ""): 9, ("delivery", "google", "deferred", "rate_limit"): 1})

    assert days.text().startswith("✓ Tue 3 Mar 2026: no trouble found. 1 had to wait.")


def test_an_account_first_seen_today_is_known(days: Days) -> None:
    """An account that logs in later on the day on which it was guessed exists."""
    days.add(
        TODAY,
        {
            ("lines", "event", "", ""): 9,
            ("login", "imap", "1.3", ""): 1,
            ("login_account", "ana@example.org", "imap", "1.3"): 1,
            ("auth_failure", "dovecot", "wrong_password", "imap"): 2,
            ("auth_network", "198.51.100.0/24", "stranger", ""): 2,
            ("auth_account", "ana@example.org", "unknown", ""): 1,
            ("auth_account", "root", "unknown", ""): 1,
        },
    )

    assert "2 failed logins, all by strangers (1 network); 1 account known here was tried." in days.text()
    assert build(days.store, TODAY).figures.attacks.unknown_accounts == 1


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ({"known": 2}, "2 failed logins, none by strangers."),
        ({}, "2 failed logins; the log does not tell from where."),
        ({"stranger": 1}, "2 failed logins: 1 by strangers (1 network); no account known here was tried."),
    ],
)
def test_who_failed_to_log_in(days: Days, counts: dict[str, int], said: str) -> None:
    """Strangers, people known and unknown origin are told apart, and no zero is told."""
    networks: dict[Words, int] = {("auth_network", "192.0.2.0/24", who, ""): n for who, n in counts.items()}
    days.add(TODAY, {("lines", "event", "", ""): 9, ("auth_failure", "dovecot", "", "imap"): 2, **networks})

    assert said in " ".join(days.text().split())


def test_how_much_tls_the_log_tells(days: Days) -> None:
    """What no line tells about TLS is said to be not known."""
    days.add(TODAY, {("lines", "event", "", ""): 9, ("login", "smtp", "unknown", ""): 4})

    assert "4 logins (SMTP 4); the log does not tell whether with TLS." in days.text()


def test_alerts_that_wait_are_told(days: Days) -> None:
    """An alert that nobody could be given is told, with what to do."""
    days.add(TODAY, QUIET)
    days.commit(outbox=[("n1", 1, b"")])

    assert "1 alert was not delivered yet.  → mailwarden doctor" in days.text()


def test_a_day_with_an_incident(days: Days) -> None:
    """The verdict and what to do stand first; at most five incidents are written out, the rest is counted."""
    days.weeks(QUIET)
    days.add(TODAY, {**QUIET, ("auth_network", "203.0.113.0/24", "stranger", ""): 7})
    many = [incident(f"u{n}@example.org", "medium", event_count=n) for n in range(41)]
    before = incident("old@example.org", last_seen_us=1)
    child = incident("child@example.org", "high", parent=incident().id)
    days.commit(incidents=[incident(), *many, before, child])

    lines = days.text().splitlines()

    assert lines[0].startswith("● Tue 3 Mar 2026: 1 critical, 41 to watch.")
    assert lines[3].startswith("● CRITICAL")
    assert "ana@example.org was taken over and sends spam (new)" in " ".join(lines[3:5])
    assert lines[4].strip().startswith("→ change the password of ana@example.org")
    assert lines[6].strip() == "mailwarden find ana@example.org"
    assert sum(line.startswith("▲ MEDIUM") for line in lines) == 4
    assert any(line.strip() == "and 37 more" for line in lines)
    assert any("203.0.113.0/24" in line for line in lines)
    assert not any("old@" in line or "child@" in line for line in lines)


def test_what_failed_is_shown_by_provider(days: Days) -> None:
    """Providers that did not take our mail come with what they mostly said; those that did, do not come."""
    refused = {
        ("delivery", "microsoft_consumer", "bounced", "blocklist"): 40,
        ("delivery", "microsoft_consumer", "deferred", "rate_limit"): 5,
        ("delivery", "microsoft_consumer", "retried", "rate_limit"): 500,
        ("delivery_waited", "microsoft_consumer", "hour", ""): 4,
    }
    days.add(TODAY, QUIET | refused)

    text = days.text()

    assert "some mail was not taken" in text
    assert "  Outlook.com     0         5       40  we are on a blocklist" in text
    assert "Gmail" not in text
    provider = build(days.store, TODAY).figures.providers[0]
    assert (provider.name, provider.retried, provider.waited) == ("microsoft_consumer", 500, 4)


def test_a_few_refusals_of_many_providers_are_shown(days: Days) -> None:
    """Where no provider stands out and all together refuse much, the report names who refused."""
    few = {("delivery", f"provider{n}", "bounced", "reputation"): 2 for n in range(8)}
    days.add(TODAY, {("lines", "event", "sendmail", ""): 90, ("delivery", "google", "sent", ""): 60, **few})

    text = days.text()

    assert "Who did not take our mail" in text
    assert "Provider0" in text


def test_a_few_greylistings_of_many_providers_are_not(days: Days) -> None:
    """What many put off a little, and took later, is no trouble."""
    few = {("delivery", f"provider{n}", "deferred", "greylisted"): 2 for n in range(8)}
    days.add(TODAY, {("lines", "event", "sendmail", ""): 90, ("delivery", "google", "sent", ""): 60, **few})

    assert "Who did not take our mail" not in days.text()


def test_a_log_without_mail_is_said_to_have_none(days: Days) -> None:
    """The lines of an IMAP server count no mail: that is not the same as none received."""
    days.add(TODAY, {("lines", "event", "dovecot", ""): 90, ("login", "imap", "1.3", ""): 3})

    assert "No mail was seen." in days.text()


def test_what_came_after_the_report_is_told_as_such(days: Days) -> None:
    """An incident that goes on speaks of today's numbers: the report of yesterday says from when they are."""
    days.add(TODAY, QUIET)
    days.commit(incidents=[incident(last_seen_us=day_start_us(TODAY, UTC) + 30 * HOUR), incident("bob@example.org")])

    text = days.text()

    assert "(new, as of 4 Mar 06:00:00 UTC)" in " ".join(text.split())
    assert text.count("as of") == 1


def test_who_sent_more_than_usual(days: Days) -> None:
    """A sender far above the usual brings the table of senders, scripts among them, each as what it seems to be."""
    days.weeks(QUIET)
    script = {("sent", "www", "script", ""): 90, ("sent_recipients", "www", "script", ""): 900}
    script |= {("sent_trait", "www", "script", trait): count for trait, count in (("run", 880), ("run_messages", 88))}
    days.add(TODAY, QUIET | script)

    text = days.text()

    assert "  www                     900      0   ▲ new  newsletter (not sure)" in text
    assert "  ana@example.org          40     40          person (sure)" in text


def test_logins_without_tls_and_mail_that_vanishes(days: Days) -> None:
    """Accounts without TLS are named; so are those whose mail POP3 deletes while others read it by IMAP."""
    more = {
        ("login", "pop3", "no", ""): 70,
        **{("login_account", f"u{n}@example.org", "pop3", "no"): 10 for n in range(7)},
        ("pop3_deleted", "ana@example.org", "", ""): 12,
        ("pop3_deleted", "ana", "", ""): 3,
        ("pop3_deleted", "only-pop@example.org", "", ""): 99,
    }
    days.add(TODAY, QUIET | more)

    text = days.text()

    assert "970 logins (IMAP 800, POP3 170), 70 of them without TLS" in text
    assert "  and 2 more" in text
    assert "  ana@example.org        12" in text
    assert "only-pop" not in text
    protocols = {one.name: one for one in build(days.store, TODAY).figures.protocols}
    assert (protocols["pop3"].clear, protocols["pop3"].encrypted, protocols["pop3"].oldest_tls) == (70, 100, "1.2")


def test_the_worst_day_fits_on_two_screens(days: Days) -> None:
    """However much happened, a report has at most 72 lines, none of them wider than 80 columns, in both languages."""
    hostile = "\x1b]0;x\x07\u202e" + "あ" * 200
    worst: dict[Words, int] = {}
    for n in range(300):
        name = f"{n}{hostile}"
        worst |= {
            ("auth_network", name, "stranger", ""): 9,
            ("auth_failure", "m", name, ""): 9,
            ("delivery", name, "bounced", name): 99,
            ("login", name, "no", ""): 5,
            ("login_account", name, "imap", "no"): 5,
            ("pop3_deleted", name, "", ""): 5,
            ("sent", name, "account", ""): 9,
            ("sent_recipients", name, "account", ""): 999,
            ("lines", "pipeline_error", "m", name): 99,
        }
    days.weeks(QUIET)
    days.add(TODAY, QUIET | worst | {("data_loss", "m", "", ""): 1, ("auth_error", "m", "", ""): 1})
    days.commit(
        incidents=[incident(f"{n}{hostile}", category="outbound_spam") for n in range(60)],
        unparsed={("m", "p", str(n)): (1, hostile) for n in range(5)},
        outbox=[("n", 1, b"")],
    )

    week = {"until": TODAY, "weekly": True}
    for language in ("en", "ja"):
        of_week = days.text(TODAY - timedelta(days=6), language=language, **week)
        assert len(of_week.splitlines()) <= 72
        text = days.text(language=language)
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert len(text.splitlines()) <= 72
        assert [line for line in text.splitlines() if columns(line) > 80] == []


def test_several_days(days: Days) -> None:
    """A week is one report, beside the weeks before."""
    days.weeks(QUIET, days=40)
    days.add(TODAY, QUIET)

    report = build(days.store, TODAY - timedelta(days=6), until=TODAY)

    assert report.figures.measures["logins"].count == 7 * 900
    assert report.figures.measures["logins"].usual == 7 * 900
    assert report.as_text().startswith("✓ Wed 25 Feb 2026 – Tue 3 Mar 2026: all normal.")


def test_a_day_of_another_zone(days: Days) -> None:
    """A day is the reader's: what was counted at its midnight in Tokyo is in the report for Tokyo."""
    tokyo = ZoneInfo("Asia/Tokyo")
    days.add(TODAY, QUIET, tokyo)

    assert build(days.store, TODAY, zone=tokyo).figures.lines == 29_996
    assert build(days.store, TODAY).figures.lines == 0


def test_the_report_as_data(days: Days) -> None:
    """As data the report holds the same, as numbers, and is JSON."""
    days.weeks(QUIET)
    days.add(TODAY, QUIET)
    days.commit(incidents=[incident()])

    data = json.loads(json.dumps(build(days.store, TODAY).as_data()))

    assert data["first"] == data["last"] == "2026-03-03"
    assert data["verdict"].startswith("Tue 3 Mar 2026: 1 critical.")
    assert data["incidents"][0]["severity"] == "critical"
    assert data["measures"]["logins"] == {"name": "logins", "count": 900, "usual": 900.0, "changed": False}
    assert data["attacks"]["networks"] == {"first": [{"name": "198.51.100.0/24", "count": 100}], "total": 1}


def test_from_a_process_of_its_own(days: Days, capsys: pytest.CaptureFixture[str]) -> None:
    """The report can be asked for by path and day, as text or as JSON; what cannot be read is told, exit 3."""
    days.add(TODAY, QUIET)
    path = str(days.store.path)

    assert main([path, "--from", "2026-03-03"]) == 0
    assert capsys.readouterr().out == days.text()
    assert main([path, "--from", "2026-03-01", "--to", "2026-03-03", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["lines"] == 29_996
    assert main([path + ".none", "--from", "2026-03-03"]) == 3
    assert "no database yet" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main([path, "--from", "2026-03-03", "--to", "2026-03-01"])


def test_the_service_never_imports_pandas() -> None:
    """Following logs does not pay for the report's libraries."""
    code = "import sys, mailwarden.pipeline.runner; sys.exit('pandas' in sys.modules or 'pyarrow' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_risk_of_a_block_has_a_section(days: Days) -> None:
    """A sender that stands badly is named with its number, its trend and what weighs most; a calm one is not."""
    noon_us = day_start_us(TODAY, UTC) + 12 * HOUR
    bad = Sender(
        hour=noon_us // HOUR, last_us=noon_us, addresses={"192.0.2.25": 3}, sums={"refusals": Fading(9, noon_us)}
    )
    calm = Sender(hour=noon_us // HOUR, last_us=noon_us)
    rows = [(KIND, f"server {name}", 1, 1 << 62, encode(one)) for name, one in (("mx1", bad), ("mx2", calm))]
    days.add(TODAY, QUIET)
    days.commit(states=rows, meta={"stream_us": str(noon_us)})

    text = days.text()

    assert "How near our addresses and domains are to a block" in text
    assert "192.0.2.25" in text
    assert "refused for our reputation" in text
    assert "mx2" not in text
    assert build(days.store, TODAY).as_data()["risks"][0]["risk"] == 49
    assert "How near" not in days.text(TODAY - timedelta(days=9))


def test_whom_an_incident_is_about_is_called_nothing_else(days: Days) -> None:
    """Spam from an account that was taken over looks like a newsletter; the report says which incident it is."""
    days.weeks(QUIET)
    burst = {
        ("sent", "eve@example.org", "account", ""): 300,
        ("sent_recipients", "eve@example.org", "account", ""): 300,
    }
    burst |= {("sent_trait", "eve@example.org", "account", trait): 300 for trait in ("run", "run_messages", "single")}
    days.add(TODAY, QUIET | burst)
    taken = incident("eve@example.org")
    days.commit(incidents=[taken])

    text = days.text()

    assert f"see incident {taken.id[:3]}" in text
    assert "newsletter" not in text


def test_senders_are_summed_by_what_they_are(days: Days) -> None:
    """A day on which programs wrote too says how many recipients each kind had; the data holds why."""
    days.weeks(QUIET)
    form = {("sent", "/srv/contact", "script", "www"): 9, ("sent_recipients", "/srv/contact", "script", "www"): 9}
    days.add(TODAY, QUIET | form)

    report = build(days.store, TODAY)

    assert "Recipients by kind of sender: person 40, contact form 9." in report.as_text()
    (of_form,) = [one for one in report.as_data()["senders"] if one["kind"] == "script"]
    assert of_form["nature"] == {"name": "form", "sure": "clear", "why": ("path",)}
