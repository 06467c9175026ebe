"""What plugins answered to the core, at its level INFO: `hook=… plugin=… function=… params=… retval=… msg=…`.

A refusal is told again, by the sender's, recipient's or message's line or by the disconnect's: it counts there. That a client
logs in is told by nothing else: `hook=unrecognized_command … params=AUTH retval=OK`, which comes for the steps of a login, too,
and behind `delaying for` after one that failed.

Source: plugins.js (log_run_item) of Haraka 2.5 to 3.3.
"""

from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.haraka.prefix import FORMAT
from mailwarden.parsers.formats.haraka.reasons import why
from mailwarden.parsers.logfmt import fields

__all__: list[str] = []


@FORMAT.pattern("hook=")
def hook(event: Event, rest: str) -> bool:
    """A plugin's answer."""
    told = fields("hook=" + rest)
    event.event_action = "statistics"
    if told["hook"] == "unrecognized_command" and told.get("params") == "AUTH" and told.get("retval") == "OK":
        event.set("haraka.step", "auth")
        event.network_protocol = "smtp"
    elif told.get("retval", "").startswith("DENY"):
        event.event_reason = why(told.get("msg", ""))
    return True
