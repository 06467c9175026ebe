"""smtpd: a client connects, speaks, logs in, hands over messages, and leaves."""

from functools import lru_cache
from typing import Any

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.postfix.fields import peer, source, stage, whole
from mailwarden.parsers.formats.postfix.program import FORMAT, SMTPD

__all__: list[str] = []

_COUNTED = ("auth", "rcpt", "commands")
_MAIL_STAGES = frozenset({"DATA", "BDAT", "end of DATA", "QUIT", "RSET"})  # a sender's, not a prober's


@FORMAT.pattern("connect from ", programs=SMTPD)
def connect(event: Event, rest: str) -> bool:
    found = peer(rest)
    if found is None:
        return False
    event.event_action = "connection-open"
    if "connection-open" in event.brief:
        return True
    event.network_protocol = "smtp"
    event.source_domain, event.source_ip, event.source_port = found
    return True


@lru_cache(maxsize=8192)
def _counters(text: str) -> tuple[dict[str, Any], bool] | None:
    """Read `ehlo=1 auth=0/3 commands=2/5`; the second value says that every login of the session failed."""
    fields: dict[str, Any] = {}
    commands = []
    for part in text.split(" "):
        name, _, counts = part.partition("=")
        if name == "notes":  # `bare_lf` (3.9 and later, smtpd_forbid_bare_newline = note): no count
            continue
        good, slash, total = counts.partition("/")
        n_good = whole(good)
        n_total = whole(total) if slash else n_good
        if n_good is None or n_total is None:
            return None
        if name in _COUNTED:
            fields[f"smtp.session.{name}_ok"] = n_good
            fields[f"smtp.session.{name}_total"] = n_total
        if name != "commands":
            commands.append(name)
    if commands:
        fields["smtp.session.commands"] = commands
    return fields, fields.get("smtp.session.auth_ok") == 0 and fields["smtp.session.auth_total"] > 0


@FORMAT.pattern("disconnect from ", programs=SMTPD)
def disconnect(event: Event, rest: str) -> bool:
    who, _, counts = rest.partition(" ")
    found = peer(who)
    if found is None:
        return False
    if counts:
        counted = _counters(counts)
        if counted is None:
            return False
        if "connection-close" in event.brief:
            event.event_action = "connection-close"
            return True
        event.extra = counted[0].copy()
        if counted[1]:
            event.event_outcome = "failure"
    event.event_action = "connection-close"
    event.network_protocol = "smtp"
    event.source_domain, event.source_ip, event.source_port = found
    return True


@FORMAT.pattern("client=", programs=SMTPD)
def client(event: Event, rest: str) -> bool:
    """Read who hands over a message.

    The whole is `NA, sasl_method=M, sasl_username=U, sasl_sender=S, orig_queue_id=Q, orig_client=NA`; all behind NA may
    lack. The login name is what the client typed, so what follows it is read from the end.
    """
    who, _, rest = rest.partition(", ")
    found = peer(who)
    if found is None:
        return False
    event.event_action = "message-received"
    event.event_outcome = "success"
    event.network_protocol = "smtp"
    event.source_domain, event.source_ip, event.source_port = found
    if rest:
        method, key, user = rest[12:].partition(", sasl_username=")
        if key and user and "=" not in user and rest.startswith("sasl_method="):  # nothing behind the name: the most
            event.mail_sasl_method = method.upper()
            event.user_name = user
        else:
            _login_and_origin(event, rest)
    return True


def _login_and_origin(event: Event, text: str) -> None:
    head, key, origin = text.rpartition("orig_client=")
    original = peer(origin) if key and (not head or head.endswith(", ")) else None
    if original is not None:
        event.client_domain, event.client_ip, _ = original
        text = head.removesuffix(", ")
    head, key, queue_id = text.rpartition("orig_queue_id=")
    forwarded = bool(key) and queue_id.isalnum() and (not head or head.endswith(", "))
    if forwarded:
        event.mail_queue_orig_id = queue_id
        text = head.removesuffix(", ")
    head, key, xtext = text.rpartition(", sasl_sender=")
    if key and " " not in xtext:
        text = head
    if text.startswith("sasl_method="):
        method, _, text = text[len("sasl_method=") :].partition(", ")
        event.mail_sasl_method = method.upper()
    if text.startswith("sasl_username="):
        event.user_name = text[len("sasl_username=") :] or None
        if original is not None or forwarded:  # a filter that hands back does not log in: the name may hold the rest
            event.mail_parse_ambiguous = True


@FORMAT.pattern("lost connection after ", programs=SMTPD)
def lost_connection(event: Event, rest: str) -> bool:
    return _ended(event, rest, "connection-lost")


@FORMAT.pattern("timeout after ", programs=SMTPD)
def timeout(event: Event, rest: str) -> bool:
    return _ended(event, rest, "connection-lost")


@FORMAT.pattern("too many errors after ", programs=SMTPD)
def too_many_errors(event: Event, rest: str) -> bool:
    return _ended(event, rest, "protocol-error")


def _ended(event: Event, text: str, action: str) -> bool:
    """Read `STAGE from NA` or `DATA (1203 bytes) from NA`. Before a message was sent, the session came to nothing."""
    where, _, who = text.rpartition(" from ")
    if not where or not source(event, who):
        return False
    event.event_action = action
    event.network_protocol = "smtp"
    name, _, size = where.partition(" (")
    event.smtp_stage = stage(name)
    event.mail_size = whole(size.removesuffix(" bytes)"))
    event.event_outcome = "unknown" if event.smtp_stage in _MAIL_STAGES and action == "connection-lost" else "failure"
    return True


