"""What Exim refused: a recipient, a sender, a message, a greeting, a connection.

Source: src/src/smtp_in.c (smtp_handle_acl_fail), src/src/acl.c, src/src/receive.c of Exim 4.92 to 4.100.
"""

import re
from functools import lru_cache

from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.exim.peer import ADDRESS, addresses, fields, peer
from mailwarden.parsers.formats.exim.prefix import FORMAT

__all__ = ["reason"]

_REASONS: tuple[tuple[str, str], ...] = (
    ("relay not permitted", "relay_denied"),
    ("relaying", "relay_denied"),
    ("relay access denied", "relay_denied"),
    ("relay denied", "relay_denied"),
    ("not permitted to relay", "relay_denied"),
    ("no relay", "relay_denied"),
    ("authentication required", "relay_denied"),
    ("authentication is required", "relay_denied"),
    ("sender verify", "sender_domain_unknown"),
    ("recipient verify", "recipient_verify"),
    ("callout", "recipient_verify"),
    ("unrouteable address", "unknown_recipient"),
    ("no such user", "unknown_recipient"),
    ("no such address", "unknown_recipient"),
    ("no such recipient", "unknown_recipient"),
    ("no such person", "unknown_recipient"),
    ("unknown user", "unknown_recipient"),
    ("user unknown", "unknown_recipient"),
    ("unknown recipient", "unknown_recipient"),
    ("recipient unknown", "unknown_recipient"),
    ("unknown local", "unknown_recipient"),
    ("invalid recipient", "unknown_recipient"),
    ("address unknown", "unknown_recipient"),
    ("does not exist", "unknown_recipient"),
    ("no mailbox", "unknown_recipient"),
    ("mailbox unavailable", "unknown_recipient"),
    ("greylist", "greylist"),
    ("graylist", "greylist"),
    ("dnsbl", "dnsbl"),
    ("dnslist", "dnsbl"),
    ("is in a black list", "dnsbl"),
    ("black list at", "dnsbl"),
    ("is in an rbl", "dnsbl"),
    ("rbl.", "dnsbl"),
    ("spamhaus", "dnsbl"),
    ("spamcop", "dnsbl"),
    ("barracudacentral", "dnsbl"),
    ("listed at ", "dnsbl"),
    ("listed in ", "dnsbl"),
    ("listed by ", "dnsbl"),
    ("blacklisted", "dnsbl"),
    ("malware", "malware"),
    ("virus", "malware"),
    ("spf", "spf_fail"),
    ("dkim", "dkim_fail"),
    ("dmarc", "dmarc_fail"),
    ("per hour", "rate_limit"),
    ("ratelimit", "rate_limit"),
    ("rate limit", "rate_limit"),
    ("rate overlimit", "rate_limit"),
    ('too many "received"', "mail_loop"),
    ("too many", "rate_limit"),
    ("too fast", "rate_limit"),
    ("spam", "spam"),
    ("too big", "too_big"),
    ("too large", "too_big"),
    ("size limit", "too_big"),
    ("quota", "quota_exceeded"),
    ("mailbox is full", "quota_exceeded"),
    ("mailbox full", "quota_exceeded"),
    ("reverse dns", "no_rdns"),
    ("rdns", "no_rdns"),
    ("host lookup", "no_rdns"),
    ("mysql", "server_error"),
    ("pgsql", "server_error"),
    ("sqlite", "server_error"),
    ("ldap", "server_error"),
    ("lookup failed", "no_rdns"),
    ("encryption required", "tls_policy"),
    ("tls", "tls_policy"),
    ("helo", "helo_invalid"),
    ("synchronization", "pipelining"),
    ("header", "header_checks"),
    ("may not follow", "header_checks"),
    ("attachment", "body_checks"),
    ("mime", "body_checks"),
    ("extension", "body_checks"),
    ("forged", "spoof_attempt"),
    ("spoof", "spoof_attempt"),
    ("not allowed to send", "sender_login_mismatch"),
    ("not owned by", "sender_login_mismatch"),
    ("sender address does not match", "sender_login_mismatch"),
    ("banned", "access_map"),
    ("blocked", "access_map"),
    ("blacklist", "access_map"),
    ("blocklist", "access_map"),
    ("prohibit", "access_map"),
    ("not welcome", "access_map"),
    ("expansion", "server_error"),
    ("cannot test", "server_error"),
    ("local problem", "server_error"),
)
_ZONE = re.compile(
    r"(?i)(?:black ?list(?:ed)? (?:at(?: zone)?|in|by)|listed (?:at|in|by|on)|dnsbl(?: zone)?|dnslist|an? rbl:?|found in)"
    r"[ (]{1,3}(?:https?://(?:www\.)?)?((?:[\w-]{1,63}\.){1,8}[a-z]{2,24})"
)


