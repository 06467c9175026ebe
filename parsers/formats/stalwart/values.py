"""The keys and values of a line: `remoteIp = 203.0.113.7, accountName = "ann", to = ["a@example.org"], size = 1024`.

Up to 0.15 a quote within a text is written as it is, so that clients can imitate keys. What the session is known by (address,
port, queue id) stands before any text of theirs, and of a key that comes twice the first is heeded. From 0.16 on quotes are
escaped, and a key of the event takes the place of the session's.

Source: crates/trc/src/serializers/text.rs, escape.rs, json.rs of Stalwart 0.10 to 0.16.
"""

import re
from typing import Any, NamedTuple

__all__ = ["Values", "of_object", "read"]

_KEY = re.compile(r"(?:, |)([a-z][A-Za-z0-9]{0,40}) = ")
_NEXT = r"(?=$|, |\]| \})"
_QUOTED = re.compile(r'"((?>(?:[^"\\]|\\.)*))"' + _NEXT, re.DOTALL)
_LOOSE = re.compile(r'"(.*?)"(?=$|, [a-z][A-Za-z0-9]{0,40} = |, "|\](?:$|, )| \}(?:$|, ))', re.DOTALL)
_CAUSE = re.compile(r"[A-Z][^\"={}]{2,80} \(([a-z0-9-]{2,20}\.[a-z0-9-]{2,40})\)(?: \{ )?")
_BARE = re.compile(r"[^,\]}\"]*")
_ESCAPE = re.compile(r"\\(x[0-9a-f]{2}|.)", re.DOTALL)
_PLAIN = {"r": " ", "n": " ", "t": " "}
_MOST = 80  # keys of a line, those of its causes among them


class Cause(NamedTuple):
    """An event within an event: why."""

    name: str
    values: "Values"


class Values:
    """What a line holds, by key; of a key that comes twice, both."""

    def __init__(self) -> None:
        self._all: dict[str, list[Any]] = {}

    def add(self, key: str, value: object) -> None:
        """Add a value."""
        self._all.setdefault(key, []).append(value)

    def text(self, key: str) -> str | None:
        """Give the first value that is a text and not empty."""
        return next((one for one in self._all.get(key, ()) if isinstance(one, str) and one), None)

    def texts(self, key: str) -> list[str] | None:
        """Give the last value that is a list, as texts: what a client wrote stands before ours."""
        found = next((one for one in reversed(self._all.get(key, ())) if isinstance(one, list)), None)
        return None if found is None else [one for one in found if isinstance(one, str)]

    def number(self, key: str) -> int | None:
        """Give the first value, where it is a whole number."""
        text = str(next(iter(self._all.get(key, ())), ""))
        return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None

    def all(self, key: str) -> list[str]:
        """Give all values of a key that are texts."""
        return [one for one in self._all.get(key, ()) if isinstance(one, str)]

    def cause(self, *keys: str) -> Cause | None:
        """Give the first event among these values."""
        found = (one for key in keys for value in self._all.get(key, ()) for one in _flat(value))
        return next((one for one in found if isinstance(one, Cause)), None)

    def is_twice(self, *keys: str) -> bool:
        """Say whether one of these keys comes more than once."""
        return any(len(self._all.get(key, ())) > 1 for key in keys)


def _flat(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def read(text: str) -> Values:
    """Read the keys and values of a line."""
    return _read(text, 0, [_MOST])[0]


def _read(text: str, at: int, left: list[int]) -> tuple[Values, int]:
    values = Values()
    while left[0] > 0:
        key = _KEY.match(text, at)
        if key is None:
            break
        left[0] -= 1
        value, at = _value(text, key.end(), left)
        values.add(key[1], value)
    return values, at


def _value(text: str, at: int, left: list[int]) -> tuple[Any, int]:
    if text[at : at + 1] == '"':
        found = _QUOTED.match(text, at)
        if found is not None:
            return _ESCAPE.sub(_plain, found[1]), found.end()
        found = _LOOSE.match(text, at)
        return (found[1], found.end()) if found is not None else (text[at + 1 :], len(text))
    if text[at : at + 1] == "[":
        return _list(text, at + 1, left)
    cause = _CAUSE.match(text, at)
    if cause is None:
        bare = _BARE.match(text, at)
        assert bare is not None
        return bare[0], bare.end()
    if not cause[0].endswith("{ "):
        return Cause(cause[1], Values()), cause.end()
    inner, at = _read(text, cause.end(), left)
    return Cause(cause[1], inner), at + 2 if text[at : at + 2] == " }" else at


def _list(text: str, at: int, left: list[int]) -> tuple[list[Any], int]:
    found: list[Any] = []
    while at < len(text) and text[at] != "]":
        left[0] -= 1
        value, end = _value(text, at, left)
        if end == at or left[0] <= 0:
            break
        found.append(value)
        at = end + 2 if text[end : end + 2] == ", " else end
    return found, at + 1


def _plain(found: re.Match[str]) -> str:
    what = found[1]
    return chr(int(what[1:], 16)) if len(what) == 3 else _PLAIN.get(what, what)


def of_object(data: dict[str, Any]) -> Values:
    """Take the values of a webhook's object."""
    values = Values()
    for key, value in list(data.items())[:_MOST]:
        values.add(key, _of_json(value))
    return values


def _of_json(value: Any) -> Any:
    if isinstance(value, list):
        return [_of_json(one) for one in value[:1000]]
    if isinstance(value, dict):
        inner = value.get("data")
        return Cause(str(value.get("type", "")), of_object(inner) if isinstance(inner, dict) else Values())
    return value if isinstance(value, str) else str(value)
