"""The daemon's life: it starts, stops, is paused, reads its tables, holds routes back."""

from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.opensmtpd.prefix import FORMAT
from mailwarden.parsers.life import noted

__all__: list[str] = []

_TOLD = ("OpenSMTPD ", "Terminating", "Table ", "Failed to update table ")
_PAUSES = tuple(f"{part} {what}" for part in ("mda", "mta", "smtp") for what in ("paused", "resumed"))


@FORMAT.pattern("info: OpenSMTPD ")
@FORMAT.pattern("startup")
@FORMAT.pattern("version: OpenSMTPD ")
def started(event: Event, rest: str) -> bool:
    """The daemon starts."""
    if rest and not rest.endswith("starting") and "[" not in rest and not rest[0].isdigit():
        return False
    event.event_action = "service-start"
    return True


@FORMAT.pattern("Exiting")
@FORMAT.pattern("info: OpenSMTPD exiting")
@FORMAT.pattern("info: Terminating")
def stopped(event: Event, _rest: str) -> bool:
    """The daemon, or one of its processes, ends as it was told to."""
    event.event_action = "service-stop"
    return True


@FORMAT.pattern("info: mda ")
@FORMAT.pattern("info: mta ")
@FORMAT.pattern("info: smtp ")
def paused(event: Event, rest: str) -> bool:
    """The operator pauses or resumes a part of it."""
    if not rest.startswith(("paused", "resumed")):
        return False
    event.event_action = "config-change"
    return True


@FORMAT.pattern("info: Table ")
@FORMAT.pattern("info: Failed to update table ")
def table(event: Event, rest: str) -> bool:
    """A table was read anew, or could not be."""
    event.event_action = "config-change" if rest.endswith("successfully updated") else "service-error"
    return True


@FORMAT.pattern("info: ")
def remark(event: Event, rest: str) -> bool:
    """Whatever else it remarks: a `.forward` that it cannot use, a rule that it reads."""
    if rest.startswith(_TOLD) or rest in _PAUSES:
        return False
    return noted(event)


@FORMAT.pattern("smtp-out: Disabling route ")
@FORMAT.pattern("smtp-out: Enabling route ")
@FORMAT.pattern("smtp-out: Too many errors on ")
@FORMAT.pattern("smtp-out: Error on ")
@FORMAT.pattern("smtp-out: Address family mismatch on ")
@FORMAT.pattern("smtp-out: No valid route for ")
@FORMAT.pattern("smtp-out: hiwat reached on ")
@FORMAT.pattern("smtp-out: back to lowat on ")
@FORMAT.pattern("smtp-out: Failed to resolve MX for ")
@FORMAT.pattern("smtp-out: No MX found for ")
@FORMAT.pattern("smtp-out: Failed to ")
@FORMAT.pattern("smtp-out: No ")
def route(event: Event, rest: str) -> bool:
    """A way out is held back for a while, or open again; each delivery that waits for it has a line of its own."""
    if rest.startswith("session "):
        return False
    return noted(event)


@FORMAT.pattern("queue: queue ")
@FORMAT.pattern("proxy ")
@FORMAT.pattern("debug: ")
@FORMAT.pattern("trace: ")
@FORMAT.pattern("smtp: 0x")
@FORMAT.pattern("filters ")
@FORMAT.pattern("profile")
@FORMAT.pattern("stat: ")
@FORMAT.pattern("setup_")
@FORMAT.pattern("control process")
@FORMAT.pattern("mda: 0x")
@FORMAT.pattern("mta: 0x")
def detail(event: Event, _rest: str) -> bool:
    """What it tells when asked to tell all (`-v`, `-T`)."""
    return noted(event)
