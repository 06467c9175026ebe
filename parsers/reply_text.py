"""Take a remote server's reply as people paste it apart: who said it, its codes, its words.

A reply comes bare (`550 5.1.1 User unknown`) or with what the sending server wrote around it: Postfix's `host NAME[IP] said:`,
Exim's `H=NAME [IP]: SMTP error from remote mail server after RCPT TO:<…>:`, the `said: … (in reply to … command)` of bounces,
sendmail's `relay=NAME. [IP], dsn=…, reply=…, stat=…`, OpenSMTPD's `relay="IP (NAME)" … stat="…"`.
"""

import re
from typing import NamedTuple

from mailwarden.parsers.address import ip

__all__ = ["Reply", "quoted_addresses", "read_reply", "taken_as"]

_LONGEST = 4000  # characters of a pasted line that are looked at
_SAID = re.compile(
    r"(?:^|[\s(])host ([A-Za-z0-9._-]{1,255})\[[0-9A-Fa-f.:]{2,45}\](?::\d{1,5})? (?:said|refused to talk to me): "
)
_EXIM = re.compile(r"SMTP error from remote mail server after [^:]{1,40}(?::<[^>]{0,320}>[^:]{0,80})?: ?")
_EXIM_HOST = re.compile(r"(?:\bH=|\bhost )([A-Za-z0-9._-]{1,255}) \[[0-9A-Fa-f.:]{2,45}\]")
_SENDMAIL = re.compile(
    r"(?:relay=([A-Za-z0-9_-][A-Za-z0-9._-]{0,254})\. \[[0-9A-Fa-f.:]{2,60}\], )?dsn=[245]\.\d{1,3}\.\d{1,3}, "
    r"(?:reply=(?P<reply>.*?), stat=|stat=(?:Deferred: )?)"
)
_OPENSMTPD = re.compile(r"relay=\"?\S{2,60} \(([A-Za-z0-9._-]{1,255})\)\"? .{0,60}?stat=\"?")
_COMMAND = re.compile(r" ?\(in reply to (?:end of )?[A-Z][A-Za-z ]{2,20} command\)\)?$")
_TAKEN_AS = ("queued as ", "OK id=", "queued mail as ")
"""How Postfix and its kin and Exim tell under which id they took a message."""
_TAKEN = " Message accepted for delivery"  # sendmail and OpenSMTPD, behind the id
_QUOTED_IN = 500  # characters of a reply in which addresses are looked for
_QUOTED_ADDRESS = re.compile(
    r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F]{1,4}(?::[0-9a-fA-F]{0,4}){3,7})(?![\w:])"
)
_CODES = re.compile(r"([245][0-9]{2})(?:[ -]#?([245]\.[0-9]{1,3}\.[0-9]{1,3}))?(?=[\s;:,-]|$)")


class Reply(NamedTuple):
    """A reply, and who gave it where that is told."""

    text: str
    code: int | None
    enhanced: str | None
    host: str | None


def read_reply(line: str, host: str | None = None) -> Reply:
    """Read one pasted line; `host` is the remote server where the line does not name it."""
    text = line[:_LONGEST].strip()
    said = _SAID.search(text)
    if said is not None:
        host, text = said[1], text[said.end() :]
    elif ", stat=" in text and (sent := _SENDMAIL.search(text)) is not None:
        host = sent[1] or host
        text = sent["reply"] or text[sent.end() :]
    elif "stat=" in text and (passed := _OPENSMTPD.search(text)) is not None:
        host, text = passed[1], text[passed.end() :].removesuffix('"')
    else:
        exim = _EXIM.search(text)
        if exim is not None:
            named = _EXIM_HOST.search(text[: exim.start()]) or _EXIM_HOST.match(text[exim.end() :])
            text = text[exim.end() :]
            if named is not None:
                host = named[1]
                text = text.removeprefix(named[0]).lstrip(": ")
    text = _COMMAND.sub("", text)
    codes = _CODES.match(text)
    return Reply(text, int(codes[1]) if codes else None, codes[2] if codes else None, host)


def quoted_addresses(text: str) -> list[str]:
    """Give the addresses that a reply quotes, in order."""
    return [found for match in _QUOTED_ADDRESS.findall(text[:_QUOTED_IN]) if (found := ip(match))]


def taken_as(said: str) -> str | None:
    """Give the id under which a server says that it took a message, or None where it names none."""
    for words in _TAKEN_AS:
        at = said.find(words)
        if at >= 0:
            return said[at + len(words) :][:80].partition(" ")[0].rstrip(".,;)>") or None
    before, accepted, _ = said.partition(_TAKEN)
    name = before.rpartition(" ")[2].lstrip("(")
    return name if accepted and name.isalnum() else None
