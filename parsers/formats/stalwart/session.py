"""Sessions of clients: who comes and goes, whom mail is from and to, what is refused, and what the queue takes.

Source: crates/smtp/src/inbound, crates/smtp/src/queue/spool.rs of Stalwart 0.10 to 0.16.
"""

from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.stalwart.prefix import FORMAT, client, sender, values_of
from mailwarden.parsers.formats.stalwart.values import Values
from mailwarden.parsers.secrets import BLOT
from mailwarden.parsers.verdict import result_word, set_result

__all__: list[str] = []

_MOST = 200  # recipients of a message that are kept


def _step(event: Event, rest: str, action: str) -> Values:
    values = values_of(event, rest)
    client(event, values)
    event.event_action = action
    return values


@FORMAT.pattern(
    "smtp.connection-start ", "imap.connection-start ", "pop3.connection-start ", "manage-sieve.connection-start ",
    "http.connection-start ",
)  # fmt: skip
def came(event: Event, rest: str) -> bool:
    """A client connects."""
    _step(event, rest, "connection-open")
    return True


@FORMAT.pattern(
    "smtp.connection-end ", "imap.connection-end ", "pop3.connection-end ", "manage-sieve.connection-end ",
    "http.connection-end ",
)  # fmt: skip
def went(event: Event, rest: str) -> bool:
    """A client is gone."""
    _step(event, rest, "connection-close")
    return True


@FORMAT.pattern("tls.handshake ")
def encrypted(event: Event, rest: str) -> bool:
    """A session is encrypted from here on."""
    values = _step(event, rest, "tls-established")
    event.tls_established = True
    version = values.text("version") or ""
    if version[:4].upper() == "TLSV":
        event.tls_version_protocol, event.tls_version = "tls", version[4:].replace("_", ".")
    cipher = values.text("details") or ""
    event.tls_cipher = cipher if cipher.isascii() and " " not in cipher[:60] and len(cipher) < 60 else None
    return True


@FORMAT.pattern("tls.handshake-error ")
def not_encrypted(event: Event, rest: str) -> bool:
    """It was to be, and is not."""
    values = _step(event, rest, "tls-failed")
    event.event_outcome, event.tls_established = "failure", False
    event.set("error.message", (values.text("reason") or values.text("details") or "")[:200])
    return True


# ---------------------------------------------------------------------- commands, by the event's name behind `smtp.`

_REFUSALS: dict[str, tuple[str, str, int | None]] = {  # why, to which command, with which answer
    "mailbox-does-not-exist": ("unknown_recipient", "RCPT", 550),
    "relay-not-allowed": ("relay_denied", "RCPT", 550),
    "rcpt-to-greylisted": ("greylist", "RCPT", 452),
    "rate-limit-exceeded": ("rate_limit", "RCPT", 452),
    "too-many-recipients": ("rate_limit", "RCPT", 455),
    "too-many-messages": ("rate_limit", "MAIL", None),
    "concurrency-limit-exceeded": ("rate_limit", "CONNECT", None),
    "transfer-limit-exceeded": ("rate_limit", "DATA", None),
    "mail-from-unauthenticated": ("access_map", "MAIL", None),
    "mail-from-unauthorized": ("sender_login_mismatch", "MAIL", None),
    "mail-from-not-allowed": ("access_map", "MAIL", None),
    "message-too-large": ("too_big", "DATA", None),
    "loop-detected": ("mail_loop", "DATA", None),
}
_BROKEN = frozenset(
    {"command-not-implemented", "did-not-say-ehlo", "ehlo-expected", "invalid-command", "invalid-ehlo", "invalid-parameter",
     "invalid-recipient-address", "invalid-sender-address", "lhlo-expected", "mail-from-missing", "message-parse-failed",
     "multiple-mail-from", "rcpt-to-missing", "request-too-large", "syntax-error", "unsupported-parameter",
     "auth-mechanism-not-supported", "auth-not-allowed", "auth-exchange-too-long"}
)  # fmt: skip
_VERDICTS = {
    "spf-ehlo-pass": None, "spf-ehlo-fail": None, "arc-pass": None, "arc-fail": None, "iprev-pass": None,
    "spf-from-pass": "spf", "spf-from-fail": "spf", "dkim-pass": "dkim", "dkim-fail": "dkim", "dmarc-pass": "dmarc",
    "dmarc-fail": "dmarc",
}  # fmt: skip


@FORMAT.pattern("smtp.")
def turned_away(event: Event, rest: str) -> bool:
    """A command of a client is refused."""
    name, _, rest = rest.partition(" ")
    known = _REFUSALS.get(name)
    if known is None:
        return False
    values = _step(event, rest, "reject")
    event.event_outcome = "failure"
    event.event_reason, event.smtp_stage, event.smtp_reply_code = known
    to = values.text("to")
    event.email_to_address = [to.strip("<>")] if to else None
    sender(event, values.text("from"))
    if known[0] in ("greylist", "rate_limit"):
        event.mail_reject_temporary = True
    return True


