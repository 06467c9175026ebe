"""Sessions whose lines bear an id, in servers that tell who was connected or logged in on one line of it only.

Stalwart's are known by the client's address and port, mox's and KumoMTA's by a number.
"""

import msgspec

from mailwarden.alerts.state.shelf import Backing, Shelf
from mailwarden.parsers.event import Event

__all__ = ["IDENTIFIED", "IdentifiedSessions"]

IDENTIFIED = frozenset({"stalwart"})
"""The formats whose sessions are joined here."""

_SESSION_US = 6 * 3_600_000_000  # longer than any server keeps a session that says nothing
_ENDS = frozenset({"connection-close", "connection-lost"})
_OF_A_CLIENT = frozenset(
    {"auth-error", "auth-failure", "auth-success", "connection-close", "message-received", "protocol-error", "reject"}
)


class _Session(msgspec.Struct, array_like=True):
    """What is known of one session."""

    at_us: int
    source_ip: str | None = None
    user: str | None = None
    tls: list[str] | None = None  # version, protocol and cipher, where it is encrypted


class IdentifiedSessions:
    """Joins the lines of each session.

    Args:
        backing: Where sessions are remembered.
    """

    def __init__(self, backing: Backing) -> None:
        self._sessions = Shelf("session.identified", 1, _Session, lambda one: one.at_us + _SESSION_US, backing)
        self.shelves = (self._sessions,)

    def join(self, event: Event) -> None:
        """Set what other lines of the session told, and learn from this one."""
        if event.mail_session_id is None:
            return
        key = f"{event.event_module}\x1f{event.host_hostname or ''}\x1f{event.mail_session_id}"
        action = event.event_action
        if action == "connection-open":
            self._sessions.put(key, _Session(event.stream_us, event.source_ip))
            return
        session = self._sessions.get(key)
        if action in ("auth-success", "tls-established"):
            session = session or _Session(event.stream_us, event.source_ip)
            if action == "auth-success":
                session.user = event.user_name
            else:
                session.tls = [event.tls_version or "", event.tls_version_protocol or "", event.tls_cipher or ""]
            self._sessions.put(key, session)
        if session is None:
            return
        if action in _OF_A_CLIENT:
            _tell(event, session)
        if action in _ENDS:
            self._sessions.delete(key)


def _tell(event: Event, session: _Session) -> None:
    event.source_ip = event.source_ip or session.source_ip
    if event.event_action == "message-received" and event.user_name is None:
        event.user_name = session.user
    if session.tls is not None and event.tls_version is None:
        event.tls_established = True
        version, protocol, cipher = session.tls
        event.tls_version, event.tls_version_protocol, event.tls_cipher = (
            version or None,
            protocol or None,
            cipher or None,
        )
