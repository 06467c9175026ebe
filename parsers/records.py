"""Records that stand on several lines: `journalctl -o export`, `-o verbose`, and JSON that is written for people.

Each becomes one object on one line, with the line that makes it whole. A line that such a record cannot hold ends it: what
follows is read as if there had been none.

Source: systemd.io/JOURNAL_EXPORT_FORMATS; src/shared/logs-show.c of systemd 252, for `verbose`.
"""

import json
import re
from typing import Any

from mailwarden.parsers.raw import stamped
from mailwarden.parsers.wrapping import unwrap_json

__all__ = ["Records"]

_MAX = 1 << 20  # characters of a record; journald's own limit for a field is 64 MiB, its message 48 KiB
_EXPORTED = ("__CURSOR=", "__REALTIME_TIMESTAMP=")
_FIELD = re.compile(r"([A-Z0-9_]{1,64})(?:=(.*))?", re.DOTALL)
_VERBOSE = re.compile(
    r"\S{2,12} [0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:.]{8,16}(?: \S{1,6})? \[s=[0-9a-f]{1,32};[^\[\]]{0,200}\bt=([0-9a-f]{1,16});"
)
_VERBOSE_FIELD = re.compile(r" {4,}([A-Z0-9_]{1,64})=(.*)", re.DOTALL)
_WANTED = frozenset(  # of the journal's some thirty fields
    {
        "__REALTIME_TIMESTAMP", "_HOSTNAME", "SYSLOG_IDENTIFIER", "_COMM", "SYSLOG_PID", "_PID", "SYSLOG_FACILITY", "PRIORITY",
        "CONTAINER_NAME", "MESSAGE",
    }
)  # fmt: skip
_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]|[^"{}\[\]]+|"')
_IN_JSON = re.compile(r'\s*(?:["{}\[\]]|-?[0-9]|true\b|false\b|null\b)|\s*$')
_SIZE_BYTES = 8  # of a field that holds line feeds, before its data
_LOKI = 2  # a time and a line


class Records:
    """The record of one source that is not whole yet.

    Args:
        begun: What a snapshot held.
    """

    def __init__(self, begun: dict[str, Any] | None = None) -> None:
        begun = begun or {}
        self._kind: str = begun.get("kind", "")
        self.first: str = begun.get("first", "")  # id of its first line
        self._fields: dict[str, str] = begun.get("fields", {})
        self._binary: tuple[str, str] | None = tuple(begun["binary"]) if begun.get("binary") else None
        self._levels: list[str] = begun.get("levels", [])  # what was read of each object and list that is still open
        self._told = bool(begun.get("told"))  # of a verbose record whose end is not known

    def snapshot(self) -> dict[str, Any]:
        """Give what the next lines hang on."""
        return {
            "kind": self._kind,
            "first": self.first,
            "fields": self._fields,
            "binary": self._binary,
            "levels": self._levels,
            "told": self._told,
        }

    @property
    def open(self) -> bool:
        """Whether a record is not whole yet."""
        return bool(self._kind)

    @property
    def is_raw(self) -> bool:
        """Whether the next line is any text: data of a field, in which nothing is looked for."""
        return self._binary is not None

    def take(self, line: str) -> str | None:
        """Add a line; give an object that it makes whole, nothing while more must come, and None where it is of no record."""
        if not self._kind and not self._begins(line):
            return None
        taken = self._take(line)
        if taken is None:
            self._end()
        return taken

    def _begins(self, line: str) -> bool:
        if line.startswith(_EXPORTED):
            self._kind = "export"
        elif line[:1] in "{[" and line.rstrip() in ("{", "["):
            self._kind = "json"
        elif "[s=" in line[20:64] and _VERBOSE.match(line):
            self._kind = "verbose"
        return bool(self._kind)

    def _end(self) -> None:
        self._kind, self._fields, self._binary, self._levels, self._told = "", {}, None, [], False

    def _take(self, line: str) -> str | None:
        if self._binary is not None:
            return self._take_data(line)
        line = line.removesuffix("\r")
        if self._kind == "export":
            return self._take_exported(line)
        return self._take_json(line) if self._kind == "json" else self._take_verbose(line)

    def _take_exported(self, line: str) -> str | None:
        if not line:
            return self._object()
        found = _FIELD.fullmatch(line)
        if found is None:
            return None
        if found[2] is None:
            self._binary = (found[1], "")
        else:
            self._keep(found[1], found[2])
        return ""

    def _take_data(self, line: str) -> str | None:
        """Read the data of a field: its size as 64 bits, lowest byte first, the data itself, and a line feed."""
        assert self._binary is not None
        name, data = self._binary[0], f"{self._binary[1]}{line}\n"
        if len(data) > _MAX:
            return None
        self._binary = (name, data)
        raw = data.encode("utf-8", "surrogateescape")
        size = int.from_bytes(raw[:_SIZE_BYTES], "little")
        if len(raw) <= _SIZE_BYTES or len(raw) - _SIZE_BYTES - 1 < size:
            return ""
        self._binary = None
        self._keep(name, raw[_SIZE_BYTES : _SIZE_BYTES + size].decode("utf-8", "surrogateescape"))
        return ""

    def _take_verbose(self, line: str) -> str | None:
        head = _VERBOSE.match(line)
        if head:
            whole = self._object() if not self._told and "MESSAGE" in self._fields else ""
            self._end()
            self._kind, self._fields = "verbose", {"__REALTIME_TIMESTAMP": str(int(head[1], 16))}
            return whole
        found = _VERBOSE_FIELD.fullmatch(line)
        if found is None:
            return "" if line[:8].isspace() or not line else None  # more of a field
        self._keep(found[1], found[2])
        named = self._fields.keys()
        if (
            self._told
            or not {"MESSAGE", "SYSLOG_IDENTIFIER", "_HOSTNAME"} <= named
            or named.isdisjoint({"_PID", "SYSLOG_PID"})
        ):
            return ""
        self._told = True
        return json.dumps(self._fields)

    def _keep(self, name: str, value: str) -> None:
        if name in _WANTED:
            self._fields.setdefault(name, value[:_MAX])

    def _object(self) -> str:
        fields = self._fields
        self._end()
        return json.dumps(fields) if fields else ""

    def _take_json(self, line: str) -> str | None:
        """Read on; a record is an object that stands alone or in a list, however deep, or one of Loki's pairs."""
        if _IN_JSON.match(line) is None or (stamped(line) and line[:1] != "{"):
            return None
        whole = ""
        for piece in _PIECE.findall(line):
            if piece in ("{", "["):
                self._levels.append(piece)
            elif not self._levels:
                continue
            elif piece in ("}", "]"):
                text = self._levels.pop() + piece
                alone = not self._levels or self._levels[-1][:1] == "["
                record = _record(text) if alone else ""
                whole = record or whole
                if record and self._levels:
                    self._levels[-1] = "[0"  # what was told is not kept
                elif self._levels:
                    self._levels[-1] += text
            else:
                self._levels[-1] += piece
        if sum(map(len, self._levels)) > _MAX:
            return None
        if not self._levels:
            self._end()
        return whole


def _record(text: str) -> str:
    """Give an object that holds a line, as one; nothing where it holds none."""
    if text[:1] == "{":
        return text if unwrap_json(text) is not None else ""
    try:
        pair = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    if len(pair) != _LOKI or not all(isinstance(one, str) for one in pair) or not pair[0].isdigit():
        return ""
    return json.dumps({"timestamp": pair[0], "line": pair[1]})
