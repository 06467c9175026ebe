"""The way out: what other servers said of each recipient, and what becomes of the rest.

The lines bear the message's id with the number of the delivery, `[UUID.N.M]`; the last part is taken off. A host is named where
a message is delivered, and not where it is refused.

Source: outbound/hmail.js of Haraka 2.5 to 3.3.
"""

import re

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.haraka.prefix import FORMAT
from mailwarden.parsers.life import noted
from mailwarden.parsers.logfmt import fields

__all__: list[str] = []

_ADDRESS = r"((?>(?:\"(?>(?:[^\"\\]|\\.)*)\"|[^\">])*)|[^>]*)>"
_ANSWERED = re.compile(_ADDRESS + r" (rejected|deferred): (.*)$", re.DOTALL)
_WAITS = re.compile(r"\S{1,255} for ([0-9.]{1,12}) seconds: (.*)$", re.DOTALL)
_CODES = re.compile(r"([245][0-9]{2})(?:[ -](?:([245]\.[0-9]{1,3}\.[0-9]{1,3})(?: |$))?|$)")
_ENHANCED = re.compile(r"([45]\.[0-9]{1,3}\.[0-9]{1,3}) ")
_FAILURES = re.compile(r"Too many failures \((.*)\)$", re.DOTALL)
_QUEUED = re.compile(r"\bqueued as ([A-Za-z0-9.-]{4,80}[A-Za-z0-9])")
_COUNT = re.compile(r"([0-9]{1,7})/")
_SOME = ("Some recipients temp failed: ", "Some recipients failed: ")
_WHY = (
    ("no such domain", "host_not_found"),
    ("nowhere to deliver", "host_not_found"),
    ("no mx for", "host_not_found"),
    ("null mx", "host_not_found"),
    ("dns lookup", "host_not_found"),
    ("mx lookup", "host_not_found"),
    ("timed out", "connect_timeout"),
    ("timeout", "connect_timeout"),
    ("refused", "connect_refused"),
    ("tls", "tls_policy"),
)
_LONGEST = 1000


@FORMAT.pattern("recipient <")
def answered(event: Event, rest: str) -> bool:
    """The other server refused a recipient, for good or for now."""
    found = _ANSWERED.match(rest)
    if found is None:
        return False
    event.email_to_address = [found[1]]
    _failed(event, "bounced" if found[2] == "rejected" else "deferred", found[3])
    return True


@FORMAT.pattern("bouncing mail: ")
def bounced(event: Event, rest: str) -> bool:
    """The sender is told that it failed: of recipients whose refusals stand before, or of all."""
    if rest.startswith(_SOME):
        event.event_action = "bounce-created"
        return True
    found = _FAILURES.match(rest)
    reason = found[1] if found else rest
    if reason.startswith(_SOME):
        event.event_action = "bounce-created"
        return True
    _failed(event, "bounced", reason)
    return True


@FORMAT.pattern("Temp failing ")
def waits(event: Event, rest: str) -> bool:
    """A message is tried again later; of recipients whose answers stand before, or of all."""
    found = _WAITS.match(rest)
    if found is None:
        return False
    if found[2].startswith(_SOME):
        event.event_action = "statistics"
        return True
    _failed(event, "deferred", found[2])
    return True


def _failed(event: Event, status: str, said: str) -> None:
    event.event_action = "delivery"
    event.event_outcome = "failure"
    event.mail_delivery_status = status
    event.network_protocol = "smtp"
    said = said.removeprefix("Upstream error: ").removeprefix("Unrecognized response from upstream server: ")
    codes = _CODES.match(said)
    if codes is None:
        words = said.lower()
        event.event_reason = next((reason for words_of, reason in _WHY if words_of in words), None)
    else:
        event.smtp_reply_code, event.smtp_reply_enhanced_code = int(codes[1]), codes[2]
        said = said[codes.end() :]
        if codes[2] is None and (enhanced := _ENHANCED.match(said)):
            event.smtp_reply_enhanced_code, said = enhanced[1], said[enhanced.end() :]
        if event.smtp_reply_enhanced_code:  # Haraka leaves the code in each further line of an answer
            said = said.replace(f" {event.smtp_reply_enhanced_code} ", " ")
    event.smtp_reply_text = said[:_LONGEST].strip() or None


@FORMAT.pattern("delivered file=")
def delivered(event: Event, rest: str) -> bool:
    """A message has gone out to a domain: to which host, for how many recipients."""
    told = fields("file=" + rest)
    if "domain" not in told:
        return False
    event.event_action = "delivery"
    event.event_outcome = "success"
    event.mail_delivery_status = "sent"
    event.network_protocol = "lmtp" if told.get("mode") == "LMTP" else "smtp"
    event.set("haraka.domain", told["domain"].lower())
    host = told.get("host", "")
    event.destination_domain = host if host and ip(host) is None else None
    event.destination_ip = ip(told.get("ip", ""))
    port = told.get("port", "")
    event.destination_port = int(port) if port.isdecimal() and len(port) < 6 else None
    if "tls" in told:
        event.tls_established = told["tls"] == "Y"
    count = _COUNT.match(told.get("rcpts", ""))
    event.event_count = max(int(count[1]), 1) if count else 1
    delay = told.get("delay", "")
    if re.fullmatch(r"[0-9]{1,9}(?:\.[0-9]{1,9})?", delay):
        event.mail_delivery_delay = float(delay)
    said = told.get("response", "")
    codes = _CODES.match(said)
    if codes is not None:
        event.smtp_reply_code, event.smtp_reply_enhanced_code = int(codes[1]), codes[2]
        said = said[codes.end() :]
    event.smtp_reply_text = said[:_LONGEST].strip() or None
    queued = _QUEUED.search(said)
    event.mail_queue_remote_id = queued[1] if queued else None
    return True


@FORMAT.pattern("Double bounce: ")
def double_bounce(event: Event, rest: str) -> bool:  # noqa: ARG001
    """Who should be told of a failure does not exist either; told before."""
    return noted(event)


@FORMAT.pattern("Created transaction: ")
def created(event: Event, rest: str) -> bool:
    """Haraka writes a message itself: a bounce, or what a plugin sends."""
    event.event_action = "statistics"
    event.mail_queue_id = rest.strip()[:60] or None
    return True
