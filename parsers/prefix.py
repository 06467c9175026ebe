"""What tools put before a whole line: grep, cat, docker compose, kubectl, a letter that quotes it.

A name or a number is taken off only where a line's own beginning stands behind it. Text that a client wrote begins no line,
so that nothing in it is ever taken for such a prefix.
"""

import re
from typing import NamedTuple

from mailwarden.parsers.raw import LINE_START, without_colours

__all__ = ["Peeled", "bare", "peel", "relayed"]

_COMPOSE = r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,127} {1,80}\| ?"  # also `docker service logs`: `service.1.id@node | `
_PREFIXES = re.compile(
    rf"({_COMPOSE})"
    r"|(?:"
    r"[ \t]{0,20}[0-9]{1,10}[: \t-]"  # `grep -n`, `cat -n`, `nl`; a second blank would be of the line
    r"|(?:[^\s:]{1,255}|(?:[A-Za-z]:\\|/|\.{1,2}/)[^\n:]{1,255}|\(standard input\))[:-](?:[0-9]{1,12}[:-]){0,2}"  # `grep -Hnb`
    r"|\[[A-Za-z0-9_./:-]{1,255}\] "  # `kubectl logs --prefix`
    r"|(?:[A-Za-z0-9_](?:[A-Za-z0-9_./:@-]{0,253}[A-Za-z0-9_./@-])? ){1,2}"  # stern: pod and container; awslogs: group, stream
    rf")(?={LINE_START}|{_COMPOSE})"
    r"|[ \t]{1,80}|(?:> ?){1,8}|[\"'`]"  # indented, or quoted in a letter
    r"|(?:data: ?|\x1e|[\[,][ \t]{0,4}|@cee: ?)(?=\{\")"  # `journalctl -o json-sse`, `json-seq`, an array, rsyslog's mmjson
    r"|\[ {0,12}[0-9]{1,10}\.[0-9]{6}(?: <[0-9. ]{1,24}>)?\] "  # `journalctl -o short-monotonic`, `short-delta`
)
# Behind a stamp: the relay's name, or the labels that logcli writes.
_RELAYED = re.compile(
    rf"(?:([A-Za-z0-9][A-Za-z0-9_.:/-]{{0,254}}) |\{{[^{{}}\n]{{0,1000}}\}}[ \t])?(?:1 )?(?={LINE_START})"
)
_TOOLS = 4  # one after the other: colours, grep, docker compose, a letter's mark
_QUOTES = frozenset("\"'`")


class Peeled(NamedTuple):
    """What stood behind a prefix, and the container that it named."""

    text: str
    container: str | None = None


def peel(line: str) -> Peeled | None:
    """Take the first prefix off; None where there is none."""
    found = _PREFIXES.match(line)
    if found is None:
        return None
    container = found[1].partition(" ")[0] if found[1] else None
    if line[0] not in _QUOTES:
        return Peeled(line[found.end() :], container)
    return Peeled(line[1:].removesuffix(line[0]).replace('""', '"'), container)  # a spreadsheet writes a quote twice


def bare(line: str) -> str:
    """Give a line without what tools put before it."""
    for _ in range(_TOOLS):
        line = without_colours(line)
        peeled = peel(line)
        if peeled is None:
            break
        line = peeled.text
    return line


def relayed(rest: str) -> tuple[str | None, str] | None:
    """Give the relay, if it is named, and the line, where another line's beginning stands behind a stamp."""
    found = _RELAYED.match(rest)
    return (found[1], rest[found.end() :]) if found else None
