"""smtpd, postscreen and cleanup: what was refused, held, thrown away or changed, and why."""

import re
from functools import lru_cache
from itertools import islice

from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.postfix.fields import (
    Context,
    peer,
    read_context,
    set_context,
    set_reply,
    source,
    stage,
    unquoted,
    with_context,
)
from mailwarden.parsers.formats.postfix.program import FORMAT, SCREEN, SMTPD

__all__: list[str] = []

_MILTER = (*SMTPD, "cleanup")

_ORIGIN = re.compile(r" from ([^ ;]{1,320}); (?=from=<|to=<|proto=|helo=<)").finditer
_SCRIPT = re.compile(r"X-PHP-(?:Originating-)?Script: (?:[0-9]{1,10}:)?(\S{1,200})").match
_MOST_ORIGINS = 16  # places of one line that are looked at; a header's text is cut at 200 characters

_EXACT = {
    "Relay access denied": "relay_denied",
    "Recipient address rejected: User unknown in local recipient table": "unknown_recipient",
    "Recipient address rejected: User unknown in virtual mailbox table": "unknown_recipient",
    "Recipient address rejected: User unknown in virtual alias table": "unknown_recipient",
    "Recipient address rejected: User unknown in relay recipient table": "unknown_recipient",
    "Sender address rejected: Domain not found": "sender_domain_unknown",
    "Helo command rejected: need fully-qualified hostname": "helo_not_fqdn",
    "Helo command rejected: Invalid name": "helo_invalid",
    "Service currently unavailable": "greylist",
}
# By the class of a refusal (smtpd_dsn_fix.h), then by a piece of its explanation; the first that fits is taken.
_BY_CLASS: dict[str, tuple[tuple[str, str], ...]] = {
    "Recipient address": (
        ("User unknown", "unknown_recipient"),
        ("Domain not found", "unknown_recipient"),
        ("unverified address", "recipient_verify"),
        ("undeliverable address", "recipient_verify"),
    ),
    "Sender address": (
        ("Domain not found", "sender_domain_unknown"),
        ("Malformed DNS server reply", "sender_domain_unknown"),
        ("Domain does not accept mail", "sender_domain_unknown"),
        ("not owned by user", "sender_login_mismatch"),
        ("not logged in", "sender_login_mismatch"),
        ("User unknown", "spoof_attempt"),  # reject_unlisted_sender asks only about addresses of ours
    ),
    "Helo command": (
        ("need fully-qualified", "helo_not_fqdn"),
        ("Invalid name", "helo_invalid"),
        ("invalid ip address", "helo_invalid"),
        ("Host not found", "helo_invalid"),
        ("Malformed DNS server reply", "helo_invalid"),
        ("Domain does not accept mail", "helo_invalid"),
    ),
    "Client host": (
        ("cannot find your hostname", "no_fcrdns"),
        ("cannot find your reverse hostname", "no_rdns"),
    ),
    "Unverified Client host": (),
    "Client certificate": (("", "tls_policy"),),
    "SASL login name": (),
    "Etrn command": (),
    "Data command": (("Improper use of SMTP command pipelining", "pipelining"),),
    "End-of-data": (),
}
# For any class: an access table's own word, then what policy servers say in free text (looked at in lower case).
_BY_POLICY = (
    ("access denied", "access_map"),
    ("server configuration", "server_error"),
    ("temporary lookup failure", "server_error"),
    ("spf fail", "spf_fail"),
    ("spf softfail", "spf_fail"),
    ("spf permerror", "spf_fail"),
    ("openspf", "spf_fail"),
    ("greylist", "greylist"),
    ("graylist", "greylist"),
    ("mailbox is full", "quota_exceeded"),
    ("mailbox full", "quota_exceeded"),
    ("over quota", "quota_exceeded"),
    ("mailbox quota", "quota_exceeded"),
    ("quota exceeded (mailbox", "quota_exceeded"),
    ("rate limit", "send_limit"),
    ("sending limit", "send_limit"),
    ("quota exceeded", "send_limit"),
    ("quota limit", "send_limit"),
    ("message limit", "send_limit"),
    ("policy rejection", "policy_service"),
    ("virus", "malware"),
    ("malware", "malware"),
    ("relaying denied", "relay_denied"),
    ("relay not permitted", "relay_denied"),
    ("not permitted to relay", "relay_denied"),
    ("does not accept mail (nullmx)", "sender_domain_unknown"),
    ("spamassassin", "spam"),
    ("spam score", "spam"),
    ("as spam", "spam"),
)
# The filter that counts what Plesk lets a mailbox, a domain and a subscription send.
_PLESK_LIMIT = "Your message could not be sent. The limit on the number of allowed outgoing messages was exceeded."
_OTHERS = (
    ("bare <", "smtp_smuggling"),
    ("Error: too many", "rate_limit"),
    ("Error: too much mail", "rate_limit"),
    ("too many connections", "rate_limit"),
    ("too many ", "rate_limit"),
    ("all server ports busy", "server_error"),
    ("all screening ports busy", "server_error"),
    ("All server ports are busy", "server_error"),
    ("Server configuration", "server_error"),
    ("Temporary lookup failure", "server_error"),
    ("Insufficient system storage", "disk_full"),
    ("Error: queue file write error", "server_error"),
    ("Queue file", "server_error"),
    ("Internal error", "server_error"),
    ("Message size exceeds", "too_big"),
    ("message file too big", "too_big"),
    ("Error: message file too big", "too_big"),
    ("Must issue a STARTTLS command first", "tls_policy"),
    ("Session encryption is required", "tls_policy"),
    ("Encryption required", "tls_policy"),
    ("TLS not available", "tls_policy"),
    ("Service currently unavailable", "greylist"),
    ("Access denied", "access_map"),
    ("Improper use of SMTP command pipelining", "pipelining"),
    ("Error: SMTP command pipelining", "pipelining"),
)


