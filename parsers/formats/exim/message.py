"""A message from its arrival to its end: `<=`, `Completed`, frozen, thawed, removed.

Source: src/src/receive.c, src/src/deliver.c of Exim 4.92 to 4.100.
"""

import re
from functools import lru_cache

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.exim.peer import (
    QUOTED,
    UNNAMED_ADDRESS,
    WORD,
    addresses,
    arrived,
    fields,
    interface,
    peer,
    seconds,
    tls,
)
from mailwarden.parsers.formats.exim.prefix import FORMAT
from mailwarden.parsers.life import noted

__all__ = ["arrival", "completed", "fake_reject"]

_SENDER = re.compile(r"(<>|" + QUOTED + r"\S*+|\S++)")
_PARENT = re.compile(r" R=(\S++)")
_SIZE = re.compile(r"(?: K)? S=([\w]{1,12})(?: M8S=\d)?(?= |$)")
_TAIL = re.compile(rf"(?: T={QUOTED})?(?: from {UNNAMED_ADDRESS})?(?: for ((?>(?:(?!T=\"){WORD}(?: |$))+)))?$")
_RECIPIENT = re.compile(WORD)
_ESCAPE = re.compile(r"\\([0-7]{3}|.)")
_MOST_TAILS = 32


_BEHIND_PEER = re.compile(r"(?>(?: (?:I|U|Ci|PRX|TFO\*?|PRDR)(?:=\S++)?)*) P=[\w-]++ ")
_CLIENTS_OWN = re.compile(r" (?:id\*?=|T=\")")


def _follows(text: str, at: int) -> tuple[int, int] | None:
    """Behind a client comes the protocol; the message id and the subject may quote anything."""
    found = _BEHIND_PEER.match(text, at)
    if found is None:
        return None
    own = _CLIENTS_OWN.search(text, found.end() - 1)
    return len(text) if own is None else own.start(), len(text)


_ORIGIN = re.compile(
    r"(?:R=(\S+))?(?:(?:^| )H=(?:([^ ()\[\]=\"]+) )?(?:\(([^ ()]*)\) )?\[([^\[\] ]+)\](?::(\d{1,5}))?(?: I=([^ ]+))?)?"
    r"(?:(?:^| )U=(\S+))?(?: Ci=\S+)?"
)
_MANNER = re.compile(
    r"([\w-]+)(?: L[-*.]{0,4})?(?: X=(\S+))?(?: CV=\S+)?(?: SNI=\S+)?(?: A=([^ :]+)(?::([^ :]+))?)?(?: PRDR)?(?: K)?"
)


@lru_cache(maxsize=16384)
def _origin(text: str) -> Event | None:
    """Read `R=… H=name (helo) [address]:port I=… U=…` into an event; None where a client made it less plain than that."""
    found = _ORIGIN.fullmatch(text)
    if found is None:
        return None
    parent, domain, helo, address, port, local, user = found.groups()
    event = Event()
    if parent is not None:
        event.mail_queue_parent_id = parent
    if address is not None:
        event.source_ip = ip(address)
        if port is not None:
            event.source_port = int(port)
        if domain is not None and domain != address:
            event.source_domain = domain
        if helo:
            event.smtp_helo = helo
        if local is not None:
            interface(event, local)
    elif user is not None and parent is None:
        event.user_name = user
    return event


@lru_cache(maxsize=16384)
def _manner(text: str) -> Event | None:
    """Read `esmtpsa X=TLS1.3:… CV=no A=login:user` into an event of its own; None where it is less plain than that."""
    found = _MANNER.fullmatch(text)
    if found is None:
        return None
    protocol, suite, method, user = found.groups()
    event = Event()
    if suite is not None:
        tls(event, suite)
    arrived(event, protocol)
    if method is not None:
        event.mail_sasl_method = method
        if user is not None:
            event.user_name = user
    return event


