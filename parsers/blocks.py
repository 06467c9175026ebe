"""Servers that write a session as one block: which it is stands on the block's first line alone.

Where sessions are written while they last, and without their ids, their lines are mixed, and nobody can tell whose a line is.
That shows, since a session begins before the one before it has ended: then no line is said to be of any, for some hours.
Whose login it is stands on a line that looks like the password's: it is the one behind the question for the name.
"""

from typing import Any

from mailwarden.parsers.event import Event
from mailwarden.parsers.sasl import ASKS_FOR_NAME, spelt

__all__ = ["Blocks"]

_ASKS = 334  # the reply with which a server asks for the next part of a login
_MIXED_US = 6 * 3_600_000_000  # longer than any session lasts


class Blocks:
    """The block of one source that is being read.

    Args:
        kept: What a snapshot held.
    """

    def __init__(self, kept: list[Any] | None = None) -> None:
        self._session: str | None = None
        self._mixed_until_us = 0
        self._asked: str | None = None  # the session whose client was asked for its name with the last line
        if kept is not None:
            self._session, self._mixed_until_us, self._asked = kept

    def snapshot(self) -> list[Any]:
        """Give what the next lines hang on."""
        return [self._session, self._mixed_until_us, self._asked]

    def carry(self, event: Event, line: str) -> None:
        """Say of which session a line is, and of a login's name that it is one; learn from the line.

        Args:
            event: The line's.
            line: The line, with what is not kept.
        """
        session = event.mail_session_id
        if session is None:
            is_apart = event.source_ip is not None and event.event_action != "connection-open"  # of no session
            if not is_apart and event.timestamp_us >= self._mixed_until_us:
                session = event.mail_session_id = self._session
        else:
            if self._session not in (None, session):
                self._mixed_until_us = event.timestamp_us + _MIXED_US
            self._session = session
        if self._asked is not None and self._asked == session:
            name = spelt(line.rstrip().rpartition("<-- ")[2])
            if name is not None and "\0" not in name:
                event.user_name, event.smtp_stage = name, "AUTH"
        self._asked = session if event.smtp_reply_code == _ASKS and event.smtp_reply_text == ASKS_FOR_NAME else None
        if event.event_action == "connection-close":
            self._session = None