@lru_cache(maxsize=2048)
def _why(explanation: str) -> str:
    """Name the reason of a refusal from its text, from which the name that the client gave is already taken."""
    exact = _EXACT.get(explanation)
    if exact is not None:
        return exact
    kind, rejected, detail = explanation.partition(" rejected: ")
    if rejected and kind in _BY_CLASS:
        for piece, reason in _BY_CLASS[kind]:
            if detail.startswith(piece):
                return reason
    elif " blocked using " in explanation:
        return "dnsbl"
    else:
        host, error, detail = explanation.partition(" Error: ")
        plain = f"Error: {detail}" if error and " " not in host else explanation  # `421 4.7.0 HOST Error: …`
        for piece, reason in _OTHERS:
            if plain.startswith(piece):
                return reason
    lower = explanation.lower()
    return next((reason for piece, reason in _BY_POLICY if piece in lower), "other")


def _explanation(text: str, context: Context) -> str:
    """Take the name in `<name>: Helo command rejected: …`, which the client chose, off the text of a reply."""
    if not text.startswith("<"):
        return text.removeprefix(": ")
    for name in (context.recipient, context.sender, context.helo):
        if name is not None:
            for spelt in (f"<{name}>: ", f"<{unquoted(name)}>: "):
                if text.startswith(spelt):
                    return text[len(spelt) :]
    return text.partition(">: ")[2] or text


def _zone(explanation: str) -> str | None:
    """Name the blocklist in `Service unavailable; Client host [A] blocked using ZONE; TEXT`.

    A HELO name or sender in the brackets is the client's and may forge a zone, an address cannot.
    """
    mark = "] blocked using "
    by_client = explanation.startswith(("Service unavailable; Client host [", "Service unavailable; client ["))
    at = explanation.find(mark) if by_client else explanation.rfind(mark)
    if at < 0:
        return None
    return explanation[at + len(mark) :].partition(";")[0].partition(" ")[0].rstrip(",.") or None


def _verdict(event: Event, text: str, action: str, reason: str | None = None) -> bool:
    """Read `STAGE from NA: CODE E.S.C <name>: TEXT; from=<S> to=<R> proto=P helo=<H>`; all behind NA may lack."""
    where, _, rest = text.partition(" from ")
    where = where.removesuffix(" content")  # what was sent behind the command
    who, _, rest = rest.partition(": ")
    if " " in where or not source(event, who):
        return False
    event.smtp_stage = stage(where)
    _said(event, rest, action, reason)
    return True


