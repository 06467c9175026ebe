"""Postfix 2.3 to 3.12, every daemon that tells of clients, messages, deliveries, encryption and trouble.

Source: vdukhovni/postfix, snapshot 3.12-20260821. Shapes are stable since 2.3 unless a pattern says otherwise.
"""

from mailwarden.parsers.formats.postfix import (  # noqa: F401 - each declares its patterns on FORMAT
    client,
    complaints,
    delivery,
    handshake,
    login,
    message,
    refusal,
    screen,
    service,
    session,
    tls,
    trouble,
    verbose,
    weight,
)
from mailwarden.parsers.formats.postfix.program import FORMAT, claim

__all__ = ["FORMAT", "claim"]
