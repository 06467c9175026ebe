"""What became of a recipient: `mta delivery` over the network, `mda delivery` into a mailbox or a program.

`stat="…"` is the remote server's text and stands last; what is before it was fixed by us or by the envelope.
"""

import re
from functools import lru_cache

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.opensmtpd.prefix import FORMAT, sender, unquoted
from mailwarden.parsers.reply_text import taken_as

__all__: list[str] = []

_MTA = re.compile(
    r"evpid=([0-9a-f]{16}) from=<([^>]*)> to=<([^>]*)> rcpt=<([^>]*)> source=\"?([^\" ]*)\"? "
    r"relay=\"?(.{0,300}?)\"? delay=(\w{1,24}) result=\"?(\w{2,12})\"? stat=\"?(.*?)\"?$",
    re.DOTALL,
).match
_MDA = re.compile(
    r"evpid=([0-9a-f]{16}) from=<([^>]*)> to=<([^>]*)> (?:rcpt=<([^>]*)> )?user=(.{0,255}?) "
    r"(?:method=\S{1,40} )?delay=(\w{1,24}) result=\"?(\w{2,12})\"? stat=(.*)$",
    re.DOTALL,
).match
_OLD_MTA = re.compile(
    r"([0-9a-f]{16}): session=([0-9a-f]{16}), from=<([^>]*)>, to=<([^>]*)>, rcpt=<([^>]*)>, source=([^,]*), "
    r"relay=([^,]*), delay=(\w{1,24}), stat=(.*)$",
    re.DOTALL,
).match
_OLD_MDA = re.compile(
    r"([0-9a-f]{16}): from=<([^>]*)>, to=<([^>]*)>, (?:rcpt=<([^>]*)>, )?(?:user=([^,]*), )?(?:method=([^,]*), )?"
    r"delay=(\w{1,24}), stat=(.*)$",
    re.DOTALL,
).match
_RELAY = re.compile(r"\[?([0-9A-Fa-f.:]{2,45}?)\]?(?: \((.{0,255})\))?").fullmatch
_REPLY = re.compile(r"([245]\d\d)(?:[ -](?:([245]\.\d{1,3}\.\d{1,3})(?= |$) ?)?(.*))?$", re.DOTALL).match
_LONGEST = 1000
_RESULTS = {"ok": ("sent", "success"), "tempfail": ("deferred", "failure"), "permfail": ("bounced", "failure")}
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SPAN = re.compile(r"(\d{1,9})([dhms])")

# By what our own text says, in lower case: no server answered (mta.c, mta_session.c, mda.c, queue.c).
_WHY = (
    ("timeout", "connect_timeout"),
    ("timed out", "connect_timeout"),
    ("refused", "connect_refused"),
    ("domain does not exist", "host_not_found"),
    ("no mx", "host_not_found"),
    ("could not resolve", "host_not_found"),
    ("invalid domain", "host_not_found"),
    ("no such domain", "host_not_found"),
    ("temporary failure in mx lookup", "host_not_found"),
    ("tls", "tls_policy"),
    ("certificate", "tls_policy"),
    ("loop", "mail_loop"),
    ("disk quota", "quota_exceeded"),
    ("quota exceeded", "quota_exceeded"),
    ("mailbox full", "quota_exceeded"),
    ("no space left", "disk_full"),
    ("credentials", "credentials_rejected"),
    ("auth", "credentials_rejected"),
    ("network error", "other"),
    ("destination seems", "other"),
)


@lru_cache(maxsize=1024)
def _seconds(text: str) -> float:
    """Give the seconds of `1h2m3s`."""
    return sum(float(number) * _UNITS[unit] for number, unit in _SPAN.findall(text))


