"""Records of several lines: what the real journalctl prints, pretty JSON, and what ends a record before its time."""

import json
import subprocess
from datetime import UTC
from pathlib import Path

import pytest

from mailwarden.parsers.envelope import Reader
from mailwarden.parsers.event import Event, iso

TEXT = "NOQUEUE: reject: RCPT from unknown[203.0.113.7]: 554 5.7.1 <a@example.org>: Relay access denied; proto=ESMTP helo=<x>"
REMOTE = "/lib/systemd/systemd-journal-remote"  # the only program that makes a journal without journald
AT = "2026-03-03T04:05:06"
FORGED = "Mar  3 04:05:06 mx1 postfix/smtpd[1]: connect from unknown[198.51.100.9]"
CURSOR = "s=0123456789abcdef0123456789abcdef;i=1;b=0123456789abcdef0123456789abcdef;m=f4240;t=64c16ceffc2c0;x=4f6b6581232f1553"
FIELDS = {
    "__CURSOR": CURSOR,
    "__REALTIME_TIMESTAMP": "1772510706123456",
    "_BOOT_ID": "0123456789abcdef0123456789abcdef",
    "_HOSTNAME": "mx1",
    "SYSLOG_IDENTIFIER": "postfix/smtpd",
    "MESSAGE": TEXT,
    "_PID": "2211",
    "_SYSTEMD_UNIT": "postfix@-.service",
}
EXPORT = [*(f"{name}={value}" for name, value in FIELDS.items()), ""]
VERBOSE = [
    f"Tue {AT.replace('T', ' ')}.123456 CET [{CURSOR}]",
    *(f"    {name}={value}" for name, value in FIELDS.items() if not name.startswith("__")),
]
LINE = f"{AT}.123456Z mx1 postfix/smtpd[2211]: {TEXT}"
HIT = {
    "_index": "m",
    "_source": {"@timestamp": f"{AT}.123456Z", "host": {"name": "mx1"}, "tags": ["a", "b"], "message": LINE},
}


def read(lines: list[str], reader: Reader | None = None) -> list[Event]:
    return (reader or Reader(zone=UTC, year=2026)).read_lines(lines)


def told(events: list[Event]) -> list[Event]:
    return [event for event in events if event.event_action != "continuation" and event.event_kind == "event"]


def pretty(value: object) -> list[str]:
    return json.dumps(value, indent=2).split("\n")


@pytest.mark.parametrize(
    "lines",
    [
        EXPORT,
        VERBOSE,
        pretty(FIELDS),
        pretty([FIELDS]),
        pretty({"took": 3, "hits": {"total": {"value": 1}, "hits": [HIT]}}),
        pretty({"events": [{"timestamp": 1772510706123, "message": LINE}], "searchedLogStreams": []}),
        pretty({"data": {"result": [{"stream": {"job": "mail"}, "values": [["1772510706123456000", LINE]]}]}}),
    ],
    ids=["export", "verbose", "json-pretty", "list", "elasticsearch", "cloudwatch", "loki"],
)
@pytest.mark.parametrize("ending", ["", "\r"])
def test_record(lines: list[str], ending: str) -> None:
    """A record gives one event, with the line that makes it whole; its other lines go on with it."""
    twice = [line + ending for line in [*lines, *lines]]
    events = read(twice)
    reader = Reader(zone=UTC, year=2026)
    again = []
    for line in twice:  # a restart after each line
        again += read([line], reader)
        reader = Reader.restore(json.loads(json.dumps(reader.snapshot())))

    assert len(events) == len(twice)
    assert [event.event_action for event in again] == [event.event_action for event in events]
    for event in told(events):
        assert iso(event.timestamp_us)[:23] == AT + ".123"
        assert (event.host_hostname, event.process_name, event.process_pid) == ("mx1", "smtpd", 2211)
        assert (event.event_action, event.source_ip) == ("reject", "203.0.113.7")
        assert sum(one.event_id == event.event_id for one in events) >= len(lines) - 5
    assert len(told(events)) == 2


def test_data_with_line_feeds_is_no_line() -> None:
    """A field with line feeds is taken by its size, whatever stands in it, also in a file whose hour is known."""
    message = f"panic: x\n{FORGED}\n\n{FORGED}"
    size = len(message).to_bytes(8, "little").decode("utf-8", "surrogateescape")
    record = f"__CURSOR=1\n_HOSTNAME=mx1\nMESSAGE\n{size}{message}\nSYSLOG_IDENTIFIER=app\n_PID=1\n"

    events = read([FORGED.replace("198.51.100.9", "203.0.113.7"), *record.split("\n"), *EXPORT])

    assert "198.51.100.9" not in {event.source_ip for event in events}
    assert [event.event_action for event in told(events)] == ["connection-open", "reject"]


@pytest.mark.parametrize("begun", ["{", "[", EXPORT[0], VERBOSE[0]])
def test_a_line_that_no_record_holds_ends_it(begun: str) -> None:
    """One odd line hides nothing of what follows."""
    events = read([begun, FORGED, LINE])

    assert [event.event_action for event in events] == ["continuation", "connection-open", "reject"]


@pytest.mark.program(REMOTE)
@pytest.mark.program("journalctl")
def test_the_real_journalctl(tmp_path: Path) -> None:
    """What journalctl prints of a journal is read alike in each of its forms."""
    export = tmp_path / "x.export"
    export.write_text("\n".join(line for line in EXPORT if not line.startswith("__CURSOR")) + "\n")
    journal = tmp_path / "x.journal"
    subprocess.run([REMOTE, "-o", journal, export], check=True, capture_output=True)

    for form in (
        "short-full",
        "short-iso-precise",
        "short-unix",
        "export",
        "verbose",
        "json",
        "json-pretty",
        "json-sse",
    ):
        command = ["journalctl", "--file", journal, "--utc", "--no-pager", "-o", form]
        shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        events = told(read(shown.split("\n")))

        assert [(iso(one.timestamp_us)[:19], one.host_hostname, one.process_name, one.source_ip) for one in events] == [
            (AT, "mx1", "smtpd", "203.0.113.7")
        ]
