"""Unwrap the records that journald, Docker, Kubernetes and shippers of logs put around a line."""

import re
from typing import Any

from mailwarden.parsers.event import Event, iso
from mailwarden.parsers.json_text import read_json
from mailwarden.parsers.priority import SEVERITIES, set_priority
from mailwarden.parsers.shipped import shipped
from mailwarden.parsers.wrapped import MESSAGE_MAX, Wrapped, number, one_line, word

__all__ = ["headed_line", "kubernetes", "set_header", "unwrap_element", "unwrap_json"]

_ELEMENT = re.compile(r'<co ts="([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,15})" ')
_KUBERNETES = re.compile(r" (stdout|stderr) ([FP]) ?")


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
    if "MESSAGE" in record and "PROGRAM" not in record:  # that is syslog-ng's
        return _journal(record)
    if "__REALTIME_TIMESTAMP" in record and "message" not in record:  # that is Vector's
        return _journal(record)
    return shipped(record)


def unwrap_element(line: str) -> Wrapped | None:
    """Read an element of Oracle's Messaging Server, whose time is its first value; None where it is none."""
    found = _ELEMENT.match(line)
    return Wrapped(line, time=found[1], tag="oracle-ims") if found else None


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
        one_line(text),
        time=record["time"],
        container=name if isinstance(name, str) else None,
        stream=str(record.get("stream", "")),
        whole=text.endswith("\n"),
    )


def _journal(record: dict[str, Any]) -> Wrapped:
    severity = number(record.get("PRIORITY"))
    facility = number(record.get("SYSLOG_FACILITY"))
    return Wrapped(
        one_line(_message(record.get("MESSAGE"))),
        time_us=number(record.get("__REALTIME_TIMESTAMP") or record.get("_SOURCE_REALTIME_TIMESTAMP")),
        host=word(record.get("_HOSTNAME")),
        tag=word(record.get("SYSLOG_IDENTIFIER")) or word(record.get("_COMM")) or "",
        pid=number(record.get("SYSLOG_PID") or record.get("_PID")),
        facility=facility if facility is not None and facility < 24 else None,
        severity=severity if severity is not None and severity < 8 else None,
        container=word(record.get("CONTAINER_NAME")),
    )


def _message(value: object) -> str:
    """Give the text: a string, bytes as numbers where it is no UTF-8, or several where the field was repeated."""
    if isinstance(value, str):
        return value[:MESSAGE_MAX]
    if not isinstance(value, list):
        return ""
    if all(isinstance(one, int) and 0 <= one < 256 for one in value):
        return bytes(value[:MESSAGE_MAX]).decode("utf-8", "surrogateescape")
    return " ".join(_message(one) for one in value[:64] if not isinstance(one, list) or _is_bytes(one))


def _is_bytes(value: list[object]) -> bool:
    return all(isinstance(one, int) for one in value)
