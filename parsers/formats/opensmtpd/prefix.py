"""The format itself, and what stands before a text of OpenSMTPD's: the session, and whose it is.

Three wordings tell the same: 7.x `SESSION smtp connected address=A host=H`, 6.x `SESSION smtp event=connected …`, 5.x
`smtp-in: New session SESSION from host H [A]`. The client's address stands on the first line of a session, up to 6.0 on all
of its lines; `pipeline/correlation/sessions.py` puts it on those that lack it. The tag is `smtpd`; Postfix's is `postfix/smtpd`.
"""

import re
from functools import lru_cache

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.pattern import Format

__all__ = ["FORMAT", "OLD_SESSION", "at_host", "claim", "peer", "sender", "unquoted"]

_PROGRAMS = ("smtpd", "smtpctl")
_SESSION = re.compile(r"([0-9a-f]{16}) (?:(smtp|mta|mda) (?:event=(?!auth))?)?").match
OLD_SESSION = r"([0-9a-f]{16})"
"""A session's id where the wording of 5.x puts it."""

_AT = re.compile(r"address=(\S{1,300}) host=(\S{0,300})(?: |$)").match


def _prepare(event: Event, text: str) -> str:
    """Take the session off, and `event=` of 6.x, so that one literal stands for both wordings.

    A login keeps it: there the address is ours in the one wording, and could be the client's text in the other.
    """
    found = _SESSION(text)
    if found is None:
        return text
    event.mail_session_id = found[1]
    if found[2] is None:
        return text[17:]
    return f"{found[2]} {text[found.end() :]}"


FORMAT = Format("opensmtpd", _PROGRAMS, prepare=_prepare)


@lru_cache(maxsize=64)
def claim(tag: str) -> tuple[str, str | None, str | None] | None:
    """Say of which process a syslog tag without its pid tells: (process, service, mail service), or None."""
    return (tag, "opensmtpd", None) if tag in _PROGRAMS else None


def at_host(event: Event, text: str) -> str | None:
    """Read `address=A host=H ` off the text and give the rest; None where it does not begin so.

    A local program's address is `local`, a name that is not known `<unknown>`.
    """
    found = _AT(text)
    if found is None:
        return None
    peer(event, found[1], found[2])
    return text[found.end() :]


def peer(event: Event, address: str, host: str) -> None:
    """Set the client. Its name is what the reverse zone of its address says, checked by nobody before 6.6."""
    event.source_ip = ip(address)
    if event.source_ip is None:
        if address == "local":
            event.set("opensmtpd.local", True)
        return
    if host and not host.startswith("<") and ip(host) != event.source_ip:
        event.source_domain = host


def sender(event: Event, address: str) -> None:
    """Set the envelope's sender, written without its brackets; `<>` of 5.x may be `@`."""
    if address in ("", "@"):
        event.email_from_address = []
        event.mail_null_sender = True
    else:
        event.email_from_address = [address]


def unquoted(text: str) -> str:
    """Take quotes off a value that has them."""
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text
