"""Delivery into mailboxes: LMTP, the LDA, Sieve, and an LMTP proxy's hand-over.

`msgid=<ID>: saved mail to INBOX` (`deliver_log_format`); Sieve writes `sieve: msgid=<ID>: …`. The message id is the
sender's text: the verdict is the last one behind a `: `.

Source: src/lib-lda/mail-deliver.c, src/lmtp, src/submission of Dovecot 2.2.36 to 2.4.4; pigeonhole
src/lib-sieve/sieve-actions.c.
"""

import re
from collections.abc import Callable

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.dovecot.prefix import DELIVERY, FORMAT
from mailwarden.parsers.life import noted

__all__ = ["read_delivery"]


def _saved(event: Event, rest: str) -> None:
    event.event_action = "delivery"
    event.event_outcome = "success"
    event.mail_mailbox = rest.removeprefix("'").removesuffix("'") or None
    if event.user_name is not None:
        event.email_to_address = [event.user_name]


def _failed(event: Event, rest: str) -> None:
    mailbox, _, why = rest.removeprefix("open mailbox ").partition(": ")
    event.event_action = "delivery"
    event.event_outcome = "failure"
    event.mail_mailbox = mailbox.removeprefix("'").removesuffix("'") or None
    event.event_reason = "quota_exceeded" if "quota" in why.lower() else "server_error"
    if event.user_name is not None:
        event.email_to_address = [event.user_name]


def _address(event: Event, rest: str) -> None:
    address = rest.removeprefix("<").partition(">")[0].partition(" ")[0]
    if address:
        event.email_to_address = [address]


def _forwarded(event: Event, rest: str) -> None:
    event.event_action = "forward"
    event.event_outcome = "success"
    _address(event, rest)


def _answered(event: Event, rest: str) -> None:
    event.event_action = "message-queued"
    _address(event, rest)


def _discarded(event: Event, rest: str) -> None:  # noqa: ARG001
    event.event_action = "discard"


def _rejected(event: Event, rest: str) -> None:
    event.event_action = "reject"
    event.event_reason = "other"
    sender = rest.partition("<")[2].partition(">")[0]
    if sender:
        event.email_from_address = [sender]


_COMMON = ("saved mail to ", "stored mail into mailbox ")
_VERDICTS: dict[str, Callable[[Event, str], None]] = {
    "saved mail to ": _saved,
    "stored mail into mailbox ": _saved,
    "left message in mailbox ": _saved,
    "save failed to ": _failed,
    "failed to store into mailbox ": _failed,
    "forwarded to ": _forwarded,
    "sent vacation response to ": _answered,
    "sent notification to ": _answered,
    "discarded duplicate forward to ": _discarded,
    "discarded duplicate vacation response to ": _discarded,
    "discarding vacation response": _discarded,
    "discarded ": _discarded,
    "discarding ": _discarded,
    "marked message to be discarded": _discarded,
    "rejected message from ": _rejected,
    "rejected: ": _rejected,
    "Auto-submitted message discarded: ": _discarded,
    "Return-Path missing, rejection reason: ": _rejected,
    "Permanently failed to send rejection: ": _rejected,
    "refused message from ": _rejected,
}
_VERDICT = re.compile(
    r": (?:[a-z-]{1,20} action: )?("
    + "|".join(re.escape(words) for words in sorted(_VERDICTS, key=lambda words: -len(words)))
    + ")"
)


def read_delivery(event: Event, text: str) -> bool:
    """Read `<ID>: VERDICT`."""
    message_id, closed, verdict = text.partition(">: ")
    if closed and verdict.startswith(_COMMON) and ">: " not in verdict:
        event.email_message_id = message_id.lstrip().removeprefix("<") or None
        _saved(event, verdict[14:] if verdict[1] == "a" else verdict[25:])
        return True
    found = _VERDICT.search(text)
    while found is not None:  # the last verdict that does not stand in the words of another
        words = found.group(1)
        later = _VERDICT.search(text, found.end()) if text.find(">: ", found.end()) >= 0 else None
        if later is None:
            break
        event.mail_parse_ambiguous = True
        found = later
    if found is None:
        return False
    words = found.group(1)
    message_id = text[: found.start()].strip()
    if message_id.startswith("<"):
        event.email_message_id = message_id.removeprefix("<").removesuffix(">") or None
    elif message_id not in ("", "unspecified"):
        event.email_message_id = message_id
    _VERDICTS[words](event, text[found.end() :])
    return True


