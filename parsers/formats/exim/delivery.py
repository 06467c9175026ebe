"""What became of a recipient: `=>` delivered, `**` failed, `==` put off.

A `==` whose reason is that it is not yet time for another try (errno -52, -53, -54, -56, -57) tells of no try:
`message-queued`, since all it says is that the recipient still waits.

Source: src/src/deliver.c (delivery_log, deferral_log, failure_log), src/src/macros.h of Exim 4.92 to 4.100.
"""

import re
from functools import lru_cache

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.exim.limits import panel_limit
from mailwarden.parsers.formats.exim.peer import QUOTED, UNNAMED_ADDRESS, addresses, seconds, tls
from mailwarden.parsers.formats.exim.prefix import FORMAT
from mailwarden.parsers.formats.exim.remote import confirmation, failure

__all__ = ["bounced", "cut_through", "deferred", "delivered", "delivered_too", "suppressed"]

_FIELD = re.compile(
    r" (?:(?P<sender>F="
    + UNNAMED_ADDRESS
    + r")|P="
    + UNNAMED_ADDRESS
    + r"|(?P<router>R=[^ :]++)|(?P<transport>T=[^ :]++)"
    r"|(?P<host>H=(?:[^ \[\"]++ (?:DS )?)?\[[^\[\] ]++\](?::\w{1,12})?)\*?"
    r"|(?P<tls>X=[^ ]*?(?= |: |$))|(?P<said>C=" + QUOTED + r")|(?P<time>QT=[\w.]++)|(?P<size>S=\d{1,12})"
    r"|DN="
    + QUOTED
    + r"|(?:CV|I|A|DT|RT|D|ST|PS|PRX|DKIM|Q|Ci|SNI|ARC)=[^ ]*?(?= |: |$)|DS|L[-*.]{0,4}|K|TFO\*?|PRDR)(?=[ :]|$)"
)
_FIRST = re.compile(r" (?:[FP]=<|[RT]=\S|H=|C=\"|routing |defer \(|: )|: ")
_OPENING_QUOTE = re.compile(QUOTED + r"\S*+")
_NO_ADDRESS = ("|", "/", ":", ">")  # a command, a file, a special item, an automatic reply
_NOWHERE = (":blackhole:", "/dev/null ")
_THROWN_AWAY = ("discarded (", "blackhole (")  # all recipients at once, by a filter or the rules; none is named
_ORIGIN = re.compile(r" <[^<>]*+>(?= [FPRT]=| ?: |$)")
_DEFER = re.compile(r" (?:routing )?defer \((?:(-?\d{1,5})|\w{1,6})\)")
_SYSTEM = re.compile(r": ([A-Za-z][A-Za-z /,'-]{2,60})(?= H=| DT=|: |$)")
_NOT_YET = frozenset({-52, -53, -54, -56, -57})
_ERRNO_REASONS = {110: "connect_timeout", 111: "connect_refused", -43: "connect_timeout", -32: "host_not_found"}
_ERRNO_REASONS |= {28: "disk_full", -36: "host_not_found", -38: "tls_policy", -37: "tls_policy", -22: "quota_exceeded"}


_TO = re.compile(r"([^ <>\"|/:(][^ <>\"]*)(?: <([^<>\" ]+)>)?(?: F=<([^<>\" ]*)>)?(?: P=<[^<>\" ]*>)?")
_WAY = re.compile(
    r"([^ :]+)(?: T=([^ :]+))?(?: S=(\d{1,15}))?(?: H=((?:([^ \[\"]+) (?:DS )?)?\[([^\[\] ]+)\](?::(\d{1,5}))?)\*?)?(?: I=\S+)?"
    r"(?: X=(\S+))?(?: CV=\S+)?(?: K)?"
)
_TIMES = re.compile(r"(?: QT=(\S+))?(?: DT=\S+)?")


@lru_cache(maxsize=4096)
def _took(text: str) -> tuple[float | None] | None:
    """Give the time that ` QT=2s DT=1s` stands for, within a tuple; None where it is more than that."""
    found = _TIMES.fullmatch(text)
    return None if found is None else (seconds(found.group(1)) if found.group(1) else None,)


