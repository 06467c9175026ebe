"""Blot passwords out of lines: what is kept of them is shown, and nobody who reads logs needs a password."""

import re

from mailwarden.parsers.event import Event

__all__ = ["BLOT", "blot", "hide_secrets"]

BLOT = "[redacted]"
"""What stands in the place of a password."""
# What `smtpd -v` and `debug_peer_list` log of a client: its commands, and its answers while it logs in, which are base64
# (Source: Postfix 3.8, smtpd_chat.c, `smtpd_chat_query`).
_SAID = re.compile(r"(< [^ ]{1,300}\[[0-9A-Fa-f.:]{1,45}\](?::[0-9]{1,5})?: )((?:[A-Za-z]{4,8} )?)(.*)", re.DOTALL)
_VERBS = frozenset({"AUTH", "EHLO", "HELO", "MAIL", "NOOP", "RCPT", "VRFY", "XCLIENT", "XFORWARD"})
_HARMLESS = frozenset({"DATA", "QUIT", "RSET", "NOOP", "STARTTLS"})
_SASL = re.compile(r"(xsasl_[a-z_]{1,60}: ).*", re.DOTALL)  # its plugins log what was decoded
_NAMED = re.compile(r"\b(pass(?:word|wd|phrase)?|pw|secret)([=:] ?)[^\s,;)>]+", re.IGNORECASE)


def hide_secrets(event: Event, text: str) -> None:
    """Take passwords out of the line of an event whose text no pattern knows."""
    blot(event, text, _hidden(text))


def blot(event: Event, text: str, hidden: str) -> None:
    """Put a text without its secrets in the place of the end of an event's line.

    Where the line ends otherwise, because the text was wrapped and may be spelt otherwise there, only the text is kept.
    """
    if hidden == text:
        return
    line = event.event_original
    event.event_original = line.removesuffix(text) + hidden if line.endswith(text) else hidden


def _hidden(text: str) -> str:
    said = _SAID.match(text)
    if said is not None:
        peer, verb, rest = said.groups()
        if rest.upper() in _HARMLESS:
            return text
        return peer + (verb if verb.strip().upper() in _VERBS else "") + BLOT
    text = _SASL.sub(rf"\1{BLOT}", text)
    return _NAMED.sub(rf"\1\2{BLOT}", text)
