"""`mailwarden find` knows where to look."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

LOG = Path(__file__).parents[3] / "sample_logs" / "account_takeover" / "mail.log"


def mailwarden(home: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    place = {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "STATE_DIRECTORY": str(home / "state"),  # not this machine's own, where a service may run
    }
    command = [sys.executable, "-m", "mailwarden", *arguments]
    return subprocess.run(command, cwd=home, env=place, capture_output=True, text=True, timeout=120)


def test_after_a_scan_it_looks_in_what_was_scanned(tmp_path: Path) -> None:
    """Without a service the files of the last scan are looked in, in the year that was told for them."""
    shutil.copy(LOG, tmp_path / "mail.log")
    assert mailwarden(tmp_path, "scan", "mail.log", "--year", "2024").returncode == 0

    done = mailwarden(tmp_path, "find", "office@lindenhof.example", "--json")

    assert done.returncode == 0, done.stderr
    assert done.stdout.count('"@timestamp":"2024-') == done.stdout.count("\n") > 50


def test_without_anything_it_says_what_to_do(tmp_path: Path) -> None:
    """Where nothing ran and the scanned files are gone, it says how to name files."""
    done = mailwarden(tmp_path, "find", "office@lindenhof.example")

    assert done.returncode == 3
    assert "Name the files to look in:  mailwarden find office@lindenhof.example" in done.stderr


def test_queue_ids_are_all_that_a_pipe_gets(tmp_path: Path) -> None:
    """Only ids leave, one a line, of what the login handed in; somebody unknown has none."""
    (tmp_path / "mail.log").write_text(
        "Nov 26 18:59:01 mx1 postfix/smtpd[1]: 0717217EB2B: client=unknown[203.0.113.7], sasl_method=PLAIN, sasl_username=carl\n"
        "Nov 26 18:59:02 mx1 postfix/qmgr[2]: 0717217EB2B: from=<ceo@bank.example>, size=300, nrcpt=1 (queue active)\n"
        "Nov 26 18:59:03 mx1 postfix/smtpd[1]: 07BB517EB64: client=unknown[203.0.113.8]\n"
        "Nov 26 18:59:04 mx1 postfix/qmgr[2]: 07BB517EB64: from=<carl@example.org>, size=300, nrcpt=1 (queue active)\n"
    )
    (tmp_path / "settings.yml").write_text("site: {default_domain: example.org}\n")

    done = mailwarden(
        tmp_path, "--config", "settings.yml", "find", "carl@example.org", "mail.log", "--year", "2026", "--queue-ids"
    )
    nobody = mailwarden(tmp_path, "find", "nobody@example.org", "mail.log", "--year", "2026", "--queue-ids")

    assert (done.returncode, done.stdout) == (0, "0717217EB2B\n")
    assert (nobody.returncode, nobody.stdout) == (0, "")


def test_a_message_tells_what_filters_made_of_it(tmp_path: Path) -> None:
    """What was said before the message had a number belongs to it, by its client, sender and recipient; no more does."""
    spf = (
        "policyd-spf[5]: prepend Received-SPF: {} (mailfrom) identity=mailfrom; client-ip=203.0.113.7; helo=x; "
        "envelope-from={}; receiver=y"
    )
    (tmp_path / "mail.log").write_text(
        f"Nov 26 18:59:01 mx1 {spf.format('Pass', 'a@partner.example')}\n"
        f"Nov 26 18:59:01 mx1 {spf.format('Fail', 'other@bank.example')}\n"
        "Nov 26 18:59:01 mx1 postfix/smtpd[1]: 0717217EB2B: client=unknown[203.0.113.7]\n"
        "Nov 26 18:59:02 mx1 opendkim[3]: 0717217EB2B: mx [203.0.113.7] not internal\n"
        "Nov 26 18:59:02 mx1 opendkim[3]: 0717217EB2B: no signing table match for 'a@partner.example'\n"
        "Nov 26 18:59:02 mx1 opendkim[3]: 0717217EB2B: DKIM verification successful\n"
        "Nov 26 18:59:02 mx1 opendmarc[4]: 0717217EB2B: partner.example pass\n"
        "Nov 26 18:59:02 mx1 postfix/qmgr[2]: 0717217EB2B: from=<a@partner.example>, size=300, nrcpt=1 (queue active)\n"
    )

    done = mailwarden(tmp_path, "find", "0717217EB2B", "mail.log", "--year", "2026")

    assert "Checked: SPF passed · DKIM signature valid · DMARC passed" in done.stdout
    assert "bank.example" not in done.stdout


def test_a_directory_tells_what_became_of_its_scripts_mail(tmp_path: Path) -> None:
    """Exim names the directory on a line before the message: what was sent from there is found in files, too."""
    (tmp_path / "mainlog").write_text(
        "2026-03-03 04:05:06 cwd=/home/shop/public_html 3 args: /usr/sbin/sendmail -t -i\n"
        "2026-03-03 04:05:06 1vxABE-0003Qf-9b <= shop@example.org U=shop P=local S=700 for ann@example.net\n"
        "2026-03-03 04:05:07 1vxABE-0003Qf-9b ** ann@example.net R=dnslookup T=remote_smtp H=mx.example.net [203.0.113.40]: "
        "SMTP error from remote mail server after RCPT TO:<ann@example.net>: 550 5.1.1 User unknown\n"
        "2026-03-03 04:05:08 1vxABF-0003Qf-9c <= bob@example.org H=(x) [192.0.2.7] P=esmtpa A=plain:bob S=700 for c@example.net\n"
    )

    done = mailwarden(tmp_path, "find", "/home/shop/public_html/form.php", "mainlog")

    assert done.returncode == 0, done.stderr
    assert "1vxABE-0003Qf-9b" in done.stdout
    assert "5.1.1" in done.stdout or "User unknown" in done.stdout
    assert "1vxABF" not in done.stdout