@FORMAT.pattern("msgid=", programs=DELIVERY)
def delivered(event: Event, rest: str) -> bool:
    """What became of a message that was delivered without Sieve's help."""
    return read_delivery(event, rest)


@FORMAT.pattern("sieve: msgid=", programs=DELIVERY)
def sieve(event: Event, rest: str) -> bool:
    """What a Sieve script did with a message."""
    if read_delivery(event, rest):
        return True
    event.event_action = "filter-verdict"
    return True


@FORMAT.pattern("sieve: ", programs=DELIVERY)
def sieve_notice(event: Event, rest: str) -> bool:
    """What Sieve says beside its deeds."""
    if rest.startswith("msgid="):
        return False
    return noted(event)


@FORMAT.pattern("Connect from ", programs=DELIVERY)
def lmtp_connect(event: Event, rest: str) -> bool:
    """An LMTP client; `local` is a socket of this host."""
    event.event_action = "connection-open"
    _peer(event, rest)
    return True


@FORMAT.pattern("Disconnect from ", programs=DELIVERY)
def lmtp_disconnect(event: Event, rest: str) -> bool:
    """An LMTP client that is done."""
    event.event_action = "connection-close"
    _peer(event, rest.partition(": ")[0])
    return True


def _peer(event: Event, text: str) -> None:
    peer = text.partition(" ")[0]
    if peer != "local":
        event.source_ip = ip(peer) or ip(peer.rpartition(":")[0])


_REPLY = re.compile(r"([2-5]\d\d)(?: ([245]\.\d{1,3}\.\d{1,3}))?")
_HANDED = re.compile(r"message to <([^<>]*)> at ([^ ]{1,255}?)(?::(\d{1,5}))?: (.*)", re.DOTALL)


@FORMAT.pattern(": Sent message to <", programs=DELIVERY, anywhere=True)
@FORMAT.pattern("Sent message to <", programs=DELIVERY)
def lmtp_proxy_sent(event: Event, rest: str) -> bool:
    """A message that an LMTP proxy handed on."""
    return _handed(event, rest, "success")


@FORMAT.pattern(": Failed to send message to <", programs=DELIVERY, anywhere=True)
@FORMAT.pattern("Failed to send message to <", programs=DELIVERY)
def lmtp_proxy_failed(event: Event, rest: str) -> bool:
    """A message that an LMTP proxy could not hand on."""
    return _handed(event, rest, "failure")


def _handed(event: Event, rest: str, outcome: str) -> bool:
    text = rest if "message to <" in rest else "message to <" + rest
    handed = _HANDED.match(text, text.find("message to <"))
    if handed is None:
        return False
    address, host, port, reply = handed.groups()
    event.event_action = "delivery"
    event.event_outcome = outcome
    event.email_to_address = [address] if address else None
    if ip(host) is None:
        event.destination_domain = host
    else:
        event.destination_ip = ip(host)
    event.destination_port = int(port) if port else None
    code = _REPLY.match(reply)
    if code is not None:
        event.smtp_reply_code = int(code.group(1))
        event.smtp_reply_enhanced_code = code.group(2)
        event.smtp_reply_text = reply[code.end() :].strip()[:1000] or None
    return True


_RELAYED = re.compile(r"from=<([^<>]*)>, size=(\d{1,15})(?:, id=([^ ,]{0,200}))?(?:, nrcpt=(\d{1,9}))?")


@FORMAT.pattern("Successfully relayed message: ", programs=("submission",))
@FORMAT.pattern("relay: Successfully relayed message: ", programs=("submission",))
def submission_relayed(event: Event, rest: str) -> bool:
    """A message that a logged-in user handed in."""
    relayed = _RELAYED.match(rest)
    if relayed is None:
        return False
    sender, size, _, count = relayed.groups()
    event.event_action = "message-received"
    event.event_outcome = "success"
    event.email_from_address = [sender] if sender else []
    event.mail_null_sender = True if not sender else None
    event.mail_size = int(size)
    event.mail_recipient_count = int(count) if count else None
    return True


@FORMAT.pattern("Failed to relay message", programs=("submission",))
@FORMAT.pattern("relay: Failed to relay message", programs=("submission",))
def submission_failed(event: Event, rest: str) -> bool:  # noqa: ARG001
    """A message that the server behind refused or did not take."""
    event.event_action = "service-error"
    return True


@FORMAT.pattern("Failed to ", programs=("managesieve", "sieve"))
def script_failed(event: Event, rest: str) -> bool:
    """What a user asked of Sieve and did not get: `Failed to open script 'x' for activation: Sieve script not found`."""
    if "script" not in rest:
        return False
    return noted(event)
