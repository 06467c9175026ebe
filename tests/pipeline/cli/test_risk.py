"""`mailwarden risk`: what a site owner sees of how near a block is."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from mailwarden.pipeline.cli.root import root
from mailwarden.pipeline.places import store_path
from mailwarden.pipeline.store import Commit, Listing, Posture, Store

_HEAD = "2026-11-23T10:{minute:02}:{second:02}+00:00 mx1 "
_SEND = (
    "postfix/submission/smtpd[2301]: {id}: client=unknown[192.0.2.77], sasl_method=PLAIN, sasl_username=bob@example.org",
    "postfix/qmgr[1100]: {id}: from=<bob@example.org>, size=2311, nrcpt=1 (queue active)",
    "postfix/smtp[2303]: {id}: to=<{to}>, relay={mx}[203.0.113.250]:25, delay=1.1, delays=0.1/0/0.5/0.5, dsn={dsn}, "
    "status={status} ({said})",
)
_GMAIL = ("u{n}@gmail.com", "gmail-smtp-in.l.google.com")


def write_log(path: Path, *, bad: int) -> Path:
    """Write a log of twenty taken messages, and some that Gmail does not know or puts off."""
    lines = []
    for n in range(20 + 2 * bad):
        to, mx = _GMAIL[0].format(n=n), _GMAIL[1]
        how = {"dsn": "2.0.0", "status": "sent", "said": "250 OK"}
        if n >= 20 + bad:
            said = "421-4.7.28 [192.0.2.25] Our system has detected an unusual rate of unsolicited mail"
            how = {"dsn": "4.7.28", "status": "deferred", "said": f"host {mx}[203.0.113.250] said: {said}"}
        elif n >= 20:
            said = "550-5.1.1 The email account that you tried to reach does not exist."
            how = {"dsn": "5.1.1", "status": "bounced", "said": f"host {mx}[203.0.113.250] said: {said}"}
        head = _HEAD.format(minute=n // 60, second=n % 60)
        lines += [head + line.format(id=f"{n + 0xA00000:X}", to=to, mx=mx, **how) for line in _SEND]
    path.write_text("\n".join(lines) + "\n")
    return path


def run(*words: str | Path) -> str:
    """Run a command that must end well; give what it writes."""
    result = CliRunner().invoke(root, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with what a scan of a decline left."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LANG", "C.UTF-8")
    run("scan", "--state", tmp_path / "state", write_log(tmp_path / "mail.log", bad=15))
    return tmp_path / "state"


def risks(state: Path) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in json.loads(run("risk", "--json", "--state", state))["senders"]}


def test_the_server_and_the_domain_are_judged(state: Path) -> None:
    """Both have a number that is the sum of its parts, and each part names receivers and accounts."""
    told = risks(state)

    assert set(told) == {"mx1", "example.org"}
    server = told["mx1"]
    assert server["address"] == "192.0.2.25"
    assert server["risk"] == min(100, round(sum(part["points"] for part in server["parts"])))
    assert {part["name"] for part in server["parts"]} == {"unknown_recipients", "deferrals"}
    assert all(part["behind"] == {"bob@example.org": 15} for part in server["parts"])
    assert all(part["receivers"] == {"google": 15} for part in server["parts"])
    assert server["trend"] == "rising"
    assert server["not_checked"] == ["listings", "posture"]


def test_a_list_is_named_as_the_cause_of_what_its_mail_brings_about(tmp_path: Path) -> None:
    """What Mailman hands in bears no login: its return path is who is behind it, nobody whose letter was refused later."""
    lines = []
    for n in range(60):
        said = "host mx[203.0.113.250] said: 550-5.1.1 The email account that you tried to reach does not exist."
        head = _HEAD.format(minute=n // 60, second=n % 60)
        lines += [
            head + line.format(id=f"{n + 0xA00000:X}", to=f"u{n}@gmail.com", mx=_GMAIL[1], said=said)
            for line in (
                "postfix/smtpd[2301]: {id}: client=localhost[127.0.0.1]",
                "postfix/qmgr[1100]: {id}: from=<news-bounces@example.org>, size=2311, nrcpt=1 (queue active)",
                "postfix/smtp[2303]: {id}: to=<{to}>, relay={mx}[203.0.113.250]:25, delay=1.1, delays=0.1/0/0.5/0.5, "
                "dsn=5.1.1, status=bounced ({said})",
            )
        ]
    log = write_log(tmp_path / "mail.log", bad=1)
    log.write_text(log.read_text() + "\n".join(lines) + "\n")
    run("scan", "--state", tmp_path / "state", log)

    parts = {part["name"]: part for part in risks(tmp_path / "state")["mx1"]["parts"]}

    assert parts["unknown_recipients"]["behind"] == {"news-bounces@example.org": 60, "bob@example.org": 1}


def test_a_rate_limit_of_the_address_says_nothing_of_the_domain(state: Path) -> None:
    """What a receiver holds against an address counts to the address alone."""
    told = risks(state)

    assert [part["name"] for part in told["example.org"]["parts"]] == ["unknown_recipients"]


def test_when_it_began_and_when_it_was_told_is_kept(state: Path) -> None:
    """The story holds the first sign and the warning; there is no block and no forecast yet."""
    story = risks(state)["mx1"]["story"]

    assert story["first_sign_us"] <= story["warned_us"]
    assert story["blocked_us"] is None
    assert risks(state)["mx1"]["forecast_s"] is None


def test_words_for_people(state: Path) -> None:
    """The verdict comes first, then the parts, then what to do in order; what nobody looked at is said."""
    text = run("risk", "--state", state)

    assert text.startswith("● Blacklist risk of 192.0.2.25: ")
    assert "by bob@example.org 15" in text
    assert "Gmail 15" in text
    assert "block lists: not checked" in text
    assert "  1. " in text
    assert max(map(len, text.splitlines())) <= 80


def test_in_japanese(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same in Japanese."""
    monkeypatch.setenv("LANG", "ja_JP.UTF-8")

    assert "ブラックリスト登録の危険度" in run("risk", "--state", state)


