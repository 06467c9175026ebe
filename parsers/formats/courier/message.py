"""The way of a message: taken in, handed to a module for each recipient, and what became of it there.

courierd tells of a new message (`newmsg`, with the login and the client), then of each recipient it is tried for
(`started`); the module tells how it went, a reply line by line before its verdict. Each line bears the message's id.

Source: courier/cdmsgq.C, courier/libs/comctlfile.c, courier/module.esmtp/esmtpclient.c of Courier 0.65 to 1.4.
"""

import re

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.courier.prefix import ADDRESS, DELIVERY, FORMAT, ID, QUEUE, addresses
from mailwarden.parsers.life import noted

__all__: list[str] = []

_NEW = re.compile(ID + r"(?:, auth=(.+?))?(?:: (dns|unknown); ?(.*)|: .*)?$")
_NEW_PLAIN = re.compile(ID + "$")
_CLIENT = re.compile(r"(.*) \((?:(\S{1,255}) )?\[([0-9A-Fa-f.:]{2,45})\]\)$")
_STARTED = re.compile(ID + ",from=" + ADDRESS + r",module=([a-z]{2,20}),host=(.*),addr=" + ADDRESS + "$")
_REPLY = re.compile(r"([1-5][0-9]{2})(?:$|[ -] *(?:([245]\.[0-9]{1,3}\.[0-9]{1,3})(?: |$))?(.*))", re.DOTALL)
_HOST = re.compile(r"delivered: (?:(\S{1,255}) | ?)\[([0-9A-Fa-f.:]{2,45})\]$")
_SIZE = re.compile(r"([0-9]{1,15}),success: ")
_LONGEST = 1000
_WHY = (
    ("timed out", "connect_timeout"),
    ("refused", "connect_refused"),
    ("no such domain", "host_not_found"),
    ("dns lookup", "host_not_found"),
    ("host not found", "host_not_found"),
    ("quota", "quota_exceeded"),
    ("user unknown", "unknown_recipient"),
    ("no such user", "unknown_recipient"),
    ("loop", "mail_loop"),
    ("space", "disk_full"),
)
_STATUSES = {"failure": "bounced", "deferred": "deferred"}


@FORMAT.pattern("newmsg,id=", programs=QUEUE)
def new_message(event: Event, rest: str) -> bool:
    """A message was taken in: under which login, and from which client. A line that is too long is cut, and names none."""
    found = _NEW.match(rest)
    if found is None:
        return False
    event.event_action = "message-received"
    event.mail_queue_id, event.user_name = found.group(1), found.group(2)
    came = found.group(4)
    if came is None:
        return True
    event.network_protocol = "smtp"
    client = _CLIENT.match(came)
    if client is None:  # cut
        event.smtp_helo = came.partition(" (")[0] or None
        return True
    event.smtp_helo = client.group(1) or None
    event.source_ip = ip(client.group(3))
    if client.group(2) is not None:
        event.source_domain = client.group(2)
    return True


@FORMAT.pattern("started,id=", programs=QUEUE)
def started(event: Event, rest: str) -> bool:
    """A message is tried for a recipient; by the module `dsn`, its sender is told that it failed."""
    found = _STARTED.match(rest)
    if found is None:
        return False
    event.mail_queue_id, sender, module, host, recipient = found.groups()
    event.event_action = "bounce-created" if module == "dsn" else "message-queued"
    addresses(event, sender, recipient)
    event.set("courier.module", module)
    if host and module == "esmtp":
        event.set("courier.host", host)
    return True


@FORMAT.pattern("reply: ", programs=DELIVERY)
def reply(event: Event, rest: str) -> bool:
    """A line of what the other server said, or why it could not be asked; the verdict stands behind."""
    found = _REPLY.match(rest)
    event.event_action = "remote-reply"
    if found is None:
        said = rest.lower()
        event.event_reason = next((reason for words, reason in _WHY if words in said), None)
        event.smtp_reply_text = rest[:_LONGEST] or None
        return True
    code, enhanced, said = found.groups()
    event.smtp_reply_code = int(code)
    event.smtp_reply_enhanced_code = enhanced
    event.smtp_reply_text = (said or "")[:_LONGEST].strip() or None
    return True


@FORMAT.pattern(",success: ", programs=DELIVERY)
def delivered(event: Event, rest: str) -> bool:
    """A recipient has got the message; by SMTP, from which server that is."""
    event.event_action = "delivery"
    event.event_outcome = "success"
    event.mail_delivery_status = "sent"
    host = _HOST.match(rest)
    if host is not None:
        event.network_protocol = "smtp"
        event.destination_domain, event.destination_ip = host.group(1), ip(host.group(2))
        event.mail_delivery_relay = rest.removeprefix("delivered: ").strip()
    elif "backscatter bounce dropped" in rest:
        event.mail_delivery_status = "discarded"
    return True


@FORMAT.pattern(",size=", programs=DELIVERY)
def delivered_sized(event: Event, rest: str) -> bool:
    """The same with the message's size."""
    found = _SIZE.match(rest)
    if found is None:
        return False
    event.mail_size = int(found.group(1))
    return delivered(event, rest[found.end() :])


@FORMAT.pattern(",status: ", programs=DELIVERY)
def verdict(event: Event, rest: str) -> bool:
    """What became of a recipient at last; a success has told so before."""
    if rest == "success":
        event.event_action = "statistics"
        return True
    status = _STATUSES.get(rest)
    if status is None:
        return False
    event.event_action = "delivery"
    event.event_outcome = "failure"
    event.mail_delivery_status = status
    return True


@FORMAT.pattern("completed,id=", programs=QUEUE)
def completed(event: Event, rest: str) -> bool:
    """One try of a message is over; what waits is tried again."""
    event.mail_queue_id = rest
    return noted(event)