def _envelope(event: Event, evpid: str, from_: str, to: str, original: str | None, delay: str) -> None:
    event.event_action = "delivery"
    event.mail_queue_id = evpid[:8]
    event.set("opensmtpd.evpid", evpid)
    sender(event, from_)
    event.email_to_address = [to]
    if original and original != "-" and original.lower() != to.lower():
        event.mail_original_recipient = original
    event.mail_delivery_delay = _seconds(delay)


def _outcome(event: Event, result: str, said: str) -> bool:
    known = _RESULTS.get(result.lower())
    if known is None:
        return False
    event.mail_delivery_status, event.event_outcome = known
    reply = _REPLY(said)
    if reply is not None:
        event.smtp_reply_code = int(reply[1])
        event.smtp_reply_enhanced_code = reply[2]
        event.smtp_reply_text = (reply[3] or "")[:_LONGEST] or None
        if known[0] == "sent":
            event.mail_queue_remote_id = taken_as(reply[3] or "")
        return True
    event.smtp_reply_text = said[:_LONGEST] or None
    if known[0] != "sent":
        lower = said.lower()
        event.event_reason = next((reason for words, reason in _WHY if words in lower), "other")
    return True


def _by_network(event: Event, relay: str) -> None:
    event.network_protocol = "smtp"
    event.set("opensmtpd.agent", "mta")
    event.mail_delivery_relay = relay or None
    found = _RELAY(relay)
    if found is not None:
        event.destination_ip = ip(found[1])
        host = found[2]
        if host and not host.startswith("<") and ip(host) != event.destination_ip:
            event.destination_domain = host


@FORMAT.pattern("mta delivery ")
def sent_on(event: Event, rest: str) -> bool:
    """A server elsewhere took or refused it."""
    found = _MTA(rest)
    if found is None or not _outcome(event, found[8], found[9]):
        return False
    _envelope(event, found[1], found[2], found[3], found[4], found[7])
    _by_network(event, found[6])
    return True


@FORMAT.pattern("mda delivery ")
def delivered(event: Event, rest: str) -> bool:
    """It was put into a mailbox here, or handed to a program that does so."""
    found = _MDA(rest)
    if found is None or not _outcome(event, found[7], unquoted(found[8])):
        return False
    _envelope(event, found[1], found[2], found[3], found[4], found[6])
    event.mail_mailbox = found[5] or None
    event.set("opensmtpd.agent", "mda")
    return True


@FORMAT.pattern("relay: ")
def relayed(event: Event, rest: str) -> bool:
    """A server elsewhere took or refused it, in the words of 5.x; or its envelope left the queue, in those of all."""
    word, _, rest = rest.partition(" for ")
    if word in _LEAVES:
        return _left(event, word, rest)
    found = _OLD_MTA(rest)
    if found is None or not _outcome(event, word, found[9]):
        return False
    _envelope(event, found[1], found[3], found[4], found[5], found[8])
    event.mail_session_id = found[2]
    _by_network(event, found[7])
    return True


@FORMAT.pattern("delivery: ")
def filed(event: Event, rest: str) -> bool:
    """The same for a mailbox here."""
    word, _, rest = rest.partition(" for ")
    if word in _LEAVES:
        return _left(event, word, rest)
    found = _OLD_MDA(rest)
    if found is None or not _outcome(event, word, found[8]):
        return False
    _envelope(event, found[1], found[2], found[3], found[4], found[7])
    event.mail_mailbox = found[5] or None
    event.set("opensmtpd.agent", "mda")
    return True


_LEAVES = ("Remove", "Expire")


def _left(event: Event, word: str, rest: str) -> bool:
    """Read that the operator took an envelope out of the queue, or that its time there was over."""
    found = _OLD_MDA(rest)
    if found is None:
        return False
    _envelope(event, found[1], found[2], found[3], found[4], found[7])
    if word == "Remove":
        event.event_action = "message-removed"
        return True
    event.event_outcome = "failure"
    event.mail_delivery_status = "expired"
    event.smtp_reply_text = found[8][:_LONGEST] or None
    return True
