"""A message from its arrival to its end: `from=`, `done`, what is made of it (bounces, clones, forwards), and what holds it."""

import re

from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.sendmail.prefix import FORMAT, is_later_part, read_client
from mailwarden.parsers.life import noted

__all__ = ["address"]

_COUNTS = re.compile(r"(-?\d{1,15}), class=(-?\d{1,6}), (?:pri=-?\d{1,12}, )?nrcpts=(\d{1,9})(?=, |$)").match
_KEYS = re.compile(
    r"(?:, bodytype=(\S{1,20}))?(?:, proto=(\w{1,20}))?(?:, daemon=([^,]{1,40}))?(?:, tls_verify=[^,]{1,40})?"
    r"(?:, auth=([^,]{1,20}))?$"
).search
_MOST_FORGERIES = 8
_QUEUE_ID = r"([0-9A-Za-z]{8}\d{5,8}|[A-Z]{3}\d{5})"
_CHILD = re.compile(
    _QUEUE_ID + r": (clone: owner=|DSN: |return to sender: |sender notify: |postmaster notify: )(.*)$"
).match
_SUBMISSION = ("MSA", "MSP", "SUBMISSION")


def address(text: str) -> str:
    """Take one pair of angle brackets off."""
    return text[1:-1] if text.startswith("<") and text.endswith(">") else text


@FORMAT.pattern("from=")
def received(event: Event, rest: str) -> bool:
    """A message was taken in, or a transaction ended for which nobody was accepted (`nrcpts=0`).

    Sender and message id are the client's text: what stands before the first counts, and after the last `, relay=`, is not.
    """
    sender, counts, behind = _counted(rest)
    if counts is None:
        return False
    keys, named, who = behind.rpartition(", relay=")
    if not named or not read_client(event, who):
        return False
    event.network_protocol = "smtp" if event.source_ip is not None else None
    size, _, recipients = counts.groups()
    _sender(event, sender)
    event.mail_size = int(size)
    event.mail_recipient_count = int(recipients)
    tail = _KEYS(keys)
    if tail is not None:
        _manner(event, tail)
        keys = keys[: tail.start()]
    if keys.startswith(", msgid="):
        event.email_message_id = address(keys[8:]) or None
    if not event.mail_recipient_count:
        event.event_action = "session-end"
        return True
    event.event_action = "message-received"
    event.event_outcome = "success"
    return True


def _counted(rest: str) -> tuple[str, re.Match[str] | None, str]:
    """Split at the first `, size=N, class=N, nrcpts=N`."""
    at = -1
    for _ in range(_MOST_FORGERIES):
        at = rest.find(", size=", at + 1)
        if at < 0:
            break
        counts = _COUNTS(rest, at + 7)
        if counts is not None:
            return rest[:at], counts, rest[counts.end() :]
    return rest, None, ""


def _sender(event: Event, text: str) -> None:
    name = address(text)
    if name in ("", "<>", "<NONE>", "NONE"):
        event.email_from_address = []
        event.mail_null_sender = True
    else:
        event.email_from_address = [name]


def _manner(event: Event, keys: re.Match[str]) -> None:
    """Read how it came: `proto=ESMTPSA` (encrypted, with a login), `daemon=MSP-v4`, `auth=PLAIN`."""
    protocol, daemon, method = keys.group(2, 3, 4)
    if protocol is not None:
        event.set("sendmail.proto", protocol)
        event.tls_established = "SMTPS" in protocol
    if daemon is not None:
        if daemon.upper().startswith(_SUBMISSION):
            event.mail_service = "submission"
        elif daemon.upper().startswith("TLS"):
            event.mail_service = "smtps"
    if method is not None and method != "NONE":
        event.mail_sasl_method = method.upper()


@FORMAT.pattern("done; ")
@FORMAT.pattern("done")
def done(event: Event, rest: str) -> bool:
    """All recipients of a message have got it, or never will."""
    if rest and not rest.startswith("delay="):
        return False
    event.event_action = "message-removed"
    return True


@FORMAT.pattern("DSN: ", anywhere=True)
@FORMAT.pattern("return to sender: ", anywhere=True)
@FORMAT.pattern("sender notify: ", anywhere=True)
@FORMAT.pattern("postmaster notify: ", anywhere=True)
@FORMAT.pattern("clone: owner=", anywhere=True)
def child(event: Event, text: str) -> bool:
    """A message was made of this one: a report that it failed or waits, or a copy with an owner (`CHILD: DSN: User unknown`)."""
    found = _CHILD(text)
    if found is None:
        return False
    event.mail_queue_child_id = found[1]
    if found[2].startswith("clone"):
        event.event_action = "forward"
        return True
    event.event_action = "bounce-created"
    event.set("error.message", found[3][:200])
    return True


@FORMAT.pattern("split: ")
def split(event: Event, rest: str) -> bool:
    """A message was parted, by receiving server or for having too many recipients: `count=2, ids=A, B`."""
    _, named, ids = rest.partition("=")[2].rpartition("id")
    if not named:
        return False
    event.event_action = "forward"
    event.mail_queue_child_id = ids.removeprefix("s").removeprefix("=").partition(",")[0].strip() or None
    return True


@FORMAT.pattern("alias ")
@FORMAT.pattern("forward ")
@FORMAT.pattern("expand ")
@FORMAT.pattern("hesiod ")
def forwarded(event: Event, rest: str) -> bool:
    """A recipient stands for others: `OLD => NEW` (LogLevel 10 and more)."""
    old, arrow, new = rest.partition(" => ")
    if not arrow:
        return False
    event.event_action = "statistics"
    event.mail_original_recipient = address(old.strip()) or None
    event.set("sendmail.becomes", new[:200])
    return True


@FORMAT.pattern("quarantine=")
def held(event: Event, rest: str) -> bool:
    """A message is held."""
    event.event_action = "message-held"
    event.set("error.message", rest[:200])
    return True


@FORMAT.pattern("unquarantine")
def released(event: Event, _rest: str) -> bool:
    """A message is let go."""
    event.event_action = "message-released"
    return True


@FORMAT.pattern("discarded")
def discarded(event: Event, _rest: str) -> bool:
    """A message was thrown away, as a rule or a filter wanted."""
    event.event_action = "discard"
    return True


@FORMAT.pattern("Authentication-Warning: ")
def warned(event: Event, rest: str) -> bool:
    """A local user names another sender (`-f`), or a client is not who it says."""
    event.event_action = "statistics"
    words = rest.partition(": ")[2]
    if " set sender to " in words:
        event.user_name = words.partition(" ")[0] or None
    return True


@FORMAT.pattern("...", anywhere=True)
def further_part(event: Event, text: str) -> bool:
    """The second or a later part of a line that was too long for syslog."""
    if not is_later_part(text):
        return False
    return noted(event)
