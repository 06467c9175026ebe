"""Postgrey, and what writes like it: mail from senders that were never seen is put off once (greylisting).

`QUEUEID: action=greylist, reason=new, client_name=H, client_address=IP, sender=S, recipient=R`. The sender and the recipient are
the client's text; what Postfix knows of the client stands before both.

Source: postgrey 1.34 to 1.37; Net::Server 2.0.
"""

import re

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.life import failed, noted, started, stopped
from mailwarden.parsers.pattern import Format
from mailwarden.parsers.verdict import QUEUE_ID

__all__ = ["FORMAT"]

_ID = re.compile(QUEUE_ID + r": ")
_STAMP = re.compile(r"[0-9]{4}/[0-9]{2}/[0-9]{2}-[0-9]{2}:[0-9]{2}:[0-9]{2} ")
_CLIENT = re.compile(
    r"(?:reason=([^,=]{1,60})(?:, )?)?(?:delay=([0-9]{1,10})(?:, )?)?(?:client_name=([^,\s]{0,255})(?:, |$))?"
    r"(?:client_address=([0-9A-Fa-f.:]{2,45})(?:/[0-9]{1,3})?(?:, |$))?"
)


def _prepare(event: Event, text: str) -> str:
    """Take the queue id off, or the stamp that Net::Server puts before its own lines."""
    text = text.removeprefix("WARNING: ") if text.startswith("WARNING: cleaning") else text
    found = _ID.match(text)
    if found is not None:
        event.mail_queue_id = found[1]
        return text[found.end() :]
    stamp = _STAMP.match(text)
    return text[stamp.end() :] if stamp else text


FORMAT = Format("postgrey", ("postgrey",), prepare=_prepare)


def _read_try(event: Event, rest: str) -> bool:
    found = _CLIENT.match(rest)
    if found is None or found[4] is None:
        return False
    reason, delay, name, address = found.groups()
    event.source_ip = ip(address)
    event.event_code = reason
    if name and name != "unknown":
        event.source_domain = name
    if delay is not None:
        event.set("mail.greylist.delay_s", int(delay))
    sender, told, recipient = rest[found.end() :].rpartition("recipient=")
    sender = sender.removesuffix(", ").removeprefix("sender=")
    if told and recipient:
        event.email_to_address = [recipient]
    if sender:
        event.email_from_address = [sender]
    return True


_WAITS = frozenset({"greylist", "defer", "delay", "deferred"})
_PASSES = frozenset({"pass", "dunno"})


@FORMAT.pattern("action=")
def acted(event: Event, rest: str) -> bool:
    """A recipient that is put off, for its sender to come back in some minutes; or let through, and why."""
    action, _, rest = rest.partition(", ")
    if not _read_try(event, rest):
        return False
    event.event_action = "filter-verdict"
    if action in _WAITS:
        event.event_action, event.event_outcome, event.event_reason = "greylist", "failure", "greylist"
        event.mail_reject_temporary = True
    elif action in _PASSES:
        event.event_outcome = "success"
    return True


@FORMAT.pattern(
    "cleaning up old ", "cleaning main database", "cleaning clients database", "whitelisted: ", "Setting gid to ",
    "Setting uid to ", "Resolved [", "Binding to ", "Couldn't unlink ", "Pid_file ", "ignoring garbage: ", "rm /",
    "correcting date for first seen ", "HUP received: ", "Group Not Defined", "User Not Defined", "Port Not Defined",
    "unrecognized request type", "Using default listen value", "CONNECT ", "Beginning ", "Child ", "Received a SIG",
    "Bad fh", "New process",
)  # fmt: skip
def remarked(event: Event, rest: str) -> bool:  # noqa: ARG001
    """Its housekeeping."""
    return noted(event)


@FORMAT.pattern("postgrey (type ", "Process Backgrounded", "Starting ")
def began(event: Event, rest: str) -> bool:  # noqa: ARG001
    """Its start."""
    return started(event)


@FORMAT.pattern("Server closing", "Exiting!", "Server Closing")
def ended(event: Event, rest: str) -> bool:  # noqa: ARG001
    """Its end."""
    return stopped(event)


@FORMAT.pattern("FATAL: ", "ERROR: ", "fatal: ", "panic: ")
def died(event: Event, rest: str) -> bool:  # noqa: ARG001
    """Its last words: Postfix gets no answer after them."""
    return failed(event, level="fatal")


@FORMAT.pattern("WARNING: ", "warning: ", "Can't ", "Cannot ", "Couldn't ", "unlock ", "Error ")
def trouble(event: Event, rest: str) -> bool:  # noqa: ARG001
    """A fault of its own, of its database mostly."""
    return failed(event)
