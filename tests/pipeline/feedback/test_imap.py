"""A mailbox on a real Dovecot: read on from where it was read to, each report once, nothing changed unless asked for."""

import gzip
import json
import socket
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC
from pathlib import Path

import pytest
from certificates import Authority
from click.testing import CliRunner
from dovecot import PASSWORD, USER, Dovecot, running
from reports import COMPLAINT, DMARC, TLS, mailed
from unbound import free_port

from mailwarden.alerts.words.translate import translator
from mailwarden.pipeline.cli.feedback_checks import feedback_checks
from mailwarden.pipeline.cli.root import root
from mailwarden.pipeline.cli.session import Session
from mailwarden.pipeline.configuration.reading import load
from mailwarden.pipeline.feedback.gathering import Gathering
from mailwarden.pipeline.feedback.imap import MailboxError, opened
from mailwarden.pipeline.feedback.reading import Reading
from mailwarden.pipeline.feedback.settings import Mailbox, mailbox_of
from mailwarden.pipeline.places import store_path
from mailwarden.pipeline.store import Store

pytestmark = pytest.mark.program("dovecot")

NOW_US = 1_780_000_000_000_000
_PLAIN = b"From: a@example.net\r\nSubject: hello\r\n\r\nhello\r\n"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def server(authority: Authority) -> Iterator[Dovecot]:
    with running(authority, "localhost") as one:
        yield one


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "mailwarden.sqlite") as one:
        yield one


def box(server: Dovecot, **settings: object) -> Mailbox:
    usual = Mailbox("localhost", USER, PASSWORD, port=server.tls_port, authorities=str(server.authorities))
    return replace(usual, **settings)  # type: ignore[arg-type]


def read(store: Store, mailbox: Mailbox) -> list[Reading]:
    return list(Gathering(store, ["example.org"], clock=lambda: NOW_US).mailbox(mailbox, mailbox.secret({})))


def test_reports_are_read_once_and_nothing_is_changed(server: Dovecot, store: Store) -> None:
    """Three kinds of reports beside other mail; a second look finds what came since, and no message was marked."""
    server.deliver(mailed(gzip.compress(DMARC.encode())), "1")
    server.deliver(mailed(gzip.compress(json.dumps(TLS).encode())), "2")
    server.deliver(COMPLAINT.encode(), "3")
    server.deliver(_PLAIN, "4")

    first, second = read(store, box(server)), read(store, box(server))
    server.deliver(mailed(DMARC.replace(">77<", ">78<").encode(), "xml"), "5")
    third = read(store, box(server))

    assert [one.report.kind for one in first if one.report is not None] == ["dmarc", "tls", "complaint"]
    assert [one.fault for one in first if one.report is None] == ["it holds no report"]
    assert second == []
    assert [one.report.id for one in third if one.report is not None] == ["78"]
    assert len(store.inbox.read(10)) == 4
    assert server.flags() == ["", "", "", "", ""]


def test_a_restart_goes_on_there(server: Dovecot, tmp_path: Path) -> None:
    """What was read and how far stands in the store."""
    server.deliver(COMPLAINT.encode(), "1")
    with Store.open(tmp_path / "s.sqlite") as store:
        read(store, box(server))
    with Store.open(tmp_path / "s.sqlite") as store:
        assert read(store, box(server)) == []
        assert len(store.inbox.read(10)) == 1


def test_a_folder_that_was_made_anew_is_read_anew(server: Dovecot, store: Store) -> None:
    """Its UIDVALIDITY changed: all of it is looked at, and what was read before counts no second time."""
    server.deliver(COMPLAINT.encode(), "1")
    server.deliver(mailed(gzip.compress(DMARC.encode())), "2")
    read(store, box(server))
    for file in server.maildir.glob("dovecot*"):
        file.unlink()
    (server.maildir / "dovecot-uidlist").write_text("3 V4711 N1 G0f1e2d3c4b5a69788796a5b4c3d2e1f0\n")
    (server.maildir / "dovecot-uidlist").chmod(0o666)

    again = read(store, box(server))

    assert [one.fault for one in again] == ["it was read before"] * 2
    assert store.heard.position(str(box(server)))["uidvalidity"] == 4711
    assert len(store.inbox.read(10)) == 2


