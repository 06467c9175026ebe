"""A message as it is taken in. Its id is the first half of the ids of its envelopes, one a recipient."""

import re

from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.opensmtpd.prefix import FORMAT, OLD_SESSION, at_host, sender

__all__: list[str] = []

_MESSAGE = re.compile(r"msgid=([0-9a-f]{8}) size=(\d{1,15}) nrcpt=(\d{1,9}) proto=(\w{1,8})").fullmatch
_ENVELOPE = re.compile(r"evpid=([0-9a-f]{16}) from=<([^>]*)> to=<([^>]*)>").fullmatch
_MESSAGE_6 = re.compile(
    r"msgid=([0-9a-f]{8}) from=<([^>]*)> to=<([^>]*)> size=(\d{1,15}) ndest=(\d{1,9}) proto=(\w{1,8})"
).fullmatch
_MESSAGE_5 = re.compile(
    r"([0-9a-f]{8}) on session "
    + OLD_SESSION
    + r": from=<([^>]*)>, to=<([^>]*)>, size=(\d{1,15}), (?:ndest|nrcpts)=(\d{1,9}), proto=(\w{1,8})"
).fullmatch


def _received(event: Event, message: str, size: str, recipients: int) -> bool:
    event.event_action = "message-received"
    event.event_outcome = "success"
    event.network_protocol = "smtp"
    event.mail_queue_id = message
    event.mail_size = int(size)
    event.mail_recipient_count = recipients
    return True


@FORMAT.pattern("smtp message ")
def received(event: Event, rest: str) -> bool:
    """A message was taken in; 7.x tells its sender and recipients on the lines that follow, 6.x here, a line a recipient."""
    found = _MESSAGE(rest)
    if found is not None:
        return _received(event, found[1], found[2], int(found[3]))
    old = _MESSAGE_6(at_host(event, rest) or rest)
    if old is None:
        return False
    sender(event, old[2])
    event.email_to_address = [old[3]]
    return _received(event, old[1], old[4], 1)


@FORMAT.pattern("smtp-in: Accepted message ")
def received_5(event: Event, rest: str) -> bool:
    """The same in the words of 5.x, a line a recipient."""
    found = _MESSAGE_5(rest)
    if found is None:
        return False
    event.mail_session_id = found[2]
    sender(event, found[3])
    event.email_to_address = [found[4]]
    return _received(event, found[1], found[5], 1)


@FORMAT.pattern("smtp envelope ")
def queued(event: Event, rest: str) -> bool:
    """One recipient of it."""
    found = _ENVELOPE(rest)
    if found is None:
        return False
    event.event_action = "message-queued"
    event.mail_queue_id = found[1][:8]
    event.set("opensmtpd.evpid", found[1])
    sender(event, found[2])
    event.email_to_address = [found[3]]
    return True
