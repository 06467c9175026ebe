"""Sessions after the login: how they ended, with the bytes that went, and what they changed (mail_log plugin).

Source: src/imap/imap-settings.c, src/pop3/pop3-settings.c, src/plugins/mail-log/mail-log-plugin.c of Dovecot 2.2.36 to
2.4.4.
"""

import re
from functools import lru_cache
from typing import Annotated

import msgspec

from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.dovecot.prefix import DELIVERY, FORMAT, SESSION
from mailwarden.parsers.life import noted

__all__: list[str] = []

_MOST_DIGITS = 18  # of a number: more than any count has, and a sum of them still fits everywhere
_PLAIN_COUNTS = msgspec.json.Decoder(dict[str, Annotated[int, msgspec.Meta(lt=10**_MOST_DIGITS)]]).decode
_COUNT = re.compile(r"[ ,]([a-z_]{2,20})=(\d{1,18})(?:/(\d{1,18}))?")
_POP3 = re.compile(
    r" top=(\d{1,18})/(\d{1,18}), retr=(\d{1,18})/(\d{1,18}), del=(\d{1,18})/(\d{1,18}), size=(\d{1,18})"
)
_BYTES = re.compile(r" bytes=\d{1,18}/\d{1,18}")
_PAIRS = {
    "top": ("dovecot.top_count", "dovecot.top_bytes"),
    "retr": ("dovecot.retr_count", "dovecot.retr_bytes"),
    "del": ("dovecot.del_count", "dovecot.del_total"),
    "bytes": ("dovecot.in", "dovecot.out"),
}
_ENDS = (
    "Disconnected",
    "Logged out",
    "Connection closed",
    "Inactivity",
    "Too many invalid",
    "Too many bad commands",
    "Server shutting down",
    "Internal error occurred",
    "Kicked by admin",
    "User was kicked",
    "Remote closed connection",
    "Client has quit the connection",
    "Mailbox closed",
    "Shutting down",
)


def _end(event: Event, text: str, at: int) -> bool:
    """Read the counts from `at` on; False where the text ends otherwise."""
    if text[:4] in _CHANGE_HEADS and text.startswith(_CHANGES):
        return False
    counts = _counts(text[at:])
    if not counts:
        return False
    event.event_action = "session-end"
    event.extra = {**event.extra, **counts} if event.extra else counts.copy()
    return True


@lru_cache(maxsize=4096)
def _counts(text: str) -> dict[str, int]:
    """Read ` deleted=0 expunged=0 …`, most often of noughts alone; the dictionary is for reading only."""
    try:  # nine counts as a rule: as JSON they are read in a third of the time
        return _PLAIN_COUNTS('{"dovecot.' + text[1:].replace("=", '":').replace(" ", ',"dovecot.') + "}")
    except (msgspec.MsgspecError, UnicodeEncodeError):  # the latter where a byte was no UTF-8
        return _odd_counts(text)


def _odd_counts(text: str) -> dict[str, int]:
    counts: dict[str, int] = {}
    for name, first, second in _COUNT.findall(text):
        if second:
            one, two = _PAIRS.get(name, (f"dovecot.{name}", f"dovecot.{name}_total"))
            counts[one], counts[two] = int(first), int(second)
        else:
            counts[f"dovecot.{name}"] = int(first)
    return counts


@FORMAT.pattern(" in=", programs=SESSION, anywhere=True)
def session_end(event: Event, text: str) -> bool:
    """The end of an IMAP session (or submission) with what went in and out."""
    at = text.rfind(" in=")
    moved, mark, done = text[at + 4 :].partition(" deleted=")
    received, _, sent = moved.partition(" out=")
    known = mark and received.isdecimal() and sent.isdecimal() and max(len(received), len(sent)) <= _MOST_DIGITS
    if not known or event.extra or (text[:4] in _CHANGE_HEADS and text.startswith(_CHANGES)):
        return _end(event, text, at)
    event.event_action = "session-end"
    if "session-end" in event.brief:
        event.extra = {"dovecot.out": int(sent)}
        return True
    event.extra = counts = _counts(" in=0 out=0 deleted=" + done).copy()
    counts["dovecot.in"] = int(received)
    counts["dovecot.out"] = int(sent)
    return True


@FORMAT.pattern(" top=", programs=SESSION, anywhere=True)
def pop3_end(event: Event, text: str) -> bool:
    """The end of a POP3 session with what was fetched and deleted."""
    at = text.rfind(" top=")
    counts = _POP3.fullmatch(text, at)
    if counts is None:
        return " retr=" in text and _end(event, text, at)
    if text.startswith(_CHANGES):
        return False
    top, top_bytes, retr, retr_bytes, deleted, total, size = counts.groups()
    event.event_action = "session-end"
    event.extra = {
        **(event.extra or {}),
        "dovecot.top_count": int(top),
        "dovecot.top_bytes": int(top_bytes),
        "dovecot.retr_count": int(retr),
        "dovecot.retr_bytes": int(retr_bytes),
        "dovecot.del_count": int(deleted),
        "dovecot.del_total": int(total),
        "dovecot.size": int(size),
    }
    return True


@FORMAT.pattern(" bytes=", programs=SESSION, anywhere=True)
def sieve_end(event: Event, text: str) -> bool:
    """The end of a ManageSieve session (or of Dovecot 1's) with what went in and out."""
    at = text.rfind(" bytes=")
    return _BYTES.fullmatch(text, at) is not None and _end(event, text, at)


