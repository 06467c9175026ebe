"""Courier 0.5 to 1.4: courier-mta, courier-imap, its POP3 server, and the library that checks its passwords."""

from mailwarden.parsers.formats.courier import authd, login, message, service, smtpd
from mailwarden.parsers.formats.courier.prefix import FORMAT, claim

__all__ = ["FORMAT", "authd", "claim", "login", "message", "service", "smtpd"]
