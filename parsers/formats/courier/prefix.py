"""Whose lines are Courier's, and what stands before their texts.

Texts of a delivery begin with the message and one recipient, `id=ID,from=<S>,addr=<R>`; what follows says how it went:
`: 550 a line of the reply`, `,success: …`, `,status: failure`. Where courierlogger leaves its level word in front (Plesk,
multilog), that is taken off.

Source: courier/cdmsgq.C, courier/libs/comctlfile.c, liblog/logger.c, imap/imaplogin.c of Courier 0.65 to 1.4.
"""

import re

from mailwarden.parsers.event import Event
from mailwarden.parsers.pattern import Format

__all__ = ["ADDRESS", "AUTH", "DELIVERY", "FORMAT", "ID", "IMAP", "POP3", "QUEUE", "SMTPD", "addresses", "claim"]

SMTPD = ("courieresmtpd", "esmtpd", "esmtpd-msa", "esmtpd-ssl")
IMAP = ("imapd", "imapd-ssl", "imaplogin", "courier-imapd", "courier-imapd-ssl", "courierimapd")
POP3 = ("pop3d", "pop3d-ssl", "pop3login", "courierpop3login", "courierpop3d", "courier-pop3d", "courier-pop3d-ssl")
QUEUE = ("courierd",)
DELIVERY = ("courieresmtp", "courierlocal", "courierdsn", "courieruucp", "courierfax", "courierdeliver")
AUTH = ("authdaemond", "authdaemond.plain", "authdaemond.mysql", "authdaemond.pgsql", "authdaemond.ldap")
_OTHERS = ("courierfilter", "couriertcpd", "couriertls", "courierlogger", "courierldapaliasd", "sqwebmaild", "webmlmd")
_PROGRAMS = frozenset((*SMTPD, *IMAP, *POP3, *QUEUE, *DELIVERY, *AUTH, *_OTHERS))
_PROTOCOLS = dict.fromkeys(SMTPD, "smtp") | dict.fromkeys(IMAP, "imap") | dict.fromkeys(POP3, "pop3")

ID = r"([0-9A-Fa-f]{6,16}\.[0-9A-Fa-f]{6,16}\.[0-9A-Fa-f]{4,8})"
ADDRESS = r"<((?>(?:\"[^\"]*\"|[^\">])*)|[^>]*)>"
"""An address in brackets, which a quoted name within may hold, too."""

_DELIVERED = re.compile("id=" + ID + ",from=" + ADDRESS + ",addr=" + ADDRESS)
_NUMBER = re.compile(r"[0-9]{9,11}\.[0-9]{6} ")
_GREETING = re.compile(r"IMAP connect from @ \[[0-9A-Fa-f.:]{2,45}\]")


def claim(tag: str) -> tuple[str, str | None, str | None] | None:
    """Say of which process a syslog tag without its pid tells: (process, service, mail service), or None."""
    return (tag, "courier", "submission" if tag == "esmtpd-msa" else None) if tag in _PROGRAMS else None


def addresses(event: Event, sender: str | None, recipient: str | None) -> None:
    """Set whom a message is from and to; an empty sender is the null sender."""
    if sender:
        event.email_from_address = [sender]
    elif sender is not None:
        event.email_from_address = []
        event.mail_null_sender = True
    if recipient:
        event.email_to_address = [recipient]


def _prepare(event: Event, text: str) -> str:
    if text.startswith("id="):
        found = _DELIVERED.match(text)
        if found is None:
            return text
        event.mail_queue_id = found.group(1)
        addresses(event, found.group(2), found.group(3))
        rest = text[found.end() :]
        return "reply" + rest if rest.startswith(": ") else rest
    event.network_protocol = _PROTOCOLS.get(event.process_name or "")
    if text[:1].isdigit():
        number = _NUMBER.match(text)
        text = text if number is None else text[number.end() :]
    elif text.startswith("IMAP connect from @ "):
        greeting = _GREETING.match(text)
        text = text if greeting is None else text[greeting.end() :]
    if text.startswith(("INFO: ", "ERR: ", "WARN: ", "ALERT: ", "CRIT: ", "DEBUG: ")):
        text = text.partition(": ")[2]
    return text


FORMAT = Format("courier", tuple(sorted(_PROGRAMS)), prepare=_prepare)
