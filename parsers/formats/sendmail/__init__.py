"""Sendmail 8.8 to 8.18: the daemon, the submission program, its queue runs.

Source: sendmail/*.c of 8.17.1.9, and 8.9 to 8.14 as FreeBSD had them; LogLevel up to 15.
"""

from mailwarden.parsers.formats.sendmail import (  # noqa: F401 - each declares its patterns on FORMAT
    delivery,
    login,
    message,
    milter,
    refusal,
    service,
    session,
    tls,
    trouble,
)
from mailwarden.parsers.formats.sendmail.prefix import FORMAT, claim

__all__ = ["FORMAT", "claim"]
