"""Alerts by mail over a real SMTP server: one thread an incident, text and a small page, nothing that becomes a link."""

import email
import email.policy
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from notices import NOON_US, incident, notification
from spamassassin import score

from mailwarden.alerts.incidents.incident import Notification
from mailwarden.alerts.telling.channels import Channel, Channels
from mailwarden.alerts.telling.message import Message
from mailwarden.alerts.telling.parcels import Writer
from mailwarden.alerts.telling.senders.mail import mail_of
from mailwarden.alerts.terms import Evidence
from mailwarden.parsers.errors import DeliveryError


class Mailbox:
    """A mail server that keeps what it takes."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.envelopes: list[Envelope] = []
        self.greeting = ""
        self.refuses: dict[str, str] = {}
        self.port = 0

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, name: str, said: list[str]
    ) -> list[str]:
        session.host_name = name
        return said

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refuses:
            return self.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.greeting:
            return self.greeting
        self.envelopes.append(envelope)
        content = envelope.content
        assert isinstance(content, bytes)
        mail = email.message_from_bytes(content, policy=email.policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 OK"

    def url(self, **query: str) -> str:
        """Give the channel's URL."""
        given = {"from": "alerts@example.org", "to": "ann@example.net", **query}
        return f"mailto://127.0.0.1:{self.port}?" + "&".join(f"{name}={value}" for name, value in given.items())


@contextmanager
def serving() -> Iterator[Mailbox]:
    """Run a mail server until the block ends."""
    mailbox = Mailbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        mailbox.port = free.getsockname()[1]
    controller = Controller(mailbox, hostname="127.0.0.1", port=mailbox.port, ready_timeout=20)
    controller.start()
    try:
        yield mailbox
    finally:
        controller.stop()


def send(mailbox: Mailbox, told: Notification, language: str = "en", **query: str) -> None:
    """Write and send one notice as the outbox does."""
    channels = Channels([Channel(name="mail", url=mailbox.url(**query), language=language)], answer_s=5)
    parcel = Writer(channels, tuple, None, UTC).single("mail", told, [told.id], NOON_US)
    channels.send("mail", parcel.message)


def parts(mail: EmailMessage) -> tuple[str, str]:
    """Give the text and the page of a mail."""
    text, page = mail.iter_parts()
    assert (text.get_content_type(), page.get_content_type()) == ("text/plain", "text/html")
    return text.get_content(), page.get_content()  # type: ignore[attr-defined]


def test_an_incident_is_one_thread() -> None:
    """Whatever is told later answers the alert that opened it; a returned one also that of its predecessor."""
    back = incident(previous="PREVIOUS", told=1)
    with serving() as mailbox:
        for number, kind in enumerate(("opened", "worse", "repeated", "ended")):
            send(mailbox, notification(kind=kind, id=f"n-{number}"))
        send(mailbox, notification(back, "returned", id="n-9"))

    opened, *answers, returned = mailbox.mails
    root = f"<{incident().id}.incident@example.org>"
    assert (opened["Message-ID"], opened["In-Reply-To"], opened["References"]) == (root, None, None)
    assert [(mail["In-Reply-To"], mail["References"]) for mail in answers] == [(root, root)] * 3
    assert [mail["Message-ID"] for mail in answers] == [f"<n-{number}.notice@example.org>" for number in (1, 2, 3)]
    assert returned["References"] == "<PREVIOUS.incident@example.org>"


def test_a_mail_is_ours_and_says_so() -> None:
    """From whom, to whom, when, that a program wrote it, and the envelope that goes with it."""
    with serving() as mailbox:
        send(mailbox, notification(), to="ann@example.net,bob@example.net")

    (mail,) = mailbox.mails
    assert mail["From"] == "mailwarden <alerts@example.org>"
    assert mail["To"] == "ann@example.net, bob@example.net"
    assert mail["Subject"] == "● CRITICAL mx1: walter.rossi1… was taken over and sends spam"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert email.utils.parsedate_to_datetime(mail["Date"]).timestamp() == NOON_US // 1_000_000
    assert mailbox.envelopes[0].mail_from == "alerts@example.org"
    assert mailbox.envelopes[0].rcpt_tos == ["ann@example.net", "bob@example.net"]
    assert len(mail.as_bytes()) < 15_000


@pytest.mark.parametrize("language", ["en", "ja"])
def test_text_and_page_say_the_same(language: str) -> None:
    """Every line of the text stands in the page, and the page loads nothing."""
    with serving() as mailbox:
        send(mailbox, notification(), language)

    text, page = parts(mailbox.mails[0])
    seen = seen_in(page)
    for line in text.strip().split("\n"):
        assert line.replace("`", "") in seen
    assert f'lang="{language}"' in page
    assert page.count("font-weight:bold") == 1  # the next step
    assert "http" not in page
    assert "<img" not in page
    assert "src=" not in page


