"""Why Exim refused something, in the words of its access lists, and how that is noted.

Source: src/src/smtp_in.c (smtp_handle_acl_fail), src/src/acl.c of Exim 4.92 to 4.100, and the lists that cPanel, Debian and
DirectAdmin ship.
"""

import re
from functools import lru_cache

from mailwarden.parsers.event import Event

__all__ = ["reason", "refused"]

_REASONS: tuple[tuple[str, str], ...] = (
    ("relay not permitted", "relay_denied"),
    ("relaying", "relay_denied"),
    ("relay access denied", "relay_denied"),
    ("relay denied", "relay_denied"),
    ("not permitted to relay", "relay_denied"),
    ("no relay", "relay_denied"),
    ("authentication required", "relay_denied"),
    ("authentication is required", "relay_denied"),
    ("sender verify", "sender_domain_unknown"),
    ("recipient verify", "recipient_verify"),
    ("callout", "recipient_verify"),
    ("unrouteable address", "unknown_recipient"),
    ("no such user", "unknown_recipient"),
    ("no such address", "unknown_recipient"),
    ("no such recipient", "unknown_recipient"),
    ("no such person", "unknown_recipient"),
    ("unknown user", "unknown_recipient"),
    ("user unknown", "unknown_recipient"),
    ("unknown recipient", "unknown_recipient"),
    ("recipient unknown", "unknown_recipient"),
    ("unknown local", "unknown_recipient"),
    ("invalid recipient", "unknown_recipient"),
    ("address unknown", "unknown_recipient"),
    ("does not exist", "unknown_recipient"),
    ("no mailbox", "unknown_recipient"),
    ("mailbox unavailable", "unknown_recipient"),
    ("greylist", "greylist"),
    ("graylist", "greylist"),
    ("dnsbl", "dnsbl"),
    ("dnslist", "dnsbl"),
    ("is in a black list", "dnsbl"),
    ("black list at", "dnsbl"),
    ("is in an rbl", "dnsbl"),
    ("rbl.", "dnsbl"),
    ("spamhaus", "dnsbl"),
    ("spamcop", "dnsbl"),
    ("barracudacentral", "dnsbl"),
    ("listed at ", "dnsbl"),
    ("listed in ", "dnsbl"),
    ("listed by ", "dnsbl"),
    ("blacklisted", "dnsbl"),
    ("malware", "malware"),
    ("virus", "malware"),
    ("spf", "spf_fail"),
    ("dkim", "dkim_fail"),
    ("dmarc", "dmarc_fail"),
    ("per hour", "rate_limit"),
    ("ratelimit", "rate_limit"),
    ("rate limit", "rate_limit"),
    ("rate overlimit", "rate_limit"),
    ("email limit", "rate_limit"),
    ("sending limit", "rate_limit"),
    ("send limit", "rate_limit"),
    ('too many "received"', "mail_loop"),
    ("too many", "rate_limit"),
    ("too fast", "rate_limit"),
    ("spam", "spam"),
    ("too big", "too_big"),
    ("too large", "too_big"),
    ("size limit", "too_big"),
    ("quota", "quota_exceeded"),
    ("mailbox is full", "quota_exceeded"),
    ("mailbox full", "quota_exceeded"),
    ("reverse dns", "no_rdns"),
    ("rdns", "no_rdns"),
    ("host lookup", "no_rdns"),
    ("mysql", "server_error"),
    ("pgsql", "server_error"),
    ("sqlite", "server_error"),
    ("ldap", "server_error"),
    ("lookup failed", "no_rdns"),
    ("encryption required", "tls_policy"),
    ("tls", "tls_policy"),
    ("helo", "helo_invalid"),
    ("synchronization", "pipelining"),
    ("header", "header_checks"),
    ("may not follow", "header_checks"),
    ("attachment", "body_checks"),
    ("mime", "body_checks"),
    ("extension", "body_checks"),
    ("forged", "spoof_attempt"),
    ("spoof", "spoof_attempt"),
    ("not allowed to send", "sender_login_mismatch"),
    ("not owned by", "sender_login_mismatch"),
    ("sender address does not match", "sender_login_mismatch"),
    ("banned", "access_map"),
    ("blocked", "access_map"),
    ("blacklist", "access_map"),
    ("blocklist", "access_map"),
    ("prohibit", "access_map"),
    ("not welcome", "access_map"),
    ("expansion", "server_error"),
    ("cannot test", "server_error"),
    ("local problem", "server_error"),
)
_ZONE = re.compile(
    r"(?i)(?:black ?list(?:ed)? (?:at(?: zone)?|in|by)|listed (?:at|in|by|on)|dnsbl(?: zone)?|dnslist|an? rbl:?|found in)"
    r"[ (]{1,3}(?:https?://(?:www\.)?)?((?:[\w-]{1,63}\.){1,8}[a-z]{2,24})"
)


@lru_cache(maxsize=4096)
def reason(text: str) -> tuple[str, str | None]:
    """Give the word for why something was refused, and the blocklist it names."""
    low = text.lower()
    word = next((word for words, word in _REASONS if words in low), "other")
    if word != "dnsbl":
        return word, None
    zone = _ZONE.search(text)
    return word, None if zone is None else zone.group(1).lower()


def refused(event: Event, stage: str | None, text: str, default: str = "other") -> bool:
    event.event_action = "reject"
    event.event_outcome = "failure"
    if stage is not None:
        event.smtp_stage = stage
    word, zone = reason(text[:600])
    event.event_reason = word if word != "other" else default
    if zone is not None:
        event.mail_dnsbl_zone = zone
    if text:
        event.smtp_reply_text = text[:1000].replace("\\n", " ")
    return True
