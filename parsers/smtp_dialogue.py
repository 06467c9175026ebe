"""Commands and answers of SMTP (RFC 5321), where a log holds the dialogue itself."""

import re
from typing import NamedTuple

from mailwarden.parsers.event import Event

__all__ = ["BAD_COMMANDS", "Answer", "read_answer", "read_path"]

BAD_COMMANDS = frozenset({500, 501, 502, 503, 504})
"""Answers to what is no command, or comes out of order."""
_ANSWER = re.compile(r"([2-5][0-9]{2})(?:[ -]|$)(?:([245]\.[0-9]{1,3}\.[0-9]{1,3})(?: |$))?(.*)$", re.DOTALL)
_PATH = re.compile(r"(MAIL FROM|RCPT TO):\s?<([^<>]{0,512})>", re.IGNORECASE)
_LONGEST = 1000  # characters of an answer that are kept


class Answer(NamedTuple):
    """An answer's code, its enhanced code (RFC 3463) and its words."""

    code: int
    enhanced: str | None
    text: str

    def put(self, event: Event) -> None:
        """Set it on an event."""
        event.smtp_reply_code, event.smtp_reply_enhanced_code = self.code, self.enhanced
        event.smtp_reply_text = self.text[:_LONGEST].strip() or None


def read_answer(said: str) -> Answer | None:
    """Read what a server said; None where it is no answer."""
    found = _ANSWER.match(said)
    return Answer(int(found[1]), found[2], found[3]) if found else None


def read_path(event: Event, said: str) -> bool:
    """Set the sender or the recipient that a client named; False where it named none."""
    found = _PATH.match(said)
    if found is None:
        return False
    event.smtp_stage = found[1][:4].upper()
    address = [found[2]] if found[2] else []
    if event.smtp_stage == "MAIL":
        event.email_from_address = address
    else:
        event.email_to_address = address or None
    return True
