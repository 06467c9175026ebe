"""Domino: logins that its SMTP, POP3 and IMAP tasks refuse, in console.log (`log_sessions=2`).

`22-06-2014 09:56:12   smtp: U [203.0.113.7] authentication failure using internet password`, the date as the server's own
country writes it, with or without `[process:thread-id]` before it. The name is the client's own text: the address is read from
the end.
`SMTP Server: Authentication failed for user U ; connecting host A` tells of the same try.

Source: fail2ban's filter domino-smtp and its sample lines.
"""

import re

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.pattern import Format

__all__ = ["FORMAT", "claim_text"]

_TASKS = {"smtp": "smtp", "pop3": "pop3", "imap": "imap", "SMTP Server": "smtp"}
_END = " authentication failure using internet password"
_REFUSED = re.compile(rf"(?:(.*) )?\[?([0-9A-Fa-f.:]{{2,45}})\]?{_END}\s*$", re.DOTALL)
_FAILED = re.compile(r"(.*?) ?; connecting host \[?([0-9A-Fa-f.:]{2,45})\]?\s*$", re.DOTALL)
_SERVER = "SMTP Server: Authentication failed for user "

FORMAT = Format("domino", ())


def claim_text(text: str) -> bool:
    """Say whether a text is Domino's."""
    text = text.lstrip(" ")
    return (text[:6] in ("smtp: ", "pop3: ", "imap: ") and _END in text) or text.startswith(_SERVER)


def _tried(event: Event, found: re.Match[str] | None, teller: str) -> bool:
    if found is None:
        return False
    event.source_ip, event.user_name = ip(found[2]), found[1] or None
    event.event_action, event.event_outcome, event.event_reason = "auth-failure", "failure", "credentials_rejected"
    event.set("mail.auth.teller", teller)
    return event.source_ip is not None


@FORMAT.pattern(_END, anywhere=True)
def refused(event: Event, text: str) -> bool:
    """A wrong password, or nobody of that name."""
    task, _, rest = text.lstrip(" ").partition(": ")
    event.network_protocol = _TASKS.get(task)
    return task in _TASKS and not text.lstrip(" ").startswith(_SERVER) and _tried(event, _REFUSED.match(rest), "task")


@FORMAT.pattern(_SERVER, anywhere=True)
def failed(event: Event, text: str) -> bool:
    """The same, in the words of the SMTP task's own log."""
    text = text.lstrip(" ")
    event.network_protocol = "smtp"
    return text.startswith(_SERVER) and _tried(event, _FAILED.match(text[len(_SERVER) :]), "server")
