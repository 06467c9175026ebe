"""Why Haraka refused, from the words of its plugins' answers.

Source: connection.js and the plugins access, dns-list, early_talker, fcrdns, greylist, headers, helo.checks, karma, limit,
mail_from.is_resolvable, rcpt_to.*, spf, dmarc, clamd, rspamd, spamassassin of Haraka 2.8 to 3.3.
"""

import re

from mailwarden.parsers.event import Event

__all__ = ["explained", "why"]

_REASONS = (
    ("i cannot deliver mail for", "relay_denied"),
    ("relay", "relay_denied"),
    ("talk too soon", "pregreet"),
    ("bare line-feed", "smtp_smuggling"),
    ("pipelin", "pipelining"),
    ("greylist", "greylist"),
    ("try again later", "greylist"),
    ("quota", "quota_exceeded"),
    ("mailbox full", "quota_exceeded"),
    ("virus", "malware"),
    ("malware", "malware"),
    ("infected", "malware"),
    ("dmarc", "dmarc_fail"),
    ("dkim", "dkim_fail"),
    ("spf", "spf_fail"),
    ("is blocked by", "dnsbl"),
    ("dnsbl", "dnsbl"),
    ("listed on", "dnsbl"),
    ("listed in", "dnsbl"),
    ("blacklist", "dnsbl"),
    ("blocklist", "dnsbl"),
    ("rate limit", "rate_limit"),
    ("too many", "rate_limit"),
    ("too fast", "rate_limit"),
    ("concurren", "rate_limit"),
    ("connections", "rate_limit"),
    ("slow down", "rate_limit"),
    ("message too big", "too_big"),
    ("max size", "too_big"),
    ("too large", "too_big"),
    ("exceeds", "too_big"),
    ("user unknown", "unknown_recipient"),
    ("unknown user", "unknown_recipient"),
    ("no such user", "unknown_recipient"),
    ("no mailbox", "unknown_recipient"),
    ("no such mailbox", "unknown_recipient"),
    ("no such recipient", "unknown_recipient"),
    ("not a valid recipient", "unknown_recipient"),
    ("invalid recipient", "unknown_recipient"),
    ("bad recipient", "unknown_recipient"),
    ("unknown recipient", "unknown_recipient"),
    ("undeliverable", "unknown_recipient"),
    ("mailbox unavailable", "unknown_recipient"),
    ("does not exist", "unknown_recipient"),
    ("bounces to this user", "access_map"),
    ("spam", "spam"),
    ("ehlo", "helo_invalid"),
    ("helo", "helo_invalid"),
    ("rdns", "no_rdns"),
    ("reverse dns", "no_rdns"),
    ("mx record", "sender_domain_unknown"),
    ("mx for your", "sender_domain_unknown"),
    ("resolve", "sender_domain_unknown"),
    ("tls", "tls_policy"),
    ("authentication required", "access_map"),
    ("denied", "access_map"),
    ("not allowed", "access_map"),
    ("not welcome", "access_map"),
    ("banned", "access_map"),
    ("blocked", "access_map"),
    ("karma", "access_map"),
    ("naughty", "access_map"),
)  # fmt: skip
_ZONE = re.compile(
    r"(?:blocked by|listed (?:on|in|by)|found in) ([A-Za-z0-9](?:[A-Za-z0-9-]{0,62}\.){1,8}[A-Za-z]{2,24})"
)
_CODES = re.compile(r"([245][0-9]{2})(?:[ -](?:([245]\.[0-9]{1,3}\.[0-9]{1,3})(?: |$))?|$)")
_ENHANCED = re.compile(r"([245]\.[0-9]{1,3}\.[0-9]{1,3})(?: |$)")
_LONGEST = 1000
_QUOTED = re.compile(r"<[^>]*>")


def why(said: str) -> str | None:
    """Give the reason that a text tells; what stands in brackets is the client's."""
    said = _QUOTED.sub("<>", said[:_LONGEST]).lower()
    return next((reason for words, reason in _REASONS if words in said), None)


def explained(event: Event, said: str, code: int | None) -> None:
    """Set an answer's code, words and reason on an event."""
    event.smtp_reply_code = code
    codes = _CODES.match(said)
    if codes is not None:
        event.smtp_reply_code, event.smtp_reply_enhanced_code = int(codes[1]), codes[2]
        said = said[codes.end() :]
    elif (enhanced := _ENHANCED.match(said)) is not None:
        event.smtp_reply_enhanced_code, said = enhanced[1], said[enhanced.end() :]
    event.smtp_reply_text = said[:_LONGEST].strip() or None
    event.event_reason = why(said)
    if event.event_reason == "dnsbl":
        zone = _ZONE.search(said)
        event.mail_dnsbl_zone = zone[1] if zone else None
