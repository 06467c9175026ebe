"""`mailwarden people`: who reads mail how, and who sends, as the logs of real servers word it."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from mailwarden.pipeline.cli.root import root

DOVECOT = "2026-11-23T{hour:02}:{minute:02}:00+00:00 mx1 dovecot: "


def session(
    who: str, protocol: str, hour: int, address: str, tls: str = ", TLS", end: str = "", minute: int = 5
) -> list[str]:
    """Give the lines of a session that reads mail."""
    id_ = f"{who[:2]}{hour:02}{minute:02}AAAAAAAA"
    head = DOVECOT.format(hour=hour, minute=minute)
    end = end or ("in=86 out=1500" if protocol == "imap" else "top=0/0, retr=1/900, del=0/1, size=900")
    return [
        f"{head}{protocol}-login: Login: user=<{who}>, method=PLAIN, rip={address}, lip=192.0.2.5, mpid=7{tls}, session=<{id_}>",
        f"{head}{protocol}({who})<7><{id_}>: Disconnected: Logged out {end}",
    ]


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a scan of a day left: a phone that never sleeps, a printer room's POP3, and one who reads both ways."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LANG", "C.UTF-8")
    lines = [line for hour in range(24) for line in session("ana@example.org", "imap", hour, "192.0.2.7")]
    for hour in range(20):
        for minute in range(0, 60, 10):
            lines += session("bot@example.org", "pop3", hour, "198.51.100.9", minute=minute)
    lines += session("old@example.org", "pop3", 9, "198.51.100.10", tls="")
    lines += session("both@example.org", "imap", 10, "198.51.100.11")
    gone = "top=0/0, retr=3/4800, del=3/3, size=4800"
    lines += session("both@example.org", "pop3", 11, "203.0.113.12", end=gone)
    (tmp_path / "mail.log").write_text("\n".join(sorted(lines)) + "\n")
    assert CliRunner().invoke(root, ["scan", "--state", str(tmp_path / "state"), "mail.log"]).exit_code == 0
    return tmp_path / "state"


def ask(state: Path, *words: str) -> str:
    """Ask; give the answer."""
    result = CliRunner().invoke(root, ["people", "--state", str(state), *words])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_who_still_reads_by_pop3_without_tls(state: Path) -> None:
    """One command answers, names first, and says of how many; where nobody does, it says so."""
    assert ask(state, "--protocol", "pop3", "--without-tls").splitlines() == [
        "1 account by POP3, without TLS, in 7 days (4 accounts in all).",
        "  old@example.org  POP3 1 login, without TLS · 900 B fetched · from 198.51.100.0/24",
    ]
    assert (
        ask(state, "--protocol", "imap", "--without-tls") == "Nobody was seen to come by IMAP without TLS in 7 days.\n"
    )


def test_mail_that_pop3_takes_from_who_reads_by_imap(state: Path) -> None:
    """Who deletes by POP3 and reads by IMAP is found, with the messages and both places."""
    text = ask(state, "--mark", "vanishing")

    assert "both@example.org  IMAP 1 login, TLS · 1.5 kB fetched · from 198.51.100.0/24" in text
    assert "POP3 1 login, TLS · 4.8 kB fetched · from 203.0.113.0/24" in text
    assert "3 messages deleted by POP3" in text
    assert "bot@" not in text


def test_programs_are_told_from_people(state: Path) -> None:
    """What comes at all hours is a program; one that comes every ten minutes is said to."""
    data: dict[str, Any] = {one["user.name"]: one for one in map(json.loads, ask(state, "--json").splitlines())}

    assert data["ana@example.org"]["ways"][0]["pattern"] == "always"
    assert "a program that looks about every 10 min" in ask(state, "--protocol", "pop3")
    assert data["bot@example.org"]["ways"][0]["hours"] == 20


def test_who_sends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A contact form of a cPanel account is named by its path, its user beside it in the data."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LANG", "C.UTF-8")
    lines = []
    for n in range(6):
        head, id_ = f"2026-11-23 0{n}:00:00 ", f"1xVXUU-0008K{n}-2X"
        lines += [
            f"{head}cwd=/home/acct1/public_html/contact 3 args: /usr/sbin/sendmail -t -i",
            f"{head}{id_} <= acct1@mx1.example.org U=acct1 P=local S={700 + 400 * n} for carol@example.net",
            f"{head}{id_} => carol@example.net R=dnslookup T=remote_smtp H=mx.example.net [198.51.100.9]",
        ]
    (tmp_path / "exim_mainlog").write_text("\n".join(lines) + "\n")
    CliRunner().invoke(root, ["scan", "--state", "state", "--timezone", "UTC", "exim_mainlog"])

    assert ask(tmp_path / "state", "--senders").splitlines() == [
        "1 sender in 7 days, to 6 recipients.",
        "  /home/acct1/public_html/contact          6  contact form (sure)",
    ]
    (sender,) = map(json.loads, ask(tmp_path / "state", "--senders", "--json").splitlines())
    assert (sender["user.id"], sender["is"], sender["why"]) == ("acct1", "form", ["path"])


def test_what_excludes_itself_is_told(state: Path) -> None:
    """Two marks at once are a slip."""
    assert CliRunner().invoke(root, ["people", "--without-tls", "--mark", "new"]).exit_code == 2
