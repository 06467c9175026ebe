"""Cyrus IMAP 2.2 to 3.10: imapd, pop3d, lmtpd, timsieved and what stands around them."""

from mailwarden.parsers.formats.cyrus import (  # noqa: F401 - each declares its patterns on FORMAT
    delivery,
    login,
    service,
    session,
)
from mailwarden.parsers.formats.cyrus.program import FORMAT, claim

__all__ = ["FORMAT", "claim"]
