"""Exchange's message tracking: what became of each message, step by step, on every server that it passes.

A message bears one `network-message-id` on all of them. Who has logged in, by whichever way, is named by the sender alone: nobody
else may send as he, but who was given the right to.

Source: "Message tracking" of Microsoft's documentation: event types and sources of Exchange 2013 to 2019.
"""

import re

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.exchange.table import FORMAT, cells
from mailwarden.parsers.life import noted

__all__: list[str] = []

_TRACKING = ("MessageTracking",)
_STATUS = re.compile(r"(?:\{LED=|^)([245][0-9]{2})(?:[ -]([245]\.[0-9]{1,3}\.[0-9]{1,3}))?[ -]?([^{}]{0,1000})")
_INTERNAL = "intra-organization"
_MAPI = "MAPI"  # a mailbox is open to who has logged in, by whichever way
_OURS = "Originating"  # from people of this organisation, who have logged in; what strangers send is `Incoming`
_MOST = 500  # recipients of one row


def _begin(event: Event, rest: str) -> dict[str, str]:
    row = cells(rest)
    queue_id = row.get("network-message-id") or row.get("internal-message-id") or row.get("message-id", "")
    event.mail_queue_id = queue_id.strip("<>")[:200] or None
    event.email_message_id = row.get("message-id", "").strip("<>") or None
    sender = row.get("sender-address", "")
    event.email_from_address = [sender] if sender and sender != "<>" else []
    event.email_to_address = [one for one in row.get("recipient-address", "").split(";") if one][:_MOST] or None
    event.email_subject = row.get("message-subject") or None
    size, count = row.get("total-bytes", ""), row.get("recipient-count", "")
    event.mail_size = int(size) if size.isdecimal() and len(size) < 16 else None
    event.mail_recipient_count = int(count) if count.isdecimal() and len(count) < 7 else None
    return row


def _is_internal(row: dict[str, str]) -> bool:
    """Say whether a message went between servers of one organisation: told again where it comes from or goes to."""
    return _INTERNAL in row.get("connector-id", "").lower()


@FORMAT.pattern("RECEIVE ", programs=_TRACKING)
def received(event: Event, rest: str) -> bool:
    """A message came: by SMTP, or from a mailbox here."""
    row = _begin(event, rest)
    if not row:
        return False
    over_smtp = rest.startswith(("SMTP ", " "))
    if _is_internal(row) or not (over_smtp or rest.startswith("STOREDRIVER ")):
        return noted(event)
    event.network_protocol = "smtp" if over_smtp else "mapi"
    client = row.get("client-ip", "")
    if not over_smtp or row.get("directionality") == _OURS:
        event.user_name, event.mail_sasl_method = next(iter(event.email_from_address or ()), None), _MAPI
        client = "" if not over_smtp or client == row.get("server-ip") else client
    event.source_ip = ip(row.get("original-client-ip") or client)
    event.event_action = "message-received"
    return True


@FORMAT.pattern("SEND ", "SENDEXTERNAL ", "DELIVER ", "DEFER ", "FAIL ", programs=_TRACKING)
def handled(event: Event, rest: str) -> bool:
    """A message went out, into a mailbox here, waits, or is given up."""
    row = _begin(event, rest)
    if not row:
        return False
    kind = row.get("event-id")
    if _is_internal(row) and kind == "SEND":
        return noted(event)
    event.event_action = "delivery"
    event.mail_delivery_status = {"DEFER": "deferred", "FAIL": "bounced"}.get(kind or "", "sent")
    event.event_outcome = "success" if event.mail_delivery_status == "sent" else "failure"
    event.event_count = max(len(event.email_to_address or ()), 1)
    if kind == "DELIVER" or row.get("source") == "STOREDRIVER":
        event.network_protocol = "mapi"
        event.set("exchange.local", True)
    else:
        event.network_protocol = "smtp"
        event.destination_ip = ip(row.get("server-ip", ""))
        event.destination_domain = row.get("server-hostname") or None
    _read_status(event, row.get("recipient-status", "") or row.get("source-context", ""))
    return True


def _read_status(event: Event, status: str) -> None:
    found = _STATUS.search(status)
    if found is None:
        return
    event.smtp_reply_code, event.smtp_reply_enhanced_code = int(found[1]), found[2]
    event.smtp_reply_text = found[3].strip() or None


@FORMAT.pattern("DSN ", "BADMAIL ", programs=_TRACKING)
def returned(event: Event, rest: str) -> bool:
    """Exchange tells a sender what became of a message."""
    if not _begin(event, rest):
        return False
    event.event_action = "bounce-created"
    return True


@FORMAT.pattern('{"', anywhere=True, programs=_TRACKING)
def other(event: Event, text: str) -> bool:
    """Any other step: resolved, expanded, handed from one part of Exchange to the next."""
    if text.partition(" ")[0] in _COUNTED:
        return False
    return bool(_begin(event, text)) and noted(event)


_COUNTED = frozenset({"RECEIVE", "SEND", "SENDEXTERNAL", "DELIVER", "DEFER", "FAIL", "DSN", "BADMAIL"})
