"""One JSON object a line, ASCII only, whatever bytes a log held."""

import json
from typing import Any

import msgspec

__all__ = ["json_line"]

_ENCODER = msgspec.json.Encoder()


def json_line(fields: dict[str, Any]) -> bytes:
    """Write fields as one line of ASCII JSON. Bytes that were no UTF-8 become U+FFFD: JSON cannot say them."""
    try:
        line = _ENCODER.encode(fields)
        if line.isascii():
            return line
    except UnicodeEncodeError:
        fields = {name: _whole(value) for name, value in fields.items()}
    return json.dumps(fields, separators=(",", ":")).encode("ascii")


def _whole(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    if isinstance(value, list):
        return [_whole(one) for one in value]
    if isinstance(value, dict):
        return {_whole(name): _whole(one) for name, one in value.items()}
    return value
