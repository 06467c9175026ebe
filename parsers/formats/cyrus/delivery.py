"""Mail that reaches Cyrus's mailboxes, and what users' Sieve scripts do with it.

Source: imap/lmtpd.c, lmtp_sieve.c, duplicate.c, append.c of cyrus-imapd 2.4 to 3.10.
"""

import re

from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.cyrus.program import FORMAT
from mailwarden.parsers.life import noted

__all__ = []

_MAILBOX_USER = re.compile(r"(?:([^!]{1,255})!)?user[./]([^.!/]{1,255})")


def _mailbox(event: Event, name: str) -> None:
    event.mail_mailbox = name or None
    found = _MAILBOX_USER.match(name)
    if found is not None:
        user = found[2].replace("^", ".")
        event.user_name = f"{user}@{found[1]}" if found[1] else user


def _message_id(event: Event, text: str) -> None:
    event.email_message_id = text.strip().removeprefix("<").removesuffix(">") or None


@FORMAT.pattern("Delivered: ")
def delivered(event: Event, rest: str) -> bool:
    """A message that is in a mailbox: `<MID> to mailbox: user.bob`."""
    message_id, found, mailbox = rest.rpartition(" to mailbox: ")
    if not found:
        return False
    event.event_action, event.event_outcome = "delivery", "success"
    _message_id(event, message_id)
    event.mail_mailbox = mailbox or None
    return True


@FORMAT.pattern("sieve redirected: ")
def redirected(event: Event, rest: str) -> bool:
    """A message that a user's script sends on: `<MID> to: ADDRESS`."""
    message_id, found, address = rest.rpartition(" to: ")
    if not found:
        return False
    event.event_action, event.event_outcome = "forward", "success"
    _message_id(event, message_id)
    event.email_to_address = [address.strip("<>")] if address else None
    return True


@FORMAT.pattern("sieve discarded: ")
def discarded(event: Event, rest: str) -> bool:
    """A message that a user's script throws away."""
    event.event_action, event.event_outcome = "discard", "success"
    _message_id(event, rest)
    return True


@FORMAT.pattern("sieve rejected: ", "sieve LMTP rejected: ")
def rejected(event: Event, rest: str) -> bool:
    """A message that a user's script sends back."""
    event.event_action, event.event_outcome = "filter-verdict", "failure"
    _message_id(event, rest.partition(" to: ")[0])
    return True


@FORMAT.pattern(
    "dupelim: ", "duplicate_check: ", "duplicate_mark: ", "duplicate_prune: ", "sieve log: ", "sieve fcc ",
    "sieve iMIP ", "sieve runtime error", "sieve parse error", "sieve: discarded reject", "sieve_register", "sieve: ",
    "Filed into: ", "Redirected to ", "sched_deliver_local(",
)  # fmt: skip
def handled(event: Event, rest: str) -> bool:  # noqa: ARG001
    """A step of a delivery: a copy that is left out, a remark of a script."""
    return noted(event)


@FORMAT.pattern("verify_user(")
def no_mailbox(event: Event, rest: str) -> bool:
    """A recipient that is refused: `user.bob) failed: Mailbox does not exist`, or `Over quota`."""
    name, found, reason = rest.rpartition(") failed: ")
    if not found:
        return False
    event.event_action, event.event_outcome = "reject", "failure"
    event.event_reason = (
        "quota_exceeded" if "quota" in reason.lower() else "unknown_recipient" if "not exist" in reason else "other"
    )
    _mailbox(event, name)
    return True
