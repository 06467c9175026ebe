"""Which program wrote a text whose tag is `postfix` and nothing more.

rsyslog ends APP-NAME at the first `/` (`$PermitSlashInProgramName` is off), so that in its RFC 5424 forms every program of
Postfix is called `postfix`. The wording then tells which one it was.
Source: rsyslog 8.2302, template RSYSLOG_SyslogProtocol23Format, grammar of `programname`.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from mailwarden.parsers.event import Event
from mailwarden.parsers.pattern import Pattern, Read

__all__ = ["TAG", "Shortened", "agent"]

TAG = "postfix"

# Of programs that share a wording the first one here is taken: the one that writes it on most servers.
_ASKED = (
    "smtpd", "cleanup", "qmgr", "smtp", "pickup", "postscreen", "bounce", "anvil", "master", "lmtp", "local", "virtual",
    "pipe", "scache", "tlsproxy", "dnsblog", "error", "postsuper", "verify", "tlsmgr", "trivial-rewrite", "proxymap",
)  # fmt: skip
_CLIENT_S = {"connect to ": "smtp"}  # wordings of a client and a server, of which the client's is the narrower
_RELAY = re.compile(r", relay=([^,\[]{1,255})(?:\[([^],]{1,255})\](?::([0-9]{1,5}))?)?, (?:conn_use=[0-9]+, )?delay=")
_NO_ANSWER = re.compile(
    r", status=[A-Za-z-]{1,16} \((?:connect to |conversation with |lost connection with |Host or domain name not found"
    r"|Host not found|unable to look up host |host |Cannot start TLS|Server certificate |TLS is required|mail for )"
)
_AGENTS = frozenset({"local", "virtual", "error", "discard"})
_LMTP_PORT = "24"  # Source: services(5); RFC 2033 names none


class _Candidate(NamedTuple):
    literal: str
    program: str
    read: Read


def _rank(program: str) -> int:
    return _ASKED.index(program) if program in _ASKED else len(_ASKED)


def agent(text: str) -> str | None:
    """Say which delivery agent wrote `to=<…>, relay=…`; None where the text is no delivery."""
    found = _RELAY.search(text) if text.startswith("to=<") else None
    if found is None:
        return None
    name, place, port = found.groups()
    if name in _AGENTS:
        return name
    if name == "none":
        return "smtp" if _NO_ANSWER.search(text, found.end()) else "error"
    if place is None:
        return "pipe"
    return "lmtp" if "/" in place or port == _LMTP_PORT else "smtp"


def _order(one: _Candidate) -> tuple[int, int]:
    """Put the longer literal first, then the program that is the likelier."""
    return -len(one.literal), -1 if _CLIENT_S.get(one.literal) == one.program else _rank(one.program)


class Shortened:
    """The wordings that belong to programs, by their beginning; each with the program that it is taken for."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self._heads: dict[str, list[_Candidate]] = {}
        self._others: list[_Candidate] = []
        for pattern in patterns:
            if not pattern.programs or TAG in pattern.programs:
                continue
            one = _Candidate(pattern.literal, min(pattern.programs, key=_rank), pattern.read)
            (self._others if pattern.anywhere else self._heads.setdefault(pattern.literal[:4], [])).append(one)
        for found in self._heads.values():
            found.sort(key=_order)
        self._others.sort(key=lambda one: _rank(one.program))

    def read(self, event: Event, text: str) -> bool:
        """Let the pattern of a program read the text, and name the program; False where none knows it."""
        for literal, program, read in self._heads.get(text[:4], ()):
            if text.startswith(literal):
                event.process_name = program
                if read(event, text[len(literal) :]):
                    return True
        for literal, program, read in self._others:
            if literal in text:
                event.process_name = program
                if read(event, text):
                    return True
        event.process_name = TAG
        return False
