"""Exchange's logs are tables: `#Fields:` names the columns, and each row is given to its pattern as an object.

Where no header was seen (a part of a file, lines on their own) the columns of the SMTP and the POP3 and IMAP logs are known by
what stands in them: a number, then two addresses with their ports. Times are UTC.

Source: "Protocol logging", "Message tracking" and "Configure protocol logging for POP3 and IMAP4" of Microsoft's documentation
of Exchange 2013 to 2019; shapes checked against the published lines of crowdsecurity/hub and IPBan.
"""

import json
import re
from typing import Any

from mailwarden.parsers.address import ip
from mailwarden.parsers.claims import Names, Row
from mailwarden.parsers.event import Event
from mailwarden.parsers.json_text import read_json
from mailwarden.parsers.pattern import Format

__all__ = ["FORMAT", "cells", "claim", "claim_row", "endpoint", "met"]

_SMTP = (
    "date-time", "connector-id", "session-id", "sequence-number", "local-endpoint", "remote-endpoint", "event", "data",
    "context",
)  # fmt: skip
_MAILBOX = (
    "dateTime", "sessionId", "seqNumber", "sIp", "cIp", "user", "duration", "rqsize", "rpsize", "command", "parameters",
    "context",
)  # fmt: skip
_ENDPOINT = re.compile(r"\[?([0-9A-Fa-f.:%]{2,60}?)\]?:([0-9]{1,5})")
_SIGNS = {"+": "open", "-": "close", ">": "sent", "<": "received", "*": "info"}
_POP_PORTS = frozenset({110, 995})
_PROGRAMS = ("MessageTracking", "SmtpProtocol", "Pop3", "Imap4")

FORMAT = Format("exchange", _PROGRAMS)


def claim(tag: str) -> Names | None:
    """Claim the rows, which `claim_row` puts under the name of their table."""
    if tag not in FORMAT.programs:
        return None
    return tag, "exchange", {"Pop3": "pop3", "Imap4": "imap"}.get(tag)


def claim_row(names: list[str], texts: list[str]) -> Row | None:
    """Give a row, under its table's name, as its patterns read it; None where it is no row of Exchange's.

    Args:
        names: The columns, where a line told them; else empty.
        texts: The row's cells.
    """
    if "event-id" in names and "recipient-address" in names:
        row = _row(names, texts)
        text = f"{row.get('event-id', '')} {row.get('source', '')} {_packed(row)}"
        return Row("MessageTracking", row.get("date-time", ""), text)
    if "remote-endpoint" in names or (not names and _is_smtp(texts)):
        row = _row(names or _SMTP, texts)
        text = f"{_SIGNS.get(row.get('event', ''), 'other')} {_packed(row)}"
        return Row("SmtpProtocol", row.get("date-time", ""), text)
    if "cIp" in names or (not names and _is_mailbox(texts)):
        row = _row(names or _MAILBOX, texts)
        _, port = endpoint(row.get("sIp", ""))
        text = f"{row.get('command', '').lower()} {_packed(row)}"
        return Row("Pop3" if port in _POP_PORTS else "Imap4", row.get("dateTime", ""), text)
    return None


def cells(rest: str) -> dict[str, str]:
    """Give the row that stands at the end of a pattern's text; an empty one where it is none."""
    try:
        row: Any = read_json(rest[rest.find("{") :])
    except (ValueError, RecursionError):
        return {}
    if not isinstance(row, dict) or not all(isinstance(cell, str) for cell in row.values()):
        return {}
    return row


def endpoint(text: str) -> tuple[str | None, int | None]:
    """Give the address and the port of `192.0.2.1:25` or `[2001:db8::1]:25`."""
    found = _ENDPOINT.fullmatch(text)
    if found is None:
        return ip(text), None
    return ip(found[1]), int(found[2])


def met(event: Event, row: dict[str, str], *, client: str, session: str) -> None:
    """Set who was connected to which port of ours, in which session."""
    event.source_ip, event.source_port = endpoint(row.get(client, ""))
    event.mail_session_id = row.get(session, "")[:64] or None


def _row(names: tuple[str, ...] | list[str], texts: list[str]) -> dict[str, str]:
    return dict(zip(names, texts, strict=False))


def _packed(row: dict[str, str]) -> str:
    return json.dumps(row, ensure_ascii=False)


def _is_smtp(texts: list[str]) -> bool:
    return (
        len(texts) >= len(_SMTP) - 1
        and texts[6] in _SIGNS
        and texts[3].isdecimal()
        and _ENDPOINT.fullmatch(texts[4]) is not None
        and _ENDPOINT.fullmatch(texts[5]) is not None
    )


def _is_mailbox(texts: list[str]) -> bool:
    return (
        len(texts) >= len(_MAILBOX) - 1
        and texts[2].isdecimal()
        and texts[6].isdecimal()
        and _ENDPOINT.fullmatch(texts[3]) is not None
        and _ENDPOINT.fullmatch(texts[4]) is not None
    )
