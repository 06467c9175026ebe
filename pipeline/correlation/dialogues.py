"""What the lines of a dialogue tell of each other: of servers that log each command and each answer.

Exchange's protocol logs and hMailServer's name the client on every line, but the login, the sender and the recipient on other
lines than the one that refuses them. The formats say by `smtp.stage` which command a line of `statistics` is.
"""

import msgspec

from mailwarden.alerts.state.shelf import Backing, Shelf
from mailwarden.parsers.event import Event

__all__ = ["DIALOGUES", "Dialogues"]

DIALOGUES = frozenset({"exchange", "hmailserver"})
"""The formats that log so."""

_SESSION_US = 3_600_000_000  # longer than RFC 5321 lets a client be silent (4.5.3.2)
_TAKEN = 250  # by the server that was called, of a message; of its recipients before
_MOST = 50  # recipients of a message that are remembered
_ENDS = frozenset({"connection-close", "connection-lost"})
_OF_A_LOGIN = frozenset({"auth-failure", "auth-error", "auth-success"})
_OF_A_CLIENT = _OF_A_LOGIN | {"delivery", "message-received", "rate-limit", "reject"}


class _Session(msgspec.Struct, array_like=True):
    """What is known of one session."""

    at_us: int
    named: str | None = None  # by the login that is under way
    user: str | None = None  # who has logged in
    sender: str | None = None
    recipients: list[str] = []
    stage: str | None = None  # of the command that is answered next
    messages: int = 0
    tls: list[str | None] | None = None  # version and protocol, where the session is encrypted


class Dialogues:
    """Joins the lines of each session.

    Args:
        backing: Where sessions are remembered.
    """

    def __init__(self, backing: Backing) -> None:
        self._sessions = Shelf("session.dialogue", 1, _Session, lambda one: one.at_us + _SESSION_US, backing)
        self.shelves = (self._sessions,)

    def join(self, event: Event) -> None:
        """Set what other lines of the session told, and learn from this one."""
        if event.mail_session_id is None:
            return
        key = f"{event.host_hostname}\x1f{event.process_name}\x1f{event.mail_session_id}"
        action = event.event_action
        if action in _ENDS or action == "connection-open":
            self._sessions.delete(key)
            return
        session = self._sessions.get(key) or _Session(event.stream_us)
        if session.stage == "DATA" and event.smtp_reply_code == _TAKEN and action == "statistics":
            action = event.event_action = "delivery"
            event.mail_delivery_status, event.event_outcome = "sent", "success"
        if action in _OF_A_CLIENT:
            _tell(event, session)
        if _learn(event, session):
            self._sessions.put(key, session)


def _tell(event: Event, session: _Session) -> None:
    """Put what is known of a client, and of its message, on an event."""
    if session.tls is not None and event.tls_established is None:
        event.tls_established = True
        event.tls_version, event.tls_version_protocol = session.tls
    if event.event_action in _OF_A_LOGIN:
        event.user_name = event.user_name or session.named
        return
    event.user_name = event.user_name or session.user
    if event.email_from_address is None and session.sender is not None:
        event.email_from_address = [session.sender] if session.sender else []
    if event.event_action == "message-received":
        event.email_to_address = event.email_to_address or session.recipients or None
        session.messages += 1
        event.mail_queue_id = event.mail_queue_id or f"{event.mail_session_id}-{session.messages}"  # the log names none
        return
    if event.event_action == "delivery":
        event.email_to_address = session.recipients[-1:] if session.stage == "RCPT" else session.recipients
        event.event_count = max(len(event.email_to_address), 1)
        return
    event.smtp_stage = event.smtp_stage or session.stage
    if event.smtp_stage == "RCPT" and event.email_to_address is None and session.recipients:
        event.email_to_address = session.recipients[-1:]


def _learn(event: Event, session: _Session) -> bool:
    """Note what a line tells; say whether it told anything."""
    action, stage = event.event_action, event.smtp_stage
    if action == "auth-success":
        session.user, session.named = event.user_name, None
    elif action == "tls-established":
        session.tls = [event.tls_version, event.tls_version_protocol]
    elif action in ("reject", "delivery"):
        if session.stage == "RCPT":
            session.recipients = session.recipients[:-1]
        else:
            session.stage = None
    elif action in ("auth-failure", "auth-error"):
        session.named = None
    elif action == "statistics" and stage is not None:
        session.stage = stage
        if event.user_name is not None:
            session.named = event.user_name
        if stage == "MAIL":
            session.sender, session.recipients = (event.email_from_address or [""])[0], []
        elif stage == "RCPT" and event.email_to_address and len(session.recipients) < _MOST:
            session.recipients = [*session.recipients, event.email_to_address[0]]
    else:
        return False
    return True
