"""Milters: what they refuse, hold or change, and those that do not answer.

A verdict is told by `milter=NAME, action=…, reject=…` and then by `Milter: …, reject=…`: the second is counted as the refusal.
"""

import re

from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.sendmail.message import address
from mailwarden.parsers.formats.sendmail.prefix import FORMAT, enhanced, read_client
from mailwarden.parsers.formats.sendmail.refusal import why

__all__: list[str] = []

_REJECT = re.compile(r"(?:^|, )reject=(?=[245]\d\d(?: |$)|Command rejected|421,)").search
_STAGES = {"connect": "CONNECT", "helo": "HELO", "from": "MAIL", "to": "RCPT", "data": "DATA", "eoh": "DATA"}
_TROUBLE = (
    "error",
    "timeout",
    "returned",
    "failed",
    "unsafe",
    "bad address",
    "no valid",
    "unknown ",
    "Unknown ",
    "negotiate:",
    "impossible",
    "missing socket",
    "not ready",
    "too long",
    "closed",
    "bogus",
    "Invalid",
    "invalid",
)


@FORMAT.pattern("Milter: ")
def judged(event: Event, rest: str) -> bool:
    """A filter refused, threw away or held something: `data, reject=550 5.7.1 text`, `to=<r>, reject=…`, `from=<s>, discard`."""
    if rest.startswith(("no active filter", "connect to filters", "connect, ending", "sender: ", "rcpts: ")):
        event.event_action = "statistics"
        return True
    if rest.startswith("initialization failed"):
        event.event_action, event.event_outcome, event.event_reason = "service-error", "failure", "backend_unavailable"
        return True
    found = _REJECT(rest)
    head = rest[: found.start()] if found else rest
    _about(event, head)
    event.network_protocol = "smtp"
    if found is None:
        return _unspoken(event, rest)
    said = rest[found.end() :]
    words = enhanced(event, said)
    event.event_action = "reject"
    event.event_outcome = "failure"
    event.mail_reject_temporary = said.startswith("4")
    event.event_reason = _reason(words or said)
    return True


def _unspoken(event: Event, rest: str) -> bool:
    """Read a verdict without a reply."""
    if rest.endswith((", discard", "discard")):
        event.event_action = "discard"
    elif rest.startswith("reject, ") or "rejecting commands" in rest:
        event.event_action, event.event_outcome = "reject", "failure"
    elif "temp failing commands" in rest or "shutdown" in rest:
        event.event_action, event.event_outcome, event.mail_reject_temporary = "reject", "failure", True
    else:
        return False
    event.event_reason = "milter"
    return True


def _about(event: Event, head: str) -> None:
    """Read what was judged."""
    head = head.removeprefix("cmd=")
    word = head.partition("=")[0].partition(",")[0].partition(":")[0]
    event.smtp_stage = _STAGES.get(word, "DATA" if word.startswith("data") else None)
    _, _, value = head.partition("=")
    if word == "to":
        event.email_to_address = [address(value)]
    elif word == "from":
        sender = address(value)
        event.email_from_address = [sender] if sender else []
    elif word == "connect":
        host, _, where = value.rpartition(", addr=")
        if read_client(event, f"[{where.partition(',')[0]}]") and host and " " not in host:
            event.source_domain = host


def _reason(said: str) -> str:
    word = why(said)
    return word if word in ("spam", "malware", "greylist", "dnsbl", "spf_fail", "dkim_fail", "dmarc_fail") else "milter"


@FORMAT.pattern("milter=")
def verdict(event: Event, rest: str) -> bool:
    """What one filter said: `NAME, action=eom, reject=550 5.7.1 text`, `NAME, quarantine=why`."""
    name, named, said = rest.partition(", ")
    if not named:
        return False
    event.event_action = "filter-verdict"
    event.event_reason = "milter"
    event.set("sendmail.milter", name)
    found = _REJECT(said)
    if found is not None:
        words = enhanced(event, said[found.end() :])
        event.event_reason = _reason(words or "")
        event.mail_reject_temporary = said[found.end() :].startswith("4")
    elif "quarantine=" in said:
        event.event_action = "message-held"
    return True


@FORMAT.pattern("Milter (")
def one(event: Event, rest: str) -> bool:
    """One filter changes a message, or is in trouble: `NAME) add: header: …`, `NAME): error connecting to filter: …`."""
    name, _, said = rest.partition(")")
    event.set("sendmail.milter", name)
    if said.startswith(": ") and any(words in said for words in _TROUBLE):
        event.event_action, event.event_outcome, event.event_reason = "service-error", "failure", "backend_unavailable"
    else:
        event.event_action = "statistics"
    return True


@FORMAT.pattern("Milter ")
def changed(event: Event, rest: str) -> bool:
    """Filters let a message pass, or change it: `accept: message`, `add: header: …`."""
    if rest.startswith("("):
        return False
    trouble = rest.startswith(("read(", "write("))
    event.event_action = "service-error" if trouble else "statistics"
    if trouble:
        event.event_outcome, event.event_reason = "failure", "backend_unavailable"
    return True


@FORMAT.pattern("milter_")
def lied(event: Event, _rest: str) -> bool:
    """A filter does not keep to the protocol."""
    event.event_action, event.event_outcome, event.event_reason = "service-error", "failure", "backend_unavailable"
    return True
