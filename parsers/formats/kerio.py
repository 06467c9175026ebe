"""Kerio Connect: its logs `mail` (each message, each delivery) and `security` (logins that failed, what was refused).

Each line is `[03/Mar/2026 04:05:06] ` and a sentence. Names, senders and subjects are a client's own text: where such a text
could be taken for the rest of its sentence, the address that stands last is Kerio's, and of a message none is believed.

Source: chapters "Mail" and "Security" of Kerio's administrator's guides; fail2ban's filter for it.
"""

import re

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.pattern import Format
from mailwarden.parsers.verdict import virus

__all__ = ["FORMAT", "claim_text"]

_ID = r"([0-9A-Za-z-]{4,64})"
_IP = r"([0-9A-Fa-f.:]{1,44}[0-9A-Fa-f:])"  # a full stop behind it ends a sentence
_RECEIVED = re.compile(
    rf"{_ID}, Service: ([A-Za-z0-9-]{{1,16}}), From: <(.{{0,512}}?)>, To: (<.{{0,8000}}?>), Size: ([0-9]{{1,12}})"
    rf"(?:, User: (.{{1,255}}?))?(?:, Sender-Host: {_IP})?(?:, SSL: (yes|no))?(?:, |$)",
    re.DOTALL,
)
_SENT = re.compile(
    rf"{_ID}, Recipient: <(.{{0,512}}?)>, Result: ([a-z]{{2,16}})(?:, Status: ([245]\.[0-9]{{1,3}}\.[0-9]{{1,3}})(.*))?$",
    re.DOTALL,
)
_HOST = re.compile(rf", Remote-Host: {_IP}(?:,|$)")
_RESULTS = {"delivered": "sent", "failed": "bounced", "delayed": "deferred"}
_MAIL = re.compile(r", mail from <(.{0,512}?)> to <(.{0,512}?)>(?: rejected)?$", re.DOTALL)
_DENIED = re.compile(
    rf"([A-Z0-9]{{3,12}}): (?:User (.{{0,255}}) doesn't exist|Invalid password for user (.{{0,255}}))"
    rf"\. Attempt from IP address {_IP}\.?$",
    re.DOTALL,
)
_FAILED = re.compile(rf"([A-Z0-9]{{3,12}}) login from {_IP}(?:, (.{{0,400}}))?$", re.DOTALL)
_USER = re.compile(r"user ([^\s,]{1,255})")
_UNKNOWN = re.compile(rf"<(.{{0,512}})>, from <(.{{0,512}})>, IP address {_IP}$", re.DOTALL)
_LISTED = re.compile(
    rf"{_IP} found in DNS blacklist ([^\s,]{{1,128}})(?: [^\s,]{{1,128}})?(, mail from .{{0,2000}})?$", re.DOTALL
)
_FROM = re.compile(rf"{_IP}[, ]")
_SPAM = re.compile(r"<(.{0,512}?)> to <(.{0,512}?)> rejected by spam filter: ", re.DOTALL)
_LITERALS = (
    "Recv: Queue-ID: ", "Sent: Queue-ID: ", "Relay attempt from IP address ", "SMTP Spam attack detected from ",
    "Attempt to deliver to unknown recipient <", "Client with IP address ", "Found virus in mail from <",
)  # fmt: skip
_SENTENCES = re.compile(
    rf"IP address {_IP} found in DNS blacklist |Failed [A-Z0-9]{{3,12}} login from {_IP}"
    rf"|Message from <.{{0,512}}?> to <.{{0,512}}?> rejected by spam filter: "
    r"|(?:SMTP|IMAP|POP3|HTTP|XMPP|LDAP|NNTP): (?:User .{0,255} doesn't exist|Invalid password for user .{0,255})"
    r"\. Attempt from IP "
)


def claim_text(text: str) -> bool:
    """Say whether a text behind the stamp of an own file is Kerio's."""
    return text.startswith(_LITERALS) or _SENTENCES.match(text) is not None


FORMAT = Format("kerio", ("kerio",))


# ------------------------------------------------------------------ mail


@FORMAT.pattern("Recv: Queue-ID: ")
def received(event: Event, rest: str) -> bool:
    """A message came: from a client, another server, or Kerio itself."""
    found = _RECEIVED.match(rest)
    if found is None:
        return False
    queue_id, service, sender, recipients, size, user, address, tls = found.groups()
    event.event_action, event.mail_queue_id = "message-received", queue_id
    event.email_from_address = [sender] if sender else []
    event.email_to_address = [one for one in recipients.strip("<>").split(">, <") if one] or None
    event.mail_size = int(size)
    if service == "DSN":
        event.event_action = "bounce-created"
        return True
    event.network_protocol = service.lower()
    if rest.count("Sender-Host: ") > 1:  # a sender or a subject spells one
        event.mail_parse_ambiguous = True
        return True
    event.user_name, event.source_ip = user, ip(address) if address else None
    event.tls_established = tls == "yes" if tls else None
    if user:
        event.mail_sasl_method = "LOGIN" if service == "SMTP" else service
    return True


