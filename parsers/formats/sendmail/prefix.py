"""The format itself, the queue id before its texts, and how it writes a client.

`QUEUEID: text`, `NOQUEUE: text`, or the text alone. A client is `host [A]`, `[A]`, either with ` (may be forged)` where the
reverse name does not lead back, with `IDENT:user@` in front where an ident server was asked: only the last brackets are
sendmail's own. A local program's mail comes from `user@localhost`.
"""

import re
from functools import lru_cache

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.pattern import Format

__all__ = ["FORMAT", "Client", "claim", "client", "enhanced", "is_later_part", "read_client"]

_ID = re.compile(r"(?:([0-9A-Za-z]{8}\d{5,8}|[A-Z]{3}\d{5})|NOQUEUE)(?:\[(\d{1,3})\])?: ").match
_TAG = re.compile(r"sendmail(?:-(?:mta|msp|mda|in|out|client|rx|tx))?|sm-[a-z][a-z0-9-]{1,30}").fullmatch
_CLIENT = re.compile(r"(.*?) ?\[((?:IPv6:)?[0-9A-Fa-f.:]{2,45})\]( \(may be forged\))?$").match
_LONGEST_CLIENT = 700  # an ident's name, a host name and an address, each as long as sendmail writes it
_LATER = "..."


def _prepare(event: Event, text: str) -> str:
    """Take the queue id off; of a line that was too long for syslog, the number of its part (`QUEUEID[2]: ...`) too."""
    found = _ID(text)
    if found is None:
        return text
    if found[1] is not None:
        event.mail_queue_id = found[1]
    text = text[found.end() :]
    return text.removesuffix(" ...") if found[2] == "1" else text


FORMAT = Format("sendmail", ("sendmail", "sm-mta", "sm-msp-queue", "sm-acceptingconnections"), prepare=_prepare)


@lru_cache(maxsize=512)
def claim(tag: str) -> tuple[str, str | None, str | None] | None:
    """Say of which process a syslog tag without its pid tells: (process, service, mail service), or None.

    The operator names the daemons (`-L`): `sm-mta`, `sm-msp-queue` by habit. Postfix's tag is `postfix/sendmail`.
    """
    return (tag, "sendmail", None) if _TAG(tag) else None


def is_later_part(text: str) -> bool:
    """Say whether a text is the second or a later part of a long line."""
    return text.startswith(_LATER)


class Client:
    """Who was connected: an address, its name where that leads back to the address, or a local user."""

    __slots__ = ("address", "domain", "forged", "user")

    def __init__(self, address: str | None, domain: str | None, user: str | None, *, forged: bool) -> None:
        self.address, self.domain, self.user, self.forged = address, domain, user, forged


def client(text: str) -> Client | None:
    """Read a client; None where none stands there."""
    return _client(text) if len(text) <= _LONGEST_CLIENT else None  # what is remembered must be short


@lru_cache(maxsize=8192)
def _client(text: str) -> Client | None:
    found = _CLIENT(text)
    if found is None:
        user, at, host = text.rpartition("@")
        if at and user and host.partition(".")[0] == "localhost" and " " not in user:
            return Client(None, None, user.removeprefix("IDENT:"), forged=False)
        return Client("127.0.0.1", None, None, forged=False) if text == "localhost" else None
    address = ip(found[2])
    if address is None:
        return None
    name = found[1].rpartition("@")[2]
    named = bool(name) and not found[3] and not name.startswith("[") and " " not in name
    return Client(address, name.rstrip(".") if named else None, None, forged=bool(found[3]))


def read_client(event: Event, text: str) -> bool:
    """Set the client as the event's source; False where none stands there."""
    found = client(text)
    if found is None:
        return False
    event.network_protocol = "smtp"
    event.source_ip = found.address
    if found.domain is not None:
        event.source_domain = found.domain
    if found.user is not None:
        event.user_name = found.user
    return True


_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?: |$)").match
_CODE = re.compile(r"([2-5]\d\d)[ -](.*)$", re.DOTALL).match
_LONGEST = 1000


def enhanced(event: Event, text: str) -> str | None:
    """Read `550 5.7.1 text` into the event's reply; give the text, or None where no reply stands there."""
    found = _CODE(text)
    if found is None:
        return None
    event.smtp_reply_code = int(found[1])
    said = found[2]
    status = _ENHANCED(said)
    if status is not None:
        event.smtp_reply_enhanced_code = status[1]
        said = said[status.end() :]
    event.smtp_reply_text = said[:_LONGEST] or None
    return said
