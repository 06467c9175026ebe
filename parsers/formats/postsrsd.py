"""PostSRSd, which writes the sender of forwarded mail anew so that SPF holds, and the receiver of what comes back.

What it did to an address stands on its line; the message itself is Postfix's.

Source: postsrsd.c of PostSRSd 1.x (`srs_forward: <…> rewritten as <…>`), src/srs.c and src/main.c of 2.x.
"""

import re

from mailwarden.parsers.event import Event
from mailwarden.parsers.life import UNAVAILABLE, failed, noted
from mailwarden.parsers.pattern import Format

__all__ = ["FORMAT"]

_MAP = re.compile(r"(?:srs_forward|srs_reverse|socketmap|milter): ")
_BACKEND = ("database error", "no database for alias")


def _prepare(event: Event, text: str) -> str:  # noqa: ARG001
    """Take off which of its maps was asked."""
    return _MAP.sub("", text, count=1)


FORMAT = Format("postsrsd", ("postsrsd",), prepare=_prepare)


@FORMAT.pattern("> rewritten as <", "> not rewritten: ", "> not reversed: ", anywhere=True)
def address(event: Event, text: str) -> bool:
    """What became of an address; a client wrote it, so what is said of it is found from the end."""
    _, left, why = max(
        text.rpartition("> not rewritten: "), text.rpartition("> not reversed: "), key=lambda one: len(one[0])
    )
    if left and ">" not in why:
        return failed(event, UNAVAILABLE, "warning") if why in _BACKEND else noted(event)
    return noted(event)


@FORMAT.pattern("invalid socketmap query", "invalid key in socketmap query", "socketmap query is too big")
def asked(event: Event, rest: str) -> bool:  # noqa: ARG001
    """A question that it does not understand."""
    return noted(event)


@FORMAT.pattern("cannot drop privileges", "failed to ", "chroot is not supported")
def broken(event: Event, rest: str) -> bool:  # noqa: ARG001
    """It cannot do its work."""
    return failed(event)