@lru_cache(maxsize=4096)
def reason(text: str) -> tuple[str, str | None]:
    """Give the word for why something was refused, and the blocklist it names."""
    low = text.lower()
    word = next((word for words, word in _REASONS if words in low), "other")
    if word != "dnsbl":
        return word, None
    zone = _ZONE.search(text)
    return word, None if zone is None else zone.group(1).lower()


def _refused(event: Event, stage: str | None, text: str, default: str = "other") -> bool:
    event.event_action = "reject"
    event.event_outcome = "failure"
    if stage is not None:
        event.smtp_stage = stage
    word, zone = reason(text[:600])
    event.event_reason = word if word != "other" else default
    if zone is not None:
        event.mail_dnsbl_zone = zone
    if text:
        event.smtp_reply_text = text[:1000].replace("\\n", " ")
    return True


_TO = re.compile(r"(?:" + ADDRESS + r"|([^ <:]++))(?:: |$| )?")


def _because(text: str, end: int) -> str:
    return text[end:].lstrip(" :")


@FORMAT.pattern("rejected RCPT ")
def recipient_rejected(event: Event, rest: str) -> bool:
    """A recipient was refused."""
    to = _TO.match(rest)
    address = None if to is None else to.group(1) or to.group(2)
    if address:
        event.email_to_address = [address]
    return _refused(event, "RCPT", _because(rest, 0 if to is None else to.end()))


@FORMAT.pattern("rejected MAIL <")
def sender_rejected(event: Event, rest: str) -> bool:
    """A sender was refused."""
    sender = _TO.match("<" + rest)
    if sender is None:
        return False
    addresses(event, sender.group(1) or "")
    return _refused(event, "MAIL", _because(rest, sender.end() - 1))


def _from(event: Event, text: str, start: int, marks: tuple[str, ...]) -> int | None:
    """Read the peer that stands at `start` and goes on with one of the marks; give where its fields end."""

    def follows(line: str, at: int) -> tuple[int, int] | None:
        end = fields(Event(), line, at)
        return (end, len(line)) if line.startswith(marks, end) else None

    end = peer(event, text, start, follows)
    if end is None:
        return None
    event.network_protocol = "smtp"
    return fields(event, text, end)


_LOCAL = re.compile(r"(?:U=)?[^ \[\]():]{1,64}")


def _anyone(event: Event, text: str, start: int, marks: tuple[str, ...]) -> int | None:
    """Read the peer, or the local user who stands where a peer would."""
    end = _from(event, text, start, marks)
    if end is not None:
        return end
    local = _LOCAL.match(text, start)
    return local.end() if local is not None and text.startswith(marks, local.end()) else None


def _greeting(event: Event, stage: str, rest: str) -> bool:
    end = _anyone(event, rest, 0, (": syntactically invalid argument",))
    if end is None:
        return False
    _, said, helo = rest[end:].partition("argument(s): ")
    if not said:
        return False
    if helo and helo != "(no argument given)":
        event.smtp_helo = helo
    return _refused(event, stage, "", "helo_invalid")


@FORMAT.pattern("rejected EHLO from ")
def ehlo_rejected(event: Event, rest: str) -> bool:
    """A greeting was refused that is no host name."""
    return _greeting(event, "EHLO", rest)


@FORMAT.pattern("rejected HELO from ")
def helo_rejected(event: Event, rest: str) -> bool:
    """A greeting was refused that is no host name."""
    return _greeting(event, "HELO", rest)


_FALSE_GREETING = re.compile(r"(HELO|EHLO) ([^\"]{1,255})\" from ")


@FORMAT.pattern('rejected "')
def greeting_of_another(event: Event, rest: str) -> bool:
    """A greeting was refused whose name does not belong to the client (`helo_verify_hosts`)."""
    greeting = _FALSE_GREETING.match(rest)
    if greeting is None or _from(event, rest, greeting.end(), ("",)) is None:
        return False
    event.smtp_helo = greeting.group(2)
    return _refused(event, greeting.group(1), "", "helo_invalid")


@FORMAT.pattern("rejected EHLO or HELO ")
def greeting_rejected(event: Event, rest: str) -> bool:
    """A greeting was refused by the rules."""
    helo, colon, because = rest.partition(": ")
    if helo:
        event.smtp_helo = helo
    return _refused(event, "HELO", because if colon else "", "helo_invalid")


