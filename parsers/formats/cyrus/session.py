"""What clients do while they are logged in: the end of sessions, and the audit log (`auditlog: yes`).

Source: imap/imapd.c, pop3d.c, auditlog.c, telemetry.c of cyrus-imapd 2.4 to 3.10.
"""

import re

from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.cyrus.program import FORMAT
from mailwarden.parsers.life import noted

__all__ = []

_USAGE = re.compile(r"(.{1,255}) user: [0-9]{1,9}\.[0-9]{1,9} sys: [0-9]{1,9}\.[0-9]{1,9}$", re.DOTALL)
_COUNTS = re.compile(r"counts: retr=<([0-9]{1,9})> top=<([0-9]{1,9})> dele=<([0-9]{1,9})>$")


@FORMAT.pattern("USAGE ")
def ended(event: Event, rest: str) -> bool:
    """The end of a session: `bob user: 0.010075 sys: 0.010075`."""
    found = _USAGE.match(rest)
    if found is None:
        return False
    event.event_action = "session-end"
    event.user_name = found[1]
    return True


@FORMAT.pattern("counts: ")
def counted(event: Event, rest: str) -> bool:
    """What a POP3 session fetched and deleted; it has this line whether or not somebody logged in."""
    found = _COUNTS.match("counts: " + rest)
    if found is None:
        return False
    event.event_action = "connection-close"
    for name, count in zip(("retr", "top", "dele"), found.groups(), strict=True):
        event.set(f"cyrus.{name}_count", int(count))
    return True


_AUDITED = {
    "expunge": "mailbox-expunge", "create": "mailbox-change", "delete": "mailbox-change", "rename": "mailbox-change",
    "acl": "mailbox-change",
}  # fmt: skip
_BYTES = re.compile(r"[0-9]{1,18}")
_FIELD = re.compile(r" ([a-z_-]{2,20})=(?:<([^<>]{0,1000})>|([^\s<>]{1,1000}))")


@FORMAT.pattern("auditlog: ")
def audited(event: Event, rest: str) -> bool:
    """An act on a mailbox: `expunge sessionid=<…> mailbox=<user.bob> … size=<3210>`."""
    fields = {name: inner or bare for name, inner, bare in _FIELD.findall(rest)}
    event.event_action = _AUDITED.get(rest.partition(" ")[0], "statistics")
    event.mail_session_id = fields.get("sessionid") or None
    event.mail_mailbox = fields.get("mailbox") or fields.get("newmailbox") or None
    for counted_, name in (("bytes_in", "cyrus.bytes_in"), ("bytes_out", "cyrus.bytes_out")):
        if _BYTES.fullmatch(fields.get(counted_, "")):
            event.set(name, int(fields[counted_]))
    return True


_OPEN = re.compile(r"user (.{1,255}) opened ", re.DOTALL)


@FORMAT.pattern("open: ", "seen_db: ")
def opened(event: Event, rest: str) -> bool:
    """A mailbox that a user looks into."""
    found = _OPEN.match(rest)
    if found is not None:
        event.user_name = found[1]
    return noted(event)


@FORMAT.pattern("IMAP session stats : ", "POP session stats : ", "LMTP session stats : ", "client id sessionid=")
def told(event: Event, rest: str) -> bool:  # noqa: ARG001
    """What a session moved, and the client's own name for itself."""
    return noted(event)
