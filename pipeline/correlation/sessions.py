"""Who was connected, on the lines of a session that do not say so.

OpenSMTPD writes the client's address on the first line of a session alone, and the login on another. Sendmail serves a client
by a process of its own: its number joins `connect from`, `AUTH=server`, `<A>... User unknown` and `from=`; at its usual log
level the last one alone names the client, and then tells of those before it.
"""

from collections.abc import Callable

import msgspec

from mailwarden.alerts.facts.ledger import Ledger
from mailwarden.alerts.state.shelf import Backing, Shelf
from mailwarden.parsers.event import Event
from mailwarden.parsers.reply import provider_of
from mailwarden.parsers.servers import SERVERS, servers_where
from mailwarden.pipeline.correlation.cyrus_sessions import CyrusSessions
from mailwarden.pipeline.correlation.dialogues import Dialogues
from mailwarden.pipeline.correlation.haraka_sessions import QUESTIONS, HarakaSessions
from mailwarden.pipeline.correlation.mox_queue import MoxQueue
from mailwarden.pipeline.correlation.proxies import Proxies

__all__ = ["JOINED", "Sessions"]

JOINED = servers_where(lambda one: one.session)
"""The formats whose lines are joined."""

_SESSION_US = 6 * 3_600_000_000  # longer than any server keeps a session that says nothing
_MOST_UNKNOWN = 50  # recipients that are remembered until their client is named
_ENDS = frozenset({"connection-close", "connection-lost", "tls-failed"})
_CLIENTS = frozenset(
    {
        "auth-error", "auth-failure", "auth-success", "connection-close", "connection-lost", "discard", "message-held",
        "message-queued", "message-received", "protocol-error", "reject", "session-end", "statistics", "tls-established",
        "tls-failed",
    }
)  # fmt: skip
"""Actions that are a client's."""
_TELLING = frozenset({"auth-error", "auth-failure", "auth-success", "tls-established"})
"""Actions that tell something of a sendmail session that later lines need."""
_TRICKS = ("%", "!", "@", '"')


class _Session(msgspec.Struct, array_like=True):
    """What is known of one session."""

    at_us: int
    source_ip: str | None = None
    source_domain: str | None = None  # the client's; of a server that we called, its own
    user: str | None = None
    method: str | None = None
    local: bool = False  # a program of this machine
    outward: bool = False  # a server that we called
    unknown: list[str] = []  # refused recipients of a client that is not named yet
    missed: int = 0  # and how many
    tls: list[str] | None = None  # version, protocol and cipher, where the session is encrypted
    seen: bool = False  # from its beginning: what was not told was not
    tried: bool = False  # a password, in vain
    named: list[str] = []  # recipients that were accepted, of a message that did not come


