"""The daemon, its queue runs and its troubles; what the rules remark; cPanel's own lines.

Source: src/src/exim.c, src/src/daemon.c, src/src/log.c, src/src/dkim.c of Exim 4.92 to 4.100; cPanel's lines from
published logs.
"""

import re

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.exim.peer import addresses, to_destination
from mailwarden.parsers.formats.exim.prefix import FORMAT, later_part
from mailwarden.parsers.formats.exim.reasons import reason
from mailwarden.parsers.formats.exim.remote import failure
from mailwarden.parsers.life import noted

__all__ = ["started"]

_CALL = re.compile(r"(.{1,4096}?) (\d{1,5}) args: ?(.*)$")
_STARTED = re.compile(r"[\w.~+-]{1,40} daemon started: pid=(\w{1,12})")


@FORMAT.pattern("] ", anywhere=True)
def further_part(event: Event, text: str) -> bool:
    """The second or a later part of a line that was too long for syslog (`[2/4] `)."""
    if not later_part(text):
        return False
    return noted(event)


@FORMAT.pattern("cwd=")
def called(event: Event, rest: str) -> bool:
    """Somebody called Exim: from which directory, with which arguments."""
    found = _CALL.match(rest)
    if found is None:
        return False
    event.event_action = "process-start"
    event.process_working_directory = found.group(1)
    event.set("process.args_count", int(found.group(2)))
    arguments = found.group(3).split(" ")
    if arguments[0]:
        event.set("process.executable", arguments[0])
    return True


@FORMAT.pattern("exim ")
def started(event: Event, rest: str) -> bool:
    """The daemon started, or ended for want of work."""
    found = _STARTED.match(rest)
    if found is None:
        if " daemon terminating" not in rest:
            return False
        event.event_action = "service-stop"
        return True
    event.event_action = "service-start"
    if found.group(1).isdecimal():
        event.process_pid = int(found.group(1))
    return True


@FORMAT.pattern("pid ")
def signalled(event: Event, rest: str) -> bool:
    """The daemon was told to start anew or to stop."""
    number, colon, said = rest.partition(": ")
    if not colon or not number.isalnum() or "received" not in said:
        return False
    event.event_action = "service-stop" if "SIGTERM" in said else "config-change"
    return True


@FORMAT.pattern("Start queue run: ")
@FORMAT.pattern("End queue run: ")
@FORMAT.pattern("Abandon queue run: ")
@FORMAT.pattern("Start ODMR queue run: ")
@FORMAT.pattern("End ODMR queue run: ")
@FORMAT.pattern("Start '")
@FORMAT.pattern("End '")
def queue_run(event: Event, rest: str) -> bool:
    """A pass over the queue began or ended."""
    if "pid=" not in rest:
        return False
    return noted(event)


_SCRIPT = re.compile(r"(?:.{0,80} )?X-PHP-(?:Originating-)?Script: (?:[0-9]{1,10}:)?(\S{1,200})").match
_REMARK_REASONS = {"dnsbl": "dnsbl-hit", "greylist": "greylist"}


@FORMAT.pattern("Warning: ")
def remark(event: Event, rest: str) -> bool:
    """The rules remark on a client or a message, without refusing it."""
    if rest.startswith("purging the environment"):
        event.event_action = "config-change"
        return True
    script = _SCRIPT(rest)
    if script is not None:
        event.file_path = script[1]
    word, zone = reason(rest[:600])
    event.event_action = _REMARK_REASONS.get(word, "filter-verdict")
    if zone is not None:
        event.mail_dnsbl_zone = zone
    return True


_SENDER = re.compile(r"U=(\S{1,64}) D=(\S{1,255}) S=(\S{1,320})")


@FORMAT.pattern("Sender identification ")
def identified_sender(event: Event, rest: str) -> bool:
    """cPanel tells which account and domain a message is sent for."""
    found = _SENDER.match(rest)
    if found is None:
        return False
    event.event_action = "message-queued"
    event.user_name = found.group(1)
    event.user_domain = found.group(2) if found.group(2) != "-system-" else None
    event.email_from_address = [found.group(3)]
    return True


@FORMAT.pattern("DKIM: ")
def dkim(event: Event, rest: str) -> bool:
    """A signature was checked."""
    domain = re.match(r"d=(\S{1,255}) (?:s=(\S{1,255}) )?", rest)
    if domain is None:
        if not any(word in rest for word in ("rror", "failed", "acl", "could not")):
            return False
        event.event_action = "dkim-verdict"
        return True
    event.event_action = "dkim-verdict"
    event.set("mail.dkim.domain", domain.group(1))
    if domain.group(2):
        event.set("mail.dkim.selector", domain.group(2))
    if "[verification succeeded]" in rest:
        event.set("mail.dkim.result", "pass")
        event.event_outcome = "success"
    elif "[verification failed" in rest:
        event.set("mail.dkim.result", "fail")
    elif "[invalid" in rest or "[failed key" in rest:
        event.set("mail.dkim.result", "permerror")
    return True


