"""Dovecot 2.2, 2.3 and 2.4: logins, authentication, sessions, delivery and its own troubles."""

import mailwarden.parsers.formats.dovecot.auth
import mailwarden.parsers.formats.dovecot.delivery
import mailwarden.parsers.formats.dovecot.login
import mailwarden.parsers.formats.dovecot.mailbox
import mailwarden.parsers.formats.dovecot.service  # noqa: F401
from mailwarden.parsers.formats.dovecot.prefix import FORMAT, claim, claim_stray, claim_text

__all__ = ["FORMAT", "claim", "claim_stray", "claim_text"]
