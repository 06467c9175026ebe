"""The way out: into a mailbox here, or to another server, and what that said.

Each line of an attempt begins with the message: `queueId`, `from`, `to` (all recipients that wait), `size`. A refusal of one
recipient names it behind the host, one of the message or of the connection does not: then it is said of the recipients in
the domain that is told or, where all are of one, of all.

Source: crates/smtp/src/outbound (delivery.rs, session.rs, client.rs, local.rs) of Stalwart 0.10 to 0.16.
"""

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.stalwart.prefix import FORMAT, sender, values_of
from mailwarden.parsers.formats.stalwart.values import Cause, Values
from mailwarden.parsers.reply_text import taken_as

__all__: list[str] = []

_LONGEST = 1000
_MOST = 200
_ONCE = ("queueId", "queueName", "from", "size", "hostname", "code")
"""Keys that an attempt's line has once: more of them were written by whoever chose the sender's address."""

_REASONS = {  # what is wrong, where no server has answered
    "mx-lookup-failed": "host_not_found", "ip-lookup-failed": "host_not_found", "null-mx": "host_not_found",
    "connect-error": "connect_refused", "greeting-failed": "other", "ehlo-rejected": "other",
    "auth-failed": "credentials_rejected", "mail-from-rejected": "other", "message-rejected": "other",
    "rcpt-to-failed": "other", "start-tls-error": "tls_policy", "start-tls-unavailable": "tls_policy",
    "implicit-tls-error": "tls_policy", "rate-limit-exceeded": "rate_limit", "concurrency-limit-exceeded": "rate_limit",
}  # fmt: skip
_FALLS_BACK = ("start-tls-error", "start-tls-unavailable")
"""After these the message may go unencrypted: what becomes of it is told later."""


def _begin(event: Event, rest: str) -> Values | None:
    """Set whose message it is; None where a sender's address imitates the rest."""
    values = values_of(event, rest)
    event.event_action, event.network_protocol = "delivery", "smtp"
    event.mail_queue_id = values.text("queueId")
    if values.is_twice(*_ONCE):
        event.event_action, event.mail_parse_ambiguous = "statistics", True
        return None
    sender(event, values.text("from"))
    event.destination_domain = (values.text("hostname") or "").rstrip(".") or None
    event.destination_ip = ip(values.text("remoteIp") or "")
    if event.destination_domain is not None and ip(event.destination_domain) is not None:
        event.destination_domain = None
    return values


def _for(event: Event, values: Values) -> None:
    """Set for whom an attempt was that names no recipient."""
    waiting = [one.strip("<>") for one in values.texts("to") or ()][:_MOST]
    domain = values.text("domain")
    if domain is not None:
        waiting = [one for one in waiting if one.rpartition("@")[2].lower() == domain.lower()]
    elif len({one.rpartition("@")[2].lower() for one in waiting}) > 1:
        waiting = []
    event.email_to_address = waiting or None
    event.event_count = len(waiting) or 1


@FORMAT.pattern("delivery.delivered ")
def delivered(event: Event, rest: str) -> bool:
    """Another server took it for a recipient."""
    values = _begin(event, rest)
    if values is None:
        return True
    event.event_outcome, event.mail_delivery_status = "success", "sent"
    _answer(event, values)
    event.mail_queue_remote_id = taken_as(event.smtp_reply_text or "")
    return True


@FORMAT.pattern("delivery.rcpt-to-rejected ")
def rejected(event: Event, rest: str) -> bool:
    """Another server refused a recipient."""
    values = _begin(event, rest)
    if values is None:
        return True
    event.event_outcome = "failure"
    _answer(event, values)
    event.mail_delivery_status = "bounced" if (event.smtp_reply_code or 0) >= 500 else "deferred"
    return True


def _answer(event: Event, values: Values) -> None:
    to = values.all("to")
    if to:
        event.email_to_address = [to[-1].strip("<>")]
    event.smtp_reply_code = values.number("code")
    event.smtp_reply_text = (values.text("details") or "")[:_LONGEST] or None


@FORMAT.pattern("delivery.")
def failed(event: Event, rest: str) -> bool:
    """An attempt failed for a domain, or for the whole message; `causedBy` has what the other server said, if it did."""
    name, _, rest = rest.partition(" ")
    reason = _REASONS.get(name)
    if reason is None:
        return False
    values = _begin(event, rest)
    if values is None:
        return True
    if name in _FALLS_BACK:
        event.event_action = "statistics"
        return True
    event.event_outcome, event.event_reason = "failure", reason
    _for(event, values)
    cause = values.cause("causedBy", "result", "details")
    code = values.number("code") or (cause.values.number("code") if cause else None)
    event.smtp_reply_code = code
    said = values.text("details") if cause is None else (cause.values.text("reason") or cause.values.text("details"))
    event.smtp_reply_text = said[:_LONGEST] if said else None
    if code is not None:
        event.event_reason = None
    elif cause is not None and name == "connect-error":
        event.event_reason = _why_not(cause)
    event.mail_delivery_status = "bounced" if name == "null-mx" or (code or 0) >= 500 else "deferred"
    return True


def _why_not(cause: Cause) -> str:
    words = f"{cause.values.text('details')} {cause.values.text('reason')}".lower()
    if "timeout" in words or "timed out" in words or "unreachable" in words:
        return "connect_timeout"
    return "tls_policy" if "tls" in words else "connect_refused"


@FORMAT.pattern("delivery.completed ")
def completed(event: Event, rest: str) -> bool:
    """Nobody waits for a message any more."""
    event.mail_queue_id = values_of(event, rest).text("queueId")
    event.event_action = "message-removed"
    return True


@FORMAT.pattern(
    "delivery.dsn-success ", "delivery.dsn-temp-fail ", "delivery.dsn-perm-fail ", "delivery.double-bounce "
)
def told(event: Event, rest: str) -> bool:
    """The sender is told what became of a recipient, or cannot be."""
    event.mail_queue_id = values_of(event, rest).text("queueId")
    event.event_action = "bounce-created"
    return True


@FORMAT.pattern("delivery.")
def step(event: Event, rest: str) -> bool:
    """Any other step of an attempt."""
    name, _, rest = rest.partition(" ")
    if name in _REASONS or name in _STATED or name.startswith(("raw-", "dsn-")):
        return False
    event.mail_queue_id = values_of(event, rest).text("queueId")
    event.event_action = "statistics"
    return True


_STATED = frozenset({"delivered", "rcpt-to-rejected", "completed", "double-bounce"})


@FORMAT.pattern("message-ingest.ham ", "message-ingest.spam ")
def filed(event: Event, rest: str) -> bool:
    """It was put into a mailbox here."""
    values = _begin(event, rest)
    if values is None or event.mail_queue_id is None:
        event.event_action = "statistics"
        return True
    event.event_outcome, event.mail_delivery_status = "success", "sent"
    event.network_protocol, event.destination_domain, event.destination_ip = None, None, None
    event.set("mail.delivery.local", True)
    recipients = values.texts("to") or []
    if len(recipients) == 1:
        event.email_to_address = [recipients[0].strip("<>")]
    return True


@FORMAT.pattern("message-ingest.")
def stored(event: Event, rest: str) -> bool:
    """What a mail program put into a mailbox, or what was there before."""
    if rest.startswith(("ham ", "spam ")):
        return False
    event.event_action = "service-error" if rest.startswith("error ") else "statistics"
    return True
