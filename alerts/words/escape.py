"""Make text that an attacker may have written harmless, one function for each place where it is shown.

Whatever reaches a person goes through exactly one of these, as the last step, whole: filling a sentence first and
escaping it afterwards leaves no gap between the parts. `printable` is idempotent; the others call it themselves.
"""

import html as _html
import re

__all__ = ["cell", "chat", "defanged", "html", "markdown", "printable"]

# C0 and C1 controls; soft hyphen; Arabic letter mark; Hangul fillers; Mongolian vowel separator; zero-width, bidi marks
# and embeddings; line and paragraph separators; word joiner to inhibit marks (bidi isolates among them); BOM;
# interlinear marks; surrogates (bytes that were not UTF-8); language tags. Source: Unicode 15, UAX #9 and UTR #36,
# section 2.
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)
_BYTE_FIRST, _BYTE_LAST = 0xDC80, 0xDCFF  # how Python's surrogateescape keeps a byte that is not UTF-8

_BREAK = "\u200b"
# A name with a dot after it, such as bob@here.example.org, is an address and must stay fit to be copied.
_MENTION = re.compile(
    r"(?P<address>[\w.+-]@(?:everyone|here|channel|all)(?:-\w+)*\.\w)|@(?=everyone|here|channel|all\b)|<(?=[@!#])",
    re.IGNORECASE,
)

# What a mail program makes a link of, and a spam filter looks up.
_SCHEME = re.compile(r"\b(h)tt(ps?)(?=:)", re.IGNORECASE)
_NAME_DOT = re.compile(r"(?<=[\w-])\.(?=[^\W\d_])")
_IPV4 = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])")

# What CommonMark gives a meaning; it takes a backslash before any of them (0.31, section 2.4).
_MARKED = re.compile(r"[\\`*_{}\[\]<>()#+!|~&]")

_FORMULA = re.compile(r"[ \u3000]*[=+\-@|%\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)*%?")


def printable(text: str) -> str:
    """Give text for a terminal or a plain file: one line, nothing that moves, hides, recolours or turns around.

    Controls become `\\x1b`, other unseen characters `\\u202e`, bytes that were not UTF-8 `\\x80`.
    """
    if text.isascii() and text.isprintable():
        return text
    return _UNSEEN.sub(_spell, text)


def chat(text: str) -> str:
    """Give text for a chat message: printable, and nothing in it calls a person, a channel or everyone."""
    return _MENTION.sub(_break, printable(text))


def html(text: str) -> str:
    """Give text for an HTML element or a quoted attribute."""
    return _html.escape(printable(text), quote=True)


def defanged(text: str) -> str:
    """Give text in which nothing becomes a link: `hxxp://evil[.]example`, `192[.]0[.]2[.]1`. A figure keeps its point."""
    text = _NAME_DOT.sub("[.]", _SCHEME.sub(r"\1xx\2", text))
    return _IPV4.sub(lambda match: match[0].replace(".", "[.]"), text)


def markdown(text: str) -> str:
    """Give text of a message as CommonMark in which only what stands between a line's backticks, a command, means anything."""
    return "\n".join(map(_markdown_line, text.split("\n")))


def cell(text: str) -> str:
    """Give text for a spreadsheet cell: what a spreadsheet would run as a formula starts with an apostrophe.

    Source: OWASP, CSV injection. Plain numbers stay numbers.
    """
    safe = printable(text)
    if _FORMULA.match(safe) and not _NUMBER.fullmatch(safe):
        return "'" + safe
    if safe != text and text[:1] in "\t\r\n":
        return "'" + safe
    return safe


def _markdown_line(line: str) -> str:
    parts = line.split("`")
    if len(parts) % 2 == 0:
        return _MARKED.sub(r"\\\g<0>", line)
    return "`".join(part if place % 2 else _MARKED.sub(r"\\\g<0>", part) for place, part in enumerate(parts))


def _spell(match: re.Match[str]) -> str:
    code = ord(match[0])
    if _BYTE_FIRST <= code <= _BYTE_LAST:
        return f"\\x{code - 0xDC00:02x}"
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _break(match: re.Match[str]) -> str:
    return match[0] if match["address"] else match[0] + _BREAK
