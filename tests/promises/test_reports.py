"""The service has its reports written and sent when their hour has come, each once, whatever happens meanwhile."""

import email
import email.policy
import signal
import socket
from collections.abc import Iterator
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from pager import Pager, paging
from takeovers import START, takeover
from watcher import Watcher, until


class Postman:
    """A mail server that keeps what it takes."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 OK"


class Office:
    """A log, a service that reports to a mail server and a chat, and both of them."""

    def __init__(self, directory: Path, postman: Postman, port: int, pager: Pager) -> None:
        self.log = directory / "mail.log"
        self.log.touch()
        self.postman = postman
        self.pager = pager
        self.written = 0
        channels = {
            "mail": f"mailto://127.0.0.1:{port}/?from=mailwarden@example.org&to=postmaster@example.net",
            "chat": pager.url,
        }
        self.settings: dict[str, Any] = {
            "sources": [str(self.log)],
            "site": {"name": "mx1"},
            "alerts": {"channels": channels, "routes": [{"receivers": ["chat"]}]},
            "report": {"time": "07:00", "receivers": ["mail"], "domains": {"example.org": ["chat"]}},
        }
        self.watcher = Watcher(directory, self.settings)

    def write(self, *lines: bytes) -> None:
        with self.log.open("ab") as file:
            file.write(b"".join(lines))
        self.written += len(lines)
        self.watcher.read_all(self.written)

    def pass_to(self, moment: datetime) -> None:
        """Let the log reach a moment, then go on line by line until the report was taken up."""
        self.write(_line(moment))

    def go_on(self, moment: datetime, reported: str) -> None:
        """Let lines come until the reports of a day are with the outbox, and that is empty."""
        step = 0

        def is_so() -> bool:
            nonlocal step
            step += 1
            self.write(_line(moment + timedelta(milliseconds=step)))
            rows = self.watcher.ask("SELECT value FROM meta WHERE name = 'reported'")
            return bool(rows) and rows[0][0] == reported and not self.watcher.ask("SELECT 1 FROM outbox WHERE done = 0")

        until(is_so, f"the reports of {reported}")


def _line(moment: datetime) -> bytes:
    return f"{moment.isoformat()} mx1 postfix/smtpd[77]: connect from mail.example.net[192.0.2.9]\n".encode()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    postman = Postman()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(postman, hostname="127.0.0.1", port=port)
    controller.start()
    with paging() as pager:
        office = Office(tmp_path, postman, port, pager)
        yield office
        office.watcher.kill()
    controller.stop()


def _morning(days: int) -> datetime:
    return (START + timedelta(days=days)).replace(hour=7, minute=0, second=1)


def test_the_report_comes_at_its_hour(office: Office) -> None:
    """At seven the report of the day before comes as a whole mail, and a domain's own goes its own way; both are kept."""
    office.settings["report"]["weekly"] = False  # the first day is a Sunday
    office.watcher.configure(office.settings)
    office.watcher.start()
    office.write(*takeover(0), *takeover(1))
    day = START.date().isoformat()

    office.pass_to(_morning(1) - timedelta(minutes=5))
    assert office.postman.mails == []
    office.go_on(_morning(1), day)

    (mail,) = office.postman.mails
    assert mail["To"] == "postmaster@example.net"
    assert "2 critical" in mail["Subject"]
    assert {part.get_content_type() for part in mail.walk()} >= {"text/plain", "text/html"}
    html = mail.get_body(("html",))
    assert html is not None
    assert "user0@example.org" in html.get_content()
    reports = sorted(path.name for path in (office.watcher.state / "reports").iterdir())
    assert [name for name in reports if name.endswith(".html")] == [f"{day}.example.org.html", f"{day}.html"]
    assert sum(id_.startswith("report-") for id_ in office.pager.accepted) == 1
    assert office.watcher.stop() == 0
    assert "Traceback" not in office.watcher.said.read_text()


def test_a_report_is_sent_once(office: Office) -> None:
    """Kills around its hour cost no report and send none twice; a Monday brings that of the week as well."""
    office.watcher.start()
    office.write(*takeover(0))
    monday = START + timedelta(days=(7 - START.weekday()) % 7 or 7)
    days = (monday - START).days
    office.pass_to(_morning(days) - timedelta(minutes=5))
    sunday = (START + timedelta(days=days - 1)).date()

    for number in range(4):
        office.write(_line(_morning(days) + timedelta(milliseconds=number)))
        office.watcher.kill()
        office.watcher.start()
    office.go_on(_morning(days) + timedelta(seconds=1), sunday.isoformat())
    office.watcher.send(signal.SIGHUP)
    office.go_on(_morning(days) + timedelta(minutes=1), sunday.isoformat())

    ids = [mail["Message-ID"] for mail in office.postman.mails]
    assert len(ids) == len(set(ids)) == 2
    week = f"{(sunday - timedelta(days=6)).isoformat()}.{sunday.isoformat()}"
    assert any(week in id_ for id_ in ids)
    assert office.watcher.stop() == 0


def test_a_report_that_cannot_be_written_is_told(office: Office) -> None:
    """Where the report cannot be kept the service says so, with the command that shows it; once it can, the report comes."""
    office.settings["report"]["domains"] = {}
    office.settings["report"]["weekly"] = False
    office.watcher.configure(office.settings)
    office.watcher.start()
    office.write(*takeover(0))
    day = START.date().isoformat()
    reports = office.watcher.state / "reports"
    reports.touch()  # a file where the directory is to be

    def is_told() -> bool:
        office.write(_line(_morning(1)))
        return f"report {day}: could not be written" in office.watcher.said.read_text()

    until(is_told, "the failure to be told")
    assert f"mailwarden report {day}" in office.watcher.said.read_text()
    assert office.postman.mails == []
    reports.unlink()
    office.go_on(_morning(1) + timedelta(seconds=61), day)

    assert len(office.postman.mails) == 1
    assert office.watcher.stop() == 0
