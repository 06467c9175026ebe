"""Find the line, its time, its host and its program in what shippers and stores of logs make of a line.

Filebeat and Elasticsearch (Elastic Common Schema; a search's hits, Kibana's export), Fluent Bit and Fluentd (their syslog
parsers), GELF 1.1 and Graylog, rsyslog's and syslog-ng's templates by the names of their properties, Vector's syslog source,
Loki and Grafana, CloudWatch, Google Cloud Logging, Azure's Syslog table, Splunk, Datadog, OpenTelemetry, NXLog, Papertrail,
Loggly. What holds several lines at once is none of them: each line of a file is one event.
"""

import re
from collections.abc import Iterator, Mapping

from mailwarden.parsers.raw import stamped
from mailwarden.parsers.wrapped import MESSAGE_MAX, TAG, Wrapped, number, one_line, word

__all__ = ["as_stamp", "is_header", "shipped"]

# As `_name` writes them; of several the first that is there.
_TEXTS = ("message", "msg", "short_message", "log", "line", "textpayload", "raw", "syslogmessage", "messages", "logmsg")
_OPEN_TELEMETRY = frozenset(
    {"timeunixnano", "observedtimeunixnano", "severitynumber", "severitytext", "observed_timestamp"}
)
_BODIES = ("body", "body.stringvalue")  # of its records; elsewhere a body is what a client of the web has sent
# Whole lines under names that no table above knows; under any name at all a client's words would do, a browser's for one.
_WHOLE = frozenset(
    {
        "original", "rawlog", "raw_log", "rawline", "raw_line", "rawmessage", "raw_message", "rawevent", "raw_event", "logline",
        "log_line", "logmessage", "log_message", "logentry", "log_entry", "full_message", "syslog_line", "event", "rawmsg",
    }
)  # fmt: skip
_TIMES = (
    "timestamp",
    "date",
    "time",
    "timegenerated",
    "datetime",
    "tsns",
    "timeunixnano",
    "eventtime",
    "ts",
    "isodate",
    "timereported",
    "received_at",
)
_HOSTS = (
    "log.syslog.hostname", "syslog.host", "logsource", "host.name", "host.hostname", "hostname", "source_name", "host",
    "computer", "source", "fromhost", "agent.hostname",
)  # fmt: skip
_TAGS = (
    "log.syslog.appname", "syslog.appname", "syslog_identifier", "syslogtag", "ident", "appname", "app_name", "application_name",
    "program",
    "programname", "process.name", "process_name", "processname", "sourcename", "tag", "service",
)  # fmt: skip
_PIDS = (
    "log.syslog.procid", "syslog.procid", "syslog.pid", "syslog_pid", "pid", "procid", "process.pid", "process_id", "processid",
    "proc_id",
)  # fmt: skip
_WRAPPERS = frozenset(
    {
        "source",
        "result",
        "attributes",
        "fields",
        "jsonpayload",
        "content",
        "payload",
        "record",
        "data",
        "event",
        "properties",
        "logevents",
        "streams",
        "resourcelogs",
        "scopelogs",
        "logrecords",
    }
)
_NOT_OF_OBJECTS = frozenset({"source", "service"})  # a program's own objects have them in another sense (Haraka)
_LOKI = 2  # a time and a line
_TAGGED = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]{0,63}(?:\[[0-9]{1,10}\])?: ")
_DEPTH = 5  # a hit of a search, its source, ECS's three
_FIELDS_MAX = 500  # of one object
_KIBANA_TIME = re.compile(r"([A-Z][a-z]{2} [0-9]{1,2}), ([0-9]{4}) @ ")
_DIGITS = re.compile(r"[0-9]{9,19}(?:\.[0-9]{1,9})?")
_YEAR_5138_S = 1e11  # what is more counts in milliseconds, what is a thousand times as much in microseconds, and so on