@FORMAT.pattern(" <= ")
def arrival(event: Event, rest: str) -> bool:
    """A message was taken in.

    Where it came from and how is the same for many messages: both are read once and remembered.
    """
    before, _, behind = rest.partition(" P=")
    sender, _, origin = before.partition(" ")
    manner, _, behind = behind.partition(" S=")
    source, session = _origin(origin), _manner(manner)
    if source is None or session is None or '"' in sender or not _plain(event, behind):
        return _arrival(event, rest)
    event.source_ip = source.source_ip
    event.source_port = source.source_port
    event.source_domain = source.source_domain
    event.smtp_helo = source.smtp_helo
    if source.destination_ip is not None:
        event.destination_ip = source.destination_ip
        event.destination_port = source.destination_port
    if source.mail_queue_parent_id is not None:
        event.mail_queue_parent_id = source.mail_queue_parent_id
    event.user_name = source.user_name
    event.network_protocol = session.network_protocol
    event.tls_established = session.tls_established
    if session.tls_established:
        event.tls_version = session.tls_version
        event.tls_version_protocol = session.tls_version_protocol
        event.tls_cipher = session.tls_cipher
    if session.mail_sasl_method is not None:
        event.mail_sasl_method = session.mail_sasl_method
        event.user_name = session.user_name
    event.event_action = "message-received"
    event.event_outcome = "success"
    if sender == "<>":
        event.email_from_address = []
        event.mail_null_sender = True
    else:
        event.email_from_address = [sender]
    return True


def _plain(event: Event, text: str) -> bool:
    """Read size, message id, subject and recipients where no text of the client's can be taken for another field."""
    size, _, text = text.partition(" ")
    if not size.isdecimal() or len(size) > _LONGEST_NUMBER:
        return False
    if text[:4] == "M8S=":
        text = text[6:]
    message_id = subject = None
    if text[:3] == "id=":
        message_id, subjected, subject = text[3:].partition(' T="')
        if not subjected:
            message_id, _, text = message_id.partition(" ")
            subject = None
        elif " " in message_id:
            return False
    elif text[:3] == 'T="':
        subject = text[3:]
    if subject is not None:
        subject, quote, text = subject.partition('"')
        if not quote or "\\" in subject:
            return False
        text = text[1:]
    if text:
        if text[:4] != "for " or '"' in text or "=" in text:
            return False
        to = text[4:].split(" ")
        event.email_to_address = to
        event.mail_recipient_count = len(to)
    event.mail_size = int(size)
    if message_id is not None:
        event.email_message_id = message_id
    if subject is not None:
        event.email_subject = subject
    return True


_LONGEST_NUMBER = 15


@FORMAT.pattern(" (= ")
def fake_reject(event: Event, rest: str) -> bool:
    """A message was taken in, and its client told that it was refused."""
    if not arrival(event, rest):
        return False
    event.event_outcome = "failure"
    return True


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda found: found.group(1) if len(found.group(1)) == 1 else found.group(), text)


def _arrival(event: Event, rest: str) -> bool:
    """Read the rarer shapes, field by field."""
    found = _SENDER.match(rest)
    if found is None:
        return False
    sender, end = found.group(1), found.end()
    parent = _PARENT.match(rest, end)
    if parent is not None:
        end = parent.end()
    if rest.startswith(" DS", end):
        end += 3
    local = not rest.startswith(" H=", end)
    if not local:
        at = peer(event, rest, end + 1, _follows)
        if at is None:
            return False
        end = at
    end = fields(event, rest, end)
    event.event_action = "message-received"
    event.event_outcome = "success"
    addresses(event, sender)
    if parent is not None:
        event.mail_queue_parent_id = parent.group(1)
        if local:
            event.user_name = None
    size = _SIZE.match(rest, end) or _SIZE.search(rest, end)
    if size is not None:
        if size.start() > end and event.user_name:  # a login with blanks
            event.user_name += rest[end : size.start()]
        if size.group(1).isdecimal():
            event.mail_size = int(size.group(1))
        end = fields(event, rest, size.end())
    _labelled(event, rest, end)
    return True


def _labelled(event: Event, rest: str, end: int) -> None:
    """Read the message id, the subject and the recipients; an id may hold what looks like the others."""
    label = _ID.match(rest, end)
    start = end if label is None else label.end()
    tails = [rest.find(word, end) for word in _TAIL_WORDS]
    at = min((place for place in tails if place >= 0), default=len(rest))
    for _ in range(_MOST_TAILS):
        tail = _TAIL.match(rest, at)
        if tail is not None:
            break
        at = min((place for word in _TAIL_WORDS if (place := rest.find(word, at + 1)) >= 0), default=len(rest))
    else:
        return
    if label is not None and at > start:
        event.email_message_id = rest[start:at]
    subject, recipients = tail.groups()
    if subject is not None:
        event.email_subject = _unescaped(subject)
    if recipients:
        to = [found.group() for found in _RECIPIENT.finditer(recipients)]
        event.email_to_address = to
        event.mail_recipient_count = len(to)


_ID = re.compile(r" id\*?=")
_TAIL_WORDS = (' T="', " from <", " for ")


