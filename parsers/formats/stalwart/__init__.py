"""Stalwart 0.9 to 0.16: what its tracer writes into its own file, to standard output or the journal, or sends to a webhook."""

from mailwarden.parsers.formats.stalwart import delivery, login, service, session
from mailwarden.parsers.formats.stalwart.prefix import FORMAT, claim_text

__all__ = ["FORMAT", "claim_text", "delivery", "login", "service", "session"]
