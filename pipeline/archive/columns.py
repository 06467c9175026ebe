"""The columns of the archive: every field of an event under its ECS name, typed; rare ones together as JSON.

This module imports pyarrow (0.1 s, 50 MiB), so it is itself imported only where a table is made or read.
"""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args

import msgspec
import pyarrow as pa

from mailwarden.parsers.event import ECS_NAMES, Event, iso

__all__ = ["EXTRA", "SCHEMA", "fields_of", "table_of"]


class _NoPandas:
    """Says that there is no pandas, while pyarrow looks for it: it would cost a service 0.3 s and 100 MiB for nothing."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:  # noqa: ARG004 - as importlib asks
        if name == "pandas":
            raise ModuleNotFoundError(name)


def _leave_pandas_out() -> None:
    if "pandas" in sys.modules:  # a report, which needs it anyway
        return
    sys.meta_path.insert(0, _NoPandas)
    try:
        pa.array([None])  # pyarrow looks once, with its first array (pandas-shim.pxi)
    finally:
        sys.meta_path.remove(_NoPandas)


_leave_pandas_out()

EXTRA = "mailwarden.extra"
_TIMESTAMP = "@timestamp"
_TYPES = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
_encode = msgspec.json.Encoder().encode  # ten times as fast as json.dumps
_INT64 = range(-(1 << 63), 1 << 63)


def _type_of(attribute: str) -> pa.DataType:
    """Give the column type of a field by its annotation: `str | None`, `list[str] | None`, `int`."""
    if attribute == "timestamp_us":
        return pa.timestamp("us", "UTC")
    if attribute == "extra":
        return pa.string()
    annotation = Event.__annotations__[attribute]
    kinds = [kind for kind in get_args(annotation) if kind is not type(None)] or [annotation]
    return _TYPES.get(kinds[0], pa.list_(pa.string()))


_NAMES: dict[str, str] = {  # by attribute
    "timestamp_us": _TIMESTAMP,
    **ECS_NAMES,
    "event_count": "event.count",
    "event_original": "event.original",
    "extra": EXTRA,
}
_DEFAULTS: dict[str, Any] = {attribute: getattr(Event, attribute) for attribute in _NAMES}
_UNSAID = {_NAMES[attribute]: 1 for attribute in ("event_count", "mailwarden_attempts")}

SCHEMA = pa.schema([(name, _type_of(attribute)) for attribute, name in _NAMES.items()])


def table_of(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Make a table of events, given as what is set on each by attribute."""
    columns: dict[str, list[Any]] = {}
    for number, row in enumerate(rows):
        for attribute, value in row.items():
            if attribute in columns:
                columns[attribute][number] = value
            elif attribute in _DEFAULTS:
                columns[attribute] = [_DEFAULTS[attribute]] * len(rows)
                columns[attribute][number] = value
    if "extra" in columns:
        columns["extra"] = [None if extra is None else _json(extra) for extra in columns["extra"]]
    arrays = []
    for attribute, field in zip(_DEFAULTS, SCHEMA, strict=True):
        values = columns.get(attribute)
        if values is None:  # half of the columns: no event of the batch has it
            arrays.append(pa.repeat(pa.scalar(_DEFAULTS[attribute], field.type), len(rows)))
        else:
            arrays.append(_array(values, field.type))
    return pa.table(arrays, schema=SCHEMA)


def _json(extra: Mapping[str, Any]) -> str:
    try:
        return _encode(extra).decode()
    except (TypeError, ValueError):  # bytes that were no text among them
        return json.dumps(extra, default=str)


def _array(values: list[Any], kind: pa.DataType) -> pa.Array:
    try:
        return pa.array(values, kind)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):  # UnicodeEncodeError among them
        return pa.array([_fitting(value, kind) for value in values], kind)


def _fitting(value: Any, kind: pa.DataType) -> Any:
    """Give a value that its column can hold: bytes that were no text spelled out, nothing for a number too large."""
    if value is None:
        return None
    if pa.types.is_list(kind):
        return [_text(one) for one in value]
    if pa.types.is_string(kind):
        return _text(value)
    if isinstance(value, int) and value not in _INT64:
        return None
    return value


def _text(value: object) -> str:
    return str(value).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def fields_of(rows: pa.RecordBatch) -> Iterable[dict[str, Any]]:
    """Give the rows as flat dotted fields, unset ones left out, as `to_ecs` does; the line itself as `event.original`."""
    at = rows.schema.get_field_index(_TIMESTAMP)
    if at >= 0:
        rows = rows.set_column(at, _TIMESTAMP, rows.column(at).cast(pa.int64()))
    for row in rows.to_pylist():
        fields = {name: value for name, value in row.items() if value is not None and value != _UNSAID.get(name)}
        stamp = fields.pop(_TIMESTAMP, 0)
        extra = json.loads(fields.pop(EXTRA, "{}"))
        yield ({_TIMESTAMP: iso(stamp)} if stamp else {}) | fields | extra
