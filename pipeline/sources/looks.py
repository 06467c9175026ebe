"""Tell from a file's first bytes what it is, when it is no mail log."""

import re

from mailwarden.parsers.errors import Coded, coded

__all__ = ["LOOK_BYTES", "what_else"]

LOOK_BYTES = 4096

_WEB = re.compile(
    rb'(?:[\w.:-]{1,255} )?[\w.:-]{1,255} \S{1,255} [^\[]{1,255} ?\[\d\d/[A-Z][a-z]{2}/\d{4}:[\d:]{8} [+-]\d{4}\] "'
)
_CONTROLS = bytes(set(range(32)) - {7, 8, 9, 10, 12, 13, 27})


def what_else(start: bytes) -> Coded | None:
    """Say what a file is that begins with `start`, and what to do; None for text that may be a log.

    One control byte does not make a file binary: clients write them, and servers log them.
    """
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return coded(
            "MW1107",
            "is UTF-16 text, as Windows writes it. Nothing was read from it. "
            "Convert it first:  iconv -f UTF-16 -t UTF-8 FILE > mail.log",
        )
    text = start.lstrip(b"\0")  # a truncated file whose writer kept its place begins with a hole
    sample = text[:LOOK_BYTES]
    if sample and len(sample) - len(sample.translate(None, _CONTROLS)) > len(sample) // 20:
        return coded(
            "MW1107",
            "is not text but a binary file. Nothing was read from it. Give a mail log, e.g. /var/log/mail.log.",
        )
    lines = [line for line in sample.split(b"\n")[:10] if line]
    web = sum(1 for line in lines if _WEB.match(line))
    if web and web * 2 >= len(lines):
        return coded(
            "MW1106",
            "looks like a web server log (Apache combined), not mail. Nothing was read from it. "
            "For web logs use GoAccess; for mail give e.g. /var/log/mail.log.",
        )
    return None