@lru_cache(maxsize=16384)
def _way(text: str) -> Event | None:
    """Read `dnslookup T=remote_smtp H=name [address]:port X=… CV=yes` into an event of its own."""
    found = _WAY.fullmatch(text)
    if found is None:
        return None
    router, transport, size, relay, domain, address, port, suite = found.groups()
    event = Event()
    event.set("exim.router", router)
    if transport is not None:
        event.set("exim.transport", transport)
    if size is not None:
        event.mail_size = int(size)
    if relay is not None:
        event.mail_delivery_relay = relay.replace(" DS [", " [")
        event.network_protocol = "smtp"
        event.destination_ip = ip(address)
        if domain is not None and domain != address:
            event.destination_domain = domain
        if port is not None:
            event.destination_port = int(port)
    if suite is not None:
        tls(event, suite)
    return event


def _plain(event: Event, front: str, text: str) -> bool:
    """Read the common shape of what stands before the words on how it went; the way is the same for many messages."""
    found = _TO.fullmatch(front)
    way = _way(text)
    if found is None or way is None:
        return False
    to, original, sender = found.groups()
    event.extra = way.extra.copy() if way.extra else None
    event.mail_size = way.mail_size
    if way.mail_delivery_relay is not None:
        event.mail_delivery_relay = way.mail_delivery_relay
        event.network_protocol = way.network_protocol
        event.destination_ip = way.destination_ip
        event.destination_domain = way.destination_domain
        event.destination_port = way.destination_port
        if way.tls_established:
            event.tls_established = True
            event.tls_version = way.tls_version
            event.tls_version_protocol = way.tls_version_protocol
            event.tls_cipher = way.tls_cipher
    if original is None:
        event.email_to_address = [to]
    elif "@" in to:
        event.email_to_address = [to]
        event.mail_original_recipient = original
    else:
        event.email_to_address = [original]
    if sender:
        event.email_from_address = [sender]
    elif sender is not None:
        event.email_from_address = []
        event.mail_null_sender = True
    return True


@FORMAT.pattern(" => ")
def delivered(event: Event, rest: str) -> bool:
    """A recipient has got the message."""
    front, _, behind = rest.partition(" R=")
    way, said, behind = behind.partition(' C="')
    if said:
        answer, _, times = behind.partition('"')
        if answer[-1:] == "\\":
            return _delivered(event, rest)
    else:
        way, timed, times = way.partition(" QT=")
        times = timed + times
    took = _took(times)
    if took is None or not _plain(event, front, way):
        return _delivered(event, rest)
    event.event_action = "delivery"
    event.event_outcome = "success"
    event.mail_delivery_status = "sent"
    if said:
        confirmation(event, answer)
    event.mail_delivery_delay = took[0]
    return True


@FORMAT.pattern(" -> ")
def delivered_too(event: Event, rest: str) -> bool:
    """A further recipient has got the message in the same delivery."""
    return delivered(event, rest)


@FORMAT.pattern(" >> ")
def cut_through(event: Event, rest: str) -> bool:
    """A recipient has got the message while the client was still there."""
    return delivered(event, rest)


@FORMAT.pattern(" *> ")
def suppressed(event: Event, rest: str) -> bool:
    """A delivery was only played (-N)."""
    if not delivered(event, rest):
        return False
    event.mail_delivery_status = "discarded"
    return True


@FORMAT.pattern(" ** ")
def bounced(event: Event, rest: str) -> bool:
    """A recipient will not get the message."""
    front, _, behind = rest.partition(" R=")
    way, _, why = behind.partition(": ")
    if not _plain(event, front, way.rstrip(" ")):
        why = rest[_read(event, rest) :].lstrip(" :")
    event.event_action = "delivery"
    event.event_outcome = "failure"
    event.mail_delivery_status = "bounced"
    _why(event, why)
    return True


