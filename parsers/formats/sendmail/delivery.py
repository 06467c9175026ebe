"""What became of recipients: `to=`, one line for all that went the same way in one try.

The keys up to `dsn=` are sendmail's, `reply=` and `stat=` hold the other server's text. What became of it is told by
`dsn=`: sendmail says `stat=User unknown` of any 550 to RCPT.
"""

import re
from functools import lru_cache

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.sendmail.message import address
from mailwarden.parsers.formats.sendmail.prefix import FORMAT, enhanced
from mailwarden.parsers.reply_text import taken_as

__all__: list[str] = []

_KEYS = re.compile(
    r"(?: \[more\])?, (?:ctladdr=(.{0,330}?)(?: \((-?\d{1,10})/(-?\d{1,10})\))?, )?delay=([0-9+:]{8,16})"
    r"(?:, xdelay=([0-9+:]{8,16}))?(?:, mailer=([^ ,]{1,40}))?(?:, pri=-?\d{1,12})?(?:, relay=([^,]*))?"
    r"(?>(?:, (?:quarantine|tls_verify|tls_version|cipher|bits|auth)=[^,]*)*)"
    r"(?:, dsn=(\d\.\d{1,3}\.\d{1,3}))?(?:, ntries=\d{1,6})?(?:, stage=\S{1,20})?(?=, )"
).search
_RELAY = re.compile(r"(?:([^ \[\]]{1,255}) )?(?:\[[^\]]{0,60}\] )?\[((?:IPv6:)?[0-9A-Fa-f.:]{2,45})\]$").match
_DELAY = re.compile(r"(?:(\d{1,5})\+)?(\d\d):(\d\d):(\d\d)").fullmatch
_STATUSES = {"2": ("sent", "success"), "4": ("deferred", "failure"), "5": ("bounced", "failure")}
_EXPIRED = ("4.4.7", "5.4.7")
_LONGEST = 1000

# By what sendmail itself says of it, in lower case (sysexits.c, deliver.c, domain.c, daemon.c).
_WHY = (
    ("user unknown", "unknown_recipient"),
    ("connection refused", "connect_refused"),
    ("timed out", "connect_timeout"),
    ("timeout", "connect_timeout"),
    ("no route to host", "connect_timeout"),
    ("host unknown", "host_not_found"),
    ("host name lookup failure", "host_not_found"),
    ("name server", "host_not_found"),
    ("host not found", "host_not_found"),
    ("local configuration error", "mail_loop"),
    ("too many hops", "mail_loop"),
    ("loops back", "mail_loop"),
    ("quota", "quota_exceeded"),
    ("can't create output", "server_error"),
    ("no space", "disk_full"),
    ("insufficient disk", "disk_full"),
    ("operating system error", "server_error"),
    ("prog mailer", "server_error"),
    ("unknown mailer error", "server_error"),
    ("internal software error", "server_error"),
    ("i/o error", "server_error"),
    ("remote protocol error", "other"),
    ("tls", "tls_policy"),
    ("authentication required", "credentials_rejected"),
    ("message size exceeds", "too_big"),
    ("message too large", "too_big"),
)


@lru_cache(maxsize=2048)
def _seconds(text: str) -> float | None:
    """Give the seconds of `[DAYS+]HH:MM:SS`."""
    found = _DELAY(text)
    if found is None:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return float(((days * 24 + hours) * 60 + minutes) * 60 + seconds)


def _recipients(text: str) -> list[str]:
    """Split `<a@example.org>,<b@example.org>`; a comma may stand within an address."""
    if text.startswith("<") and text.endswith(">"):
        return text[1:-1].split(">,<")
    return [address(one) for one in text.split(",") if one]


@FORMAT.pattern("to=<")
def delivered(event: Event, rest: str) -> bool:
    """Read what became of some recipients in one try."""
    return _delivered(event, f"<{rest}")


