"""Lines of names and values: logfmt (`ts=… level=info msg="…"`), and what Fluent Bit writes to its standard output.

Source: the logfmt codec of Vector (`\\"` and `\\\\` within quotes); fluent-bit's plugins/out_stdout and out_file, which write a
record's time and then its values, `["log"=>"…"]`, whose quotes nothing marks: a text counts only where it stands last.
"""

import re

from mailwarden.parsers.json_text import read_json
from mailwarden.parsers.shipped import shipped
from mailwarden.parsers.wrapped import Wrapped

__all__ = ["read_pairs"]

_NAME = r"[A-Za-z_@][A-Za-z0-9_.@-]{0,63}"
_BEGINS = re.compile(rf"{_NAME}=")
_PAIR = re.compile(rf'({_NAME})=(?:"((?>(?:[^"\\]|\\.)*))"|([^\s"]*+))(?: |$)')
_PAIRS_MAX = 64
_STROKE = re.compile(r"\\(.)")
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r"}
_FLUENT = re.compile(
    r"(?:\[[0-9]{1,9}\] )?[\w.:-]{1,128}: \[\[?([0-9]{9,10}\.[0-9]{1,9}), (?:\{[^{}]{0,1000}\}\], )?\{(.*)\}\]$",
    re.DOTALL,
)
_VALUE = re.compile(r'"(?!log"|message"|msg")(\w{1,64})"(?:=>|: ?)(?:"([^"]{0,1000})"|([0-9.]{1,24})), ')
_TEXT = re.compile(r'"(log|message|msg)"(?:=>|: ?)"(.*)"$', re.DOTALL)
_NAME_WITHIN = re.compile(r'"(?:=>|: ?)')


def read_pairs(line: str) -> Wrapped | None:
    """Read a line that is nothing but names and values, a line's text and something beside it among them; else None."""
    if _BEGINS.match(line):
        return _logfmt(line)
    found = _FLUENT.match(line)
    return _fluent(found[1], found[2]) if found else None


def _logfmt(line: str) -> Wrapped | None:
    values: dict[str, object] = {}
    at = 0
    while at < len(line) and len(values) < _PAIRS_MAX:
        found = _PAIR.match(line, at)
        if found is None or found[1] in values:  # twice: a client broke out of quotes that nobody marked
            return None
        values[found[1]] = found[3] if found[2] is None else _STROKE.sub(_sign, found[2])
        at = found.end()
    return shipped(values, columns=True)


def _sign(found: re.Match[str]) -> str:
    return _CONTROLS.get(found[1], found[1])


def _fluent(time: str, record: str) -> Wrapped | None:
    try:
        return shipped(read_json(f"{{{record}}}") | {"date": time}, columns=True)
    except (ValueError, RecursionError):
        pass
    values: dict[str, object] = {}
    at = 0
    while (found := _VALUE.match(record, at)) is not None and len(values) < _PAIRS_MAX:
        values[found[1]] = found[2] or found[3] or ""
        at = found.end()
    text = _TEXT.match(record, at)
    if text is None or _NAME_WITHIN.search(text[2]):
        return None
    values.pop("time", None)
    return shipped(values | {text[1]: text[2], "date": time}, columns=True)