def _rate(event: Event, text: str, where: str) -> bool:
    """Read `N from NA for service S`; the stage says what there is too much of."""
    count, _, rest = text.partition(" from ")
    who, _, service = rest.partition(" for service ")
    if not source(event, who):
        return False
    event.event_action = "rate-limit"
    event.event_outcome = "failure"
    event.event_reason = "rate_limit"
    event.network_protocol = "smtp"
    event.mail_rate_value = whole(count)
    event.smtp_stage = where
    event.mail_service = service or event.mail_service
    return True


@FORMAT.pattern("Connection concurrency limit exceeded: ", programs=SMTPD)
@FORMAT.pattern("Connection rate limit exceeded: ", programs=SMTPD)
def connection_limit(event: Event, rest: str) -> bool:
    return _rate(event, rest, "CONNECT")


@FORMAT.pattern("Message delivery request rate limit exceeded: ", programs=SMTPD)
def message_limit(event: Event, rest: str) -> bool:
    return _rate(event, rest, "MAIL")


@FORMAT.pattern("Recipient address rate limit exceeded: ", programs=SMTPD)
def recipient_limit(event: Event, rest: str) -> bool:
    return _rate(event, rest, "RCPT")


@FORMAT.pattern("AUTH command rate limit exceeded: ", programs=SMTPD)
@FORMAT.pattern("Too many AUTH commands: ", programs=SMTPD)
def auth_limit(event: Event, rest: str) -> bool:
    return _rate(event, rest, "AUTH")


@FORMAT.pattern("New TLS session rate limit exceeded: ", programs=SMTPD)
def tls_limit(event: Event, rest: str) -> bool:
    return _rate(event, rest, "STARTTLS")


@FORMAT.pattern("hostname ", programs=(*SMTPD, "qmqpd"))
def hostname_mismatch(event: Event, rest: str) -> bool:
    """Read a name that does not lead back to the address that bears it; its owner wrote the name."""
    name, proof, rest = rest.partition(" does not resolve to address ")
    return bool(proof) and _mismatch(event, name, rest.partition(": ")[0])


@FORMAT.pattern(": hostname ", programs=(*SMTPD, "qmqpd"), anywhere=True)
def hostname_unverified(event: Event, text: str) -> bool:
    """Read the wording of Postfix 2.x: `A: hostname H verification failed: REASON`."""
    address, _, rest = text.partition(": hostname ")
    name, proof, _ = rest.partition(" verification failed")
    return bool(proof) and _mismatch(event, name, address)


@FORMAT.pattern(": address not listed for hostname ", programs=(*SMTPD, "qmqpd"), anywhere=True)
def address_not_listed(event: Event, text: str) -> bool:
    address, _, name = text.partition(": address not listed for hostname ")
    return _mismatch(event, name, address)


def _mismatch(event: Event, name: str, address: str) -> bool:
    known = ip(address)
    if known is None:
        return False
    event.event_action = "dns-mismatch"
    event.event_outcome = "failure"
    event.source_ip = known
    event.network_protocol = "smtp"
    event.set("dns.question.name", name)
    return True


def _offence(event: Event, who: str, where: str | None = None, reason: str | None = None) -> bool:
    if not source(event, who):
        return False
    event.event_action = "protocol-error"
    event.event_outcome = "failure"
    event.event_reason = reason
    event.network_protocol = "smtp"
    event.smtp_stage = stage(where) if where else None
    return True


@FORMAT.pattern("improper command pipelining after ", programs=SMTPD)
def pipelining(event: Event, rest: str) -> bool:
    where, _, rest = rest.partition(" from ")
    return _offence(event, rest.partition(": ")[0].removesuffix(":"), where, "pipelining")


@FORMAT.pattern("non-SMTP command from ", programs=SMTPD)
def non_smtp_command(event: Event, rest: str) -> bool:
    return _offence(event, rest.partition(": ")[0])


@FORMAT.pattern("Illegal address syntax from ", programs=SMTPD)
def illegal_address(event: Event, rest: str) -> bool:
    who, _, rest = rest.partition(" in ")
    return _offence(event, who, rest.partition(" command")[0])


@FORMAT.pattern(": request longer than ", programs=SMTPD, anywhere=True)
def long_request(event: Event, text: str) -> bool:
    return _offence(event, text.partition(": request longer than ")[0])


@FORMAT.pattern("sent SMTP header instead of SMTP command", programs=SMTPD, anywhere=True)
def header_for_command(event: Event, text: str) -> bool:
    return _offence(event, text.partition(" ")[0].removesuffix(":"))


@FORMAT.pattern("too much BDAT content -- disabling further input from ", programs=SMTPD)
@FORMAT.pattern("malformed BDAT command syntax from ", programs=SMTPD)
@FORMAT.pattern("null BDAT request from ", programs=SMTPD)
@FORMAT.pattern("BDAT request from ", programs=SMTPD)
def chunk_refused(event: Event, rest: str) -> bool:
    """Read that a client sends its message in pieces that cannot be."""
    return _offence(event, rest.partition(" ")[0].removesuffix(":"), "BDAT")


@FORMAT.pattern("reject: ETRN ", programs=SMTPD)
@FORMAT.pattern("bad ETRN ", programs=SMTPD)
def queue_asked_for(event: Event, rest: str) -> bool:
    """Read `DOMAIN... from NA`: a client asked for mail that is not for it."""
    return _offence(event, rest.rpartition(" from ")[2])


@FORMAT.pattern(": replacing command ", programs=(*SMTPD, "postscreen"), anywhere=True)
def command_replaced(event: Event, text: str) -> bool:
    """Read `NA: replacing command "X" with "Y"` (`smtpd_command_filter`)."""
    event.event_action = "statistics"
    return source(event, text.partition(": replacing command ")[0])