@FORMAT.pattern(", delay=", anywhere=True)
def delivered_to_name(event: Event, text: str) -> bool:
    """The same where they are local names, programs or files: `to=root, …`, `to="|/usr/bin/filter", …`."""
    return text.startswith("to=") and text[3:4] != "<" and _delivered(event, text[3:])


def _delivered(event: Event, rest: str) -> bool:
    keys = _KEYS(rest)
    if keys is None:
        return False
    behind = rest[keys.end() :]
    reply, _, stat = behind[8:].partition(", stat=") if behind.startswith(", reply=") else ("", "", behind[7:])
    if not stat or not (reply or behind.startswith(", stat=")):
        return False
    controlling, _, _, delay, tried, mailer, relay, dsn = keys.groups()
    event.email_to_address = _recipients(rest[: keys.start()])
    event.event_count = len(event.email_to_address) or 1
    event.mail_delivery_delay = _seconds(delay)
    if controlling:
        event.set("sendmail.ctladdr", address(controlling))
    if rest[:1] != "<":
        event.set("sendmail.unbracketed", True)  # no SMTP client named it, who writes `RCPT TO:<address>`: an alias did
    if mailer is not None:
        event.set("sendmail.mailer", mailer)
    if relay:
        _to_server(event, relay)
    if mailer is None and tried is None:  # its client was there: what was refused has a line of its own
        event.event_action = "statistics"
        if stat == "aborted by sender":  # it was accepted, and the client went without a message
            event.event_action, event.smtp_stage = "address-question", "RCPT"
        return True
    if stat == "queued" or stat.startswith("queued"):
        event.event_action = "message-queued"
        return True
    if stat.startswith("quarantined"):
        event.event_action = "message-held"
        return True
    event.event_action = "delivery"
    event.mail_delivery_status, event.event_outcome = _status(dsn, stat)
    if dsn in _EXPIRED and not stat.startswith("Deferred"):
        event.mail_delivery_status = "expired"
    if event.mail_delivery_status == "sent":
        _taken(event, stat, dsn)
    else:
        _why(event, reply, stat, dsn)
    return True


def _status(dsn: str | None, stat: str) -> tuple[str, str]:
    known = _STATUSES.get(dsn[0]) if dsn else None
    if known is not None:
        return known
    if stat.startswith(("Sent", "delivered")):
        return _STATUSES["2"]
    return _STATUSES["4"] if stat.startswith("Deferred") else _STATUSES["5"]


def _to_server(event: Event, relay: str) -> None:
    """Read `mx.example.net. [192.0.2.10]`; a mailbox of ours has none, or `local`."""
    event.mail_delivery_relay = relay
    found = _RELAY(relay)
    if found is not None:
        event.network_protocol = "smtp"
        event.destination_ip = ip(found[2])
        if found[1]:
            event.destination_domain = _whole(found[1].rstrip("."))
    elif "." in relay and " " not in relay:
        event.destination_domain = relay.rstrip(".")


def _whole(name: str) -> str | None:
    """Give a name, or of one that was cut in its middle (`mx.a-long-na...le.example.net`) the whole labels at its end."""
    _, cut, end = name.rpartition("...")
    return name if not cut else end.partition(".")[2] or None


def _taken(event: Event, stat: str, dsn: str | None) -> None:
    event.smtp_reply_enhanced_code = dsn
    said = stat.removeprefix("Sent").strip().removeprefix("(").removesuffix(")")
    event.smtp_reply_text = said[:_LONGEST] or None
    event.mail_queue_remote_id = taken_as(said)


def _why(event: Event, reply: str, stat: str, dsn: str | None) -> None:
    """Set the other server's reply where there is one, else what sendmail says of it."""
    said = reply or stat.removeprefix("Deferred: ")
    if enhanced(event, said) is None:
        event.smtp_reply_text = said[:_LONGEST] or None
        lower = stat.lower()
        event.event_reason = next((reason for words, reason in _WHY if words in lower), "other")
    if event.smtp_reply_enhanced_code is None:
        event.smtp_reply_enhanced_code = dsn