@FORMAT.pattern("Completed")
def completed(event: Event, rest: str) -> bool:
    """Nothing is left to do for a message."""
    time = _TOOK.match(rest)
    if time is None:
        return False
    event.event_action = "message-removed"
    if time.group(1):
        event.mail_delivery_delay = seconds(time.group(1))
    return True


_TOOK = re.compile(r"(?: QT=([\w.]{1,20}))?(?: .{0,100})?$")


@FORMAT.pattern("Frozen")
def frozen(event: Event, rest: str) -> bool:
    """A message is kept in the queue and no longer tried."""
    if rest and rest[0] not in " (;":
        return False
    return _held(event)


@FORMAT.pattern("frozen by ")
def frozen_by(event: Event, rest: str) -> bool:
    """The configuration had a message frozen on arrival."""
    return bool(rest) and _held(event)


@FORMAT.pattern("Message is frozen")
def still_frozen(event: Event, _rest: str) -> bool:
    """A queue run passed a frozen message by."""
    return _held(event)


def _held(event: Event) -> bool:
    event.event_action = "message-held"
    return True


@FORMAT.pattern("Unfrozen by ")
@FORMAT.pattern("unfrozen by ")
def thawed(event: Event, rest: str) -> bool:
    """A frozen message may be tried again."""
    event.event_action = "message-released"
    return bool(rest)


@FORMAT.pattern("removed by ")
@FORMAT.pattern("Message removed because older than ")
def removed(event: Event, rest: str) -> bool:
    """A message was taken out of the queue, by an administrator or for its age."""
    event.event_action = "message-removed"
    return bool(rest)


@FORMAT.pattern("cancelled by ")
def cancelled(event: Event, rest: str) -> bool:
    """A message was given up: by an administrator, a filter, or because it was frozen for too long."""
    event.event_action = "message-removed"
    event.event_outcome = "failure"
    return bool(rest)


@FORMAT.pattern("Delivery deferred by ")
@FORMAT.pattern("no immediate delivery: ")
@FORMAT.pattern("first-pass only routing")
@FORMAT.pattern("original recipients ignored (")
@FORMAT.pattern("sender address changed to ")
@FORMAT.pattern("PRDR R=")
@FORMAT.pattern("recipient <")
@FORMAT.pattern("rescind the above message-accept")
def waiting(event: Event, _rest: str) -> bool:
    """A message stays in the queue for now, or is sent another way than its client asked for."""
    event.event_action = "message-queued"
    return True


@FORMAT.pattern("Spool file is locked")
@FORMAT.pattern("Spool file for ")
@FORMAT.pattern("moved from ")
def handled_elsewhere(event: Event, _rest: str) -> bool:
    """Another process has the message in its hands."""
    event.event_action = "message-queued"
    return True


@FORMAT.pattern(": error ignored", anywhere=True)
def error_ignored(event: Event, text: str) -> bool:
    """A bounce could not be delivered and was thrown away."""
    address, _, why = text.partition(": error ignored")
    if " " in address or (why and not why.startswith(": ")):
        return False
    event.event_action = "discard"
    if "@" in address:
        event.email_to_address = [address]
    return True


@FORMAT.pattern("no recipients found in headers")
@FORMAT.pattern("timed out while reading local message")
@FORMAT.pattern("Message abandoned: ")
@FORMAT.pattern("SIGTERM received while reading local message")
@FORMAT.pattern("SIGINT received while reading local message")
def given_up(event: Event, _rest: str) -> bool:
    """A local program handed over no whole message."""
    event.event_action = "reject"
    event.event_outcome = "failure"
    event.event_reason = "other"
    return True


@FORMAT.pattern("qualify/rewrite: ")
def bad_header(event: Event, _rest: str) -> bool:
    """An address in a message's header is malformed."""
    event.event_action = "filter-verdict"
    event.event_reason = "header_checks"
    return True


@FORMAT.pattern(" rewritten as ", anywhere=True)
def rewritten(event: Event, text: str) -> bool:
    """An address was replaced by another, as the rules of rewriting say."""
    if _REWRITTEN.match(text) is None:
        return False
    return noted(event)


_REWRITTEN = re.compile(r'".{0,998}" from [\w: -]{2,40} rewritten as ".{0,998}" by (?:rule \d{1,6}|submission mode)$')


@FORMAT.pattern("address <")
def marked_delivered(event: Event, rest: str) -> bool:
    """An administrator had a recipient counted as delivered."""
    address, marked, _ = rest.rpartition("> marked delivered by ")
    if not marked:
        return False
    event.event_action = "message-removed"
    event.email_to_address = [address]
    return True
