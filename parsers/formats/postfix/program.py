"""The format itself: which programs are Postfix's, and what stands before every text of theirs."""

import re
from copy import copy
from functools import lru_cache

from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.postfix.shortened import TAG, Shortened, agent
from mailwarden.parsers.pattern import Format, Read

__all__ = ["FORMAT", "QMGR", "SCREEN", "SMTPD", "claim"]

SMTPD = ("smtpd",)
SCREEN = ("postscreen",)
QMGR = ("qmgr", "oqmgr", "nqmgr")

# Programs whose text may begin with a queue id (Source: Postfix 3.12, `QUEUE_NAME` and `queue_id` in msg_info calls).
_WITH_QUEUE_ID = frozenset(
    {
        *SMTPD, *SCREEN, *QMGR, "cleanup", "pickup", "smtp", "lmtp", "local", "virtual", "pipe", "error", "retry",
        "discard", "bounce", "defer", "trace", "flush", "showq", "postsuper", "postqueue", "sendmail", "postdrop",
    }
)  # fmt: skip
_PROGRAMS = _WITH_QUEUE_ID | {
    "postfix", "master", "anvil", "scache", "verify", "dnsblog", "tlsproxy", "tlsmgr", "trivial-rewrite", "proxymap",
    "proxywrite", "postlogd", "postfix-script", "postfix-tls-script", "postfix-wrapper", "post-install", "postmulti",
    "postmulti-script", "postmap", "postalias", "postlog", "postconf", "postcat", "postkick", "postlock", "postqueue",
    "posttls-finger", "qmqpd", "spawn", "policy", "policyd", "relay", "smtp-source", "smtp-sink", "nbdb_reindexd",
}  # fmt: skip

_INSTANCE = "postfix-"  # how the names of other instances begin (multi_instance_name, postmulti(1)), and most services'
_STRANGERS = frozenset({"cyrus", "dovecot"})  # who else tags `name/program`, with program names that Postfix has too

# A short id is five upper-case hex digits of microseconds and an inode; a long one is ten or more of base 52 without
# vowels, a `z`, and an inode in base 51 (Source: global/mail_queue.h). No English word is of either form.
_HEAD = re.compile(
    r"(?:([0-9A-F]{6,32}|[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]{10,14}z[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-y]{1,12})"
    r"|NOQUEUE|(warning)): "
).match

_HEX = "0123456789ABCDEF"
_WARNING = "warn"  # a level to take off, or a pattern's literal behind a queue id


def _peel(event: Event, text: str) -> str:
    """Take the level and the queue id off, in either order.

    `fatal: `, `panic: ` and `error: ` stay: at those levels the word itself is what the line says.
    """
    found = _HEAD(text)
    if found is None:
        return text
    queue_id = found[1]
    if queue_id is None and found[2] is not None:
        event.log_level = found[2]
        text = text[found.end() :]
        found = _HEAD(text)
        if found is None or found[2] is not None:
            return text
        queue_id = found[1]
    if event.process_name not in _WITH_QUEUE_ID:
        return text
    if queue_id is not None:
        event.mail_queue_id = queue_id
    return text[found.end() :]


class _Postfix(Format):
    """Postfix's wording; reads the lines that are most of a log, with nothing or a short queue id in front, without `_peel`."""

    def explain(self, event: Event, text: str) -> list[str]:
        """Name every pattern that would read this text, of the program that wrote it."""
        if event.process_name == TAG:
            read = copy(event)
            self.read(read, text)
            event = copy(event)
            event.process_name = read.process_name
        return super().explain(event, text)

    def _make_guesser(self) -> Read:
        """Make what reads a text whose tag does not say which program wrote it."""
        shortened, own = Shortened(self.patterns), self.index(TAG)

        def read(event: Event, text: str) -> bool:
            event.event_module = self.name
            event.process_name = SMTPD[0]  # whose text may begin with a queue id
            text = _peel(event, text)
            event.process_name = agent(text) or TAG
            if (event.process_name == TAG and shortened.read(event, text)) or own.read(event, text):
                return True
            if event.service_name is not None:  # `postfix-exporter`: a stranger may bear such a name
                event.event_kind, event.process_name = "ignored", event.service_name
            return False

        return read

    def _make_reader(self, program: str | None) -> Read:
        if program == TAG:
            return self._make_guesser()
        name, index = self.name, self.index(program)
        heads = {head: found for head, found in index.heads.items() if head != _WARNING}
        at, read_index, queued = heads.get, index.read, program in _WITH_QUEUE_ID

        def read(event: Event, text: str) -> bool:
            event.event_module = name
            for literal, length, pattern in at(text[:4], ()):
                if text[:length] == literal and pattern(event, text[length:]):
                    return True
            if queued:
                queue_id, mark, rest = text.partition(": ")
                if mark and not queue_id.strip(_HEX) and 6 <= len(queue_id) <= 32:
                    event.mail_queue_id = queue_id
                    for literal, length, pattern in at(rest[:4], ()):
                        if rest[:length] == literal and pattern(event, rest[length:]):
                            return True
                    return read_index(event, rest)
            return read_index(event, _peel(event, text))

        return read


FORMAT = _Postfix("postfix", tuple(sorted(_PROGRAMS)), _peel)


@lru_cache(maxsize=4096)
def claim(tag: str) -> tuple[str, str | None, str | None] | None:
    """Cut a syslog tag (without pid) into program, instance and service, where it is one of Postfix's.

    Returns:
        `(process.name, service.name, mail.service)`, or None where the tag belongs to somebody else.
    """
    first, slash, rest = tag.partition("/")
    if not slash:
        if tag == TAG or (tag.startswith("post") and tag in _PROGRAMS):
            return tag, None, None
        return (TAG, tag, None) if tag.startswith(_INSTANCE) else None
    if first in _STRANGERS:
        return None
    service, _, program = rest.rpartition("/")
    if program in _PROGRAMS or (program and (first == TAG or first.startswith(_INSTANCE))):
        return program, first or None, service or None
    return None
