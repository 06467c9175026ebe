"""Syslog daemons and the journal: only what they say of lines they lost; all else of theirs is ignored.

Source: rsyslog runtime/ratelimit.c and plugins/imjournal, syslog-ng lib/logqueue.c, systemd src/journal/journald-server.c.
"""

import re

from mailwarden.parsers.event import Event
from mailwarden.parsers.pattern import Format

__all__ = ["FORMAT", "claim"]

_DAEMONS = {
    "rsyslogd": "rsyslog",
    "rsyslog": "rsyslog",
    "liblogging-stdlog": "rsyslog",
    "syslogd": "syslogd",
    "syslog-ng": "syslog-ng",
    "systemd-journald": "journald",
    "systemd-journal": "journald",
    "journald": "journald",
    "journal": "journald",
}
_IGNORED = "no loss: "
_LOSS = re.compile(
    r"\d messages lost due to rate-limiting| lost \d{1,12} messages? from pid | begins? to drop messages"
    r"|^Suppressed \d{1,12} messages from |^Forwarding to syslog missed \d{1,12} messages|[Dd]ropping messages?\b"
)
_LOST = re.compile(r"(\d{1,12}) messages lost due to rate-limiting")
_LOST_FROM = re.compile(r" lost (\d{1,12}) messages? from pid ")
_SUPPRESSED = re.compile(r"(\d{1,12}) messages from (\S{1,200})$")
_MISSED = re.compile(r"(\d{1,12}) messages?\b")
_COUNT = re.compile(r"\bcount='(\d{1,12})'")


def claim(tag: str) -> tuple[str, str | None, str | None] | None:
    """Say of which process a syslog tag without its pid tells: (process, service, mail service), or None."""
    service = _DAEMONS.get(tag)
    if service is not None:
        return tag, service, None
    if tag.startswith("rsyslogd"):  # `rsyslogd-2177`: the number is the message's
        return "rsyslogd", "rsyslog", None
    return None


def _prepare(event: Event, text: str) -> str:  # noqa: ARG001
    return text if _LOSS.search(text) else _IGNORED + text


FORMAT = Format("syslogd", tuple(_DAEMONS), prepare=_prepare)


def _lost(event: Event, count: int) -> bool:
    event.event_action = "data-loss"
    event.event_count = max(count, 1)
    return True


@FORMAT.pattern(_IGNORED)
def ignored(event: Event, rest: str) -> bool:  # noqa: ARG001
    """Anything but a loss."""
    event.event_kind = "ignored"
    return True


@FORMAT.pattern("messages lost due to rate-limiting", anywhere=True)
def rate_limited(event: Event, text: str) -> bool:
    """Lines that rsyslog's input threw away, counted at the end of the interval."""
    lost = _LOST.search(text)
    return lost is not None and _lost(event, int(lost.group(1)))


@FORMAT.pattern(" from pid ", anywhere=True)
def lost_from(event: Event, text: str) -> bool:
    """Lines of one process that imuxsock threw away."""
    lost = _LOST_FROM.search(text)
    return lost is not None and _lost(event, int(lost.group(1)))


@FORMAT.pattern(" to drop messages", anywhere=True)
def dropping(event: Event, text: str) -> bool:
    """The first line of an interval in which rsyslog throws lines away; how many, is told later or never."""
    return (" begin to drop messages" in text or " begins to drop messages" in text) and _lost(event, 1)


@FORMAT.pattern("Suppressed ")
def suppressed(event: Event, rest: str) -> bool:
    """Lines of one unit that journald threw away."""
    lost = _SUPPRESSED.match(rest)
    if lost is None:
        return False
    event.set("log.logger", lost.group(2))
    return _lost(event, int(lost.group(1)))


@FORMAT.pattern("Forwarding to syslog missed ")
def missed(event: Event, rest: str) -> bool:
    """Lines that journald could not hand to the syslog daemon."""
    lost = _MISSED.match(rest)
    return lost is not None and _lost(event, int(lost.group(1)))


@FORMAT.pattern("ropping message", anywhere=True)
def queue_full(event: Event, text: str) -> bool:
    """Lines that syslog-ng threw away because a destination did not take them."""
    count = _COUNT.search(text)
    return _lost(event, int(count.group(1)) if count is not None else 1)
