"""Facility and severity, which syslog daemons write before a line, as a number or in words."""

import re

from mailwarden.parsers.event import Event

__all__ = [
    "FACILITIES",
    "SEVERITIES",
    "is_level",
    "is_priority_word",
    "set_priority",
    "severity",
    "take_leading_priority",
    "take_priority",
    "take_worded_priority",
]

_PRIORITY = re.compile(r"<([0-9]{1,3})>")
_OCTETS = re.compile(r"[0-9]{1,7} (?=<[0-9]{1,3}>)")
_NUMBERED_PRIORITY = re.compile(r"<([0-9]{1,2})\.([0-7])> ")

FACILITIES = (
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
    "ntp", "security", "console", "solaris-cron", "local0", "local1", "local2", "local3", "local4", "local5",
    "local6", "local7",
)  # fmt: skip
"""Names of the syslog facilities by their code (RFC 5424, section 6.2.1; as rsyslog writes them)."""
SEVERITIES = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")
"""Names of the syslog severities by their code."""
_SEVERITY_SPELLINGS = {
    "warn": "warning", "error": "err", "panic": "emerg", "informational": "info", "critical": "crit",
}  # fmt: skip
_LEVELS = frozenset(
    form.format(word)
    for word in (*SEVERITIES, *_SEVERITY_SPELLINGS)
    for forms, word in ((("{}", "{}:", "[{}]"), word.upper()), (("{}:", "[{}]"), word))
    for form in forms
) | {f"{facility}.{word}" for facility in FACILITIES for word in (*SEVERITIES, *_SEVERITY_SPELLINGS)}
_WORDED = re.compile(
    rf"([<\[(]?)(?:({'|'.join(FACILITIES)})([.:/ ]))?({'|'.join((*SEVERITIES, *_SEVERITY_SPELLINGS))})([>\])]?):? ",
    re.IGNORECASE,
)
_CLOSES = {"": "", "<": ">", "[": "]", "(": ")"}


def set_priority(event: Event, facility: int, level: int) -> None:
    """Note both by their codes."""
    event.log_syslog_priority = facility * 8 + level
    event.set("log.syslog.facility.name", FACILITIES[facility])
    event.set("log.syslog.severity.name", SEVERITIES[level])


def is_priority_word(text: str) -> bool:
    """Say whether a text names a facility, a severity or both, and nothing else."""
    words = text.lower().split(".")
    return len(words) <= 2 and all(
        word in FACILITIES or word in SEVERITIES or word in _SEVERITY_SPELLINGS for word in words
    )


def is_level(word: str) -> bool:
    """Say whether a word in the host's place is a severity, as programs and syslogds write it: no host is called so."""
    return word in _LEVELS


def severity(word: str) -> int:
    """Give the code of a severity in words, those of older daemons too; an unknown one is `info`."""
    word = _SEVERITY_SPELLINGS.get(word, word)
    return SEVERITIES.index(word) if word in SEVERITIES else 6


def take_priority(event: Event, text: str) -> str:
    """Take the octet count (RFC 6587) and the priority off."""
    octets = _OCTETS.match(text)
    if octets:
        text = text[octets.end() :]
    found = _PRIORITY.match(text)
    if found is None or int(found[1]) > 191:  # 23 * 8 + 7
        return text
    set_priority(event, int(found[1]) >> 3, int(found[1]) & 7)
    return text[found.end() :].lstrip(" ")


def take_leading_priority(event: Event, text: str) -> str:
    """Take `mail.info: ` off, which some containers' syslogd and socklog write before the stamp."""
    behind = take_worded_priority(event, text)
    return behind if text[: len(text) - len(behind)].endswith(": ") else text


def take_worded_priority(event: Event, text: str, *, loose: bool = False) -> str:
    """Take `mail.info`, `<mail.info>` or `mail:info` off, which some syslogds write behind the stamp or the host.

    Args:
        event: Where it is noted.
        text: What may begin with it.
        loose: So may a word for each, and the severity alone: what stands there is no host.
    """
    found = _WORDED.match(text)
    if found and _CLOSES.get(found[1]) == found[5] and (loose or (found[2] and found[3] != " ")):
        if found[2]:
            set_priority(event, FACILITIES.index(found[2].lower()), severity(found[4].lower()))
        return text[found.end() :]
    numbered = _NUMBERED_PRIORITY.match(text)
    if numbered and int(numbered[1]) < len(FACILITIES):
        set_priority(event, int(numbered[1]), int(numbered[2]))
        return text[numbered.end() :]
    return text