def test_what_probes_saw_joins_in(state: Path) -> None:
    """A listing of the address and a missing record of the domain count, and are no longer `not checked`."""
    before = risks(state)
    with Store.open(store_path(state)) as store:
        listing = Listing("192.0.2.25", "zen.spamhaus.org", 1, 2, "listed", "Spamhaus ZEN", 1.0, ("127.0.0.2",))
        silent = Listing("192.0.2.25", "dead.example.net", 1, 2, "no answer", "dead", 1.0)
        posture = Posture("example.org", "dmarc", "_dmarc.example.org", 1, 2, "wrong", "dmarc_missing", "high")
        store.commit(Commit(store.batch_number() + 1, listings=[listing, silent], postures=[posture]))

    after = risks(state)

    assert after["mx1"]["risk"] == min(100, before["mx1"]["risk"] + 60)
    assert after["mx1"]["parts"][0] == {
        "name": "listings",
        "points": 60.0,
        "most": 60,
        "amount": 1.0,
        "behind": {"Spamhaus ZEN": 1},
        "receivers": {},
    }
    assert after["mx1"]["not_checked"] == ["posture"]
    assert after["example.org"]["risk"] == before["example.org"]["risk"] + 6
    assert after["example.org"]["not_checked"] == ["listings"]


def test_all_is_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing bad was heard one line says so, and nothing is to be done."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LANG", "C.UTF-8")
    run("scan", "--state", tmp_path / "state", write_log(tmp_path / "mail.log", bad=0))

    text = run("risk", "--state", tmp_path / "state")

    assert text.startswith("✓ No sign of a block")
    assert "What to do" not in text


def test_an_alert_says_how_the_server_stands(state: Path) -> None:
    """The incident of the risk names its parts."""
    with Store.open(store_path(state), read_only=True) as store:
        (incident,) = [one for one in store.incidents() if "server_risk" in one.rules]

    assert incident.values["risk_of"] == "192.0.2.25"
    assert incident.values["risk_trend"] == "rising"
    assert incident.values["risk_parts"]


def test_a_server_that_its_lines_do_not_name_gets_no_made_up_name(tmp_path: Path) -> None:
    """Exim's own log names no server: its address stands alone, not beside `localhost`."""
    log = Path(__file__).parents[3] / "sample_logs" / "exim_cpanel_takeover" / "exim_mainlog"
    run("scan", "--state", tmp_path / "state", log)

    shown = run("risk", "--state", tmp_path / "state")

    assert "192.0.2.77" in shown
    assert "localhost" not in shown


def test_where_nobody_names_the_server_it_has_the_name_that_people_gave_it(tmp_path: Path) -> None:
    """Without a name in the log and without an address in a reply there is the name of the site."""
    said = "SMTP error from remote mail server after RCPT TO:<u@gmail.com>: 550-5.1.1 The email account does not exist"
    lines = [
        f"2026-11-23 10:00:{n:02} 1vN{n:03}-0000{n:02}-AB {text}"
        for n in range(40)
        for text in (
            "<= bob@example.org H=(pc) [198.51.100.7] P=esmtpsa A=dovecot_login:bob@example.org S=900",
            f"** u{n}@gmail.com R=dnslookup T=remote_smtp H=gmail-smtp-in.l.google.com [203.0.113.9]: {said}",
        )
    ]
    (tmp_path / "mainlog").write_text("\n".join(lines) + "\n")
    (tmp_path / "mailwarden.yml").write_text("site: {name: mail.example.org}\n")
    run("scan", "--state", tmp_path / "state", tmp_path / "mainlog")

    shown = run("risk", "--state", tmp_path / "state", "--config", tmp_path / "mailwarden.yml")

    assert "mail.example.org" in shown
    assert "localhost" not in shown


@pytest.mark.parametrize("width", [50, 80])
def test_a_narrow_page_squeezes_nothing(state: Path, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who says so stands beside its part or, on a phone, below it: never in a column of a few letters; days are named."""
    monkeypatch.setattr("mailwarden.pipeline.cli.risk.page_width", lambda: width)

    rows = run("risk", "--state", state).splitlines()

    assert max(len(row) for row in rows if row.startswith(" " * 5) and "mailwarden" not in row) <= width
    assert any(row.endswith("  Gmail 15; by bob@example.org 15") for row in rows)
    assert any("first sign 23 Nov 10:" in row for row in rows)