def seen_in(page: str) -> str:
    """Give the text of a page."""

    class Reader(HTMLParser):
        text = ""

        def handle_data(self, data: str) -> None:
            self.text += data

    reader = Reader()
    reader.feed(page)
    return reader.text


def test_log_lines_in_a_mail_are_no_links() -> None:
    """What an attacker wrote into the log is shown defanged; no header is his, and nothing of it is markup."""
    line = (
        "x <script>alert(1)</script> http://evil.example/a?b=1 198.51.100.7 bob@evil.test 1.5s\r\nBcc: eve@evil.example"
    )
    told = incident("a\r\nBcc: eve@evil.example", evidence=[Evidence("/var/log/mail.log", 1, line)])
    with serving() as mailbox:
        send(mailbox, notification(told))

    (mail,) = mailbox.mails
    text, page = parts(mail)
    assert mail["Bcc"] is None
    assert mailbox.envelopes[0].rcpt_tos == ["ann@example.net"]
    assert "hxxp://evil[.]example/a?b=1 198[.]51[.]100[.]7 …@evil[.]test 1.5s" in text
    assert "<script>" not in page


@pytest.mark.parametrize("answer", ["554 5.7.1 listed at bl.example", "451 4.3.0 later"])
def test_a_refusal_says_what_the_server_said(answer: str) -> None:
    """A refused mail is not accepted, and the answer is told."""
    with serving() as mailbox:
        mailbox.greeting = answer
        with pytest.raises(DeliveryError) as caught:
            send(mailbox, notification())

    assert f'Mail "mail": answered {answer}' in str(caught.value)


def test_all_readers_refused_is_no_acceptance_and_one_of_two_is() -> None:
    """Whoever took it is not told twice because another did not."""
    with serving() as mailbox:
        mailbox.refuses = {"ann@example.net": "550 no such user"}
        with pytest.raises(DeliveryError, match="550"):
            send(mailbox, notification())
        send(mailbox, notification(), to="ann@example.net,bob@example.net")

    assert [envelope.rcpt_tos for envelope in mailbox.envelopes] == [["bob@example.net"]]


def test_a_server_that_hangs_or_is_away_is_given_up() -> None:
    """A server that never greets costs no more than the time-out; one that is not there is told by its name."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        url = f"mailto://127.0.0.1:{port}?from=a@example.org&to=b@example.org"
        channels = Channels([Channel(name="mail", url=url)], connect_s=0.1, answer_s=0.1)
        with pytest.raises(DeliveryError, match="no answer in time"):
            channels.send("mail", Message(id="x", title="t", body="b", sent_us=NOON_US))
    with pytest.raises(DeliveryError, match=f"127.0.0.1:{port}"):
        channels.send("mail", Message(id="x", title="t", body="b", sent_us=NOON_US))


def test_mail_leaves_in_no_clear_where_it_must_not() -> None:
    """`mailtos` against a server without TLS sends nothing, and the password stays here."""
    said: list[Any] = []
    with serving() as mailbox:
        url = f"mailtos://login:sekrit0815@127.0.0.1:{mailbox.port}?from=a@example.org&to=b@example.org"
        with pytest.raises(DeliveryError) as caught:
            Channels([Channel(name="mail", url=url)]).send("mail", Message(id="x", title="t", body="b"))
        said.append(str(caught.value))

    assert mailbox.mails == []
    assert "sekrit0815" not in said[0]


@pytest.mark.program("spamassassin")
@pytest.mark.parametrize("language", ["en", "ja"])
def test_an_alert_is_not_taken_for_the_spam_it_tells_of(language: str) -> None:
    """SpamAssassin gives it few points, also where the line that proves it is the spammer's own."""
    line = "mx1 postfix/cleanup[7]: 2B82A0646D2: warning: header Subject: CHEAP VIAGRA!!! You won $1,000,000 http://pills.example/buy"
    with serving() as mailbox:
        send(mailbox, notification(incident(evidence=[Evidence("/var/log/mail.log", 7, line)])), language)

    points, rules = score(mailbox.envelopes[0].content)  # type: ignore[arg-type]

    assert points < 2, rules  # of 5


@pytest.mark.parametrize(
    "title",
    [
        "● mx：通知 5 件のまとめ：緊急 2、重要 1、注意 1、終息 1",
        "▲ 悪化 host1：8 社のプロバイダーが当サーバーのメールを拒否または制限しています",
        "● CRITICAL mx: office@lindenhof… was guessed and sends spam",
    ],
)
def test_a_subject_arrives_with_its_spaces(title: str) -> None:
    """Between encoded words none is lost, in whatever language."""
    mail = mail_of(Message(id="n-1", title=title, body="x", sent_us=NOON_US), "a@example.org", ("b@example.net",), "ja")

    arrived = email.message_from_bytes(mail.as_bytes(), policy=email.policy.default)["Subject"]

    assert arrived.replace("\u00a0", " ") == title
