"""Take off the markup of a web page, of which a log was copied or saved: `<br>` at its lines' ends, `&lt;` for `<`.

A client may write such names too. They are read as what they stand for only in a line that holds none of the signs
themselves: where the server writes `from=<a@example.org>`, the page had `from=&lt;a@example.org&gt;`. A client gains
nothing by it: he may write `<` itself, and quotes are left alone where the server writes any.
"""

import re

from mailwarden.parsers.raw import LINE_START

__all__ = ["without_breaks", "without_markup"]

_OPENING = re.compile(rf"(?:<(?:p|pre|li|code|samp|div|span|td|tr|br)(?: [^<>]{{0,200}})? ?/?>){{1,6}}(?={LINE_START})")
_CLOSING = re.compile(r"(?:<br ?/?>|</(?:p|pre|li|code|samp|div|span|td|tr)>){1,6}$")
_BREAKS = re.compile(r"(?:<br ?/?>){1,6}$")
_NAMES = re.compile(r"&(?:lt|gt|amp|nbsp|quot|apos|#39|#x27|#34);")
_SIGNS = {"&lt;": "<", "&gt;": ">", "&amp;": "&", "&nbsp;": " "}
_QUOTES = {'"': ("&quot;", "&#34;"), "'": ("&apos;", "&#39;", "&#x27;")}


def without_markup(line: str) -> str:
    """Give a line as the server wrote it, where it stands in the markup of a page."""
    opening = _OPENING.match(line)
    text = line[opening.end() :] if opening else line
    if opening is None and "&" not in text:
        return text
    core = _CLOSING.sub("", text)
    if ("&lt;" in core or "&gt;" in core) and "<" not in core and ">" not in core:
        return _read(core)
    return core if opening else text


def without_breaks(text: str) -> str:
    """Give a text that nobody knows without the breaks of lines at its end."""
    return _BREAKS.sub("", text) if text[-1:] == ">" else text


def _read(text: str) -> str:
    signs = _SIGNS | {name: sign for sign, names in _QUOTES.items() if sign not in text for name in names}
    return _NAMES.sub(lambda found: signs.get(found[0], found[0]), text)
