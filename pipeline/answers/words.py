"""What is counted, in words, for reports and pages: message ids of the catalog, and names that are the same in every language."""

from mailwarden.alerts.words.translate import N_

__all__ = ["CLASSES", "MEASURES", "PROTOCOLS"]

MEASURES = {
    "received": N_("mail received"),
    "sent": N_("mail delivered elsewhere"),
    "deferred": N_("mail that had to wait"),
    "bounced": N_("mail returned"),
    "rejected": N_("mail refused by us"),
    "logins": N_("logins"),
    "clear_logins": N_("logins without TLS"),
    "failed_logins": N_("failed logins"),
    "not_understood": N_("lines not understood"),
}
CLASSES = {
    "blocklist": N_("we are on a blocklist"),
    "reputation": N_("our reputation"),
    "policy_auth": N_("SPF, DKIM or DMARC"),
    "rate_limit": N_("too much at once"),
    "spam_content": N_("taken for spam"),
    "mailbox_full": N_("mailbox full"),
    "unknown_user": N_("no such user"),
    "greylist": N_("greylisting"),
    "tls": N_("TLS"),
    "too_big": N_("too big"),
    "other": N_("other"),
}
PROTOCOLS = {"imap": "IMAP", "pop3": "POP3", "smtp": "SMTP", "managesieve": "Sieve", "http": "HTTP", "lmtp": "LMTP"}
