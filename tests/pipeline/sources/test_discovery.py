"""Without configuration, each program of a host is taken from one stream, and what is passed over is said."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from nobody import as_nobody

from mailwarden.pipeline.sources.discovery import discover

POSTFIX = "Mar  3 04:05:06 mx1 postfix/smtpd[7]: connect from unknown[203.0.113.7]\n"
DOVECOT = (
    "Mar  3 04:05:07 mx1 dovecot: imap-login: Login: user=<ann@example.org>, method=PLAIN, rip=198.51.100.7, "
    "lip=192.0.2.1, mpid=9, TLS, session=<abc>\n"
)
EXIM = "2026-03-03 04:05:06 1rgXYZ-0001Ab-Cd <= ann@example.org H=mx.example.org [198.51.100.7] P=esmtps S=1234\n"
STALWART = (
    '2026-03-03T04:05:06Z INFO Authentication successful (auth.success) listenerId = "imaptls", localPort = 993, '
    'remoteIp = 203.0.113.7, remotePort = 4000, accountName = "ann"\n'
)
HARAKA = (
    "2026-03-03T04:05:06.123Z [NOTICE] [4F2C4C9B-1B2C-4D3E-8F90-0123456789AB] [core] "
    "connect ip=203.0.113.7 port=41195 local_ip=192.0.2.77 local_port=587\n"
)
RSPAMD = "2026-03-03 04:05:06 #7(main) <abc132>; main; main: rspamd 3.4 is starting\n"
CLAMD = "Mar  3 04:05:06 mx1 clamd[9]: SelfCheck: Database status OK.\n"
ZIMBRA = (
    "2026-03-03 04:05:06,123 INFO  [qtp1-4:https://mx.example.org/service/soap/AuthRequest] [oip=203.0.113.7;ua=x;] "
    "security - cmd=Auth; account=ann@example.org; protocol=soap;\n"
)
NGINX = (
    '2026/03/03 04:05:06 [info] 12#12: *34 client login failed: "no" while in http auth state, client: 203.0.113.7, '
    'server: 0.0.0.0:993, login: "ann@example.org"\n'
)
ROUNDCUBE = (
    "[03-Mar-2026 04:05:06 +0000]: <a1b2c3d4> Failed login for ann from 203.0.113.7 in session a1b2 (error: 0)\n"
)
SOGO = "Mar 03 04:05:06 sogod [268]: SOGoRootPage successful login from '203.0.113.7' for user 'ann' - expire = -1\n"
CRON = "Mar  3 04:05:08 mx1 CRON[9]: (root) CMD (true)\n"


def put(root: Path, name: str, text: str) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_debian_writes_mail_to_three_files_and_the_journal_of_which_one_is_taken(tmp_path: Path) -> None:
    """mail.log rather than syslog, mail.err and the journal."""
    put(tmp_path, "var/log/mail.log", POSTFIX + DOVECOT)
    put(tmp_path, "var/log/mail.log.1", POSTFIX)
    put(tmp_path, "var/log/mail.info", POSTFIX)
    put(tmp_path, "var/log/syslog", CRON + POSTFIX + DOVECOT)
    (tmp_path / "var/log/journal").mkdir()

    found, left_out, unreadable = discover(tmp_path)

    assert [(one.kind, one.path, one.programs) for one in found] == [
        ("files", "/var/log/mail.log", ("dovecot", "postfix"))
    ]
    assert found[0].size_bytes == len(POSTFIX + DOVECOT + POSTFIX)
    assert [line.partition(":")[0] for line in left_out] == ["/var/log/mail.info", "/var/log/syslog", "journal"]
    assert "read from /var/log/mail.log" in left_out[1]
    assert unreadable == []


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"var/log/maillog": POSTFIX + DOVECOT}, ["/var/log/maillog"]),
        ({"var/log/mail": POSTFIX}, ["/var/log/mail"]),
        (
            {"var/log/mail.log": POSTFIX, "var/log/rspamd/rspamd.log": RSPAMD},
            ["/var/log/mail.log", "/var/log/rspamd/rspamd.log"],
        ),
        ({"var/log/mail.log": POSTFIX, "var/log/syslog": CLAMD}, ["/var/log/mail.log"]),
        ({"var/log/mail/mail.log": POSTFIX}, ["/var/log/mail/mail.log"]),
        ({"var/log/exim_mainlog": EXIM, "var/log/maillog": DOVECOT}, ["/var/log/maillog", "/var/log/exim_mainlog"]),
        ({"var/log/exim/mainlog": EXIM}, ["/var/log/exim/mainlog"]),
        ({"var/log/exim4/mainlog": "", "var/log/exim4/mainlog.1": EXIM}, ["/var/log/exim4/mainlog"]),
        ({"var/log/haraka.log": HARAKA}, ["/var/log/haraka.log"]),
        ({"opt/stalwart/logs/stalwart.log.2026-03-03": STALWART}, ["/opt/stalwart/logs/stalwart.log"]),
        ({"var/log/haraka/mx.log": HARAKA, "var/log/haraka/mx.log.1": HARAKA}, ["/var/log/haraka/mx.log"]),
        (
            {"var/log/maillog": POSTFIX, "var/log/dovecot/dovecot.log": DOVECOT, "var/log/dovecot/imap.log": DOVECOT},
            ["/var/log/maillog", "/var/log/dovecot/dovecot.log", "/var/log/dovecot/imap.log"],
        ),
        (
            {"var/log/dovecot.log": DOVECOT, "var/log/dovecot-info.log": DOVECOT},
            ["/var/log/dovecot.log", "/var/log/dovecot-info.log"],
        ),
        (
            {"var/log/zimbra.log": POSTFIX, "opt/zimbra/log/audit.log": ZIMBRA, "opt/zimbra/log/nginx.log": NGINX},
            ["/var/log/zimbra.log", "/opt/zimbra/log/audit.log", "/opt/zimbra/log/nginx.log"],
        ),
        (
            {
                "var/log/mail.log": POSTFIX, "var/log/roundcube/errors.log": ROUNDCUBE,
                "var/log/roundcube/userlogins.log": ROUNDCUBE, "var/log/sogo/sogo.log": SOGO,
            },
            ["/var/log/mail.log", "/var/log/sogo/sogo.log", "/var/log/roundcube/userlogins.log"],
        ),
        ({"var/log/syslog": CRON + POSTFIX}, ["/var/log/syslog"]),
        ({"var/log/syslog": CRON}, []),
    ],
)  # fmt: skip
def test_the_usual_places_are_known(tmp_path: Path, files: dict[str, str], expected: list[str]) -> None:
    """Red Hat, SUSE, cPanel, DirectAdmin, Debian with Exim, Haraka, iRedMail, Zimbra, webmails, a host with syslog alone."""
    for name, text in files.items():
        put(tmp_path, name, text)

    assert [one.path for one in discover(tmp_path).found] == expected


def test_servers_are_asked_where_they_write(tmp_path: Path) -> None:
    """postconf, doveconf and exim name other places than the usual ones."""
    put(tmp_path, "srv/postfix.log", POSTFIX)
    put(tmp_path, "srv/dovecot-info.log", DOVECOT)
    put(tmp_path, "srv/exim/mainlog-20260303", EXIM)

    def run(command: Sequence[str]) -> str:
        return {
            "postconf": "/srv/postfix.log\n",
            "doveconf": "/dev/stderr\n/srv/dovecot-info.log\n\n",
            "exim": "log_file_path = syslog:/srv/exim/%slog-%D\n",
        }[command[0]]

    paths = [one.path for one in discover(tmp_path, run=run).found]

    assert paths == ["/srv/postfix.log", "/srv/dovecot-info.log", "/srv/exim/mainlog"]


def test_a_host_with_nothing_but_the_journal_is_read_from_it(tmp_path: Path) -> None:
    """Debian 12 has no syslog daemon."""
    (tmp_path / "var/log/journal").mkdir(parents=True)

    assert [one.kind for one in discover(tmp_path).found] == ["journal"]


def test_a_journal_that_shows_only_what_the_user_wrote_himself_is_not_taken_for_the_servers(tmp_path: Path) -> None:
    """journalctl does not fail for who is in no group of its: "nothing wrong was found" would be said of nothing."""
    machine = tmp_path / "var/log/journal/47af74ac693b41b9b902c2687aebf7fd"
    machine.mkdir(parents=True)
    (machine / "user-1000.journal").touch()
    journal = machine / "system.journal"
    journal.symlink_to(journal)  # what not even root can open

    found, _, unreadable = discover(tmp_path)

    assert found == []
    assert [problem.partition(":")[0] for problem in unreadable] == ["journal"]

    journal.unlink()
    journal.touch()

    assert [one.kind for one in discover(tmp_path).found] == ["journal"]


def test_a_log_that_nobody_writes_any_more_does_not_hide_the_one_in_use(tmp_path: Path) -> None:
    """After a change of settings the old file stays lying there."""
    old = put(tmp_path, "var/log/mail.log", POSTFIX)
    put(tmp_path, "var/log/syslog", CRON + POSTFIX)
    os.utime(old, (0, 0))

    found, left_out, _ = discover(tmp_path)

    assert [one.path for one in found] == ["/var/log/syslog"]
    assert left_out[0].startswith("/var/log/mail.log: nothing was written to it for a week")


def test_refusals_that_exim_writes_twice_are_left_out(tmp_path: Path) -> None:
    """rejectlog repeats what mainlog holds."""
    put(tmp_path, "var/log/exim4/mainlog", EXIM)
    put(tmp_path, "var/log/exim4/rejectlog", EXIM)

    assert discover(tmp_path).left_out == [
        "/var/log/exim4/rejectlog: the same refusals stand in /var/log/exim4/mainlog, which is read."
    ]


def test_what_may_not_be_read_is_told(tmp_path: Path) -> None:
    """Without root most logs are closed: that must not look like a machine without mail."""
    path = put(tmp_path, "var/log/mail.log", POSTFIX)
    path.chmod(0)

    with as_nobody(path.parent):
        found, _, unreadable = discover(tmp_path)

    assert found == []
    assert unreadable[0].startswith("/var/log/mail.log: not readable by user")


def test_containers_that_write_about_mail_are_found(tmp_path: Path) -> None:
    """mailcow runs everything in containers."""
    for place, name, text in (("a" * 64, "postfix", POSTFIX), ("b" * 64, "redis", "ready\n")):
        line = json.dumps({"log": text, "stream": "stdout", "time": "2026-03-03T04:05:06.1Z"}) + "\n"
        put(tmp_path, f"var/lib/docker/containers/{place}/{place}-json.log", line)
        put(tmp_path, f"var/lib/docker/containers/{place}/config.v2.json", json.dumps({"Name": f"/{name}"}))

    assert [(one.kind, one.path, one.programs) for one in discover(tmp_path).found] == [
        ("docker", "postfix", ("postfix",))
    ]


@pytest.mark.root
@pytest.mark.program("setpriv")
def test_a_capability_is_enough_to_read_a_log(tmp_path: Path) -> None:
    """The user of the service is in no group: CAP_DAC_READ_SEARCH alone opens the logs to it, found and read."""
    log = put(tmp_path, "var/log/mail.log", POSTFIX + DOVECOT)
    log.chmod(0o600)
    capability = ["--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search"]
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *capability]
    code = (
        "import sys; from pathlib import Path; from mailwarden.pipeline.sources.discovery import discover\n"
        "from mailwarden.pipeline.sources.files import FileSource\n"
        "print(discover(Path(sys.argv[1])).unreadable, FileSource(Path(sys.argv[2])).read().data.decode())"
    )

    done = subprocess.run([*nobody, sys.executable, "-c", code, tmp_path, log], capture_output=True, text=True)

    assert (done.stdout, done.stderr) == (f"[] {POSTFIX}{DOVECOT}\n", "")
