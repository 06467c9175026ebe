"""A report as a mail of our own making: text, the same as HTML, and its picture, which stands in the mail."""

from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from mailwarden.alerts.telling.senders.mail import subject_of
from mailwarden.alerts.words.escape import printable
from mailwarden.pipeline.report.document import Document
from mailwarden.pipeline.report.html import as_html
from mailwarden.pipeline.report.pictures import Picture
from mailwarden.pipeline.report.text import as_text

__all__ = ["as_mail"]

_SUBJECT_MOST = 120  # characters; mail programs show about 60


def as_mail(document: Document, chart: Picture | None, *, domain: str, moment: datetime, name: str) -> EmailMessage:
    """Write a report as a mail without sender and recipient.

    Args:
        document: The report.
        chart: Its picture, where there is one.
        domain: Of the Message-ID and the picture's name.
        moment: When it was made, aware.
        name: What tells this report from all others of the domain: the same report is the same mail.
    """
    mail = EmailMessage(policy=SMTP)
    mail["Subject"] = subject_of(_subject(document))
    mail["Date"] = format_datetime(moment)
    mail["Message-ID"] = f"<{name}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday notice answers it
    mail["List-Id"] = f"mailwarden reports <reports.{domain}>"
    mail.set_content(as_text(document))
    content_id = f"{chart.section if chart else ''}.{name}@{domain}"
    mail.add_alternative(as_html(document, chart, content_id=content_id), subtype="html")
    if chart is not None:
        html = mail.get_payload()[1]  # type: ignore[index]
        assert isinstance(html, EmailMessage)
        html.add_related(
            chart.png, "image", "png", cid=f"<{content_id}>", filename=f"{chart.section}.png", disposition="inline"
        )
    return mail


def _subject(document: Document) -> str:
    subject = printable(document.title)
    return subject if len(subject) <= _SUBJECT_MOST else subject[: _SUBJECT_MOST - 1] + "…"
