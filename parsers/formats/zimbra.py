"""Zimbra's mailbox server: logins by web, IMAP, POP3 and administrators, as `audit.log` and `mailbox.log` have them.

`WARN  [thread] [oip=203.0.113.7;ua=…;] security - cmd=Auth; account=U; protocol=soap; error=…;`. What stands in the second
brackets behind `ua=` and `via=` is the client's own text, and so is the account: the address is read before both. In
`mailbox.log` each request has its category, `SoapEngine - handler exception: authentication failed for [U], invalid password`;
both tell of one try. Its Postfix, amavis and OpenDKIM write as everywhere.

Source: ZimbraLog.java and AuthProvider of zm-mailbox; the mail proxy is nginx's (`formats/nginx.py`).
"""

import re

from mailwarden.parsers.address import forwarded
from mailwarden.parsers.event import Event
from mailwarden.parsers.life import noted
from mailwarden.parsers.pattern import Format

__all__ = ["FORMAT", "claim_text"]

_HEAD = r"(?:DEBUG|INFO|WARN|ERROR) {1,2}\[[^\]]{1,400}\] \[([^\]]{0,2000})[^\n]{0,200}?\] "
_AUDIT = re.compile(_HEAD + "security - cmd=")
_MAILBOX = re.compile(_HEAD + "(?:SoapEngine|account|imap|pop|soap|mailop|lmtp|session) - ")
_MARK = "] security - cmd="
_REFUSED = "] SoapEngine - handler exception: authentication failed for ["
_CLIENT = re.compile(r"(?:^|;)ip=([^;]{2,200})")
_ORIGINAL = re.compile(r"(?:^|;)oip=([^;]{2,200})")
_CLIENTS_OWN = re.compile(r"(?:^|;)(?:via|ua)=")
_TRY = re.compile(r"(?:Admin)?Auth; account=(.*); protocol=([a-z_0-9]{1,20});(?: error=(.*))?$", re.DOTALL)
_PROTOCOLS = {"imap": "imap", "pop3": "pop3"}  # the rest is the web's: soap, http_basic, zsync
_REASONS = (
    ("invalid password", "wrong_password"),
    ("account not found", "unknown_user"),
    ("lockout", "user_disabled"),
    ("status is", "user_disabled"),
    ("must change password", "password_expired"),
    ("two-factor", "mfa_required"),
)


def claim_text(text: str) -> bool:
    """Say whether a text behind the stamp of an own file is an entry of the audit log, or of the mailbox server's own."""
    return text[:1] in "DIWE" and (_AUDIT.match(text) is not None or _MAILBOX.match(text) is not None)


FORMAT = Format("zimbra", ("zimbra",))


def _client(head: str) -> str | None:
    """Give the address in the brackets that stand last before the category, or last of all."""
    context = head.rpartition(" [")[2]
    own = _CLIENTS_OWN.search(context)
    context = context[: own.start()] if own else context
    client = _ORIGINAL.search(context) or _CLIENT.search(context)
    return forwarded(client[1]) if client else None


def _why(event: Event, error: str) -> None:
    event.event_action, event.event_outcome = "auth-failure", "failure"
    event.event_reason = next((reason for words, reason in _REASONS if words in error), "credentials_rejected")


@FORMAT.pattern(_MARK, anywhere=True)
def audited(event: Event, text: str) -> bool:
    """A login, or what an administrator did."""
    before, _, said = text.partition(_MARK)
    event.source_ip = _client(before)
    found = _TRY.match(said)
    if found is None:
        return noted(event)
    event.user_name = found[1] or None
    event.network_protocol = _PROTOCOLS.get(found[2], "http")
    event.mail_parse_ambiguous = _MARK in said or None
    if found[3] is None:
        event.event_action, event.event_outcome = "auth-success", "success"
        return not event.mail_parse_ambiguous  # an account may spell an entry of its own: nobody is let in by that
    _why(event, found[3].rpartition("]")[2])
    return True


@FORMAT.pattern(_REFUSED, anywhere=True)
def refused(event: Event, text: str) -> bool:
    """A login that the mailbox server refuses, as its own log tells of it."""
    before, _, said = text.partition(_REFUSED)
    if _MARK in text:
        return False
    event.process_name = "mailboxd"  # tells of the tries that the audit log has, too
    account, _, error = said.rpartition("], ")
    event.source_ip, event.user_name = _client(before), account or None
    event.network_protocol = "http"
    _why(event, error)
    return True


@FORMAT.pattern(
    "] SoapEngine - ", "] account - ", "] imap - ", "] pop - ", "] soap - ", "] mailop - ", "] lmtp - ", "] session - ",
    anywhere=True,
)  # fmt: skip
def other(event: Event, text: str) -> bool:
    """What else the mailbox server does; its logins stand in the audit log."""
    return _MARK not in text and _REFUSED not in text and noted(event)