def _tried(event: Event, text: str) -> bool:
    """One of a recipient's servers did not take the message; `==` or `**` tells what became of it."""
    to_destination(event)
    event.event_action = "connection-lost"
    event.event_outcome = "failure"
    failure(event, text)
    return True


_TRIED = (
    "SMTP error from remote mail server after ",
    "SMTP timeout after ",
    "LMTP error after ",
    "LMTP timeout after ",
    "Remote host closed connection",
    "Malformed SMTP reply",
    "Malformed LMTP reply",
    "Connection refused",
    "Connection timed out",
    "Connection reset by peer",
    "Network is unreachable",
    "Network Error",
    "No route to host",
    "a TLS session is required",
    "DANE error: ",
)


def _declare(words: str) -> None:
    @FORMAT.pattern(words)
    def host_failed(event: Event, rest: str) -> bool:
        """One of a recipient's servers did not take the message."""
        return _tried(event, words + rest)


for _words in _TRIED:
    _declare(_words)


_OLDER = re.compile(
    r"(?:Remote host |SMTP timeout while connected to )?(?:(\S{1,255}) )?\[([^\[\] ]{2,60})\]:? "
    r"((?:closed connection|after |Connection |Network |No route ).*)"
)


@FORMAT.pattern("Remote host ")
@FORMAT.pattern("SMTP timeout while connected to ")
@FORMAT.pattern("] Connection ", anywhere=True)
@FORMAT.pattern("]: Connection ", anywhere=True)
@FORMAT.pattern("] Network is unreachable", anywhere=True)
@FORMAT.pattern("] No route to host", anywhere=True)
def older_host_failed(event: Event, text: str) -> bool:
    """One of a recipient's servers did not take the message, as Exim up to 4.87 writes it: `ID name [IP] why`."""
    found = _OLDER.match(text)
    if found is None or event.mail_queue_id is None or ip(found.group(2)) is None:
        return False
    event.source_ip, event.source_domain = ip(found.group(2)), found.group(1)
    event.network_protocol = "smtp"
    why = found.group(3)
    _tried(event, f"SMTP timeout {why}" if why.startswith("after ") else why)
    return True


@FORMAT.pattern("TLS session: ")
@FORMAT.pattern("DANE attempt failed; TLS ")
def tls_given_up(event: Event, _rest: str) -> bool:
    """A message went or waits because another server and we found no encryption."""
    event.event_action = "tls-failed"
    event.event_outcome = "failure"
    event.tls_established = False
    return True


@FORMAT.pattern("Detected OUTGOING ")
@FORMAT.pattern("ARC: ")
def judged(event: Event, _rest: str) -> bool:
    """A filter's view of a message."""
    event.event_action = "filter-verdict"
    return True


_RESULT = re.compile(r"\b(dmarc|dkim|spf)=([a-z]{1,12})")


@FORMAT.pattern("Authentication-Results: ")
def authentication_results(event: Event, rest: str) -> bool:
    """What the checks of a message's origin gave."""
    results: dict[str, str] = {}
    for method, result in _RESULT.findall(rest[:4000]):
        results.setdefault(method, result)
        event.set(f"mail.{method}.result", results[method])
    event.event_action = next(
        (f"{method}-verdict" for method in ("dmarc", "dkim", "spf") if method in results), "filter-verdict"
    )
    return True


@FORMAT.pattern("DMARC results: ")
@FORMAT.pattern("DMARC: ")
def dmarc(event: Event, _rest: str) -> bool:
    """A message was held against the policy of its domain."""
    event.event_action = "dmarc-verdict"
    return True


_SPAM = re.compile(
    r"(.{1,80}?): score=(-?\d[\d.]{0,7}) required=(-?\d[\d.]{0,7}) .{0,600}From <([^<>]{0,320})> "
    r"\(host=(?:\S{1,255} )?\[([^\[\] ]{2,60})\]\) for (\S{1,320})$"
)


@FORMAT.pattern("SA: Action: ")
def spam_judged(event: Event, rest: str) -> bool:
    """SpamAssassin judged a message within Exim (sa-exim)."""
    found = _SPAM.match(rest)
    if found is None:
        return False
    action, score, required, sender, address, to = found.groups()
    event.event_action = "filter-verdict"
    event.event_outcome = (
        "failure" if action.startswith(("flagged", "permanently", "temporarily", "silently")) else "success"
    )
    event.set("mail.spam.action", action)
    event.set("mail.spam.score", _number(score))
    event.set("mail.spam.threshold", _number(required))
    event.source_ip = ip(address)
    addresses(event, sender)
    event.email_to_address = [to]
    return True


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
