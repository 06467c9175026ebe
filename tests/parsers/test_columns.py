"""Tables: columns with names, columns without, and what a client may not make of them."""

from datetime import UTC

import pytest

from mailwarden.parsers.envelope import Reader
from mailwarden.parsers.event import Event, iso

TEXT = (
    'NOQUEUE: reject: RCPT from unknown[203.0.113.7]: 554 5.7.1 <"a,b"@example.org>: Relay access denied; '
    'from=<c|d@example.net> to=<"a,b"@example.org> proto=ESMTP helo=<x>'
)
QUOTED = TEXT.replace('"', '""')
AT = "2026-03-03T04:05:06"
OLD = f"Mar  3 04:05:06 mx1 postfix/smtpd[2211]: {TEXT}"
OLD_QUOTED = OLD.replace('"', '""')


def read(*lines: str, reader: Reader | None = None) -> list[Event]:
    return (reader or Reader(zone=UTC, year=2026)).read_lines(lines)


@pytest.mark.parametrize(
    "lines",
    [
        (f'{AT}.123Z,mx1,"{OLD_QUOTED}"',),
        (f'{AT}.123Z,mx1,postfix/smtpd,2211,"{QUOTED}"',),
        (f'"2026-03-03 04:05:06","mx1","mail","info","postfix/smtpd[2211]:","{QUOTED}"',),
        (f"2026-03-03 04:05:06|mx1|mail|info|postfix/smtpd[2211]: {TEXT}",),
        (f"{AT}Z | mx1 | postfix/smtpd | 2211 | {TEXT}",),
        (f"03.03.2026;04:05:06;mx1;postfix/smtpd[2211];{TEXT}",),
        (f"1772510706123\tmx1\tpostfix/smtpd\t2211\t{TEXT}",),
        (f"5034\t2026-03-03 04:05:06 +0000\t{AT}Z\t42\tmx1\t192.0.2.4\tMail\tInfo\tpostfix/smtpd[2211]\t{TEXT}",),
        (f"EVENTS\t1772510706123\t{OLD}\t1772510706123",),
        (f"time:{AT}Z\thost:mx1\tident:postfix/smtpd\tpid:2211\tmessage:{TEXT}",),
        ('"timestamp","source","message"', f'"{AT}.123Z","mx1","postfix/smtpd[2211]: {QUOTED}"'),
        (
            '"@timestamp","host.name","process.name","process.pid",message',
            f'"Mar 3, 2026 @ 04:05:06.123","mx1","postfix/smtpd",2211,"{QUOTED}"',
        ),
        ('"_raw","_time",host,source', f'"{OLD_QUOTED}","{AT}.000+0000","mx1","/var/log/mail.log"'),
        ("@timestamp,@message", f'2026-03-03 04:05:06.123,"{OLD_QUOTED}"'),
        ('"labels","Time","Line","tsNs"', f'"{{""job"":""m""}}","2026-03-03 04:05:06","{OLD_QUOTED}","1772510706123456789"'),
        (
            'TenantId,"TimeGenerated [UTC]",Computer,HostName,SyslogMessage,ProcessID,ProcessName',
            f'0,"3/3/2026, 4:05:06.123 AM",relay,mx1,"{QUOTED}",2211,postfix/smtpd',
        ),
        ("Date,Time,Host,Program,Message", f"2026-03-03,04:05:06,mx1,postfix/smtpd[2211],{TEXT}"),
    ],
    ids=[
        "line", "apart", "quoted", "bars", "bars-and-blanks", "german", "tabs", "papertrail", "cloudwatch-events", "ltsv",
        "graylog", "kibana", "splunk", "cloudwatch", "grafana", "azure", "day-and-time",
    ],
)  # fmt: skip
def test_columns(lines: tuple[str, ...]) -> None:
    """A line in columns is that line: its time, host, program and text, whatever marks its text holds."""
    *names, event = read(*lines)

    assert iso(event.timestamp_us)[:19] == AT
    assert (event.host_hostname, event.process_name, event.process_pid) == ("mx1", "smtpd", 2211)
    assert (event.event_action, event.source_ip, event.email_from_address) == (
        "reject",
        "203.0.113.7",
        ["c|d@example.net"],
    )
    assert all(one.event_kind == "ignored" for one in names)


def test_names_outlive_a_restart() -> None:
    """What the first line called the columns is known after a restart."""
    reader = Reader(zone=UTC, year=2026)
    read('program,"message",host,time', reader=reader)

    event = read(f'postfix/smtpd,"{QUOTED}",mx1,{AT}Z', reader=Reader.restore(reader.snapshot()))[0]

    assert (event.host_hostname, event.source_ip) == ("mx1", "203.0.113.7")


@pytest.mark.parametrize(
    "line",
    [
        f"Mar  3 04:05:06 mx1 sshd[7]: Invalid user x,{AT}Z,mx1,postfix/smtpd,1,{TEXT}",
        f"2026-03-03 04:05:06 H=x (a,{AT}Z,mx1,postfix/smtpd,1,{TEXT}",
        f"note for you,{AT}Z,mx1,postfix/smtpd,1,{TEXT}",
        f"{AT}Z,203.0.113.7,GET /,postfix/smtpd[1]: {TEXT}",
        f"{AT}Z\t203.0.113.7\tGET / HTTP/1.1\t200\t{OLD}",
        "one, two, three",
        "time,message",
        f'"{AT}Z',
        ",,,,",
    ],
)
def test_no_table(line: str) -> None:
    """A time behind other words makes no columns, nor does a program behind a request: a client may have written both."""
    assert read(line)[0].source_ip is None


def test_record_goes_on_before_columns_are_looked_for() -> None:
    """What may belong to a record of several lines is no table."""
    events = read(
        "2026-03-03 04:05:06 H=(x) [192.0.2.77] F=<a@example.net> rejected after DATA: no",
        f"{AT}Z,mx1,postfix/smtpd,1,{TEXT}",
        reader=Reader(zone=UTC),
    )

    assert [event.source_ip for event in events] == ["192.0.2.77", None]