@FORMAT.pattern(" == ")
def deferred(event: Event, rest: str) -> bool:
    """A recipient has not got the message yet."""
    end = _read(event, rest)
    defer = _DEFER.match(rest, end)
    if defer is None:
        return False
    event.event_action = "delivery"
    event.event_outcome = "failure"
    event.mail_delivery_status = "deferred"
    text = rest[defer.end() :]
    errno = int(defer.group(1) or 0)
    event.set("exim.errno", errno)
    system = _SYSTEM.match(text)
    if system is not None:
        end = _fields(event, text, system.end())
        message = text[end:].lstrip(" :") or system.group(1)
    else:
        message = text[_fields(event, text, 0) :].lstrip(" :")
    if errno in _NOT_YET or message.lower().startswith("retry time not "):
        event.event_action = "message-queued"
        event.event_outcome = event.mail_delivery_status = None
        return True
    _why(event, message)
    if event.event_reason is None and event.smtp_reply_code is None:
        event.event_reason = _ERRNO_REASONS.get(errno) or _system_reason(system)
    return True


def _system_reason(system: re.Match[str] | None) -> str | None:
    if system is None:
        return None
    return {"Connection timed out": "connect_timeout", "Connection refused": "connect_refused"}.get(system.group(1))


def _delivered(event: Event, rest: str) -> bool:
    if not rest.startswith(_THROWN_AWAY) and _read(event, rest) == 0:
        return False
    event.event_action = "delivery"
    event.event_outcome = "success"
    event.mail_delivery_status = "discarded" if rest.startswith((*_THROWN_AWAY, *_NOWHERE)) else "sent"
    return True


def _why(event: Event, message: str) -> None:
    """Read the text behind the fields of a failed or deferred delivery."""
    if panel_limit(event, message):
        return
    if message.startswith("retry timeout exceeded"):
        event.mail_delivery_status = "expired"
        return
    failure(event, message)


def _read(event: Event, text: str) -> int:
    """Read the recipient and the fields behind it, and give where they end."""
    if text.startswith(_NO_ADDRESS):
        origin = _ORIGIN.search(text)
        start = 0 if origin is None else origin.end()
    else:
        quoted = _OPENING_QUOTE.match(text)
        start = 0 if quoted is None else quoted.end()
    first = _FIRST.search(text, start)
    end = len(text) if first is None else first.start()
    _recipient(event, text[:end])
    return _fields(event, text, end)


def _recipient(event: Event, text: str) -> None:
    """Read `address`, `address <original>`, `address (parent) <original>`, `|command <original>`."""
    original = None
    if text.endswith(">"):
        opening = text.rfind(" <") if text.startswith(_NO_ADDRESS) else text.find(" <")
        if opening >= 0:
            original = text[opening + 2 : -1]
            text = text[:opening]
    if text.endswith(")") and " (" in text:
        text = text[: text.index(" (")]
    if text.startswith("/"):
        event.mail_mailbox = text
    if "@" in text and not text.startswith(_NO_ADDRESS):
        event.email_to_address = [text.removeprefix("<").removesuffix(">")]
        if original:
            event.mail_original_recipient = original
    elif original:
        event.email_to_address = [original]
    elif text and not text.startswith(_NO_ADDRESS):
        event.email_to_address = [text]


def _fields(event: Event, text: str, end: int) -> int:
    while (found := _FIELD.match(text, end)) is not None:
        end = found.end()
        kind = found.lastgroup
        if kind is None:
            continue
        value = found.group(kind)
        if kind == "sender":
            addresses(event, value[2:])
        elif kind == "host":
            _host(event, value[2:])
        elif kind == "tls":
            tls(event, value[2:])
        elif kind == "said":
            confirmation(event, value[3:-1])
        elif kind == "time":
            event.mail_delivery_delay = seconds(value[3:])
        elif kind == "size":
            event.mail_size = int(value[2:])
        else:
            event.set("exim." + kind, value[2:])
    return end


def _host(event: Event, text: str) -> bool:
    """Read the server that a message went to, `name [address]:port`; `DS` says that DNSSEC proved its name."""
    text = text.replace(" DS [", " [")
    name, opened, rest = text.partition("[")
    address, closed, port = rest.partition("]")
    if not opened or not closed or " " in address:
        return False
    name = name[:-1]
    event.mail_delivery_relay = text
    event.network_protocol = "smtp"
    event.destination_ip = ip(address)
    if name and name != address:
        event.destination_domain = name
    if port and port[1:].isdecimal():
        event.destination_port = int(port[1:])
    return True
