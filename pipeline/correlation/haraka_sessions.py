"""What Haraka's lines of a session tell of each other: by the session's id.

The first line names the client, a later one its login, others a message's sender, recipients, id and size; that the queue has
the message stands on a line that names nothing. Recipients that are to be relayed are refused without a line of their own:
the last line's counts tell of them, less those that other lines told of.
"""

import msgspec

from mailwarden.alerts.state.shelf import Backing, Shelf
from mailwarden.parsers.event import Event

__all__ = ["QUESTIONS", "HarakaSessions"]

_SESSION_US = 2 * 3_600_000_000
_MESSAGE_US = 2 * 86_400_000_000
QUESTIONS = 5  # recipients of a session without a message; who checks a sender asks for one or two
_MOST = 50  # recipients of a message that are remembered
_SMTPS = 465
_SUBMISSION = (_SMTPS, 587)  # there Haraka takes mail from nobody who has not logged in


class _Session(msgspec.Struct, array_like=True):
    """What is known of one session."""

    at_us: int
    source_ip: str | None = None
    source_port: int | None = None
    port: int | None = None  # of ours
    domain: str | None = None
    helo: str | None = None
    user: str | None = None  # told by a line
    logged_in: bool = False
    failing: bool = False  # the login that is answered next has failed
    talkative: bool = False  # plugins' answers are logged (level INFO), so that a login would be seen
    tls: str | None = None  # the version; empty where it is not told
    sender: str | None = None
    recipients: list[str] = []
    count: int = 0
    message_id: str | None = None
    size: int | None = None
    soft: int = 0  # refusals of recipients that lines have told of: for now
    hard: int = 0  # and for good
    asked: list[str] = []  # recipients that were accepted, as long as no message followed
    gave: bool = False  # a message came


class _Message(msgspec.Struct, array_like=True):
    """Whom a message goes to, which the line of its delivery does not say."""

    at_us: int
    recipients: list[str] = []


