"""The format itself: which programs are Postfix's, and what stands before every text of theirs."""

from functools import lru_cache

from mailwarden.parsers.event import Event
from mailwarden.parsers.pattern import Format

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

_STRANGERS = frozenset({"cyrus", "dovecot"})  # who else tags `name/program`, with program names that Postfix has too

_HEX = "0123456789ABCDEF"
_BASE_52 = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz"  # no vowels (global/mail_queue.h)
_SHORT_ID = 6  # five digits of microseconds and at least one of an inode
_LONG_ID = 12  # ten of the time, the `z`, at least one of an inode
_LONG_TIME = 10
_LONGEST_HEAD = 28  # the longest id and its colon


def _is_queue_id(head: str) -> bool:
    if not head.strip(_HEX):
        return len(head) >= _SHORT_ID
    return len(head) >= _LONG_ID and "z" in head[_LONG_TIME:] and not head.strip(_BASE_52)


def _peel(event: Event, text: str) -> str:
    """Take the level and the queue id off.

    `fatal: `, `panic: ` and `error: ` stay: at those levels the word itself is what the line says.
    """
    cut = text.find(": ", 5, _LONGEST_HEAD)
    if cut < 0:
        return text
    head = text[:cut]
    if event.process_name in _WITH_QUEUE_ID:
        if _is_queue_id(head):
            event.mail_queue_id = head
            return text[cut + 2 :]
        if head == "NOQUEUE":
            return text[cut + 2 :]
    if head == "warning":
        event.log_level = "warning"
        return _peel(event, text[cut + 2 :]) if event.mail_queue_id is None else text[cut + 2 :]
    return text


FORMAT = Format("postfix", tuple(sorted(_PROGRAMS)), _peel)


@lru_cache(maxsize=4096)
def claim(tag: str) -> tuple[str, str | None, str | None] | None:
    """Cut a syslog tag (without pid) into program, instance and service, where it is one of Postfix's.

    Returns:
        `(process.name, service.name, mail.service)`, or None where the tag belongs to somebody else.
    """
    first, slash, rest = tag.partition("/")
    if not slash:
        return (tag, None, None) if tag == "postfix" or (tag.startswith("post") and tag in _PROGRAMS) else None
    if first in _STRANGERS:
        return None
    service, _, program = rest.rpartition("/")
    if program in _PROGRAMS or (program and (first == "postfix" or first.startswith("postfix-"))):
        return program, first or None, service or None
    return None