@FORMAT.pattern("smtp.")
def broken(event: Event, rest: str) -> bool:
    """A client does not keep to the protocol, or asks for what is not offered."""
    name, _, rest = rest.partition(" ")
    if name not in _BROKEN:
        return False
    _step(event, rest, "protocol-error")
    event.event_outcome = "failure"
    if name == "auth-mechanism-not-supported":
        event.event_reason, event.smtp_stage = "mech_unsupported", "AUTH"
    return True


@FORMAT.pattern("smtp.")
def judged(event: Event, rest: str) -> bool:
    """What SPF, DKIM and DMARC say of a message: `result = No SPF record (spf.none)`."""
    name, _, rest = rest.partition(" ")
    if name not in _VERDICTS:
        return False
    method, values = _VERDICTS[name], _step(event, rest, "statistics")
    cause = values.cause("result")
    word = cause.name.partition(".")[2].replace("-", "") if cause is not None else None
    result = result_word(word) if word else None
    if method is not None and result is not None:
        set_result(event, method, result)
    return True


@FORMAT.pattern("smtp.")
def step(event: Event, rest: str) -> bool:
    """Any other step of a session: what was accepted, asked, or sent and received."""
    name, _, rest = rest.partition(" ")
    if name in _REFUSALS or name in _BROKEN or name in _VERDICTS or name in ("connection-start", "connection-end"):
        return False
    if name.startswith("raw-"):
        return raw(event, rest)
    values = _step(event, rest, "statistics")
    if name == "ehlo":
        event.smtp_helo = values.text("domain")
    elif name == "iprev-fail":
        event.event_action = "dns-mismatch"
    return True


@FORMAT.pattern(
    "imap.raw-input ", "imap.raw-output ", "pop3.raw-input ", "pop3.raw-output ", "manage-sieve.raw-input ",
    "manage-sieve.raw-output ", "delivery.raw-input ", "delivery.raw-output ", "http.request-body ", "http.response-body ",
)  # fmt: skip
def raw(event: Event, rest: str) -> bool:
    """The dialogue itself, at the level `trace`; it holds passwords."""
    values = values_of(event, rest)
    client(event, values)
    event.event_action = "statistics"
    place = event.event_original.find("contents")
    event.event_original = event.event_original[: place if place >= 0 else 120] + BLOT
    return True


# ---------------------------------------------------------------------- the queue

_TAKEN = frozenset({"message-queued", "queue-message", "authenticated-message-queued", "queue-message-authenticated"})
_OWN = frozenset({"report-queued", "queue-report", "autogenerated-queued", "queue-autogenerated"})
_RETURNED = frozenset({"dsn-queued", "queue-dsn"})


@FORMAT.pattern("queue.")
def queued(event: Event, rest: str) -> bool:
    """The queue takes a message: a client's, or one that the server itself writes."""
    name, _, rest = rest.partition(" ")
    if name not in _TAKEN and name not in _OWN:
        return False
    values = _step(event, rest, "message-received" if name in _TAKEN else "message-queued")
    event.network_protocol = "smtp"
    event.event_outcome = "success"
    if name in _TAKEN and values.is_twice("from", "size"):  # one of them was written by a client, about its own message
        event.mail_parse_ambiguous = True
    event.mail_queue_id = values.text("queueId")
    sender(event, values.text("from"))
    to = [one.strip("<>") for one in values.texts("to") or ()]
    event.email_to_address, event.mail_recipient_count = to[:_MOST] or None, len(to) or None
    event.mail_size = values.number("size")
    return True


@FORMAT.pattern("queue.")
def returned(event: Event, rest: str) -> bool:
    """A sender is told that a message did not arrive, or is late."""
    name, _, rest = rest.partition(" ")
    if name not in _RETURNED:
        return False
    values = values_of(event, rest)
    event.event_action, event.event_outcome = "bounce-created", "success"
    ids = values.all("queueId")
    event.mail_queue_child_id = ids[-1] if ids else None
    event.mail_queue_id = ids[0] if len(ids) > 1 else None
    return True


@FORMAT.pattern("queue.")
def waiting(event: Event, rest: str) -> bool:
    """What becomes of the queue: a message's next turn, a limit, how full it is."""
    name, _, rest = rest.partition(" ")
    if name in _TAKEN or name in _OWN or name in _RETURNED:
        return False
    values = values_of(event, rest)
    event.event_action = "statistics"
    event.mail_queue_id = values.text("queueId")
    if name == "quota-exceeded":
        event.event_action, event.event_outcome, event.event_reason = "reject", "failure", "quota_exceeded"
        client(event, values)
    return True