def test_what_is_to_become_of_them(server: Dovecot, store: Store) -> None:
    """Reports that were read are marked or deleted where that is set; other mail is left alone in any case."""
    server.deliver(COMPLAINT.encode(), "1")
    server.deliver(_PLAIN, "2")
    read(store, box(server, afterwards="mark_read"))
    assert server.flags() == ["", "S"]

    server.deliver(mailed(gzip.compress(DMARC.encode())), "3")
    read(store, box(server, afterwards="delete"))
    assert server.flags() == ["", "S"]


def test_a_kill_before_they_are_deleted_is_made_good(server: Dovecot, store: Store) -> None:
    """What was to be deleted stands beside the position until it is; the reports count once."""
    server.deliver(COMPLAINT.encode(), "1")
    mailbox = box(server, afterwards="delete")
    with opened(mailbox, PASSWORD) as folder:
        validity = folder.validity
    store.heard.take([], NOW_US, str(mailbox), {"uidvalidity": validity, "uid": 1, "unsettled": [1]})

    assert read(store, mailbox) == []
    assert server.flags() == []


def test_a_store_that_fails_loses_no_report(server: Dovecot, store: Store) -> None:
    """Reports and position are one transaction: where it fails, nothing of it is there, and the next look has it all."""
    server.deliver(COMPLAINT.encode(), "1")
    with sqlite3.connect(store.path) as beside:
        beside.execute("CREATE TRIGGER fault BEFORE INSERT ON report_places BEGIN SELECT RAISE(ABORT, 'no'); END")
    with pytest.raises(Exception, match="no"):
        read(store, box(server))
    assert store.inbox.read(10) == []
    with sqlite3.connect(store.path) as beside:
        beside.execute("DROP TRIGGER fault")

    assert [one.report is not None for one in read(store, box(server))] == [True]
    assert len(store.inbox.read(10)) == 1


def test_starttls(server: Dovecot, store: Store) -> None:
    """The certificate is proved as well."""
    server.deliver(COMPLAINT.encode(), "1")
    settings = {"port": server.plain_port, "tls": "starttls"}

    assert len(read(store, box(server, **settings))) == 1
    with pytest.raises(MailboxError, match="certificate is not believed"):
        read(store, box(server, **settings, authorities=None))


def test_a_server_that_cannot_prove_who_it_is_gets_no_password(authority: Authority, store: Store) -> None:
    """Another's name on the certificate, or an issuer that nobody knows."""
    with running(authority, "imap.example.net") as server:
        with pytest.raises(MailboxError, match="certificate is not believed"):
            read(store, box(server))
        with pytest.raises(MailboxError, match="Nothing was sent"):
            read(store, box(server, authorities=None))


def test_faults_that_an_operator_can_mend(server: Dovecot, store: Store, tmp_path: Path) -> None:
    """A wrong password, a folder that is not there, no server, no certificates."""
    for settings, why in (
        ({"password": "wrong"}, "refuses the login"),
        ({"folder": "Reports"}, "does not open this folder"),
        ({"port": free_port()}, "Connection refused"),
        ({"host": "no.such.host.invalid"}, "connection failed"),
        ({"authorities": str(tmp_path / "none.pem")}, "holds no certificates"),
    ):
        with pytest.raises(MailboxError, match=why) as caught:
            read(store, box(server, **settings))
        assert PASSWORD not in str(caught.value)


