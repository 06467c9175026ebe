"""Mail, as a MIME message of our own: it stands in the thread of the alert that opened its incident.

Where to and over which server is what Apprise makes of the `mailto://` or `mailtos://` URL. A message has a plain text and
a small HTML part that says the same, no picture, and nothing that a mail program would make a link of. The alert that
opens an incident has a message id made of the incident's, so that later ones name it though another run sent them.
"""

import email
import email.policy
import email.utils
import logging
import re
import smtplib
import socket
import ssl
from email.message import EmailMessage
from typing import NamedTuple

from mailwarden.alerts.telling.message import Limits, Message
from mailwarden.alerts.telling.senders.mail_page import page_of
from mailwarden.alerts.telling.senders.sender import Timeouts
from mailwarden.alerts.words.escape import printable
from mailwarden.parsers.errors import Coded, DeliveryError, changed, coded, joined
from mailwarden.parsers.system_errors import reason

__all__ = ["Mail", "MailServer", "subject_of"]

_log = logging.getLogger(__name__)

_ODD = re.compile(r"[^A-Za-z0-9.-]")


class MailServer(NamedTuple):
    """How mail leaves, and from whom to whom it goes."""

    host: str
    port: int
    security: str  # insecure, starttls, ssl
    user: str
    password: str
    sender: str
    receivers: tuple[str, ...]
    verify: bool = True


class Mail:
    """One set of readers."""

    name = "Mail"
    limits = Limits(250, 32_000)
    has_life = False
    is_program = False
    is_mail = True

    def __init__(self, server: MailServer, timeouts: Timeouts, language: str = "en") -> None:
        self._server = server
        self._timeouts = timeouts
        self._language = language

    def send(self, message: Message) -> None:
        """Hand the mail to the server."""
        server = self._server
        if message.mail is not None:
            mail = _addressed(message.mail, message.id, server)
        else:
            mail = mail_of(message, server.sender, server.receivers, self._language)
        try:
            with self._session() as session:
                refused = session.send_message(mail, server.sender, list(server.receivers))
        except smtplib.SMTPRecipientsRefused as error:
            said = joined((_said(*answer) for answer in error.recipients.values()), "; ")
            raise DeliveryError(coded("MW4106", said.msgid, **said.values)) from None
        except smtplib.SMTPResponseException as error:
            raise DeliveryError(_said(error.smtp_code, error.smtp_error)) from None
        except TimeoutError:
            raise DeliveryError(coded("MW4104", "no answer in time")) from None
        except (smtplib.SMTPException, OSError, UnicodeError) as error:
            if "timed out" in str(error):  # smtplib calls it a closed connection
                raise DeliveryError(coded("MW4104", "no answer in time")) from None
            where = f"{server.host}:{server.port}"
            raise DeliveryError(coded("MW4104", "{place}: {message}", place=where, message=reason(error))) from None
        for receiver, answer in refused.items():  # the others have it: sending it again would tell them twice
            said = changed(_said(*answer), printable)
            _log.warning(
                coded("MW4106", "mail: {receiver} was refused: {said}", receiver=printable(receiver), said=said)
            )

    def _session(self) -> smtplib.SMTP:
        server, context = self._server, ssl.create_default_context()
        if not server.verify:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        own = socket.gethostname()  # getfqdn would ask a name server
        session: smtplib.SMTP
        if server.security == "ssl":
            session = smtplib.SMTP_SSL(server.host, server.port, own, timeout=self._timeouts.connect_s, context=context)
        else:
            session = smtplib.SMTP(server.host, server.port, own, timeout=self._timeouts.connect_s)
        try:
            if session.sock is not None:
                session.sock.settimeout(self._timeouts.answer_s)
            if server.security == "starttls":
                session.starttls(context=context)
            if server.user:
                session.login(server.user, server.password)
        except BaseException:
            session.close()
            raise
        return session


def _addressed(raw: bytes, id_: str, server: MailServer) -> EmailMessage:
    """Give a mail that was made elsewhere its sender and recipients."""
    mail = email.message_from_bytes(raw, policy=email.policy.SMTP)
    mail["From"] = email.utils.formataddr(("mailwarden", server.sender))
    mail["To"] = ", ".join(server.receivers)
    mail["X-Mailwarden-Id"] = id_
    return mail


def mail_of(message: Message, sender: str, receivers: tuple[str, ...], language: str = "en") -> EmailMessage:
    """Write a message as mail."""
    mail = EmailMessage(policy=email.policy.SMTP)
    domain = sender.rpartition("@")[2]
    mail["Subject"] = subject_of(message.title)
    mail["From"] = email.utils.formataddr(("mailwarden", sender))
    mail["To"] = ", ".join(receivers)
    mail["Date"] = email.utils.formatdate(message.sent_us / 1_000_000, localtime=True)
    root, own, before = _thread(message, domain)
    mail["Message-ID"] = own
    if own != root:
        mail["In-Reply-To"] = root
    references = [id_ for id_ in (before, root) if id_ and id_ != own]
    if references:
        mail["References"] = " ".join(references)
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday notice comes back
    mail["X-Mailwarden-Id"] = message.id
    mail.set_content(message.body + "\n", cte="quoted-printable")
    mail.add_alternative(page_of(message, language), subtype="html", cte="quoted-printable")
    return mail


def subject_of(title: str) -> str:
    """Give a title as a subject that arrives as it is.

    What looks encoded (RFC 2047) would be decoded by who reads it. Where Python folds between encoded words it loses a
    space (3.11): there spaces are such as belong to a word.
    """
    title = title.replace("=?", "= ?")
    trial = EmailMessage(policy=email.policy.SMTP)
    trial["Subject"] = title
    arrived = email.message_from_bytes(trial.as_bytes(), policy=email.policy.default)["Subject"]
    return title if arrived == title else title.replace(" ", "\u00a0")


def _thread(message: Message, domain: str) -> tuple[str, str, str | None]:
    """Give the message ids of the opening alert, of this message, and of the alert that opened the incident before."""
    own = f"<{_ODD.sub('-', message.id)}.notice@{domain}>"
    if len(message.about) != 1:
        return own, own, None
    incident = message.about[0].incident
    root = f"<{incident.id}.incident@{domain}>"
    before = f"<{incident.previous}.incident@{domain}>" if incident.previous else None
    opens = message.kind in ("opened", "summary") or (message.kind == "returned" and incident.told <= 1)
    return root, root if opens else own, before


def _said(code: int, text: bytes | str) -> Coded:
    said = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return coded("MW4105", "answered {code} {text}", code=code, text=" ".join(said.split()))