class HarakaSessions:
    """Joins the lines of each session, and of each message's deliveries.

    Args:
        backing: Where sessions are remembered.
    """

    def __init__(self, backing: Backing) -> None:
        self._sessions = Shelf("session.haraka", 1, _Session, lambda one: one.at_us + _SESSION_US, backing)
        self._messages = Shelf("message.haraka", 1, _Message, lambda one: one.at_us + _MESSAGE_US, backing)
        self.shelves = (self._sessions, self._messages)

    def join(self, event: Event) -> None:
        """Set what other lines told, and learn from this one."""
        if event.event_action == "delivery":
            self._deliver(event)
        elif event.mail_session_id is not None:
            self._join(event, f"{event.host_hostname}\x1f{event.mail_session_id}")

    def _join(self, event: Event, key: str) -> None:
        action = event.event_action
        if action == "connection-open":
            port = event.destination_port
            self._sessions.put(key, _Session(event.stream_us, event.source_ip, event.source_port, port))
            return
        session = self._sessions.get(key)
        if session is None:
            if event.log_level in ("debug", "protocol", "data"):
                return
            session = _Session(event.stream_us, event.source_ip)
        ends = event.source_ip is not None and event.extra is not None and "haraka.refused" in event.extra
        step = (event.extra or {}).get("haraka.step")
        if not ends:
            self._learn(event, session, step)
        self._tell(event, session, step)
        if ends:
            self._end(event, session)
            self._sessions.delete(key)
        else:
            self._sessions.put(key, session)

    def _learn(self, event: Event, session: _Session, step: object) -> None:
        session.talkative = session.talkative or event.log_level in ("info", "debug")
        if event.event_action == "tls-established":
            session.tls = event.tls_version or ""
        elif step == "delayed":
            session.logged_in, session.failing = False, True
        elif step == "auth":
            session.logged_in, session.failing = not session.failing, False
        elif step == "named":
            session.user = event.user_name
            session.logged_in = event.event_action == "auth-success"
        elif step == "logged-in":
            session.logged_in = True
        elif step == "sender":
            session.sender = event.email_from_address[0] if event.email_from_address else ""
            session.recipients, session.count, session.message_id, session.size = [], 0, None, None
            session.logged_in = session.logged_in or session.port in _SUBMISSION
        elif step == "recipient" and event.email_to_address:
            session.count += 1
            address = event.email_to_address[0]
            if len(session.asked) < _MOST and address not in session.asked:
                session.asked = [*session.asked, address]
            if len(session.recipients) < _MOST:
                session.recipients = [*session.recipients, event.email_to_address[0]]
            if session.sender is None and event.email_from_address is not None:
                session.sender = event.email_from_address[0] if event.email_from_address else ""
        elif step == "message":
            session.gave = True
            session.message_id, session.size = event.email_message_id, event.mail_size
            if event.mail_recipient_count is not None and event.mail_recipient_count != session.count:
                # Some were refused: which is not told.
                session.recipients, session.count = [], event.mail_recipient_count
        elif event.event_action == "reject" and event.smtp_stage == "RCPT" and event.smtp_reply_code != 501:
            if event.mail_reject_temporary:
                session.soft += 1
            else:
                session.hard += 1

    def _tell(self, event: Event, session: _Session, step: object) -> None:
        """Put what is known of a client, and of its message, on an event."""
        if event.event_action in ("statistics", "connection-close") and step is None:
            return
        event.source_ip = event.source_ip or session.source_ip
        event.source_port = event.source_port or session.source_port
        if step == "logged-in" and session.user is not None:
            event.event_action, event.event_outcome, event.user_name = "auth-success", "success", session.user
        if event.event_action in ("auth-failure", "auth-success", "message-received"):
            _encrypted(event, session)
        if event.event_action == "auth-failure":
            event.user_name = event.user_name or session.user
        if event.event_action == "reject" and event.email_from_address is None and session.sender:
            event.email_from_address = [session.sender]
        if event.event_action != "message-received":
            return
        event.email_from_address = [session.sender] if session.sender else []
        event.email_to_address = session.recipients or None
        event.mail_recipient_count = session.count or None
        event.email_message_id, event.mail_size = session.message_id, session.size
        if session.logged_in:
            event.user_name = session.user or session.sender or None
        elif not session.talkative:
            event.set("haraka.login_unseen", True)
        if event.mail_queue_id is not None and session.recipients:
            self._messages.put(_key(event), _Message(event.stream_us, session.recipients))

    def _end(self, event: Event, session: _Session) -> None:
        """Take off a session's refusals those that were told of; the others are of recipients that are none of ours."""
        if event.event_action == "connection-close" and not (session.gave or session.logged_in):
            self._note_questions(event, session)
        soft, hard = (int(part) for part in str((event.extra or {})["haraka.refused"]).split("/"))
        if event.event_action != "reject" or not (soft or hard):
            return
        soft, hard = max(soft - session.soft, 0), max(hard - session.hard, 0)
        if not soft and not hard:
            event.event_action, event.event_outcome, event.event_reason = "connection-close", None, None
            event.smtp_reply_code = event.smtp_reply_enhanced_code = event.smtp_reply_text = event.smtp_stage = None
            event.event_count, event.mail_reject_temporary = 1, None
            return
        event.event_count = soft + hard
        event.mail_reject_temporary = not hard
        if hard and event.event_reason is None and session.source_port is not None:
            event.smtp_reply_code, event.smtp_reply_text = 550, None  # the last answer was to something else
            event.event_reason = "relay_denied"  # what a plugin refuses has a line, and nothing else refuses

    def _note_questions(self, event: Event, session: _Session) -> None:
        """Say of a client that named many recipients and gave no message that it asked which exist: here all did."""
        if len(session.asked) >= QUESTIONS and "haraka.relaying" not in (event.extra or {}):
            event.event_action = "address-question"
            event.smtp_stage = "RCPT"
            event.email_to_address = session.asked
            event.event_count = len(session.asked)

    def _deliver(self, event: Event) -> None:
        """Say for whom a delivery was whose line names the domain, or nothing."""
        if event.email_to_address is not None or event.mail_queue_id is None:
            return
        message = self._messages.get(_key(event))
        if message is None:
            return
        domain = (event.extra or {}).get("haraka.domain")
        if domain is not None:
            event.email_to_address = [
                one for one in message.recipients if one.rpartition("@")[2].lower() == domain
            ] or None
        elif len({one.rpartition("@")[2].lower() for one in message.recipients}) == 1:
            event.email_to_address = message.recipients
            event.event_count = len(message.recipients)


def _key(event: Event) -> str:
    return f"{event.host_hostname}\x1f{event.mail_queue_id}"


def _encrypted(event: Event, session: _Session) -> None:
    """Say that a session is encrypted, where a line or its port tells; that it is not, no line tells before its end."""
    if session.tls is not None or session.port == _SMTPS:
        event.tls_established = True
        if session.tls:
            event.tls_version_protocol, event.tls_version = "tls", session.tls
