"""Read a message catalog without Babel, which takes a tenth of a second that a command line does not have.

Only what our own catalogs hold is understood: `msgid`, `msgid_plural`, `msgstr`, `msgstr[n]`, each a string of JSON's form
that may go on in further lines. What comes out is the binary form that `gettext` reads.
Source: GNU gettext manual, "The Format of PO Files" and "The Format of GNU MO Files".
"""

import io
import json
import re
import struct
from collections.abc import Iterator
from pathlib import Path

__all__ = ["compiled"]

_ENTRY = re.compile(r'^(msgid|msgid_plural|msgstr(?:\[\d+\])?) (".*")$|^(".*")$', re.MULTILINE)
_MAGIC = 0x950412DE
_HEAD_BYTES = 28


def compiled(path: Path) -> io.BytesIO:
    """Give a catalog in the form that `gettext.GNUTranslations` reads; what has no translation is left out."""
    entries = sorted(_entries(path.read_text("utf-8")))
    ids, texts = bytearray(), bytearray()
    places: list[tuple[int, int, int, int]] = []
    for msgid, msgstr in entries:
        places.append((len(msgid), len(ids), len(msgstr), len(texts)))
        ids += msgid + b"\0"
        texts += msgstr + b"\0"
    of_ids, of_texts = _HEAD_BYTES, _HEAD_BYTES + 8 * len(entries)
    begin = _HEAD_BYTES + 16 * len(entries)
    table = [word for size, at, _, _ in places for word in (size, begin + at)]
    table += [word for _, _, size, at in places for word in (size, begin + len(ids) + at)]
    head = struct.pack("<7I", _MAGIC, 0, len(entries), of_ids, of_texts, 0, 0)
    return io.BytesIO(head + struct.pack(f"<{len(table)}I", *table) + bytes(ids) + bytes(texts))


def _entries(text: str) -> Iterator[tuple[bytes, bytes]]:
    parts: dict[str, str] = {}
    last = ""
    for keyword, first, more in _ENTRY.findall(text):
        if keyword == "msgid":
            yield from _entry(parts)
            parts = {}
        last = keyword or last
        parts[last] = parts.get(last, "") + json.loads(first or more)
    yield from _entry(parts)


def _entry(parts: dict[str, str]) -> Iterator[tuple[bytes, bytes]]:
    if "msgid" not in parts:
        return
    msgid = parts["msgid"] + (f"\0{parts['msgid_plural']}" if "msgid_plural" in parts else "")
    forms = [text for keyword, text in parts.items() if keyword.startswith("msgstr")]
    if all(forms):
        yield msgid.encode(), "\0".join(forms).encode()
