"""Dovecot 2.2, 2.3 and 2.4: logins, authentication, sessions, delivery and its own troubles."""

from mailwarden.parsers.formats.dovecot import auth, delivery, login, mailbox, service
from mailwarden.parsers.formats.dovecot.prefix import FORMAT, claim, claim_text

__all__ = ["FORMAT", "auth", "claim", "claim_text", "delivery", "login", "mailbox", "service"]