def bare_end(event: Event, rest: str) -> bool:
    """The end of a session whose counts are not logged."""
    if " in=" in rest or " top=" in rest or " bytes=" in rest:
        return False
    event.event_action = "session-end"
    return True


for _words in _ENDS:
    FORMAT.pattern(_words, programs=SESSION)(bare_end)

_CHANGES = (
    "delete: ",
    "undelete: ",
    "expunge: ",
    "save: ",
    "append: ",
    "copy from ",
    "flag_change: ",
    "mailbox_create: ",
    "mailbox_delete: ",
    "mailbox_rename: ",
    "mailbox_subscribe: ",
    "mailbox_unsubscribe: ",
    "Mailbox ",
)
_CHANGE_HEADS = frozenset(words[:4] for words in _CHANGES)


def _changed(event: Event, rest: str, action: str) -> bool:
    """Read `box=INBOX, uid=812, msgid=<ID>, size=2301`; all but box and size may be missing."""
    event.event_action = action
    event.mail_mailbox = _between(rest, "box=", (", uid=", ", msgid=", ", size=", ", flags=", ", from=", ", subject="))
    message_id = _between(rest, "msgid=", (", size=", ", vsize=", ", flags=", ", from=", ", subject="))
    if message_id is not None:
        event.email_message_id = message_id.removeprefix("<").removesuffix(">") or None
    size = _between(rest, ", size=", (", ",))
    if size is not None and size.isdecimal() and len(size) < 16:
        event.mail_size = int(size)
    uid = _between(rest, "uid=", (", ",))
    if uid is not None and uid.isdecimal() and len(uid) < 11:
        event.set("dovecot.uid", int(uid))
    sender = _between(rest, ", from=", (", subject=", ", flags="))
    if sender is not None:
        event.set("mail.header_from.address", [sender])
    subject = _between(rest, ", subject=", ())
    if subject is not None:
        event.email_subject = subject
    return True


def _between(text: str, name: str, ends: tuple[str, ...]) -> str | None:
    _, found, value = text.partition(name)
    if not found:
        return None
    for end in ends:
        value = value.partition(end)[0]
    return value or None


@FORMAT.pattern("expunge: ", programs=DELIVERY + SESSION)
def expunged(event: Event, rest: str) -> bool:
    """A message that is gone for good."""
    return _changed(event, rest, "mailbox-expunge")


@FORMAT.pattern("delete: ", programs=DELIVERY + SESSION)
@FORMAT.pattern("undelete: ", programs=DELIVERY + SESSION)
@FORMAT.pattern("save: ", programs=DELIVERY + SESSION)
@FORMAT.pattern("append: ", programs=DELIVERY + SESSION)
@FORMAT.pattern("flag_change: ", programs=DELIVERY + SESSION)
@FORMAT.pattern("mailbox_create: ", programs=DELIVERY + SESSION)
@FORMAT.pattern("mailbox_delete: ", programs=DELIVERY + SESSION)
@FORMAT.pattern("mailbox_rename: ", programs=DELIVERY + SESSION)
@FORMAT.pattern("mailbox_subscribe: ", programs=DELIVERY + SESSION)
@FORMAT.pattern("mailbox_unsubscribe: ", programs=DELIVERY + SESSION)
def changed(event: Event, rest: str) -> bool:
    """A message or mailbox that was changed."""
    return _changed(event, rest, "mailbox-change")


@FORMAT.pattern("copy from ", programs=DELIVERY + SESSION)
def copied(event: Event, rest: str) -> bool:
    """A message that was copied into another mailbox."""
    _, found, what = rest.partition(": box=")
    return bool(found) and _changed(event, "box=" + what, "mailbox-change")


@FORMAT.pattern("Mailbox created", programs=DELIVERY + SESSION)
@FORMAT.pattern("Mailbox deleted", programs=DELIVERY + SESSION)
@FORMAT.pattern("Mailbox renamed", programs=DELIVERY + SESSION)
def mailbox_changed(event: Event, rest: str) -> bool:
    """A mailbox that was made, removed or renamed."""
    event.event_action = "mailbox-change"
    event.mail_mailbox = rest.removeprefix(": ").partition(" -> ")[0] or None
    return True


@FORMAT.pattern("Mailbox ", programs=DELIVERY + SESSION)
def mailbox_named(event: Event, rest: str) -> bool:
    """A change told behind the mailbox's name (Dovecot 2.4)."""
    name, found, what = rest.partition(": ")
    if not found or name in ("created", "deleted", "renamed"):
        return False
    if what.startswith(("Mailbox created", "Mailbox deleted", "Mailbox renamed")):
        event.event_action = "mailbox-change"
    elif what.startswith("expunge: "):
        _changed(event, what, "mailbox-expunge")
    elif what.startswith(_CHANGES):
        _changed(event, what, "mailbox-change")
    else:
        return False
    event.mail_mailbox = event.mail_mailbox or name
    return True


@FORMAT.pattern("ID sent: ", programs=SESSION)
def client_named(event: Event, rest: str) -> bool:  # noqa: ARG001
    """Which program the client says it is (`imap_id_log`)."""
    return noted(event)


@FORMAT.pattern("UIDVALIDITY changed ", programs=DELIVERY + SESSION)
def mailbox_renewed(event: Event, rest: str) -> bool:  # noqa: ARG001
    """A mailbox whose messages got other numbers."""
    event.event_action = "mailbox-change"
    return True
