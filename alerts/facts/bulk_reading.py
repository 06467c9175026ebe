"""Sessions that read a whole mailbox, soon after their account was let in from a network that is new to it."""

import msgspec

from mailwarden.alerts.facts.habits import Habits
from mailwarden.alerts.facts.site import Site, place
from mailwarden.alerts.state.shelf import Backing, Shelf
from mailwarden.parsers.event import Event

__all__ = ["BulkReading"]

_SESSION_US = 24 * 3_600_000_000
_BULK_BYTES = 20_000_000  # read in one session: a mailbox, not the mail of a day


class _Session(msgspec.Struct, array_like=True):
    """A session from a network that its account came to within the day."""

    at_us: int
    address: str


class BulkReading:
    """Remembers the sessions from new networks until they end.

    Args:
        site: What is ours.
        habits: How much accounts usually read.
        backing: Where sessions are kept.
    """

    def __init__(self, site: Site, habits: Habits, backing: Backing) -> None:
        self._site = site
        self._habits = habits
        self._sessions = Shelf("ledger.session", 1, _Session, lambda one: one.at_us + _SESSION_US, backing)
        self.shelves = (self._sessions,)

    def begin(self, event: Event) -> None:
        """Remember where a session is from; its end does not tell."""
        if event.mail_session_id and event.source_ip:
            self._sessions.put(event.mail_session_id, _Session(event.stream_us, event.source_ip))

    def ended(self, event: Event) -> bool:
        """Set the facts of a session that read very much; False where it read no more than sessions do."""
        extra = event.extra
        if extra is None or (extra.get("dovecot.out") or extra.get("dovecot.retr_bytes", 0)) < _BULK_BYTES:
            return False
        place(event, self._site)
        account, now = event.mailwarden_account, event.stream_us
        session = self._sessions.get(event.mail_session_id) if event.mail_session_id else None
        if account is None:
            return False
        bits = self._habits.reads_much(account, now, is_young=session is not None)
        if session is None:
            return False
        event.source_ip = session.address
        place(event, self._site)
        event.facts = {"mailwarden.read.bits": bits, "mailwarden.surprise": bits}
        return bits > 0
