"""The life of Courier's own programs, and their troubles."""

import re

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.courier.prefix import DELIVERY, FORMAT, IMAP, POP3, QUEUE
from mailwarden.parsers.life import noted, started

__all__: list[str] = []

_READERS = (*IMAP, *POP3)
_LIMIT = re.compile(r"([0-9A-Fa-f.:]{2,45})$")


@FORMAT.pattern("Courier ", programs=QUEUE)
@FORMAT.pattern("Loading ", programs=QUEUE)
@FORMAT.pattern("Installing ", programs=QUEUE)
@FORMAT.pattern("Installed: ", programs=QUEUE)
@FORMAT.pattern("Initializing ", programs=QUEUE)
@FORMAT.pattern("Started ", programs=QUEUE)
def queue_started(event: Event, rest: str) -> bool:  # noqa: ARG001
    """The queue's daemon starts, with its modules."""
    return started(event)


@FORMAT.pattern("SHUTDOWN: ", programs=QUEUE)
def queue_stopped(event: Event, rest: str) -> bool:
    """The queue's daemon stops, or starts anew, as it does every so often."""
    event.event_action = "service-stop" if rest.startswith("Stopping") else "statistics"
    return True


@FORMAT.pattern("Waiting.  ", programs=QUEUE)
@FORMAT.pattern("queuelo=", programs=QUEUE)
@FORMAT.pattern("Purging ", programs=QUEUE)
@FORMAT.pattern("cancelled,id=", programs=QUEUE)
@FORMAT.pattern("expired,id=", programs=QUEUE)
def queue_noted(event: Event, rest: str) -> bool:  # noqa: ARG001
    """A step of the queue's daemon, of no consequence."""
    return noted(event)


@FORMAT.pattern("Low on disk space", programs=QUEUE)
def disk_full(event: Event, rest: str) -> bool:  # noqa: ARG001
    """There is no room to deliver anything."""
    event.event_action = "service-error"
    event.event_outcome = "failure"
    event.event_reason = "disk_full"
    return True


@FORMAT.pattern("MODULE ", programs=QUEUE)
@FORMAT.pattern("QUEUE FILE CORRUPTION", programs=QUEUE)
@FORMAT.pattern("BACKUP RELAY DRIVER NOT FOUND", programs=QUEUE)
@FORMAT.pattern("Cannot read ", programs=QUEUE)
@FORMAT.pattern("Internal failure ", programs=DELIVERY)
@FORMAT.pattern("submit terminated with a non-zero exit code")
@FORMAT.pattern("bind: ")
@FORMAT.pattern("chdir ")
@FORMAT.pattern("exec(")
@FORMAT.pattern("No space left on device")
@FORMAT.pattern("Too many open files")
@FORMAT.pattern("Group ")
@FORMAT.pattern("fork() failed")
@FORMAT.pattern("pipe() failed")
@FORMAT.pattern("malloc")
@FORMAT.pattern("Out of memory")
@FORMAT.pattern("Error ", programs=_READERS)
@FORMAT.pattern("error ", programs=_READERS)
@FORMAT.pattern("Cannot ", programs=_READERS)
@FORMAT.pattern("Internal error", programs=_READERS)
@FORMAT.pattern("Failed to ", programs=_READERS)
@FORMAT.pattern("rename(", programs=_READERS)
@FORMAT.pattern("quota string ", programs=_READERS)
@FORMAT.pattern("I/O error while ", programs=_READERS)
@FORMAT.pattern("proxy enabled, but ", programs=_READERS)
@FORMAT.pattern("Did not receive greeting from ", programs=_READERS)
@FORMAT.pattern("Login to ", programs=_READERS)
@FORMAT.pattern("Login password rejected by ", programs=_READERS)
@FORMAT.pattern("Login userid rejected by ", programs=_READERS)
@FORMAT.pattern("tlscache.c")
def trouble(event: Event, rest: str) -> bool:  # noqa: ARG001
    """A program of Courier's cannot go on."""
    event.event_action = "service-error"
    event.event_outcome = "failure"
    return True


@FORMAT.pattern("Maximum connection limit reached for ")
def too_many_connections(event: Event, rest: str) -> bool:
    """One client has more connections open than it may (`MAXPERIP`)."""
    found = _LIMIT.match(rest)
    if found is None:
        return False
    event.event_action = "rate-limit"
    event.event_outcome = "failure"
    event.event_reason = "rate_limit"
    event.source_ip = ip(found.group(1))
    return True


@FORMAT.pattern(" maximum active connections", anywhere=True)
def all_busy(event: Event, text: str) -> bool:
    """As many clients are there as the server takes (`MAXDAEMONS`)."""
    event.event_action = "rate-limit"
    event.event_outcome = "failure"
    event.event_reason = "server_error"
    return text.partition(" ")[0].isdecimal()


@FORMAT.pattern(" active connections.", anywhere=True)
def many_connections(event: Event, text: str) -> bool:
    """Nearly as many clients are there as the server takes."""
    event.event_action = "statistics"
    return text.partition(" ")[0].isdecimal() and " maximum " not in text


@FORMAT.pattern("dropped blocked connection from ")
def dropped(event: Event, rest: str) -> bool:
    """A client that a list names was cut off at once (`-drop`)."""
    found = _LIMIT.match(rest)
    if found is None:
        return False
    event.event_action = "reject"
    event.event_outcome = "failure"
    event.event_reason = "dnsbl"
    event.smtp_stage = "CONNECT"
    event.source_ip = ip(found.group(1))
    return True


@FORMAT.pattern("Starting ", programs=("courierfilter",))
@FORMAT.pattern("Stopping ", programs=("courierfilter",))
@FORMAT.pattern("Filter ", programs=("courierfilter",))
@FORMAT.pattern("zdkimfilter", programs=("courierfilter",))
@FORMAT.pattern("perlfilter", programs=("courierfilter",))
def filter_noted(event: Event, rest: str) -> bool:  # noqa: ARG001
    """What a filter of Courier's has to say; a refusal is told by courieresmtpd."""
    return noted(event)
