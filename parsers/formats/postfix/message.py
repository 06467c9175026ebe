"""cleanup, pickup, qmgr, bounce and postsuper: a message's way through the queue."""

import re

from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.postfix.fields import sender, whole
from mailwarden.parsers.formats.postfix.program import FORMAT, QMGR

__all__: list[str] = []

_QUEUED = re.compile(r"(.*)>, size=([0-9]{1,18}), nrcpt=([0-9]{1,9})(?: |$)").match


@FORMAT.pattern("message-id=", programs=("cleanup",))
def message_id(event: Event, rest: str) -> bool:
    event.event_action = "message-id"
    if "message-id" in event.brief:
        return True
    event.email_message_id = (rest[1:-1] if rest and rest[0] == "<" and rest[-1] == ">" else rest) or None
    return True


@FORMAT.pattern("resent-message-id=", programs=("cleanup",))
def resent_message_id(event: Event, _rest: str) -> bool:
    """Read the id of a message sent anew; its own id stands on its own line."""
    event.event_action = "message-id"
    return True


@FORMAT.pattern("canceled", programs=("cleanup",))
@FORMAT.pattern("removed (canceled)", programs=("cleanup",))
@FORMAT.pattern("removed (discarded)", programs=("cleanup",))
def canceled(event: Event, rest: str) -> bool:
    """Read that a message was begun and not finished, or was thrown away by a check (3.9 and later)."""
    event.event_action = "message-removed"
    return not rest


@FORMAT.pattern(
    "status=deferred (", programs=(*QMGR, "smtp", "lmtp", "local", "virtual", "pipe", "error", "retry", "bounce")
)
@FORMAT.pattern("not sending trace/success notification for ", programs=("bounce", "trace"))
def notice_kept(event: Event, _rest: str) -> bool:
    """Read that a notice to the sender could not be made, or is not made for a bounce."""
    event.event_action = "message-queued"
    return True


@FORMAT.pattern("message rejected: ", programs=("cleanup",))
def message_rejected(event: Event, rest: str) -> bool:
    """Read `message rejected: hopcount exceeded`: the message has gone in circles."""
    event.event_action = "reject"
    event.event_outcome = "failure"
    event.event_reason = "mail_loop" if rest.startswith("hopcount exceeded") else "other"
    return True


@FORMAT.pattern("queue file size limit exceeded", programs=("smtpd", "cleanup", "pickup"))
def size_limit(event: Event, rest: str) -> bool:
    event.event_action = "service-error"  # what the client is told, if it is refused, has its own line
    event.event_outcome = "failure"
    event.event_reason = "too_big"
    return not rest


@FORMAT.pattern("uid=", programs=("pickup",))
def local_submission(event: Event, rest: str) -> bool:
    """Read `uid=33 from=<www-data>`, with ` orig_id=Q` where a message was requeued."""
    uid, _, address = rest.partition(" from=<")
    head, end, original = address.rpartition("> orig_id=")
    address = head if end else address.removesuffix(">")
    if whole(uid) is None:
        return False
    event.event_action = "message-received"
    event.event_outcome = "success"
    event.user_id = uid
    event.mail_queue_orig_id = original or None if end else None
    sender(event, address)
    return True


@FORMAT.pattern("from=<", programs=QMGR)
def queued(event: Event, rest: str) -> bool:
    """Read `from=<S>, size=BYTES, nrcpt=N (queue active)`, or `from=<S>, status=expired, returned to sender`.

    The sender's address is the client's, so what follows it is read from the end.
    """
    found = _QUEUED(rest)
    if found is not None:
        address, size, count = found.groups()
        event.mail_size = int(size)
        event.mail_recipient_count = int(count)
        event.event_action = "message-queued"
    else:
        address, mark, tail = rest.rpartition(">, status=")
        if not mark or not tail.startswith(("expired", "force-expired")):
            return False
        event.event_action = "delivery"
        event.event_outcome = "failure"
        event.mail_delivery_status = "expired"
    sender(event, address)
    return True


@FORMAT.pattern("removed", programs=(*QMGR, "postsuper"))
def removed(event: Event, rest: str) -> bool:
    if rest:
        return False
    event.event_action = "message-removed"
    return True


@FORMAT.pattern("skipped, still being delivered", programs=QMGR)
@FORMAT.pattern("requeued", programs=("postsuper",))
def still_queued(event: Event, _rest: str) -> bool:
    event.event_action = "message-queued"
    return True


@FORMAT.pattern("placed on hold", programs=("postsuper",))
def held(event: Event, _rest: str) -> bool:
    event.event_action = "message-held"
    return True


@FORMAT.pattern("released from hold", programs=("postsuper",))
def released(event: Event, _rest: str) -> bool:
    event.event_action = "message-released"
    return True


@FORMAT.pattern("expired", programs=("postsuper",))
def expire(event: Event, rest: str) -> bool:
    event.event_action = "message-queued"  # it leaves at the queue manager's next run, with a line of its own
    return not rest


@FORMAT.pattern("Deleted: ", programs=("postsuper",))
@FORMAT.pattern("Requeued: ", programs=("postsuper",))
@FORMAT.pattern("Placed on hold: ", programs=("postsuper",))
@FORMAT.pattern("Released from hold: ", programs=("postsuper",))
@FORMAT.pattern("Expired: ", programs=("postsuper",))
@FORMAT.pattern("Renamed to match inode number: ", programs=("postsuper",))
def totals(event: Event, rest: str) -> bool:
    event.event_action = "statistics"
    return whole(rest.partition(" ")[0]) is not None


_BOUNCES = ("bounce", "defer", "trace")


@FORMAT.pattern("sender non-delivery notification", programs=_BOUNCES)
@FORMAT.pattern("sender delay notification", programs=_BOUNCES)
@FORMAT.pattern("sender delivery status notification", programs=_BOUNCES)
@FORMAT.pattern("postmaster non-delivery notification", programs=_BOUNCES)
@FORMAT.pattern("postmaster delay notification", programs=_BOUNCES)
def notification(event: Event, rest: str) -> bool:
    """Read which message tells the sender or postmaster; `: NEWQID` may lack where it could not be made."""
    child = rest.removeprefix(": ")
    event.event_action = "bounce-created"
    event.mail_queue_child_id = child if child.isalnum() else None
    return True


@FORMAT.pattern("undeliverable postmaster notification discarded", programs=_BOUNCES)
def notification_lost(event: Event, rest: str) -> bool:
    event.event_action = "message-removed"
    return not rest
