"""What Exim refused: a recipient, a sender, a message, a greeting, a connection.

Source: src/src/smtp_in.c (smtp_handle_acl_fail), src/src/acl.c, src/src/receive.c of Exim 4.92 to 4.100.
"""

import re

from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.exim.caller import anyone, caller
from mailwarden.parsers.formats.exim.peer import ADDRESS, addresses
from mailwarden.parsers.formats.exim.prefix import FORMAT
from mailwarden.parsers.formats.exim.reasons import refused

__all__ = ["recipient_rejected"]

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
    return refused(event, "RCPT", _because(rest, 0 if to is None else to.end()))


@FORMAT.pattern("rejected MAIL <")
def sender_rejected(event: Event, rest: str) -> bool:
    """A sender was refused."""
    sender = _TO.match("<" + rest)
    if sender is None:
        return False
    addresses(event, sender.group(1) or "")
    return refused(event, "MAIL", _because(rest, sender.end() - 1))


def _greeting(event: Event, stage: str, rest: str) -> bool:
    end = anyone(event, rest, 0, (": syntactically invalid argument",))
    if end is None:
        return False
    _, said, helo = rest[end:].partition("argument(s): ")
    if not said:
        return False
    if helo and helo != "(no argument given)":
        event.smtp_helo = helo
    return refused(event, stage, "", "helo_invalid")


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
    if greeting is None or caller(event, rest, greeting.end(), ("",)) is None:
        return False
    event.smtp_helo = greeting.group(2)
    return refused(event, greeting.group(1), "", "helo_invalid")


@FORMAT.pattern("rejected EHLO or HELO ")
def greeting_rejected(event: Event, rest: str) -> bool:
    """A greeting was refused by the rules."""
    helo, colon, because = rest.partition(": ")
    if helo:
        event.smtp_helo = helo
    return refused(event, "HELO", because if colon else "", "helo_invalid")


@FORMAT.pattern("rejected MAIL from ")
def mail_without_greeting(event: Event, rest: str) -> bool:
    """A client that had not said who it is wanted to send."""
    if caller(event, rest, 0, (": no HELO/EHLO",)) is None:
        return False
    return refused(event, "MAIL", "no HELO/EHLO given", "helo_invalid")


@FORMAT.pattern("rejected MAIL FROM:<")
def mail_too_big(event: Event, rest: str) -> bool:
    """A message was refused by the size that its client announced."""
    sender = re.match(ADDRESS, "<" + rest)
    if sender is None or not rest.startswith(" ", sender.end() - 1):
        return False
    end = anyone(event, rest, sender.end(), (": ",))
    if end is None:
        return False
    addresses(event, sender.group(1))
    size = re.search(r" size=(\d{1,12})", rest[end:])
    if size is not None:
        event.mail_size = int(size.group(1))
    return refused(event, "MAIL", _because(rest, end))


@FORMAT.pattern("rejected from <")
def message_too_big(event: Event, rest: str) -> bool:
    """A message was refused because more of it came than is allowed."""
    sender = re.match(ADDRESS, "<" + rest)
    if sender is None or not rest.startswith(" ", sender.end() - 1):
        return False
    end = anyone(event, rest, sender.end(), (": ",))
    if end is None:
        return False
    addresses(event, sender.group(1))
    return refused(event, "end of DATA", _because(rest, end))


@FORMAT.pattern("rejected MAIL command ")
def sender_too_many(event: Event, rest: str) -> bool:
    """A client wanted to send more messages than one session may."""
    end = anyone(event, rest, 0, (": ",))
    return end is not None and refused(event, "MAIL", _because(rest, end))


@FORMAT.pattern("too many recipients: ")
def too_many_recipients(event: Event, rest: str) -> bool:
    """A client named more recipients than one message may have."""
    found = re.match(r"(?:message|excess temporarily) rejected: sender=" + ADDRESS + " ", rest)
    if found is None:
        return False
    anyone(event, rest, found.end(), ("", " "))
    addresses(event, found.group(1))
    refused(event, "RCPT", "")
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
    anyone(event, rest, address.end(), ("", " "))
    event.email_to_address = [named] if named else None
    return refused(event, "VRFY", "", "unknown_recipient")


@FORMAT.pattern("rejected after DATA")
def message_rejected(event: Event, rest: str) -> bool:
    """A message was refused after all of it had come."""
    return refused(event, "end of DATA", _because(rest.removeprefix(" PRDR"), 0))


@FORMAT.pattern("rejected DATA")
def data_rejected(event: Event, rest: str) -> bool:
    """A message was refused before any of it had come."""
    return refused(event, "DATA", _because(rest, 0))


@FORMAT.pattern("rejected during MIME ACL checks")
def part_rejected(event: Event, rest: str) -> bool:
    """A message was refused for one of its parts."""
    return refused(event, "end of DATA", _because(rest, 0), "body_checks")


@FORMAT.pattern("rejected by local_scan()")
@FORMAT.pattern("rejected by non-SMTP ACL")
def local_rejected(event: Event, rest: str) -> bool:
    """A message was refused by the administrator's own function or the rules for local mail."""
    return refused(event, None, _because(rest, 0))


@FORMAT.pattern("rejected connection in ")
def connection_rejected(event: Event, rest: str) -> bool:
    """A client was refused as it connected."""
    return refused(event, "CONNECT", _because(rest, rest.find(": ") if ": " in rest else len(rest)))


@FORMAT.pattern("dropped by 'connect' ACL")
def connection_dropped(event: Event, rest: str) -> bool:
    """A client was cut off as it connected."""
    return refused(event, "CONNECT", _because(rest, 0), "access_map")


@FORMAT.pattern("refused connection from ")
def connection_refused(event: Event, rest: str) -> bool:
    """A client was refused as it connected, by its address or name."""
    end = caller(event, rest, 0, (" (",))
    if end is None or not rest.startswith(" (", end):
        return False
    return refused(event, "CONNECT", "", "access_map")


@FORMAT.pattern("temporarily refused connection from ")
def connection_put_off(event: Event, rest: str) -> bool:
    """A client was put off as it connected, for nothing of its doing: what is left is kept for others."""
    end = caller(event, rest, 0, (" (tcp wrappers", ": not in reserve list"))
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
    end = caller(event, rest, 0, (" refused: ", " refused (IP options)"))
    if end is None:
        return False
    because = rest[end + 10 :]
    if rest.startswith(" refused (", end):
        return refused(event, "CONNECT", because, "access_map")
    event.event_action = "rate-limit"
    event.event_outcome = "failure"
    event.event_reason = "rate_limit" if because.endswith(" from that IP address") else "server_error"
    event.smtp_stage = "CONNECT"
    event.smtp_reply_text = because[:1000]
    return True


_COMMANDS = ("AUTH", "VRFY", "EXPN", "ETRN", "ATRN", "STARTTLS", "WELLKNOWN", "QUIT", "XCLIENT", "DKIM", "BDAT")


def _command(event: Event, command: str, rest: str) -> bool:
    _, colon, because = rest.partition(": ")
    return refused(event, command, because if colon else "")


def _declare(command: str) -> None:
    @FORMAT.pattern(f"rejected {command}")
    def command_rejected(event: Event, rest: str) -> bool:
        """A command was refused by the rules."""
        if command == "XCLIENT" and rest.startswith(" from "):
            caller(event, rest, 6, (": ",))
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
    refused(event, "MAIL", _because(rest, sender.end()))
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
        caller(event, rest, found.end() + 1, (" ", ""))
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
