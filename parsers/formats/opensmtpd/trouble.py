"""Trouble of our own: files, tables, queues and helpers that do not do what they should."""

from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.opensmtpd.prefix import FORMAT
from mailwarden.parsers.life import noted

__all__: list[str] = []

_FULL = ("not enough disk space", "not enough inodes", "No space left on device")
_BACKEND = ("table", "lookup", "credentials", "proc:", "processor")
_FATAL = ("lost child", "lost processor", "Disabling incoming SMTP connections")


def _trouble(event: Event, text: str, level: str) -> bool:
    event.event_action = "service-error"
    event.event_outcome = "failure"
    event.log_level = level
    if any(words in text for words in _FULL):
        event.event_reason = "disk_full"
    elif "loop detected" in text:
        event.event_reason = "mail_loop"
    elif any(words in text for words in _BACKEND):
        event.event_reason = "backend_unavailable"
    return True


@FORMAT.pattern("warn: ")
def warned(event: Event, rest: str) -> bool:
    """A warning; some of them tell that it ends or takes no mail."""
    return _trouble(event, rest, "fatal" if rest.startswith(_FATAL) else "warning")


@FORMAT.pattern("fatal: ")
@FORMAT.pattern("fatal in ")
def died(event: Event, rest: str) -> bool:
    """The last words of a process."""
    return _trouble(event, rest, "fatal")


@FORMAT.pattern("queue: ")
@FORMAT.pattern("queue-fs: ")
@FORMAT.pattern("envelope: ")
@FORMAT.pattern("SRS failed to decode: ")
@FORMAT.pattern("smtp-in: session ")
@FORMAT.pattern("commands executed from aliases ")
@FORMAT.pattern("failed to push dataline")
@FORMAT.pattern("smtp_session_imsg: ")
@FORMAT.pattern("bounce: ")
@FORMAT.pattern("lookup: ")
@FORMAT.pattern("table-proc: ")
@FORMAT.pattern("error: ")
@FORMAT.pattern("connection error: ")
@FORMAT.pattern("protocol error: ")
@FORMAT.pattern("internal error: ")
def remarked(event: Event, rest: str) -> bool:
    """Something that it could not do, without a level of its own."""
    if rest.startswith("queue "):
        return False
    return _trouble(event, rest, "warning")


@FORMAT.pattern("rspamd: ")
@FORMAT.pattern("filter-")
@FORMAT.pattern("senderscore: ")
@FORMAT.pattern("dnsbl: ")
@FORMAT.pattern("dkimsign: ")
@FORMAT.pattern("spfgreylist: ")
def filter_said(event: Event, _rest: str) -> bool:
    """What a filter wrote beside its verdict; the names are those the usual packages are called by."""
    return noted(event)
