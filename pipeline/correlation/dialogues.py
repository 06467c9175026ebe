"""What the lines of a session tell of each other, where they bear its id.

Stalwart tells of the client and the login on one line each, Maddy with the sender; Exchange's protocol logs and hMailServer log
each command and each answer, and name the login, the sender and the recipient on other lines than the one that refuses them.
The formats say by `smtp.stage` which command a line of `statistics` is.
"""

import msgspec

from mailwarden.alerts.state.shelf import Backing, Shelf
from mailwarden.parsers.event import Event
from mailwarden.parsers.servers import servers_where

__all__ = ["Dialogues"]

_SESSION_US = 6 * 3_600_000_000  # longer than any server keeps a session that says nothing
_TAKEN = 250  # by the server that was called, of a message; of its recipients before
_MOST = 50  # recipients of a message that are remembered
_ENDS = frozenset({"connection-close", "connection-lost"})
_OF_A_LOGIN = frozenset({"auth-failure", "auth-error", "auth-success"})
_TOLD_LATE = servers_where(lambda one: one.session is not None and one.logins_at_end)
_TOLD_BY_CODE = frozenset({"mdaemon"})  # that a client's message was taken; of deliveries nothing is read
_OF_A_MESSAGE = frozenset({"message-received", "rate-limit", "reject"})


class _Session(msgspec.Struct, array_like=True):
    """What is known of one session."""

    at_us: int
    source_ip: str | None = None
    named: str | None = None  # by the login that is under way
    user: str | None = None  # who has logged in
    sender: str | None = None
    recipients: list[str] = []
    stage: str | None = None  # of the command that is answered next
    messages: int = 0
    tls: list[str | None] | None = None  # version, protocol and cipher, where the session is encrypted


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
        key = f"{event.event_module}\x1f{event.host_hostname}\x1f{event.process_name}\x1f{event.mail_session_id}"
        action = event.event_action
        if action == "connection-open":
            tls: list[str | None] | None = [None, None, None] if event.tls_established else None
            self._sessions.put(key, _Session(event.stream_us, event.source_ip, tls=tls))
            return
        session = self._sessions.get(key) or _Session(event.stream_us)
        if session.stage == "DATA" and event.smtp_reply_code == _TAKEN and action == "statistics":
            event.event_outcome = "success"
            if event.event_module in _TOLD_BY_CODE:
                event.event_action = "message-received"
            else:
                event.event_action, event.mail_delivery_status = "delivery", "sent"
        _tell(event, session)
        if action in _ENDS:
            self._sessions.delete(key)
        elif _learn(event, session):
            self._sessions.put(key, session)


def _tell(event: Event, session: _Session) -> None:
    """Put what is known of a client, and of its message, on an event."""
    action = event.event_action
    if action == "delivery":
        _tell_recipients(event, session)
        return
    if action in _ENDS or action == "protocol-error" or action in _OF_A_LOGIN or action in _OF_A_MESSAGE:
        event.source_ip = event.source_ip or session.source_ip
        if session.tls is not None and event.tls_version is None:
            event.tls_established = True
            event.tls_version, event.tls_version_protocol, event.tls_cipher = session.tls
    if action in _ENDS and event.user_name and not session.messages and event.event_module in _TOLD_LATE:
        event.event_action, event.event_outcome = "auth-success", "success"
    elif action in _OF_A_LOGIN:
        event.user_name = event.user_name or session.named
    elif action in _OF_A_MESSAGE:
        event.user_name = event.user_name or session.user
        if event.email_from_address is None and session.sender is not None:
            event.email_from_address = [session.sender] if session.sender else []
        _tell_message(event, session)


def _tell_message(event: Event, session: _Session) -> None:
    if event.event_action == "message-received":
        event.email_to_address = event.email_to_address or session.recipients or None
        session.messages += 1
        event.mail_queue_id = event.mail_queue_id or f"{event.mail_session_id}-{session.messages}"  # the log names none
        return
    event.smtp_stage = event.smtp_stage or session.stage
    if event.smtp_stage == "RCPT" and event.email_to_address is None and session.recipients:
        event.email_to_address = session.recipients[-1:]


def _tell_recipients(event: Event, session: _Session) -> None:
    """Say of which recipients another server's answer is; where the line does not name them."""
    if event.email_to_address is None and session.recipients:
        event.email_to_address = session.recipients[-1:] if session.stage == "RCPT" else session.recipients
        event.event_count = len(event.email_to_address)


def _learn(event: Event, session: _Session) -> bool:
    """Note what a line tells; say whether it told anything."""
    action = event.event_action
    if action == "auth-success":
        session.user, session.named = event.user_name, None
    elif action == "tls-established":
        session.tls = [event.tls_version, event.tls_version_protocol, event.tls_cipher]
    elif action in ("reject", "delivery"):
        if session.stage == "RCPT" and event.email_to_address == session.recipients[-1:]:
            session.recipients = session.recipients[:-1]
        elif session.stage != "RCPT":
            session.stage = None
    elif action in ("auth-failure", "auth-error"):
        session.named = None
    elif action == "message-received":
        session.stage = None
    elif action == "statistics" and event.smtp_stage is not None:
        _follow(event, session)
    else:
        return False
    session.source_ip = session.source_ip or event.source_ip
    return True


def _follow(event: Event, session: _Session) -> None:
    """Note a command."""
    session.stage = stage = event.smtp_stage
    if event.user_name is not None:
        session.named = event.user_name
    if stage == "MAIL":
        session.user = event.user_name or session.user
        session.sender, session.recipients = (event.email_from_address or [""])[0], []
    elif stage == "RCPT" and event.email_to_address and len(session.recipients) < _MOST:
        session.recipients = [*session.recipients, event.email_to_address[0]]