def _said(event: Event, text: str, action: str, reason: str | None) -> None:
    verdict, context = with_context(event, text)
    explanation = _explanation(set_reply(event, verdict), context)
    event.event_action = action
    event.network_protocol = "smtp"
    if action == "reject":
        event.event_outcome = "failure"
        if event.smtp_reply_code is not None:
            event.mail_reject_temporary = event.smtp_reply_code < 500
        elif event.smtp_reply_enhanced_code is not None:
            event.mail_reject_temporary = event.smtp_reply_enhanced_code[0] == "4"
    event.event_reason = reason or _why(explanation)
    if event.event_reason == "dnsbl":
        event.mail_dnsbl_zone = _zone(explanation)
    elif event.event_reason == "sender_login_mismatch" and event.user_name is None and not event.mail_parse_ambiguous:
        # Before Postfix 3.10 only the reply names the login (smtpd_check.c, reject_auth_sender_login_mismatch).
        event.user_name = explanation.partition(" rejected: not owned by user ")[2] or None
    if event.event_reason == "other" and event.smtp_reply_enhanced_code in ("5.7.23", "4.7.24"):
        event.event_reason = "spf_fail"  # RFC 7372


@FORMAT.pattern("reject: ", programs=(*SMTPD, *SCREEN, "qmqpd"))
def reject(event: Event, rest: str) -> bool:
    return _verdict(event, rest, "reject")


@FORMAT.pattern("reject_warning: ", programs=SMTPD)
def reject_warning(event: Event, rest: str) -> bool:
    """Read what `warn_if_reject` would have refused, and did not."""
    return _verdict(event, rest, "filter-verdict")


@FORMAT.pattern("milter-reject: ", programs=_MILTER)
def milter_reject(event: Event, rest: str) -> bool:
    if not _verdict(event, rest, "reject", "milter"):
        return False
    if (event.smtp_reply_text or "").startswith(_PLESK_LIMIT):
        event.event_reason = "send_limit"
    return True


@FORMAT.pattern("milter-hold: ", programs=_MILTER)
def milter_hold(event: Event, rest: str) -> bool:
    return _verdict(event, rest, "message-held", "milter")


@FORMAT.pattern("milter-discard: ", programs=_MILTER)
def milter_discard(event: Event, rest: str) -> bool:
    return _verdict(event, rest, "discard", "milter")


@FORMAT.pattern("hold: ", programs=SMTPD)
def hold(event: Event, rest: str) -> bool:
    return _verdict(event, rest, "message-held", "access_map")


@FORMAT.pattern("discard: ", programs=SMTPD)
def discard(event: Event, rest: str) -> bool:
    return _verdict(event, rest, "discard", "access_map")


@FORMAT.pattern("filter: ", programs=SMTPD)
@FORMAT.pattern("redirect: ", programs=SMTPD)
@FORMAT.pattern("bcc: ", programs=SMTPD)
@FORMAT.pattern("prepend: ", programs=SMTPD)
@FORMAT.pattern("replace: ", programs=SMTPD)
@FORMAT.pattern("warn: ", programs=SMTPD)
@FORMAT.pattern("info: ", programs=SMTPD)
@FORMAT.pattern("permit: ", programs=SMTPD)
@FORMAT.pattern("delay: ", programs=SMTPD)
@FORMAT.pattern("milter-accept: ", programs=_MILTER)
@FORMAT.pattern("milter-quarantine: ", programs=_MILTER)
def access_action(event: Event, rest: str) -> bool:
    """Read what an access table or a milter did to a message that goes on its way."""
    return _verdict(event, rest, "filter-verdict", "access_map")


@FORMAT.pattern("proxy-reject: ", programs=SMTPD)
def proxy_reject(event: Event, rest: str) -> bool:
    """Read what a filter before the queue refused; the client is not named: `STAGE: REPLY; from=<S> …`."""
    where, mark, said = rest.partition(": ")
    if not mark or " " in where:
        return False
    event.smtp_stage = stage(where)
    _said(event, said, "reject", None)
    if event.event_reason == "other" and "spam" in said.partition("; ")[0].lower():
        event.event_reason = "spam"
    return True


