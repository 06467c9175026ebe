"""policyd-weight, a policy server that adds up block lists and DNS oddities; its master.cf name is Postfix's.

What it decided is told again by smtpd's refusal, so that it is a verdict here and no second refusal.

Source: policyd-weight 0.1.15 beta 2 (mylog calls).
"""

import re

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.postfix.program import FORMAT
from mailwarden.parsers.life import noted

__all__: list[str] = []

_PROGRAM = ("policyd-weight",)
_ENVELOPE = re.compile(r"<client=(?:([^\s<>\[\]]{1,255})\[)?([0-9A-Fa-f.:]{2,45})\]?> <helo=")
_BEHIND_HELO = re.compile(r"> <from=([^<>]{0,320})> <to=([^<>]{0,320})>(?:; rate: (-?[0-9.]{1,12}))?[^<>]*$")
_ACTION = re.compile(r"action=(?:([45][0-9]{2}) |([A-Z]+))")


@FORMAT.pattern("weighted check: ", programs=_PROGRAM)
@FORMAT.pattern("decided action=", programs=_PROGRAM)
def weighed(event: Event, rest: str) -> bool:
    """Read what a client's try was worth; its HELO may stand before the address, too, and then may be mistaken for it."""
    event.mail_parse_ambiguous = rest.count("<client=") > 1 or None
    front = None if event.mail_parse_ambiguous else _ENVELOPE.search(rest)
    behind = _BEHIND_HELO.search(rest, front.end()) if front else None
    event.event_action = "filter-verdict"
    decided = _ACTION.match("action=" + rest)
    if decided is not None:
        event.event_outcome = "failure" if decided[1] else "success"
        if decided[1]:
            event.event_reason, event.smtp_reply_code = "policy_service", int(decided[1])
    if front is not None and behind is not None:
        event.source_ip = ip(front[2])
        event.source_domain = front[1] if front[1] != "unknown" else None
        event.smtp_helo = rest[front.end() : behind.start()]
        event.email_from_address = [behind[1]] if behind[1] else []
        event.email_to_address = [behind[2]]
        if behind[3]:
            event.set("mail.spam.score", float(behind[3]))
    return True


@FORMAT.pattern("Daemon terminated.", programs=_PROGRAM)
@FORMAT.pattern("Got SIG", programs=_PROGRAM)
@FORMAT.pattern("cache: ", programs=_PROGRAM)
@FORMAT.pattern("cache_query: ", programs=_PROGRAM)
@FORMAT.pattern("child: ", programs=_PROGRAM)
@FORMAT.pattern("master: ", programs=_PROGRAM)
@FORMAT.pattern("policyd-weight ", programs=_PROGRAM)
def step(event: Event, _rest: str) -> bool:
    """Read a step of the server's own processes."""
    return noted(event)
