"""Microsoft Exchange on one's own servers: its tables of messages, of SMTP dialogues and of POP3 and IMAP commands."""

from mailwarden.parsers.formats.exchange import mailbox, smtp, tracking
from mailwarden.parsers.formats.exchange.table import FORMAT, claim, claim_row

__all__ = ["FORMAT", "claim", "claim_row", "mailbox", "smtp", "tracking"]
