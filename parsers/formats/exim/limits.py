"""Limits of sending that a hosting panel sets, in the words of what it adds to Exim.

cPanel counts for each domain, in a router (`enforce_mail_permissions`); DirectAdmin for each user and each address, in a Perl
function that a router's condition asks (`check_limits` in its exim.pl): once it refuses, the router is passed over, and the
message has no route. The words stand at the beginning of what Exim says: what a remote server writes comes behind its own.
"""

import re

from mailwarden.parsers.event import Event

__all__ = ["panel_limit", "router_limit"]

_CPANEL = re.compile(
    r"Domain (\S{1,255}) has exceeded the max (emails|defers and failures) per hour \((\d{1,9})/(\d{1,9})"
)
_DIRECTADMIN = re.compile(
    r"You(?:r E-Mail)? \(([^()\s]{1,320})\) ha(?:ve|s) reached (?:your|it'?s) daily email limit of (\d{1,9}) "
    r"|User (\S{1,64}) has reached his email limit of (\d{1,9}) emails/min"
)
_ROUTER = re.compile(r'expand condition "[^"]{1,400}" for [\w.-]{1,64} router: ')


def panel_limit(event: Event, text: str) -> bool:
    """Read whose limit stops a message, and which one; False where the text tells of something else."""
    return _cpanel(event, text) or _directadmin(event, text)


def router_limit(event: Event, rest: str) -> bool:
    """Read the same where a router's condition told it, behind `failed to `."""
    router = _ROUTER.match(rest)
    if router is None or not _directadmin(event, rest[router.end() :]):
        return False
    event.event_outcome, event.mail_delivery_status = "failure", "bounced"
    return True


def _cpanel(event: Event, text: str) -> bool:
    found = _CPANEL.match(text)
    if found is None:
        return False
    domain, counted, value, limit = found.groups()
    event.user_domain, event.mail_rate_value = domain, int(value)
    _limited(event, int(limit), "hour")
    if counted != "emails":
        event.set("mail.rate.counts", "failures")
    if "essage discarded" in text:
        event.mail_delivery_status = "discarded"
    return True


def _directadmin(event: Event, text: str) -> bool:
    found = _DIRECTADMIN.match(text)
    if found is None:
        return False
    name, a_day, user, a_minute = found.groups()
    if name is not None and "@" in name:
        event.user_name = name
    else:
        event.user_id = name or user
    _limited(event, int(a_day or a_minute), "day" if a_day else "minute")
    return True


def _limited(event: Event, limit: int, period: str) -> None:
    event.event_action, event.event_reason = "rate-limit", "send_limit"
    event.set("mail.rate.limit", limit)
    event.set("mail.rate.period", period)
