"""What an incident costs while it goes on: the mail that went out in somebody's name and what became of it, and who came in.

It is counted from the moment on at which the incident was noticed: what was sent before is what it was noticed by.
"""

from typing import Any

import msgspec

from mailwarden.parsers.event import Event

__all__ = ["News", "Toll", "has_toll", "is_mail", "sender_of"]

_MAIL = frozenset({"takeover", "sending"})
_MOST_LOGINS = 6
_SENDERS = frozenset({"mailwarden.account", "mailwarden.script"})


class Toll(msgspec.Struct):
    """Messages and their recipients, of whom some have the mail and some refused it; or who logged in from where guessers are."""

    messages: int = 0
    recipients: int = 0
    taken: int = 0
    refused: int = 0
    logins: list[str] = []  # accounts, the first few

    def let_in(self, account: str) -> bool:
        """Note whom a login let in; say whether that is news."""
        is_new = account not in self.logins and len(self.logins) < _MOST_LOGINS
        if is_new:
            self.logins = [*self.logins, account]
        return is_new

    def add(self, event: Event) -> bool:
        """Count an event of a message that its sender wrote; say whether anything was counted."""
        facts = event.facts or {}
        if event.event_action != "delivery":
            if "mailwarden.accepted" not in facts:
                return False
            self.messages += "mailwarden.more" not in facts
            self.recipients += event.mail_recipient_count or 1
            return True
        if "mailwarden.sender" not in facts:  # it waits, or goes into a filter of ours
            return False
        if event.mail_delivery_status == "sent":
            self.taken += event.event_count
        else:
            self.refused += event.event_count
        return True


class News(msgspec.Struct, frozen=True):
    """What was found since people were last told: by which rule, the sentence, what fills it, and whom it is about."""

    rule: str
    title: str
    values: dict[str, Any]
    primary: tuple[str, str]


def is_mail(cause: str, name: str) -> bool:
    """Say whether incidents of a cause, about an entity of a name, are about mail that somebody of ours sends."""
    return cause in _MAIL and name in _SENDERS


def has_toll(cause: str, name: str) -> bool:
    """Say whether it is counted what incidents of a cause, about an entity of a name, cost."""
    return is_mail(cause, name) or (cause == "guessing" and name == "mailwarden.network")


def sender_of(event: Event) -> str | None:
    """Give the account or script that wrote the message of an event."""
    return event.mailwarden_account or (event.facts or {}).get("mailwarden.script")
