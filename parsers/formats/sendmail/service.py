"""The daemon's life: start and stop, its queue runs, its databases, what it tells at high log levels."""

import re

from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.sendmail.prefix import FORMAT
from mailwarden.parsers.life import noted

__all__: list[str] = []

_SECRET = re.compile(r"(<-(?i:AUTH) +[\w-]{1,20} +)\S+|(<-)[A-Za-z0-9+/]{4,}={0,2}$")


@FORMAT.pattern("starting daemon (")
@FORMAT.pattern("started as: ")
@FORMAT.pattern("accepting connections again for daemon ")
@FORMAT.pattern("accepting new messages (again)")
def started(event: Event, _rest: str) -> bool:
    """The daemon starts, or takes mail again."""
    event.event_action = "service-start"
    return True


@FORMAT.pattern("stopping daemon, ")
@FORMAT.pattern("restarting ")
def stopped(event: Event, _rest: str) -> bool:
    """The daemon stops."""
    event.event_action = "service-stop"
    return True


@FORMAT.pattern("rejecting connections on daemon ")
@FORMAT.pattern("have been rejecting connections on daemon ")
@FORMAT.pattern("rejecting connections: ")
def closed(event: Event, rest: str) -> bool:
    """The daemon takes no mail: the machine is overloaded, short of memory, or has too many sessions."""
    event.event_action = "service-error"
    event.event_outcome = "failure"
    event.event_reason = "rate_limit" if ", max " in rest else "server_error"
    return True


@FORMAT.pattern("delaying connections on daemon ")
@FORMAT.pattern("deferring connections on daemon ")
@FORMAT.pattern("deferring connections: ")
@FORMAT.pattern("delaying=")
@FORMAT.pattern("runqueue")
@FORMAT.pattern("grew WorkList ")
@FORMAT.pattern("WorkList for ")
@FORMAT.pattern("checkqueuerunner: ")
@FORMAT.pattern("queue group name ")
@FORMAT.pattern("queue manager: ")
@FORMAT.pattern("queueup")
@FORMAT.pattern("Skipped ")
@FORMAT.pattern("Running ")
@FORMAT.pattern("rqe: done")
def queue(event: Event, _rest: str) -> bool:
    """A run of the queue, or what slows it."""
    return noted(event)


@FORMAT.pattern("alias database ")
def aliases(event: Event, _rest: str) -> bool:
    """The aliases were rebuilt, or are older than their file."""
    event.event_action = "config-change"
    return True


@FORMAT.pattern(" aliases, longest ", anywhere=True)
@FORMAT.pattern(", marked unsafe", anywhere=True)
@FORMAT.pattern("assigned id")
@FORMAT.pattern("in background, ")
@FORMAT.pattern("finis, ")
@FORMAT.pattern("dowork, ")
@FORMAT.pattern("doworklist, ")
@FORMAT.pattern("unlink")
@FORMAT.pattern("unlock")
@FORMAT.pattern("dropenvelope, ")
@FORMAT.pattern("sendenvelope, ")
@FORMAT.pattern("disconnect level ")
@FORMAT.pattern("too young (")
@FORMAT.pattern("mci_")
@FORMAT.pattern("smtp: doublequeue")
@FORMAT.pattern("changed")
@FORMAT.pattern("interrupt")
@FORMAT.pattern("dns ")
@FORMAT.pattern("ldap=")
@FORMAT.pattern("conn_limits: ")
@FORMAT.pattern("connection_rate_check ")
@FORMAT.pattern("global connection rate: ")
@FORMAT.pattern("stab: ")
@FORMAT.pattern("set automode ")
@FORMAT.pattern("main: where=")
@FORMAT.pattern("x-connect")
@FORMAT.pattern("rcpt=")
@FORMAT.pattern("msgid=")
@FORMAT.pattern("stat=")
@FORMAT.pattern("size=")
@FORMAT.pattern("Fixed MIME ")
@FORMAT.pattern("Truncated ")
@FORMAT.pattern("Dropped invalid comments ")
@FORMAT.pattern("server=")
@FORMAT.pattern("proc_list_")
@FORMAT.pattern("user ")
@FORMAT.pattern("Warning: ")
@FORMAT.pattern("WARNING: ")
def detail(event: Event, _rest: str) -> bool:
    """What it remarks, or tells when asked to tell more."""
    return noted(event)


@FORMAT.pattern("<-", anywhere=True)
@FORMAT.pattern("--", anywhere=True)
def transcript(event: Event, text: str) -> bool:
    """What a client and we said, word for word (LogLevel 15); what may be a password is taken out."""
    if not text.startswith(("<-", "--")):
        return False
    hidden = _SECRET.sub(lambda found: f"{found[1] or found[2]}[redacted]", text)
    if hidden != text:
        event.event_original = event.event_original.replace(text, hidden)
    return noted(event)