class Sessions:
    """Joins the lines of each session.

    Args:
        ledger: Knows which domains are ours; None where nobody does.
        backing: Where sessions are remembered.
    """

    def __init__(self, ledger: Ledger | None, backing: Backing) -> None:
        self._ledger = ledger
        self._sessions = Shelf("session", 1, _Session, lambda one: one.at_us + _SESSION_US, backing)
        self._cyrus = CyrusSessions(backing)
        self._haraka = HarakaSessions(backing)
        self.proxies = Proxies(backing)
        self._dialogues = Dialogues(backing)
        self._mox = MoxQueue(self._dialogues, backing)
        keepers = (self._cyrus, self._haraka, self._dialogues, self._mox, self.proxies)
        self.shelves = (self._sessions, *(shelf for keeper in keepers for shelf in keeper.shelves))
        self._joiners: dict[str | None, Callable[[Event], None]] = {
            "opensmtpd": self._join_opensmtpd,
            "process": self._join_sendmail,
            "haraka": self._haraka.join,
            "cyrus": self._cyrus.join,
            "dialogue": self._dialogues.join,
            "mox": self._mox.join,
            "maddy": self._join_maddy,
            "proxy": self.proxies.join,
        }

    def join(self, event: Event) -> None:
        """Set what other lines of the session told, and learn from this one."""
        self._joiners[SERVERS[event.event_module or ""].session](event)

    def _join_maddy(self, event: Event) -> None:
        self._dialogues.join(event)
        if event.event_action == "reject" and event.event_reason == "unknown_recipient":
            self._judge_recipient(event)

    # ------------------------------------------------------------------ OpenSMTPD

    def _join_opensmtpd(self, event: Event) -> None:
        action = event.event_action
        if event.mail_session_id is None or action == "delivery":
            return
        key = f"{event.host_hostname}\x1f{event.mail_session_id}"
        if action == "connection-open":
            self._open(event, key)
            return
        session = self._sessions.get(key)
        if session is not None and not session.outward and action in _CLIENTS:
            self._tell(event, session)
            if action == "auth-success":
                session.user = event.user_name
                _encrypt(event, session)
                self._sessions.put(key, session)
            elif action == "tls-established":
                session.tls = _tls(event)
                self._sessions.put(key, session)
        if action in _ENDS and session is not None:
            self._sessions.delete(key)
        if action == "reject" and event.event_reason == "unknown_recipient":
            self._judge_recipient(event)

    def _open(self, event: Event, key: str) -> None:
        extra = event.extra or {}
        local = bool(extra.get("opensmtpd.local"))
        session = _Session(event.stream_us, event.source_ip, event.source_domain, local=local)
        session.seen = True
        session.outward = event.destination_ip is not None or event.destination_domain is not None
        self._sessions.put(key, session)

    def _tell(self, event: Event, session: _Session) -> None:
        """Put what is known of a client on an event."""
        if event.source_ip is None:
            event.source_ip, event.source_domain = session.source_ip, session.source_domain
        if session.local:
            event.set("opensmtpd.local", True)
        if event.user_name is None and session.user is not None:
            event.user_name = session.user
            event.mail_sasl_method = event.mail_sasl_method or session.method

    def _judge_recipient(self, event: Event) -> None:
        """Say whether a refused recipient is nobody here, or was to be relayed: the answer is the same.

        Where nobody knows which domains are ours, only what cannot be one of them is: a large provider's, or an address
        that hides another one.
        """
        if event.user_name is not None or not event.email_to_address:
            return
        name, _, domain = event.email_to_address[0].rpartition("@")
        domain = domain.lower()
        hides = any(trick in name for trick in _TRICKS) or (not name and "!" in domain) or domain.startswith("[")
        if hides or (name and self._is_foreign(domain)):
            event.event_reason = "relay_denied"

    def _is_foreign(self, domain: str) -> bool:
        if self._ledger is not None and self._ledger.domains.is_ours(domain):
            return False
        return (self._ledger is not None and self._ledger.domains.are_known()) or provider_of(domain) is not None

    # ------------------------------------------------------------------ Sendmail

    def _join_sendmail(self, event: Event) -> None:
        if event.process_pid is None:
            return
        key = f"{event.host_hostname}\x1f{event.process_name}\x1f{event.process_pid}"
        if event.destination_domain is not None:
            self._name_server(event, key)
        elif event.mail_delivery_status is None and event.destination_ip is None:
            self._join_client(event, key)

    def _join_client(self, event: Event, key: str) -> None:
        action = event.event_action
        if action == "connection-open":
            if event.source_ip is not None:
                self._sessions.put(key, _Session(event.stream_us, event.source_ip, event.source_domain, seen=True))
            return
        if action == "address-question" and event.smtp_stage == "RCPT":
            self._remember(event, key)
            return
        if action not in _CLIENTS:
            return
        session = self._sessions.get(key)
        if action == "message-received" and session is not None and session.named:
            self._give_up(event, key, session)
        if event.source_ip is not None:
            session = self._meet(event, key, session)
        elif event.user_name is not None and action == "message-received":
            return  # a program of this machine
        elif session is None or session.source_ip is None:
            if action == "reject" and event.event_reason == "unknown_recipient":
                self._wait(event, key, session)
            return
        else:
            event.source_ip, event.source_domain = session.source_ip, session.source_domain
        if action == "message-received" and event.user_name is None and _is_authenticated(event):
            event.user_name = session.user or next(iter(event.email_from_address or ()), None)
            event.mail_sasl_method = event.mail_sasl_method or session.method

    def _name_server(self, event: Event, key: str) -> None:
        """Give a server whose name the delivery's line has cut the name that the line of its encryption had whole."""
        if event.event_action == "tls-established":
            session = self._sessions.get(key) or _Session(event.stream_us, outward=True)
            if session.outward and session.source_domain != event.destination_domain:
                session.source_domain = event.destination_domain
                self._sessions.put(key, session)
            return
        start, cut, end = (event.mail_delivery_relay or "").partition(" ")[0].rstrip(".").partition("...")
        if cut:
            called = self._sessions.get(key)
            name = (called is not None and called.outward and called.source_domain) or ""
            if name.startswith(start) and name.endswith(end):
                event.destination_domain = name

    def _meet(self, event: Event, key: str, session: _Session | None) -> _Session:
        """Learn a session from a line that names its client; what it asked for before is told now."""
        if session is None or (session.source_ip is not None and session.source_ip != event.source_ip):
            session = _Session(event.stream_us)
        was = session.source_ip
        session.source_ip, session.source_domain = event.source_ip, event.source_domain
        if event.event_action == "auth-success":
            session.user, session.method = event.user_name, event.mail_sasl_method
            _encrypt(event, session)
        if event.event_action == "connection-close" and session.tried:
            event.event_reason = None  # who tried a password has said something
        elif event.event_action in ("auth-failure", "auth-error"):
            session.tried = True
        elif event.event_action == "tls-established":
            session.tls = _tls(event)
        elif session.missed and event.event_action == "session-end":
            event.event_action, event.event_outcome, event.event_reason = "reject", "failure", "unknown_recipient"
            event.event_count, event.email_to_address = session.missed, session.unknown
            event.smtp_stage = "RCPT"
        if session.missed:
            session.missed, session.unknown = 0, []
        elif was == event.source_ip and event.event_action not in _TELLING:
            return session
        self._sessions.put(key, session)
        return session

    def _wait(self, event: Event, key: str, session: _Session | None) -> None:
        """Remember a refused recipient until a line names the client; that line is counted instead."""
        session = session or _Session(event.stream_us)
        session.missed += 1
        if event.email_to_address and len(session.unknown) < _MOST_UNKNOWN:
            session.unknown = [*session.unknown, event.email_to_address[0]]
        self._sessions.put(key, session)
        event.event_action = "statistics"

    def _remember(self, event: Event, key: str) -> None:
        """Remember a recipient whose client went without a message; the line of the transaction that ends is behind it."""
        session = self._sessions.get(key) or _Session(event.stream_us)
        if event.email_to_address and len(session.named) < _MOST_UNKNOWN:
            session.named = [*session.named, event.email_to_address[0]]
            self._sessions.put(key, session)
        event.event_action = "statistics"

    def _give_up(self, event: Event, key: str, session: _Session) -> None:
        """Say of a transaction's line that no message came, and whether so many were named that somebody harvests."""
        event.event_outcome = "failure"
        if len(session.named) >= QUESTIONS:
            event.event_action, event.event_outcome, event.smtp_stage = "address-question", None, "RCPT"
            event.email_to_address = session.named
        session.named = []
        self._sessions.put(key, session)


def _tls(event: Event) -> list[str]:
    return [event.tls_version or "", event.tls_version_protocol or "", event.tls_cipher or ""]


def _encrypt(event: Event, session: _Session) -> None:
    """Say whether a login was encrypted, where that is known; a session seen from its beginning was, or was not."""
    if session.tls is not None:
        event.tls_established = True
        version, protocol, cipher = session.tls
        event.tls_version, event.tls_version_protocol = version or None, protocol or None
        event.tls_cipher = cipher or None
    elif session.seen:
        event.tls_established = False


def _is_authenticated(event: Event) -> bool:
    """Say whether sendmail took a message under a login (RFC 3848: the `A` of ESMTPA, ESMTPSA)."""
    return str((event.extra or {}).get("sendmail.proto", "")).endswith("A")