def test_a_server_that_hangs_or_talks_nonsense(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wait has an end, and it is told."""
    monkeypatch.setattr("mailwarden.pipeline.feedback.imap._CONNECT_S", 0.5)
    monkeypatch.setattr("mailwarden.pipeline.feedback.imap._READ_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(MailboxError, match="in time"):
            read(store, Mailbox("127.0.0.1", USER, PASSWORD, port=port, tls="none"))

        def talk() -> None:
            with listener.accept()[0] as first:  # that of the look before
                first.close()
            connection, _ = listener.accept()
            with connection:
                connection.sendall(b"* BYE \x1b[31mgo away\r\n")

        thread = threading.Thread(target=talk)
        thread.start()
        with pytest.raises(MailboxError, match="connection failed"):
            read(store, Mailbox("127.0.0.1", USER, PASSWORD, port=port, tls="none"))
        thread.join()


def test_a_mail_that_is_too_large_is_not_fetched(
    server: Dovecot, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its size is told first; those behind it are read."""
    monkeypatch.setattr("mailwarden.pipeline.feedback.imap.LARGEST_MAIL", 2000)
    server.deliver(_PLAIN + b"x" * 4000, "1")
    server.deliver(COMPLAINT.encode(), "2")

    large, complaint = read(store, box(server))

    assert "more than a report may have" in large.fault
    assert complaint.report is not None


def test_old_reports_count_for_nothing(server: Dovecot, store: Store) -> None:
    """They are remembered, so that nobody counts them later."""
    old = DMARC.replace("</report_id>", "</report_id><date_range><begin>1</begin><end>1779000000</end></date_range>")
    server.deliver(mailed(gzip.compress(old.encode())), "1")

    (found,) = read(store, box(server))

    assert found.is_old
    assert store.inbox.read(10) == []
    assert found.digest in store.heard


def test_doctor_and_the_command_use_what_is_configured(
    server: Dovecot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The doctor says that both places can be read; the command reads them, and says what cannot be."""
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("REPORTS_PASSWORD", PASSWORD)
    server.deliver(COMPLAINT.encode(), "1")
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "a.json").write_text(json.dumps(TLS))
    settings = tmp_path / "mailwarden.yml"
    settings.write_text(
        f"""
state: {tmp_path}/state
feedback:
  paths: [{tmp_path}/reports]
  mailboxes:
    - host: localhost
      port: {server.tls_port}
      user: {USER}
      password: ${{REPORTS_PASSWORD}}
      authorities: {server.authorities}
"""
    )
    session = Session(load(settings), translator("en"), UTC)
    Store.open(store_path(tmp_path / "state")).close()

    checks = list(feedback_checks(session))
    told = CliRunner().invoke(root, ["--config", str(settings), "feedback"])
    monkeypatch.delenv("REPORTS_PASSWORD")
    without = CliRunner().invoke(root, ["--config", str(settings), "feedback"])

    assert [one.state for one in checks] == ["ok", "ok"]
    assert "TLS, example.org, by Example Mail: 3 of 93 sessions failed" in told.output
    assert "complaint about example.org" in told.output
    assert "REPORTS_PASSWORD" in without.output
    assert [one.state for one in feedback_checks(session)] == ["ok", "error"]


def test_addresses_of_mailboxes() -> None:
    """One that is configured is taken with all that is set of it; a password in an address is refused."""
    known = Mailbox("mail.example.org", "reports@example.org", "${X}", authorities="/ca.pem")

    assert mailbox_of("imaps://reports%40example.org@mail.example.org/", "", [known]) == known
    assert mailbox_of("imaps://me@mail.example.org:1993/Berichte/D%20MARC", "${Y}") == Mailbox(
        "mail.example.org", "me", "${Y}", "Berichte/D MARC", 1993
    )
    for wrong in ("imap://me@host/", "imaps://host/", "imaps://me:secret@host/", "imaps://me@host:99999/"):
        with pytest.raises(ValueError, match="is no mailbox"):
            mailbox_of(wrong, "")
