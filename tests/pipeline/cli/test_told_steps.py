"""What an incident advises is made of what its own lines told."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from mailwarden.pipeline.cli.root import root


def advice(path: Path, log: list[str], monkeypatch: pytest.MonkeyPatch, settings: str = "{}") -> dict[str, list[str]]:
    """Scan a log, and give the commands that each incident advises, by its first rule."""
    (path / "mail.log").write_text("\n".join(log) + "\n")
    (path / "settings.yml").write_text(settings)
    monkeypatch.setenv("XDG_CACHE_HOME", str(path))
    arguments = ["--config", str(path / "settings.yml"), "scan", "--json", "--year", "2026", "--timezone", "UTC"]
    done = CliRunner().invoke(root, [*arguments, str(path / "mail.log")], catch_exceptions=False)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return {one["rules"][0]: [step["command"] for step in one["advice"]] for one in found}


def test_dovecot_is_told_the_name_that_it_knows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An account that Dovecot logs as carl is carl to doveadm, whatever its default domain makes of it."""
    tries = [
        f"Nov 26 11:{minute:02}:00 mx1 dovecot: imap-login: Disconnected: Connection closed (auth failed, 1 attempts in 2 secs): "
        f"user=<{name}>, method=PLAIN, rip=203.0.113.{minute + 1}, lip=192.0.2.10, TLS, session=<s{name}{minute:02}>"
        for minute in range(20)
        for name in ("carl", "dave")
    ]
    login = (
        "mx1 dovecot: imap-login: Login: user=<carl>, method=PLAIN, rip={}, lip=192.0.2.10, mpid=2, TLS, session=<s{}>"
    )
    log = [
        "Nov 26 10:00:00 " + login.format("198.51.100.9", 1),
        *tries,
        "Nov 26 11:30:00 " + login.format("203.0.113.5", 2),
    ]
    log += [
        line.format(number)
        for number in range(10, 60)
        for line in (
            "Nov 26 11:31:{0} mx1 postfix/smtpd[9]: ABCDEF{0}: client=x[203.0.113.5], sasl_method=PLAIN, sasl_username=carl",
            "Nov 26 11:31:{0} mx1 postfix/qmgr[8]: ABCDEF{0}: from=<forged{0}@bank.example>, size=100, nrcpt=30 (queue active)",
        )
    ]
    commands = advice(tmp_path, log, monkeypatch, "site: {default_domain: example.org}")["success_after_guessing"]

    assert commands == [
        "doveadm auth cache flush; doveadm kick carl",
        "ss -Kt '( sport = :25 or sport = :465 or sport = :587 ) and ( dst 203.0.113.5 )'",
        "mailwarden find carl --queue-ids | postsuper -h -",
        "doveadm sieve list -u carl",
    ]


def test_a_customer_of_cpanel_is_held_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where cPanel's own lines stand in the log, its commands are told, for the customer whose script it is."""
    log = []
    for number in range(60):
        stamp, message = f"2026-11-26 11:{number:02}:05", f"1xWegi-0007{number:02}-2G"
        log += [
            f"{stamp} cwd=/home/acct1/public_html/wp-content 3 args: /usr/sbin/sendmail -t -i",
            f"{stamp} {message} <= acct1@mx1.example.org U=acct1 P=local S=300 id={number}@example.org for v{number}@example.net",
            f"{stamp} {message} Sender identification U=acct1 D=example.org S=acct1@mx1.example.org",
            f"{stamp} {message} => v{number}@example.net R=dnslookup T=remote_smtp H=mx.example.net [203.0.113.250]",
            f"{stamp} {message} Completed",
        ]
    commands = advice(tmp_path, log, monkeypatch)["script_burst"]

    assert "whmapi1 hold_outgoing_email user=acct1" in commands


def test_a_script_of_postfix_is_stopped_by_its_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a website's user hands in can be refused, without touching the mail of people."""
    log = []
    for number in range(60):
        stamp, message = f"Nov 26 11:{number:02}:05 mx1 postfix/", f"ABCDEF{number:02}"
        log += [
            f"{stamp}pickup[3]: {message}: uid=33 from=<www-data>",
            f"{stamp}qmgr[8]: {message}: from=<www-data@mx1.example.org>, size=100, nrcpt=1 (queue active)",
            f"{stamp}smtp[9]: {message}: to=<v{number}@example.net>, relay=mx.example.net[203.0.113.250]:25, delay=1.1, "
            "delays=0.1/0/0.5/0.5, dsn=2.0.0, status=sent (250 2.0.0 Ok)",
        ]
    commands = advice(tmp_path, log, monkeypatch)["script_burst"]

    assert 'postconf -e "authorized_submit_users = !$(id -nu 33), static:all"' in commands