@FORMAT.pattern("Sent: Queue-ID: ")
def sent(event: Event, rest: str) -> bool:
    """What became of a message for one recipient."""
    found = _SENT.match(rest)
    if found is None:
        return False
    queue_id, recipient, result, status, said = found.groups()
    event.event_action, event.mail_queue_id = "delivery", queue_id
    event.email_to_address = [recipient]
    event.mail_delivery_status = _RESULTS.get(result, "deferred" if (status or "")[:1] == "4" else "bounced")
    event.event_outcome = "success" if event.mail_delivery_status == "sent" else "failure"
    event.smtp_reply_enhanced_code = status
    host = _HOST.search(said or "")
    if host is not None:
        event.destination_ip, event.network_protocol = ip(host[1]), "smtp"
        said = said[: host.start()]
    event.smtp_reply_text = (said or "").strip(" ()")[:1000] or None
    return True


# ------------------------------------------------------------------ security


@FORMAT.pattern(". Attempt from IP address ", anywhere=True)
def denied(event: Event, text: str) -> bool:
    """A login by a name that nobody has, or with a wrong password."""
    found = _DENIED.match(text)
    if found is None or (address := ip(found[4])) is None:
        return False
    event.event_action, event.event_outcome = "auth-failure", "failure"
    event.event_reason = "wrong_password" if found[2] is None else "unknown_user"
    event.user_name, event.source_ip = found[2] or found[3] or None, address
    event.network_protocol = found[1].lower()
    return True


@FORMAT.pattern("Failed ")
def failed(event: Event, rest: str) -> bool:
    """A login that failed, with what was wrong with it."""
    found = _FAILED.match(rest)
    if found is None or (address := ip(found[2])) is None:
        return False
    event.event_action, event.event_outcome, event.event_reason = "auth-failure", "failure", "credentials_rejected"
    event.network_protocol, event.source_ip = found[1].lower(), address
    name = _USER.match(found[3] or "")
    event.user_name = name[1].rstrip(".") or None if name else None
    return True


@FORMAT.pattern("Relay attempt from IP address ")
def relay(event: Event, rest: str) -> bool:
    """Somebody wanted mail sent on."""
    return _refused(event, rest, "relay_denied") and _addressed(event, rest)


@FORMAT.pattern("IP address ")
def listed(event: Event, rest: str) -> bool:
    """A client that stands on a block list."""
    found = _LISTED.match(rest)
    if found is None:
        return False
    event.mail_dnsbl_zone = found[2]
    _refused(event, rest, "dnsbl")
    return not found[3] or _addressed(event, found[3])


@FORMAT.pattern("SMTP Spam attack detected from ")
def spam_attack(event: Event, rest: str) -> bool:
    """A client that did what only spammers' programs do: spoke before the greeting, closed in the middle."""
    return _refused(event, rest, "pregreet" if "before SMTP greeting" in rest else "other")


@FORMAT.pattern("Client with IP address ")
def no_name(event: Event, rest: str) -> bool:
    """A client whose address has no name."""
    return " has no reverse DNS entry" in rest and _refused(event, rest, "no_rdns")


@FORMAT.pattern("Attempt to deliver to unknown recipient ")
def unknown_recipient(event: Event, rest: str) -> bool:
    """Mail to somebody who does not exist here."""
    found = _UNKNOWN.match(rest)
    if found is None:
        return False
    event.email_to_address, event.email_from_address = [found[1]], [found[2]] if found[2] else []
    event.smtp_stage = "RCPT"
    return _refused(event, found[3] + ",", "unknown_recipient")


def _refused(event: Event, rest: str, reason: str) -> bool:
    found = _FROM.match(rest)
    if found is None or (address := ip(found[1])) is None:
        return False
    event.event_action, event.event_outcome, event.event_reason = "reject", "failure", reason
    event.source_ip, event.network_protocol = address, "smtp"
    return True


def _addressed(event: Event, rest: str) -> bool:
    found = _MAIL.search(rest)
    if found is None:
        return False
    event.email_from_address = [found[1]] if found[1] else []
    event.email_to_address = [found[2]]
    event.smtp_stage = "RCPT"
    return True


@FORMAT.pattern("Found virus in mail from ")
def infected(event: Event, rest: str) -> bool:
    """A message with a virus."""
    virus(event, rest.rpartition(": ")[2][:128])
    return True


@FORMAT.pattern("Message from ")
def spam(event: Event, rest: str) -> bool:
    """A message that the filter took for spam."""
    found = _SPAM.match(rest)
    if found is None:
        return False
    event.email_from_address, event.email_to_address = [found[1]] if found[1] else [], [found[2]]
    event.event_action, event.event_outcome, event.event_reason = "reject", "failure", "spam"
    return True
