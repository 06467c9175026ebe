"""What Cyrus spreads over the lines of one session: the encryption, the login, and how it ended.

Each line bears the number of the process, which serves one client after the other. `starttls:` names no client and `login:` no
version of TLS; `counts:` ends every POP3 session, and tells nothing of whether anybody was let in.
"""

import msgspec

from mailwarden.alerts.state.shelf import Backing, Shelf
from mailwarden.parsers.event import Event

__all__ = ["CyrusSessions"]

_SESSION_US = 24 * 3_600_000_000  # IMAP's IDLE keeps a session that long
_TRIES = frozenset({"auth-success", "auth-failure", "auth-error"})


class _Session(msgspec.Struct, array_like=True):
    """What is known of the client that a process serves now."""

    at_us: int
    tls_version: str | None = None
    tried: bool = False


class CyrusSessions:
    """Joins the lines of each session.

    It sets `tls.version` on logins, and on the end of a POP3 session without TLS in which nobody tried to log in the reason
    `no_auth_attempts`: where Cyrus refuses a password in clear it writes no other line of it.
    """

    def __init__(self, backing: Backing) -> None:
        self._sessions = Shelf("session.cyrus", 1, _Session, lambda one: one.at_us + _SESSION_US, backing)
        self.shelves = (self._sessions,)

    def join(self, event: Event) -> None:
        """Set what other lines of the session told, and learn from this one."""
        action = event.event_action
        if action == "tls-established":
            self._sessions.put(_key(event), _Session(event.stream_us, event.tls_version or "unknown"))
        elif action in _TRIES:
            self._try(event)
        elif action in ("connection-close", "session-end"):
            self._end(event)

    def _try(self, event: Event) -> None:
        session = self._sessions.get(_key(event))
        if (
            session is None or event.tls_established is False
        ):  # a login tells whether it is encrypted; if not, he is the next
            session = _Session(event.stream_us)
        if session.tls_version is not None:
            event.tls_established = True
            if session.tls_version != "unknown":
                event.tls_version, event.tls_version_protocol = session.tls_version, "tls"
        if not session.tried:
            session.tried = True
            self._sessions.put(_key(event), session)

    def _end(self, event: Event) -> None:
        session = self._sessions.get(_key(event))
        is_pop3 = event.event_action == "connection-close" and event.network_protocol == "pop3"
        if is_pop3 and session is None and not (event.process_name or "").endswith("s"):
            event.event_outcome, event.event_reason, event.tls_established = "failure", "no_auth_attempts", False
        if session is not None and (is_pop3 or event.network_protocol != "pop3"):
            self._sessions.delete(_key(event))


def _key(event: Event) -> str:
    return f"{event.host_hostname}\x1f{event.process_name}\x1f{event.process_pid}"
