"""The pieces that Postfix's lines are made of: peers, addresses, replies, and the context behind a refusal.

Everything here is written by clients and remote servers, so each piece is cut from a fixed neighbour, in linear time.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event

__all__ = [
    "Context", "Peer", "contexts", "destination", "other_side", "peer", "read_context", "reply", "sender", "set_context",
    "set_reply", "source", "split_context", "stage", "unquoted", "whole", "with_context",
]  # fmt: skip

_LONGEST_NUMBER = 18  # a size in bytes; longer digits are somebody's joke and int() has a limit
_LONGEST_REPLY = 1000  # characters of smtp.reply.text that are kept
_MOST_CONTEXTS = 8  # splits of one line that are looked at

_ENHANCED = re.compile(r"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_ADDRESS_END = re.compile(r">(?=,? (?:to=<|proto=|helo=<|sasl_method=|sasl_username=)|$)")
_PLAIN_CONTEXT = re.compile(
    r'from=<([^">;]*)>,? to=<([^">;]*)>,? proto=([A-Z]+),? helo=<([^>;]*)>'
    r"(?: sasl_method=([^ >;]+) sasl_username=([^ >;=]+))?"
).fullmatch
_CONTEXT_STARTS = ("from=<", "to=<", "proto=", "helo=<")
_STAGES = {"END-OF-MESSAGE": "end of DATA", "MAIL FROM": "MAIL", "RCPT TO": "RCPT", "connect": "CONNECT"}


def whole(text: str) -> int | None:
    """Read a whole number, or None where `text` is none."""
    return int(text) if text.isdecimal() and len(text) <= _LONGEST_NUMBER else None


def stage(text: str) -> str | None:
    """Name the SMTP stage in the words of `smtp.stage`."""
    return _STAGES.get(text, text) or None


class Peer(NamedTuple):
    """The other end, as `name[address]:port` tells it; a name is None where it is unknown or is the address."""

    domain: str | None
    ip: str | None
    port: int | None


@lru_cache(maxsize=8192)
def peer(text: str) -> Peer | None:
    """Read `name[address]`, `name[address]:port` or `[address]:port`; None where `text` is nothing of the kind.

    An address that is none (`unknown`, the path of a socket) leaves a peer without address.
    """
    name, bracket, rest = text.rpartition("[")
    address, closed, port = rest.partition("]")
    if not bracket or not closed or " " in name or "[" in name:
        return None
    number = None
    if port:
        number = whole(port[1:6])
        if port[0] != ":" or number is None or len(port) > 6:
            return None
    known = ip(address)
    if known is None and "/" in address:
        return Peer(None, None, number)
    return Peer(None if name in ("unknown", "", address) else name, known, number)


def source(event: Event, text: str) -> bool:
    """Set the connecting peer from `name[address]`; False where `text` is none."""
    found = peer(text)
    if found is None:
        return False
    event.source_domain, event.source_ip, event.source_port = found
    return True


def destination(event: Event, text: str) -> bool:
    """Set the remote server from `name[address]:port`; False where `text` is none."""
    found = peer(text)
    if found is None:
        return False
    event.destination_domain, event.destination_ip, event.destination_port = found
    return True


def other_side(event: Event, text: str) -> bool:
    """Set whoever a line is about that servers and clients write alike: of smtpd its client, else the remote server."""
    return source(event, text) if event.process_name == "smtpd" else destination(event, text)


def sender(event: Event, address: str) -> None:
    """Set the envelope sender; empty is the null sender of bounces."""
    if address:
        event.email_from_address = [address]
    else:
        event.email_from_address = []
        event.mail_null_sender = True


@lru_cache(maxsize=4096)
def _enhanced(word: str) -> str | None:
    code = word.strip("#():")  # `#5.1.0` and `(5.7.1)` are written by others than Postfix
    return code if _ENHANCED.fullmatch(code) else None


def reply(text: str) -> tuple[int | None, str | None, str]:
    """Cut a reply into its code, its enhanced code and its text; either code may be missing."""
    code = None
    if text[:3].isdecimal() and text[3:4] in (" ", "-", ""):
        code = int(text[:3])
        text = text[4:]
    word, _, rest = text.partition(" ")
    enhanced = _enhanced(word) if word[:1] in "0123456789#(" and len(word) < 16 else None
    return (code, enhanced, rest) if enhanced else (code, None, text)


def set_reply(event: Event, text: str) -> str:
    """Set `smtp.reply.*` from a reply and give back its text."""
    event.smtp_reply_code, event.smtp_reply_enhanced_code, rest = reply(text)
    if rest:
        event.smtp_reply_text = rest[:_LONGEST_REPLY]
    return rest


class Context(NamedTuple):
    """What smtpd, postscreen and cleanup append to a verdict; None where it was not known yet."""

    sender: str | None = None
    recipient: str | None = None
    protocol: str | None = None
    helo: str | None = None
    sasl_method: str | None = None
    sasl_username: str | None = None


def unquoted(address: str) -> str:
    """Give an address as the client meant it, without the quotes around its local part."""
    quoted = _QUOTED.match(address)
    if quoted is None:
        return address
    return re.sub(r"\\(.)", r"\1", quoted[0][1:-1]) + address[quoted.end() :]


def _cut_address(text: str) -> tuple[str, str]:
    quoted = _QUOTED.match(text)
    end = _ADDRESS_END.search(text, quoted.end() if quoted else 0)
    if end is None:
        return text, ""  # the record was cut off
    return text[: end.start()], text[end.end() :]


def _cut_helo(text: str) -> tuple[str, str]:
    """Cut the HELO name, which may hold anything, from the login that Postfix 3.10 and later appends."""
    if text.endswith(">"):
        return text[:-1], ""
    for key in ("> sasl_method=", "> sasl_username="):
        at = text.rfind(key)
        if at >= 0:
            return text[:at], text[at + 1 :]
    return text, ""


def read_context(text: str) -> Context | None:
    """Read `from=<S> to=<R> proto=P helo=<H> sasl_method=M sasl_username=U`; None where `text` is not of that form."""
    found: dict[str, str] = {}
    for key, name in (("from=<", "sender"), ("to=<", "recipient")):
        if text.startswith(key):
            found[name], text = _cut_address(text[len(key) :])
            text = text.removeprefix(",").removeprefix(" ")
    if text.startswith("proto="):
        word, _, text = text[len("proto=") :].partition(" ")
        found["protocol"] = word.removesuffix(",")
    if text.startswith("helo=<"):
        found["helo"], text = _cut_helo(text[len("helo=<") :])
        text = text.removeprefix(" ")
    if text.startswith("sasl_method="):
        found["sasl_method"], _, text = text[len("sasl_method=") :].partition(" ")
    if text.startswith("sasl_username="):
        text = text[len("sasl_username=") :]
        user, key, xtext = text.rpartition(" sasl_sender=")
        found["sasl_username"] = user if key and " " not in xtext else text
        text = ""
    elif text.startswith("sasl_sender="):
        text = ""
    return Context(**found) if found and not text else None


def contexts(text: str) -> Iterator[tuple[str, Context]]:
    """Give each split of `text` into a verdict and a well-formed context behind it, from left to right."""
    at = text.find("; ")
    count = 0
    while at >= 0 and count < _MOST_CONTEXTS:
        if text.startswith(_CONTEXT_STARTS, at + 2):
            count += 1
            found = read_context(text[at + 2 :])
            if found is not None:
                yield text[:at], found
        at = text.find("; ", at + 2)


def _speaks_of(verdict: str, context: Context) -> bool:
    """Say whether the name in a verdict's reply is one of its context's; true where it names nobody."""
    text = reply(verdict)[2]
    if not text.startswith("<"):
        return True
    names = (context.recipient, context.sender, context.helo)
    return any(text.startswith((f"<{name}>: ", f"<{unquoted(name)}>: ")) for name in names if name is not None)


def split_context(text: str) -> tuple[str, Context, bool]:
    """Split a verdict from its context, and say whether another split would do as well.

    Recipient and HELO name may each hold what looks like a context. The first split whose verdict speaks of its own
    context is taken, else the last.
    """
    at = text.find("; from=<")
    plain = _PLAIN_CONTEXT(text, at + 2) if at >= 0 else None
    if plain is not None and text.find("=<", 0, at) < 0 and text.find("; proto=", 0, at) < 0:
        return text[:at], Context(*plain.groups()), False
    found = list(contexts(text))
    if not found:
        return text, Context(), False
    if len(found) == 1:
        return *found[0], False
    best = next((one for one in found if _speaks_of(*one)), found[-1])
    return *best, True


def set_context(event: Event, context: Context) -> None:
    """Set what a context proves."""
    if context.sender is not None:
        sender(event, context.sender)
    if context.recipient:
        event.email_to_address = [context.recipient]
    event.smtp_helo = context.helo or None
    if context.sasl_method:
        event.mail_sasl_method = context.sasl_method.upper()
    event.user_name = context.sasl_username or None


def with_context(event: Event, text: str) -> tuple[str, Context]:
    """Split a verdict from its context and set what the context proves."""
    verdict, context, ambiguous = split_context(text)
    set_context(event, context)
    if ambiguous:
        event.mail_parse_ambiguous = True
    return verdict, context
