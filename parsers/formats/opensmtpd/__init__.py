"""OpenSMTPD 5.4 to 7.6: sessions, refused commands, deliveries, the daemon.

Source: OpenSMTPD/OpenSMTPD, usr.sbin/smtpd of 5.4, 6.0, 6.8 and 7.6.
"""

from mailwarden.parsers.formats.opensmtpd import (  # noqa: F401 - each declares its patterns on FORMAT
    delivery,
    message,
    refusal,
    service,
    session,
    trouble,
)
from mailwarden.parsers.formats.opensmtpd.prefix import FORMAT, claim

__all__ = ["FORMAT", "claim"]
