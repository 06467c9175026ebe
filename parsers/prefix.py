"""What tools put before a whole line: grep, cat, docker compose, kubectl, a letter that quotes it.

A name or a number is taken off only where a line's own beginning stands behind it. Text that a client wrote begins no line,
so that nothing in it is ever taken for such a prefix.
"""

import re
from typing import NamedTuple

from mailwarden.parsers.json_text import read_json
from mailwarden.parsers.raw import LINE_START, without_colours
from mailwarden.parsers.wrapped import one_line

__all__ = ["Peeled", "bare", "peel", "relayed"]

_COMPOSE = r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,127} {1,80}\| ?"  # also `docker service logs`: `service.1.id@node | `
_PREFIXES = re.compile(
    rf"({_COMPOSE})"
    r"|(?:"
    r"[ \t]{0,20}[0-9]{1,10}(?:[ \t-]|: ?)"  # `grep -n`, `cat -n`, `nl`; a second blank would be of the line
    r"|[ \t]{1,20}[0-9]{1,10}  "  # `nl -s '  '`
    r"|(?:[-*+|\u2022\u2023\u00b7\u2013] {0,4}|[0-9]{1,4}[.)] {1,4}|[A-Z]{1,3}> ?)"  # a list, a table, a letter's writer
    r"|(?:[^\s:\"'`]{1,255}|(?:[A-Za-z]:\\|/|\.{1,2}/)[^\n:]{1,255}|\(standard input\))[:-]"  # `grep -H`
    r"(?:[0-9]{1,12}[:-]){0,2}"  # `-nb`
    r"|\[[A-Za-z0-9_./:-]{1,255}\] "  # `kubectl logs --prefix`
    r"|(?:[A-Za-z0-9_/](?:[A-Za-z0-9_./:@-]{0,253}[A-Za-z0-9_./@-])? ){1,2}"  # stern: pod and container; awslogs: group, stream
    rf")(?=[\"'`]?{LINE_START}|{_COMPOSE})"
    r"|\"?(?:message|msg|log|line)\"?(?: =>|:) (?=\")"  # one of the names of an object that is written for people
    r"|[ \t\xa0\u3000]{1,80}|(?:> ?){1,8}|([bru]?[\"'`])"  # indented, or quoted: in a letter, in a program
    r"|\[[0-9]{1,10}:[0-9]{1,8}-[0-9]{1,24}\] (?=[0-9]{1,4}[./-][0-9]{1,2}[./-][0-9]{2,4} )"  # Domino's process and thread
    r"|(?:data: ?|\x1e|[\[,][ \t]{0,4}|@cee: ?)(?=\{\")"  # `journalctl -o json-sse`, `json-seq`, an array, rsyslog's mmjson
    r"|\[ {0,12}[0-9]{1,10}\.[0-9]{6}(?: <[0-9. ]{1,24}>)?\] "  # `journalctl -o short-monotonic`, `short-delta`
)
# Behind a stamp: the relay's name, or the labels that logcli writes.
_RELAYED = re.compile(
    r"(?:([A-Za-z0-9][A-Za-z0-9_.:/-]{0,254})(?:\[[A-Za-z0-9_.-]{1,64}\]:)? "  # Heroku's: `app[web.1]: `
    rf"|\{{[^{{}}\n]{{0,1000}}\}}[ \t])?(?:1 )?(?={LINE_START})"
)
_TOOLS = 4  # one after the other: colours, grep, docker compose, a letter's mark
_ESCAPED = re.compile(r'(?>(?:[^"\\]|\\.)*)')
_TWICE = re.compile(r'(?>(?:[^"]|"")*)')


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
    text = line[found.end() :]
    if found[2]:
        text = _unquoted(text, found[2][-1])
    elif line[0] == "|":
        text = text.removesuffix(" |")
    return Peeled(text, container)


def _unquoted(text: str, quote: str) -> str:
    """Give what stands in quotes: a spreadsheet writes one within twice, JSON with a stroke before it."""
    text = text.removesuffix(",").removesuffix(quote)
    if quote != '"':
        return text
    if any(sign in text for sign in ('\\"', "\\\\", "\\u00")) and _ESCAPED.fullmatch(text):
        try:
            return one_line(str(read_json(f'"{text}"')))
        except ValueError:
            return text
    return text.replace('""', '"') if _TWICE.fullmatch(text) else text


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