@FORMAT.pattern("rejected MAIL from ")
def mail_without_greeting(event: Event, rest: str) -> bool:
    """A client that had not said who it is wanted to send."""
    if _from(event, rest, 0, (": no HELO/EHLO",)) is None:
        return False
    return _refused(event, "MAIL", "no HELO/EHLO given", "helo_invalid")


@FORMAT.pattern("rejected MAIL FROM:<")
def mail_too_big(event: Event, rest: str) -> bool:
    """A message was refused by the size that its client announced."""
    sender = re.match(ADDRESS, "<" + rest)
    if sender is None or not rest.startswith(" ", sender.end() - 1):
        return False
    end = _anyone(event, rest, sender.end(), (": ",))
    if end is None:
        return False
    addresses(event, sender.group(1))
    size = re.search(r" size=(\d{1,12})", rest[end:])
    if size is not None:
        event.mail_size = int(size.group(1))
    return _refused(event, "MAIL", _because(rest, end))


@FORMAT.pattern("rejected from <")
def message_too_big(event: Event, rest: str) -> bool:
    """A message was refused because more of it came than is allowed."""
    sender = re.match(ADDRESS, "<" + rest)
    if sender is None or not rest.startswith(" ", sender.end() - 1):
        return False
    end = _anyone(event, rest, sender.end(), (": ",))
    if end is None:
        return False
    addresses(event, sender.group(1))
    return _refused(event, "end of DATA", _because(rest, end))


@FORMAT.pattern("rejected MAIL command ")
def sender_too_many(event: Event, rest: str) -> bool:
    """A client wanted to send more messages than one session may."""
    end = _anyone(event, rest, 0, (": ",))
    return end is not None and _refused(event, "MAIL", _because(rest, end))


@FORMAT.pattern("too many recipients: ")
def too_many_recipients(event: Event, rest: str) -> bool:
    """A client named more recipients than one message may have."""
    found = re.match(r"(?:message|excess temporarily) rejected: sender=" + ADDRESS + " ", rest)
    if found is None:
        return False
    _anyone(event, rest, found.end(), ("", " "))
    addresses(event, found.group(1))
    _refused(event, "RCPT", "")
    event.event_reason = "rate_limit"
    if "temporarily" in found.group():
        event.mail_reject_temporary = True
    return True


@FORMAT.pattern("VRFY failed for ")
def verify_failed(event: Event, rest: str) -> bool:
    """A client asked whether an address exists, and it does not."""
    address = _TO.match(rest)
    if address is None:
        return False
    named = address.group(1) or address.group(2)
    _anyone(event, rest, address.end(), ("", " "))
    event.email_to_address = [named] if named else None
    return _refused(event, "VRFY", "", "unknown_recipient")


@FORMAT.pattern("rejected after DATA")
def message_rejected(event: Event, rest: str) -> bool:
    """A message was refused after all of it had come."""
    return _refused(event, "end of DATA", _because(rest.removeprefix(" PRDR"), 0))


@FORMAT.pattern("rejected DATA")
def data_rejected(event: Event, rest: str) -> bool:
    """A message was refused before any of it had come."""
    return _refused(event, "DATA", _because(rest, 0))


@FORMAT.pattern("rejected during MIME ACL checks")
def part_rejected(event: Event, rest: str) -> bool:
    """A message was refused for one of its parts."""
    return _refused(event, "end of DATA", _because(rest, 0), "body_checks")


@FORMAT.pattern("rejected by local_scan()")
@FORMAT.pattern("rejected by non-SMTP ACL")
def local_rejected(event: Event, rest: str) -> bool:
    """A message was refused by the administrator's own function or the rules for local mail."""
    return _refused(event, None, _because(rest, 0))


@FORMAT.pattern("rejected connection in ")
def connection_rejected(event: Event, rest: str) -> bool:
    """A client was refused as it connected."""
    return _refused(event, "CONNECT", _because(rest, rest.find(": ") if ": " in rest else len(rest)))


@FORMAT.pattern("dropped by 'connect' ACL")
def connection_dropped(event: Event, rest: str) -> bool:
    """A client was cut off as it connected."""
    return _refused(event, "CONNECT", _because(rest, 0), "access_map")


@FORMAT.pattern("refused connection from ")
def connection_refused(event: Event, rest: str) -> bool:
    """A client was refused as it connected, by its address or name."""
    end = _from(event, rest, 0, (" (",))
    if end is None or not rest.startswith(" (", end):
        return False
    return _refused(event, "CONNECT", "", "access_map")