@FORMAT.pattern("proxy-accept: ", programs=SMTPD)
def proxy_accept(event: Event, rest: str) -> bool:
    where, mark, said = rest.partition(": ")
    if not mark or " " in where:
        return False
    event.smtp_stage = stage(where)
    verdict, _ = with_context(event, said)
    queued = set_reply(event, verdict).rpartition("queued as ")[2]
    event.mail_queue_remote_id = queued if queued.isalnum() else None
    event.event_action = "filter-verdict"
    event.event_outcome = "success"
    return True


@FORMAT.pattern("abort: ", programs=SMTPD)
def tls_abort(event: Event, rest: str) -> bool:
    """Read `TLS from NA: No client certificate presented`."""
    kind, _, rest = rest.partition(" from ")
    if kind != "TLS" or not source(event, rest.partition(": ")[0]):
        return False
    event.event_action = "tls-failed"
    event.event_outcome = "failure"
    event.event_reason = "tls_policy"
    return True


# cleanup's header and body checks


def _check(event: Event, text: str, action: str) -> bool:
    """Read `header TEXT from NA; from=<S> to=<R> proto=P helo=<H>: OPTIONAL TEXT`.

    TEXT and H are the client's, and either may hold what looks like the rest. The last ` from NA; ` is taken unless a
    whole context stands before it: then nobody can tell, and nothing of either is set (the message's `client=` line has
    the client).
    """
    kind, _, text = text.partition(" ")
    if kind not in ("header", "body", "mime-error", "content"):
        return False
    ends = _origins(text)
    if not ends:
        return False
    who, context = ends[-1]
    if len(ends) > 1:
        event.mail_parse_ambiguous = True
        doubtful = any(" helo=<" in tail for _, tail in ends[:-1])
    else:
        doubtful = False
    if who != "local":
        event.network_protocol = "smtp"
        if not doubtful:
            source(event, who)
    head, mark, said = context.rpartition(">: ")
    if mark and (action == "filter-verdict" or not context.endswith(">")):  # else the mark is in the HELO name
        context = f"{head}>"
        if action != "filter-verdict":
            set_reply(event, said)
    found = read_context(context)
    if found is not None and not doubtful:
        set_context(event, found)
    script = _SCRIPT(text) if kind == "header" and who == "local" else None
    if script is not None:
        event.file_path = script[1]
    event.event_action = action
    event.event_reason = {"header": "header_checks", "body": "body_checks"}.get(kind, "other")
    if action == "reject":
        event.event_outcome = "failure"
    return True


def _origins(text: str) -> list[tuple[str, str]]:
    """Find each ` from NA; ` or ` from local; ` that a context follows: who, and the text up to the next."""
    found: list[tuple[str, int, int]] = []
    for mark in islice(_ORIGIN(text), _MOST_ORIGINS):
        if mark[1] == "local" or peer(mark[1]) is not None:
            found.append((mark[1], mark.start(), mark.end()))
    bounds = [start for _, start, _ in found[1:]]
    return [(who, text[end:bound]) for (who, _, end), bound in zip(found, [*bounds, None], strict=False)]


@FORMAT.pattern("reject: ", programs=("cleanup",))
def check_reject(event: Event, rest: str) -> bool:
    return _check(event, rest, "reject")


@FORMAT.pattern("hold: ", programs=("cleanup",))
def check_hold(event: Event, rest: str) -> bool:
    return _check(event, rest, "message-held")


@FORMAT.pattern("discard: ", programs=("cleanup",))
def check_discard(event: Event, rest: str) -> bool:
    return _check(event, rest, "discard")


@FORMAT.pattern("warning: ", programs=("cleanup",))
@FORMAT.pattern("redirect: ", programs=("cleanup",))
@FORMAT.pattern("filter: ", programs=("cleanup",))
@FORMAT.pattern("prepend: ", programs=("cleanup",))
@FORMAT.pattern("replace: ", programs=("cleanup",))
@FORMAT.pattern("strip: ", programs=("cleanup",))
@FORMAT.pattern("info: ", programs=("cleanup",))
@FORMAT.pattern("pass: ", programs=("cleanup",))
@FORMAT.pattern("bcc: ", programs=("cleanup",))
@FORMAT.pattern("delay: ", programs=("cleanup",))
def check_action(event: Event, rest: str) -> bool:
    """Read what a header or body check noted or changed in a message that goes on its way."""
    return _check(event, rest, "filter-verdict")
