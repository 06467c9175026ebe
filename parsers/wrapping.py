"""Unwrap the records that journald, Docker, Kubernetes and shippers of logs put around a line."""

import re
from typing import Any, NamedTuple

from mailwarden.parsers.event import Event, iso
from mailwarden.parsers.json_text import read_json
from mailwarden.parsers.priority import SEVERITIES, set_priority
from mailwarden.parsers.raw import stamped

__all__ = ["Wrapped", "headed_line", "kubernetes", "set_header", "unwrap_json"]

_KUBERNETES = re.compile(r" (stdout|stderr) ([FP]) ?")
_MESSAGE_MAX = 1 << 20  # characters of one message that are looked at; journald's own limit is 48 KiB

# What shippers call text, time, host, program and process: Filebeat (Elastic Common Schema), Fluent Bit and Fluentd (their
# syslog parsers), GELF 1.1, rsyslog's and syslog-ng's JSON templates by the names of their properties, Vector's syslog source,
# Loki, CloudWatch, Google Cloud Logging.
_TEXTS = ("message", "msg", "short_message", "MESSAGE", "log", "line", "textPayload", "jsonPayload.message")
_TIMES = ("@timestamp", "timestamp", "time", "date")
_HOSTS = ("host.name", "host.hostname", "hostname", "host", "HOST")
_TAGS = ("ident", "appname", "app_name", "program", "process.name", "_process_name", "syslogtag", "tag")
_PIDS = ("pid", "procid", "process.pid", "_pid", "_process_id")
_TAG_PID = re.compile(r"([^\s:\[\]]{1,128})(?:\[([0-9]{1,10})\])?:?")
_SECONDS_MAX = 1e11  # what is more is milliseconds, up to a thousand times as many


class Wrapped(NamedTuple):
    """What a wrapper holds; `time_us` and `time` are its own time, in the one or the other spelling."""

    text: str
    time_us: int | None = None
    time: str = ""
    host: str | None = None
    tag: str | None = None
    pid: int | None = None
    facility: int | None = None
    severity: int | None = None
    container: str | None = None
    stream: str = ""
    whole: bool = True  # False: the next record goes on with this text


def unwrap_json(line: str) -> Wrapped | None:
    """Read one object of `journalctl -o json`, of Docker's json-file driver or of a shipper; None where it is none."""
    try:
        record = read_json(line.rstrip(", ]\t") if line[-1:] != "}" else line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict):
        return None
    if isinstance(record.get("log"), str) and isinstance(record.get("time"), str):
        return _docker(record)
    if "MESSAGE" in record or "__REALTIME_TIMESTAMP" in record:
        return _journal(record)
    return _shipped(record)


def kubernetes(text: str) -> Wrapped | None:
    """Read what follows the time in a CRI log: the stream, whether the text is whole, and the text."""
    found = _KUBERNETES.match(text)
    if found is None:
        return None
    return Wrapped(text[found.end() :], stream=found[1], whole=found[2] == "F")


def headed_line(event: Event, wrapped: Wrapped) -> str:
    """Write a record of the journal as the line that a syslog daemon makes of it, for people and whatever looks for text."""
    pid = "" if wrapped.pid is None else f"[{wrapped.pid}]"
    return f"{iso(event.timestamp_us)} {wrapped.host or '-'} {wrapped.tag}{pid}: {wrapped.text}"


def set_header(event: Event, wrapped: Wrapped) -> None:
    """Note what a wrapper tells beside text and time."""
    if wrapped.host:
        event.host_hostname = wrapped.host
    if wrapped.container:
        event.container_name = wrapped.container
    if wrapped.severity is not None:
        if wrapped.facility is not None:
            set_priority(event, wrapped.facility, wrapped.severity)
        else:
            event.set("log.syslog.severity.name", SEVERITIES[wrapped.severity])


def _docker(record: dict[str, Any]) -> Wrapped:
    text: str = record["log"]
    attributes = record.get("attrs")
    name = attributes.get("name") if isinstance(attributes, dict) else None
    return Wrapped(
        _one_line(text),
        time=record["time"],
        container=name if isinstance(name, str) else None,
        stream=str(record.get("stream", "")),
        whole=text.endswith("\n"),
    )


def _journal(record: dict[str, Any]) -> Wrapped:
    severity = _number(record.get("PRIORITY"))
    facility = _number(record.get("SYSLOG_FACILITY"))
    return Wrapped(
        _one_line(_message(record.get("MESSAGE"))),
        time_us=_number(record.get("__REALTIME_TIMESTAMP") or record.get("_SOURCE_REALTIME_TIMESTAMP")),
        host=_word(record.get("_HOSTNAME")),
        tag=_word(record.get("SYSLOG_IDENTIFIER")) or _word(record.get("_COMM")) or "",
        pid=_number(record.get("SYSLOG_PID") or record.get("_PID")),
        facility=facility if facility is not None and facility < 24 else None,
        severity=severity if severity is not None and severity < 8 else None,
        container=_word(record.get("CONTAINER_NAME")),
    )


def _shipped(record: dict[str, Any]) -> Wrapped | None:
    """Read an object of a shipper: a text, and its host or program, or a text that is a whole line; else None."""
    text, time = _first(record, _TEXTS), _first(record, _TIMES)
    if not isinstance(text, str) or not isinstance(time, str | int | float | None) or isinstance(time, bool):
        return None
    host, tag = _word(_first(record, _HOSTS)), _word(_first(record, _TAGS))
    if not (tag or stamped(text) or (host and time is not None)):  # a program's own object: Haraka writes such
        return None
    found = _TAG_PID.fullmatch(tag) if tag else None
    return Wrapped(
        _one_line(text[:_MESSAGE_MAX]).removeprefix(" "),
        time_us=_epoch_us(time),
        time=time if isinstance(time, str) else "",
        host=host,
        tag=found[1] if found else tag,
        pid=_number(found[2]) if found and found[2] else _number(_first(record, _PIDS)),
    )


def _epoch_us(time: str | float | None) -> int | None:
    """Give the epoch microseconds of a time told as a number."""
    if not isinstance(time, int | float) or not 0 <= time < _SECONDS_MAX * 1000:
        return None
    return int(time * (1_000_000 if time < _SECONDS_MAX else 1000))


def _first(record: dict[str, Any], names: tuple[str, ...]) -> object:
    """Give the first of some values that is there; what ECS nests is found by its dotted name, too."""
    for name in names:
        value: object = record.get(name)
        if value is None and "." in name:
            outer, _, inner = name.partition(".")
            nested = record.get(outer)
            value = nested.get(inner) if isinstance(nested, dict) else None
        if value is not None and not isinstance(value, dict):
            return value
    return None


def _message(value: object) -> str:
    """Give the text: a string, bytes as numbers where it is no UTF-8, or several where the field was repeated."""
    if isinstance(value, str):
        return value[:_MESSAGE_MAX]
    if not isinstance(value, list):
        return ""
    if all(isinstance(one, int) and 0 <= one < 256 for one in value):
        return bytes(value[:_MESSAGE_MAX]).decode("utf-8", "surrogateescape")
    return " ".join(_message(one) for one in value[:64] if not isinstance(one, list) or _is_bytes(one))


def _is_bytes(value: list[object]) -> bool:
    return all(isinstance(one, int) for one in value)


def _one_line(text: str) -> str:
    """Write line ends within a message as rsyslog does, so that a text is always one line."""
    return text.rstrip("\r\n").replace("\n", "#012")


def _word(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _number(value: object) -> int | None:
    if isinstance(value, int):
        return value if 0 <= value < 1 << 62 else None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19:
        return int(value)
    return None