@FORMAT.pattern("temporarily refused connection from ")
def connection_put_off(event: Event, rest: str) -> bool:
    """A client was put off as it connected, for nothing of its doing: what is left is kept for others."""
    end = _from(event, rest, 0, (" (tcp wrappers", ": not in reserve list"))
    if end is None:
        return False
    event.event_action = "rate-limit"
    event.event_outcome = "failure"
    event.event_reason = "server_error"
    event.mail_reject_temporary = True
    event.smtp_stage = "CONNECT"
    return True


@FORMAT.pattern("Connection from ")
@FORMAT.pattern("connection from ")
def connection_limit(event: Event, rest: str) -> bool:
    """A client was refused because there are too many, or the machine has too much to do."""
    end = _from(event, rest, 0, (" refused: ", " refused (IP options)"))
    if end is None:
        return False
    because = rest[end + 10 :]
    if rest.startswith(" refused (", end):
        return _refused(event, "CONNECT", because, "access_map")
    event.event_action = "rate-limit"
    event.event_outcome = "failure"
    event.event_reason = "rate_limit" if because.endswith(" from that IP address") else "server_error"
    event.smtp_stage = "CONNECT"
    event.smtp_reply_text = because[:1000]
    return True


_COMMANDS = ("AUTH", "VRFY", "EXPN", "ETRN", "ATRN", "STARTTLS", "WELLKNOWN", "QUIT", "XCLIENT", "DKIM", "BDAT")


def _command(event: Event, command: str, rest: str) -> bool:
    _, colon, because = rest.partition(": ")
    return _refused(event, command, because if colon else "")


def _declare(command: str) -> None:
    @FORMAT.pattern(f"rejected {command}")
    def command_rejected(event: Event, rest: str) -> bool:
        """A command was refused by the rules."""
        if command == "XCLIENT" and rest.startswith(" from "):
            _from(event, rest, 6, (": ",))
        elif command in ("VRFY", "EXPN"):
            name = rest.partition(": ")[0].strip().removeprefix("<").removesuffix(">")
            event.email_to_address = [name] if name else None
        return _command(event, command, rest)


for _name in _COMMANDS:
    _declare(_name)


@FORMAT.pattern("sender verify fail for ")
@FORMAT.pattern("sender verify defer for ")
def sender_unverified(event: Event, rest: str) -> bool:
    """A sender could not be shown to exist."""
    sender = _TO.match(rest)
    if sender is None:
        return False
    addresses(event, sender.group(1) or sender.group(2) or "")
    _refused(event, "MAIL", _because(rest, sender.end()))
    event.event_reason = "sender_domain_unknown"
    return True


_DISCARDED = re.compile(ADDRESS + r": discarded by ([A-Za-z -]{1,20}) ACL")


@FORMAT.pattern("RCPT <")
def recipient_discarded(event: Event, rest: str) -> bool:
    """A recipient was accepted and thrown away by the rules."""
    found = _DISCARDED.match("<" + rest)
    if found is None:
        return False
    event.email_to_address = [found.group(1)]
    return _discarded(event, "RCPT")


@FORMAT.pattern("MAIL <")
@FORMAT.pattern("MAIL FROM <")
def sender_discarded(event: Event, rest: str) -> bool:
    """All that a sender sends was accepted and thrown away by the rules."""
    found = _DISCARDED.match("<" + rest)
    if found is None:
        return False
    addresses(event, found.group(1))
    return _discarded(event, "MAIL")


def _discarded(event: Event, stage: str) -> bool:
    event.event_action = "discard"
    event.smtp_stage = stage
    return True


_UNQUALIFIED = re.compile(r"(?P<what>sender|recipient|verify|expand) rejected: (?:" + ADDRESS + r"|(\S++))")


@FORMAT.pattern("unqualified ")
def unqualified(event: Event, rest: str) -> bool:
    """An address without a domain was refused."""
    found = _UNQUALIFIED.match(rest)
    if found is None:
        return False
    if rest.startswith(" H=", found.end()):
        _from(event, rest, found.end() + 1, (" ", ""))
    address = found.group(2) or found.group(3)
    what = found.group("what")
    if what == "sender":
        event.email_from_address = [address]
    else:
        event.email_to_address = [address]
    event.event_action = "reject"
    event.event_outcome = "failure"
    event.event_reason = "other"
    event.smtp_stage = {"sender": "MAIL", "recipient": "RCPT", "verify": "VRFY"}.get(what, "EXPN")
    return True
