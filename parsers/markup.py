"""Take off the markup of a web page, of which a log was copied or saved: `<br>` at its lines' ends, `&lt;` for `<`.

A client may write such names too. They are read as what they stand for only in a line that holds none of the signs
themselves: where the server writes `from=<a@example.org>`, the page had `from=&lt;a@example.org&gt;`. A client gains
nothing by it: he may write `<` itself, and quotes are left alone where the server writes any.
"""

import re

from mailwarden.parsers.raw import LINE_START

__all__ = ["without_markup"]

_OPENING = re.compile(rf"(?:<(?:p|pre|li|code|samp|div|span|td|tr|br)(?: [^<>]{{0,200}})? ?/?>){{1,6}}(?={LINE_START})")
_CLOSING = re.compile(r"(?:<br ?/?>|</(?:p|pre|li|code|samp|div|span|td|tr)>){1,6}$")
_NAMES = re.compile(r"&(?:lt|gt|amp|nbsp|quot|apos|#39|#x27|#34);")
_SIGNS = {"&lt;": "<", "&gt;": ">", "&amp;": "&", "&nbsp;": " "}
_QUOTES = {'"': ("&quot;", "&#34;"), "'": ("&apos;", "&#39;", "&#x27;")}


def without_markup(line: str) -> str:
    """Give a line as the server wrote it, where it stands in the markup of a page."""
    opening = _OPENING.match(line)
    text = line[opening.end() :] if opening else line
    escaped = "&lt;" in text or "&gt;" in text
    if not (opening or escaped or text.endswith("<br>")):
        return text
    core = _CLOSING.sub("", text)
    if "<" not in core and ">" not in core:
        return _read(core) if escaped else core
    return core if opening else text


def _read(text: str) -> str:
    signs = _SIGNS | {name: sign for sign, names in _QUOTES.items() if sign not in text for name in names}
    return _NAMES.sub(lambda found: signs.get(found[0], found[0]), text)