def shipped(record: Mapping[str, object], *, columns: bool = False) -> Wrapped | None:
    """Read an object of a shipper: a text, and its host or program, or a text that is a whole line; else None.

    Args:
        record: Values by name.
        columns: They stood in the columns of a table.
    """
    fields: dict[str, object] = {}
    for name, value in _flat(record, "", _DEPTH):
        if len(fields) >= _FIELDS_MAX:
            break
        fields.setdefault(name, value)
    if not columns and not isinstance(record.get("attributes"), dict):
        for name in _NOT_OF_OBJECTS & fields.keys():
            del fields[name]
    text, time = _first(fields, _TEXTS), _first(fields, _TIMES)
    if text is None and not _OPEN_TELEMETRY.isdisjoint(fields):
        text = _first(fields, _BODIES)
    if text is None:
        text = _whole(fields)
    if not isinstance(text, str) or not isinstance(time, str | int | float | None) or isinstance(time, bool):
        return None
    host, tag = word(_first(fields, _HOSTS)), word(_first(fields, _TAGS))
    if not tag and not stamped(text):
        text = _whole(fields) or text  # Graylog's `short_message` is cut short
    tagged = columns and time is not None and _TAGGED.match(text)
    if not (
        tag or tagged or stamped(text) or (host and time is not None)
    ):  # a program's own object: Haraka writes such
        return None
    found = TAG.fullmatch(tag) if tag else None
    return Wrapped(
        one_line(text[:MESSAGE_MAX]).removeprefix(" "),
        time_us=_epoch_us(time),
        time=_readable(time, fields.get("time")) if isinstance(time, str) else "",
        host=host,
        tag=found[1] if found else tag,
        pid=number(found[2]) if found and found[2] else number(_first(fields, _PIDS)),
    )


def as_stamp(time: str) -> str:
    """Write Kibana's `Mar 3, 2026 @ 04:05:06.123` as a line's stamp would be; other times stay as they are."""
    return _KIBANA_TIME.sub(r"\1 \2 ", time, count=1)


def is_header(names: list[str]) -> bool:
    """Say whether these are the names of a table's columns, a line's text and something beside it among them."""
    known = {_name(one) for one in names}
    return not known.isdisjoint(_TEXTS) and any(not known.isdisjoint(some) for some in (_TIMES, _HOSTS, _TAGS))


def _flat(record: Mapping[str, object], path: str, depth: int) -> Iterator[tuple[str, object]]:
    """Give the values by their dotted names, the outer ones first, without the names of what only wraps them."""
    nested: list[tuple[str, Mapping[str, object]]] = []
    for key, value in record.items():
        name = _name(key)
        if isinstance(value, list):
            value = _paired(value) or (value[0] if len(value) == 1 else None)  # one: Elasticsearch's `fields`
        if isinstance(value, dict):
            nested.append((path if name in _WRAPPERS or name == "values" else f"{path}{name}.", value))
        elif isinstance(value, str | int | float):
            yield path + name, value
    if depth:
        for path, inner in nested:
            yield from _flat(inner, path, depth - 1)


def _name(key: str) -> str:
    """Write a name as tables of names have it: Filebeat's `@timestamp`, GELF's `_pid`, Azure's `TimeGenerated [UTC]`."""
    return key.lower().partition(" [")[0].strip(' @_"')


def _first(fields: Mapping[str, object], names: tuple[str, ...]) -> object:
    return next((value for name in names if (value := fields.get(name)) is not None and value != ""), None)


def _whole(fields: Mapping[str, object]) -> str | None:
    """Give a whole line that stands under a name of its own."""
    lines = (one for name, one in fields.items() if name.rpartition(".")[2] in _WHOLE)
    return next((one for one in lines if isinstance(one, str) and stamped(one)), None)


def _paired(value: list[object]) -> Mapping[str, object] | None:
    """Give the values by their names: OpenTelemetry's `{"key": …, "value": {"stringValue": …}}`, Loki's time and line."""
    if len(value) == 1 and isinstance(value[0], list):
        time, line = [*value[0], None, None][:_LOKI]
        return {"tsns": time, "line": line}
    if not value or len(value) > _FIELDS_MAX or not all(isinstance(one, dict) and "key" in one for one in value):
        return None
    pairs = [(one["key"], one.get("value")) for one in value if isinstance(one, dict)]
    return {
        name: next(iter(one.values()), None) if isinstance(one, dict) else one
        for name, one in pairs
        if isinstance(name, str)
    }


def _readable(time: str, second: object) -> str:
    """Write a time as a stamp, also a day and a time that stand in two fields."""
    return as_stamp(f"{time} {second}" if ":" not in time and isinstance(second, str) and second != time else time)


def _epoch_us(time: str | float | None) -> int | None:
    """Give the epoch microseconds of a time told as a number of seconds or of their thousandths."""
    if isinstance(time, str):
        if _DIGITS.fullmatch(time) is None:
            return None
        time = float(time) if "." in time else int(time)
    if not isinstance(time, int | float) or not 0 <= time < _YEAR_5138_S * 1e9:
        return None
    factor = 1_000_000.0
    while time * factor >= _YEAR_5138_S * 1e6:
        factor /= 1000
    return int(time * factor)
