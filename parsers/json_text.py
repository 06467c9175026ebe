"""Read JSON that somebody else wrote, so that all of it can be written down again."""

import json
import re
from typing import Any

__all__ = ["read_json"]

# JSON may spell half of a surrogate pair, as \ud800; no UTF-8 can hold it, so neither the archive nor the database could
# keep it (RFC 8259, section 8.2). U+DC80 to U+DCFF are bytes that were not UTF-8, which all of mailwarden knows.
_ESCAPED = re.compile(r"\\u[dD][89a-fA-F]")
_HALF = re.compile("[\ud800-\udc7f\udd00-\udfff]")


def read_json(text: str) -> Any:
    """Give what JSON holds, with U+FFFD for each half of a character.

    Raises:
        ValueError: It is no JSON.
        RecursionError: It is nested too deeply.
    """
    found = json.loads(text)
    return _whole(found) if _ESCAPED.search(text) else found


def _whole(value: Any) -> Any:
    if isinstance(value, str):
        return _HALF.sub("\ufffd", value)
    if isinstance(value, list):
        return [_whole(one) for one in value]
    if isinstance(value, dict):
        return {_whole(name): _whole(one) for name, one in value.items()}
    return value
