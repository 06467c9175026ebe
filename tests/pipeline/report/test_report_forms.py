"""The forms of a report beside text: HTML, mail, CSV; for one domain, and for a week."""

import csv
import io
import re
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from html.parser import HTMLParser
from pathlib import Path

import pytest
from counted_days import HOUR, QUIET, TODAY, Days, incident
from spamassassin import score

from mailwarden.pipeline.report import build
from mailwarden.pipeline.report.chart import bars_png
from mailwarden.pipeline.showing.columns import columns
from mailwarden.pipeline.store import Listing, Posture, Store

HOSTILE = '<script>alert(1)</script>"\x1b[31m\u202e=1+1'


class _Tags(HTMLParser):
    """Collects tags and attributes, and the text between them."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def days(tmp_path: Path) -> Iterator[Days]:
    with Store.open(tmp_path / "mailwarden.db") as store:
        yield Days(store)


def read(html: str) -> _Tags:
    tags = _Tags()
    tags.feed(html)
    return tags


def test_the_page_holds_what_the_text_holds(days: Days) -> None:
    """Verdict, incident, steps and tables stand in the HTML, in both languages."""
    days.weeks(QUIET)
    days.add(TODAY, {**QUIET, ("auth_network", "203.0.113.0/24", "stranger", ""): 7})
    days.commit(incidents=[incident()])

    for language, word in (("en", "CRITICAL"), ("ja", "緊急")):
        page = read(build(days.store, TODAY, language=language).as_html())
        assert word in page.text
        assert "ana@example.org" in page.text
        assert "203.0.113.0/24" in page.text
        assert ("html", {"lang": language}) in page.tags


def test_the_page_asks_nobody(days: Days) -> None:
    """Nothing of a page is fetched: no script, no foreign picture, no link, no style sheet."""
    days.add(TODAY, QUIET)

    html = build(days.store, TODAY).as_html()

    page = read(html)
    assert not [tag for tag, _ in page.tags if tag in ("script", "link", "iframe", "a", "form")]
    sources = [attributes["src"] for tag, attributes in page.tags if tag == "img"]
    assert len(sources) == 1
    assert (sources[0] or "").startswith("data:image/png;base64,")
    assert not re.search(r"https?://|url\(", html)


def test_hostile_names_stay_names(days: Days) -> None:
    """What strangers wrote becomes neither markup nor a formula nor a control."""
    days.add(
        TODAY,
        QUIET
        | {("auth_network", HOSTILE, "stranger", ""): 900, ("auth_failure", "m", "", "imap"): 900}
        | {("sent", f"={HOSTILE}", "account", ""): 9, ("sent_recipients", f"={HOSTILE}", "account", ""): 9000},
    )
    days.commit(incidents=[incident(HOSTILE, "critical")])
    report = build(days.store, TODAY)

    page = read(report.as_html())
    cells = [cell for row in csv.reader(io.StringIO(report.as_csv())) for cell in row]

    assert "script" not in [tag for tag, _ in page.tags]
    assert "<script>" in page.text  # as text
    assert not re.search("[\x00-\x08\x1b\u202e]", page.text)
    assert not [cell for cell in cells if cell.startswith(("=", "@"))]
    assert any(cell.startswith("'=") for cell in cells)


def test_the_mail_is_whole(days: Days) -> None:
    """A mail holds the text, the same as HTML, and the one picture that the HTML names; it is small."""
    days.weeks(QUIET)
    days.add(TODAY, QUIET)
    report = build(days.store, TODAY, host="mx1")
    moment = datetime(2026, 3, 4, 7, tzinfo=UTC)

    raw = report.as_mail("mx1.example.org", moment).as_bytes()
    mail = message_from_bytes(raw, policy=default)

    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().replace("\r\n", "\n") == report.as_text()
    (picture,) = [part for part in mail.walk() if part.get_content_type() == "image/png"]
    assert f"cid:{picture['Content-ID'][1:-1]}" in html.get_content()
    assert mail["Subject"].startswith("✓ mx1: Tue 3 Mar 2026: all normal")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"] == report.as_mail("mx1.example.org", moment)["Message-ID"]
    assert len(html.get_content()) < 60_000
    assert len(raw) < 150_000


@pytest.mark.program("spamassassin")
@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_report_is_not_taken_for_spam(days: Days, language: str) -> None:
    """SpamAssassin gives it few points, on a bad day too."""
    days.weeks(QUIET)
    days.add(TODAY, QUIET)
    days.commit(incidents=[incident(), incident("bob@example.org", "high")])
    report = build(days.store, TODAY, host="mx1", language=language)
    mail = report.as_mail("mx1.example.org", datetime(2026, 3, 4, 7, tzinfo=UTC))
    mail["From"], mail["To"] = "mailwarden <alerts@example.org>", "ann@example.net"

    points, rules = score(mail.as_bytes())

    assert points < 2, rules  # of 5


def test_a_domain_sees_its_own_only(days: Days) -> None:
    """The report of a domain counts and names what is its own, in every form, and nothing of others."""
    mine, theirs = "ana@example.org", "carl@other.example"
    counts = {
        ("lines", "event", "dovecot", ""): 90,
        **{("login_account", who, "imap", "1.3"): 5 for who in (mine, theirs)},
        **{("auth_account", who, "exists", ""): 7 for who in (mine, theirs)},
        **{("sent", who, "account", ""): 3 for who in (mine, theirs)},
        **{("sent_recipients", who, "account", ""): 3 for who in (mine, theirs)},
        ("login", "imap", "1.3", ""): 10,
        ("auth_network", "203.0.113.0/24", "stranger", ""): 14,
        ("delivery_domain", "example.org", "google", "sent"): 40,
        ("delivery_domain", "example.org", "local", "sent"): 4,
        ("delivery_domain", "other.example", "google", "bounced"): 900,
    }
    days.add(TODAY, counts)
    guessing = incident("203.0.113.9", "high")
    guessing.primary = ("source.ip", "203.0.113.9")
    days.commit(incidents=[incident(mine), incident(theirs), guessing])

    report = build(days.store, TODAY, domain="Example.org")

    forms = [report.as_text(), report.as_html(), report.as_csv(), str(report.as_data())]
    assert [form for form in forms if "other.example" in form or "203.0.113" in form] == []
    assert all(mine in form for form in forms)
    assert "5 logins (IMAP 5), all with TLS." in forms[0]
    assert "7 failed logins, to 1 account of this domain." in forms[0]
    assert "4 received, 40 delivered (100 %)" in forms[0]
    assert [form for form in forms[:2] if "90 lines" in form] == []  # how much the server logs


def test_a_domain_whose_accounts_bear_bare_names_is_not_called_calm(days: Days) -> None:
    """Where people log in without a domain nobody knows whose they are: the report of a domain says so and names none."""
    counts = {
        ("lines", "event", "exim", ""): 90,
        ("login_account", "office", "imap", "1.3"): 5,
        ("sent", "office", "account", ""): 9,
        ("delivery_domain", "example.org", "google", "sent"): 40,
    }
    days.add(TODAY, counts)

    blind = build(days.store, TODAY, domain="example.org")
    foreign = build(days.store, TODAY, domain="other.example")

    assert blind.as_text().startswith("▲ Tue 3 Mar 2026: no trouble seen, but not all could be read")
    assert "\n\n\n" not in blind.as_text()
    assert "log in by names without a domain" in blind.as_html()
    assert "office" not in blind.as_html() + str(blind.as_data())
    assert not foreign.figures.is_blind
    days.add(TODAY, {("login_account", "ana@example.org", "imap", "1.3"): 1})
    assert not build(days.store, TODAY, domain="example.org").figures.is_blind


def test_a_column_that_says_nothing_is_left_out(days: Days) -> None:
    """Why a provider refuses is not counted by domain: no empty column promises it."""
    days.add(TODAY, {("lines", "event", "m", ""): 9, ("delivery_domain", "example.org", "google", "bounced"): 40})

    report = build(days.store, TODAY, domain="example.org")

    assert "Gmail" in report.as_text()
    assert "reason" not in (report.as_text() + report.as_html()).casefold()


def test_a_week_tells_what_days_do_not(days: Days) -> None:
    """A weekly report counts how incidents began and ended, puts weeks beside each other, and names the new and the dormant."""
    days.weeks(QUIET | {("login_account", "ana@example.org", "imap", "1.3"): 1}, days=50)
    days.add(TODAY - timedelta(days=45), {("login_account", "gone@example.org", "imap", "1.3"): 1})
    days.add(TODAY, {**QUIET, ("sent", "new@example.org", "account", ""): 1})
    days.commit(incidents=[incident(), incident("b@example.org", status="closed", last_seen_us=_at(2 * HOUR))])

    report = build(days.store, TODAY - timedelta(days=6), until=TODAY, weekly=True)

    text = " ".join(report.as_text().split())
    assert "2 incidents began, 1 ended; half of those that ended lasted less than 60 min." in text
    assert "Sent for the first time in five weeks: new@example.org." in text
    assert "Not logged in for four weeks, and still able to: gone@example.org." in text
    assert "Wed 25 Feb 2026" in text
    assert len(report.as_data()["week"]["weeks"]) == 8


def test_the_worst_report_is_not_clipped(days: Days) -> None:
    """A thousand incidents, long names and every section make a mail that Gmail shows whole, and two screens of text."""
    names = [f"very.long.account.name{n}@department.example.org" for n in range(30)]
    full = {
        **QUIET,
        ("login", "pop3", "no", ""): 180,
        **{("auth_network", f"203.0.113.{n}/32", "stranger", ""): 40 for n in range(30)},
        **{("sent_recipients", name, "account", ""): 400 for name in names},
        **{("sent", name, "account", ""): 400 for name in names},
        **{("login_account", name, "pop3", "no"): 9 for name in names},
        **{("login_account", name, "imap", "1.3"): 9 for name in names},
        **{("pop3_deleted", name, "", ""): 9 for name in names},
        **{("delivery", name, "bounced", "reputation"): 90 for name in ("google", "yahoo", "icloud", "gmx", "docomo")},
    }
    days.weeks(full, days=56)
    days.add(TODAY, {words: 9 * count for words, count in full.items()})
    why = "{account} did what it never does, for some time, from 198.51.100.7 after tries of strangers"
    checks = ("spf", "dkim", "dmarc", "ptr", "mx", "mta_sts", "tls_rpt")
    days.commit(
        incidents=[incident(f"{n}.{names[0]}", ["critical", "high", "medium"][n % 3], why=why) for n in range(1000)],
        listings=[
            Listing("192.0.2.25", f"bl{n}.example", _at(HOUR), _at(HOUR), "listed", f"Example {n}", 1.0) for n in range(9)
        ],
        postures=[
            Posture("example.org", name, "x.example.org", _at(HOUR), _at(HOUR), "wrong", "spf_missing", "high", "", "v=spf1 -all")
            for name in checks
        ],
    )  # fmt: skip

    for language in ("en", "ja"):
        day = build(days.store, TODAY, language=language)
        week = build(days.store, TODAY - timedelta(days=6), until=TODAY, language=language, weekly=True)
        for report in (day, week):
            text = report.as_text()
            assert len(text.splitlines()) <= 72
            assert [line for line in text.splitlines() if columns(line) > 80] == []
            mail = report.as_mail("mx1.example.org", datetime(2026, 3, 4, tzinfo=UTC))
            html = mail.get_body(("html",))
            assert html is not None
            assert len(html.get_content().encode()) < 60_000
            assert len(mail.as_bytes()) < 150_000


def test_where_much_is_said_what_is_calm_takes_few_lines(days: Days) -> None:
    """Of a table that is cut it stands behind the last row how much more there is; calm sentences are one paragraph."""
    names = [f"very.long.account.name{n}@department.example.org" for n in range(30)]
    days.weeks(QUIET, days=56)
    days.add(TODAY, {**QUIET, **{("auth_network", f"203.0.113.{n}/32", "stranger", ""): 40 for n in range(30)}})
    days.commit(incidents=[incident(f"{n}.{names[0]}") for n in range(1000)])

    text = build(days.store, TODAY - timedelta(days=6), until=TODAY, weekly=True).as_text()

    assert "  (and " in text
    assert "Last week asked for nothing. 1,000 incidents began, 0 ended." in text
    assert text.count("mailwarden show") == 1
    assert "(and 995 more)" not in text
    assert "and 995 more  → mailwarden show ID" in text


def test_names_are_told_as_receivers_see_them(days: Days) -> None:
    """What is wrong stands first, with what it means; what nobody answered is neither well nor wrong; a domain sees its own."""
    at = _at(HOUR)
    days.add(TODAY, QUIET)
    days.commit(
        postures=[
            Posture("example.org", "dmarc", "_dmarc.example.org", at, at, "ok"),
            Posture("example.org", "spf", "example.org", at, at, "wrong", "spf_missing", "high", "", "v=spf1 mx -all"),
            Posture("other.example", "mx", "other.example", at, at, "no answer", "no_answer"),
        ]
    )

    text = build(days.store, TODAY).as_text()
    own = build(days.store, TODAY, domain="example.org").as_html()

    assert "Names and certificates: 1 of 3 checks found something wrong" in text
    assert "SPF" in text
    assert "other.example" not in text  # two screens are for what is wrong
    assert "other.example" not in own
    assert "? no answer" in build(days.store, TODAY).as_html()


def test_what_lists_say_stands_in_the_report(days: Days) -> None:
    """A list that names us stands there with its own words; no answer is not called clear; nothing asked is said."""
    at = _at(HOUR)
    days.add(TODAY, QUIET)
    blind = build(days.store, TODAY).as_text()
    clear = Listing("192.0.2.25", "zen.example", at, at, "clear", "Zen", 1.0)
    silent = Listing("192.0.2.25", "bl.example", at, at, "no answer", "Example BL", 1.0)
    days.commit(listings=[clear, silent])
    calm = build(days.store, TODAY).as_text()
    days.commit(listings=[silent._replace(since_us=at + 1, checked_us=at + 1, state="listed", reason="see our page")])
    listed = build(days.store, TODAY)

    assert "Block lists, names and certificates: not checked." in blind
    assert "none that answered names us (clear: 1; no answer, which is neither: 1)" in " ".join(calm.split())
    assert "Answers of block lists that name us: 1 (clear: 1, no answer: 0)" in listed.as_text()
    assert "see our page" in listed.as_html()
    assert "192.0.2.25" not in build(days.store, TODAY, domain="example.org").as_text()


def test_the_chart_has_no_ground_of_its_own() -> None:
    """Mail programs turn the sheet dark, but no picture: its ground is clear."""
    png = bars_png([1, 9, 4])
    row = zlib.decompressobj().decompress(png[png.index(b"IDAT") + 4 :], 5)

    assert png[25] == 6  # the colour type with an alpha channel
    assert row[4] == 0  # of the first pixel: behind the row's filter, red, green and blue


def test_a_phone_reads_names_whole(days: Days) -> None:
    """Where a table has words in it, a phone gives the first column a line of its own."""
    days.add(TODAY, {**QUIET, ("login_account", "old@example.org", "pop3", "no"): 9, ("login", "pop3", "no", ""): 9})

    html = build(days.store, TODAY).as_html()

    assert 'class="grid stack c4"' in html
    assert ".stack td:first-child" in html


def test_a_table_agrees_with_its_sentence(days: Days) -> None:
    """Where all came without TLS the table says so, too, and does not call it unknown."""
    days.add(
        TODAY,
        {("lines", "event", "dovecot", ""): 90, ("login", "imap", "no", ""): 6, ("login", "pop3", "unknown", ""): 6},
    )

    rows = build(days.store, TODAY).as_csv()

    assert "IMAP,6,0,0 %" in rows
    assert "POP3,6,0,not known" in rows


def test_a_first_week_calls_nobody_new(days: Days) -> None:
    """Without history nobody is called new or dormant."""
    days.add(TODAY, {**QUIET, ("sent", "new@example.org", "account", ""): 1})

    text = build(days.store, TODAY - timedelta(days=6), until=TODAY, weekly=True).as_text()

    assert "after 5 weeks" in " ".join(text.split())
    assert "new@example.org" not in text


def _at(offset_us: int) -> int:
    return int(datetime(TODAY.year, TODAY.month, TODAY.day, tzinfo=UTC).timestamp()) * 1_000_000 + offset_us
