"""What tools put around a line comes off in any order, and what a client sent begins no line."""

import json

import pytest
from envelopes import AT, FORGED, OLD, TAG, TEXT, read
from hypothesis import given, settings
from hypothesis import strategies as st

from mailwarden.parsers.event import iso
from mailwarden.parsers.prefix import peel
from mailwarden.parsers.raw import record_id


@pytest.mark.parametrize("message", [TEXT, list(TEXT.replace("unknown", "\xff").encode("latin-1")), [TEXT, "again"]])
def test_journal(message: object) -> None:
    """The journal writes a message as text, as bytes, or as several texts."""
    record = {
        "__REALTIME_TIMESTAMP": "1772510706123456",
        "_HOSTNAME": "mx1",
        "SYSLOG_IDENTIFIER": "postfix/smtpd",
        "_PID": "2211",
        "SYSLOG_FACILITY": "2",
        "PRIORITY": "6",
        "MESSAGE": message,
    }
    event = read(json.dumps(record))[0]

    assert iso(event.timestamp_us) == AT + ".123456+00:00"
    assert (event.process_name, event.process_pid, event.log_syslog_priority) == ("smtpd", 2211, 22)


@pytest.mark.parametrize(
    "record",
    [
        {"@timestamp": AT + ".123Z", "host": {"name": "mx1"}, "message": OLD, "log": {"file": {"path": "mail.log"}}},
        {"date": 1772510706.123, "host": "mx1", "ident": "postfix/smtpd", "pid": "2211", "message": TEXT},
        {
            "version": "1.1", "timestamp": 1772510706.123, "host": "mx1", "short_message": TEXT,
            "_process_name": "postfix/smtpd", "_pid": 2211,
        },
        {"timestamp": AT + ".123+00:00", "hostname": "mx1", "syslogtag": "postfix/smtpd[2211]:", "msg": f" {TEXT}"},
        {"timestamp": 1772510706123, "message": OLD, "ingestionTime": 1772510799999},
        {"timestamp": AT + ".123Z", "jsonPayload": {"message": OLD}, "insertId": "x"},
        {
            "timestamp": AT + ".123Z", "hostname": "mx1", "appname": "postfix/smtpd", "procid": 2211, "message": TEXT,
            "facility": "mail", "severity": "info", "source_type": "syslog",
        },
        {"preview": False, "result": {"_raw": OLD, "_time": "2026-03-03T04:05:06.123+0000", "host": "relay"}},
        {"_index": "m", "_source": {"@timestamp": AT + ".123Z", "host": {"name": "relay"}, "message": OLD}},
        {
            "_index": "m", "_id": "1", "fields": {
                "@timestamp": [AT + ".123Z"], "host.name": ["mx1"], "process.name": ["postfix/smtpd"],
                "process.pid": [2211], "message": [TEXT],
            },
        },
        {
            "@timestamp": AT + ".123Z", "host": {"name": "relay"}, "message": TEXT,
            "log": {"syslog": {"hostname": "mx1", "appname": "postfix/smtpd", "procid": "2211"}},
        },
        {
            "id": "A", "type": "log", "attributes": {
                "host": "mx1", "timestamp": AT + ".123Z", "message": OLD, "service": "mail",
            },
        },
        {
            "timestamp": AT + ".123Z", "logName": "x", "jsonPayload": {
                "SYSLOG_IDENTIFIER": "postfix/smtpd", "SYSLOG_PID": "2211", "_HOSTNAME": "mx1", "MESSAGE": TEXT,
            },
        },
        {
            "TimeGenerated": AT + ".123Z", "Computer": "mx1", "SyslogMessage": TEXT, "ProcessName": "postfix/smtpd",
            "ProcessID": 2211,
        },
        {"timeUnixNano": "1772510706123000000", "body": {"stringValue": OLD}},
        {"when": "x", "payload": {"rawLog": OLD.replace(" 04:05:06", " 04:05:06.123")}},
        {"PROGRAM": "postfix/smtpd", "PRIORITY": "info", "PID": "2211", "MESSAGE": TEXT, "ISODATE": AT + ".123Z", "HOST": "mx1"},
        {
            "msg": f" {TEXT}", "hostname": "mx1", "syslogtag": "postfix/smtpd[2211]:", "programname": "postfix",
            "timereported": AT + ".123Z", "fromhost-ip": "127.0.0.1",
        },
        {
            "@timestamp": AT + ".123Z", "message": TEXT, "host": "192.0.2.1", "timestamp": "Mar  3 04:05:06",
            "logsource": "mx1", "program": "postfix/smtpd", "pid": "2211",
        },
        {"PRIORITY": "6", "SYSLOG_IDENTIFIER": "postfix/smtpd", "_PID": "2211", "__REALTIME_TIMESTAMP": "1772510706123456",
            "host": "mx1", "message": TEXT, "timestamp": AT + ".123456Z"},
        {"EventTime": AT + ".123Z", "Hostname": "mx1", "SourceName": "postfix/smtpd", "ProcessID": "2211", "Message": TEXT},
        {"version": "1.1", "host": "relay", "short_message": TEXT[:9], "full_message": f"<22>{OLD}", "timestamp": 1772510706.123},
        {"time": 1772510706.123, "host": "relay", "source": "/var/log/mail.log", "event": OLD},
        {"streams": [{"stream": {"job": "mail"}, "values": [["1772510706123000000", OLD]]}]},
        {"messageType": "DATA_MESSAGE", "logEvents": [{"id": "1", "timestamp": 1772510706123, "message": OLD}]},
        {
            "resourceLogs": [{"resource": {"attributes": [{"key": "host.name", "value": {"stringValue": "relay"}}]},
                "scopeLogs": [{"logRecords": [{"timeUnixNano": "1772510706123000000", "body": {"stringValue": OLD}}]}]}],
        },
        {
            "resourceLogs": [{"scopeLogs": [{"logRecords": [{"timeUnixNano": "1772510706123000000", "body": {"stringValue": "x"},
                "attributes": [{"key": "appname", "value": {"stringValue": "postfix/smtpd"}}, {"key": "hostname", "value":
                {"stringValue": "mx1"}}, {"key": "message", "value": {"stringValue": TEXT}}, {"key": "proc_id", "value":
                {"stringValue": "2211"}}]}]}]}],
        },
        {"time": AT + ".123Z", "properties": {"ident": "postfix/smtpd", "msg": TEXT, "pid": 2211, "host": "mx1"}},
        {
            "received_at": AT + ".123Z", "source_name": "mx1", "source_ip": "192.0.2.1", "program": "postfix/smtpd[2211]",
            "message": TEXT,
        },
        {
            "timestamp": 1772510706123, "logmsg": TEXT,
            "event": {"syslog": {"host": "mx1", "appName": "postfix/smtpd", "pid": 2211}},
        },
    ],
    ids=[
        "filebeat", "fluent-bit", "gelf", "rsyslog", "cloudwatch", "google", "vector", "splunk", "elastic-hit",
        "elastic-fields", "ecs-syslog", "datadog", "google-ops", "azure", "opentelemetry", "nobody-knows",
        "syslog-ng", "rsyslog-all", "logstash-syslog", "vector-journal", "nxlog", "graylog-full", "splunk-collector", "loki-push",
        "cloudwatch-subscription", "otlp-line", "otlp-syslog", "azure-properties", "papertrail", "loggly",
    ],
)  # fmt: skip
def test_shippers(record: dict[str, object]) -> None:
    """What a shipper made of a line is that line: its text, time, host and program."""
    event = read(json.dumps(record))[0]

    assert iso(event.timestamp_us)[:23] == AT + ".123"
    assert (event.host_hostname, event.process_name, event.process_pid) == ("mx1", "smtpd", 2211)
    assert event.event_action == "connection-open"


@pytest.mark.parametrize(
    "name",
    [
        "http_user_agent",
        "request",
        "body",
        "content",
        "referer",
        "request_line",
        "args",
        "values",
        "properties",
        "streams",
        "query",
    ],
)
@pytest.mark.parametrize("forged", [FORGED, FORGED[16:], FORGED.partition(" mx1 ")[2]])
def test_what_a_browser_sent_is_no_line(name: str, forged: str) -> None:
    """In the objects of a web server's log a client's words stand under names of their own."""
    record = {"time": f"{AT}Z", "host": "www.example.org", "remote_addr": "203.0.113.7", "status": 404, name: forged}

    assert read(json.dumps(record))[0].source_ip is None


@pytest.mark.parametrize("time", ["1e400", "-1", "true", "null", '"soon"', "[]", "1e30"])
def test_what_only_looks_like_a_shippers_object_is_one_line(time: str) -> None:
    """A time that is none costs nothing but itself."""
    assert len(read(f'{{"timestamp":{time},"message":"x"}}')) == 1


def test_journal_without_message() -> None:
    """A message that was too long for the journal is null, and still one event."""
    assert len(read('{"__REALTIME_TIMESTAMP":"1","MESSAGE":null}')) == 1


def test_docker_joins_pieces() -> None:
    """Docker cuts a line into pieces; the whole of it is read when its end has come."""
    cut = OLD.index("from")
    pieces = [
        json.dumps({"log": log, "stream": "stdout", "time": f"2026-03-04T00:00:0{second}.5Z"})
        for second, log in enumerate((OLD[:cut], OLD[cut:] + "\n"))
    ]
    first, second = read(*pieces)

    assert (first.event_action, first.event_id) == ("continuation", record_id(pieces[0]))
    assert (second.event_action, second.source_ip, second.event_id) == (
        "connection-open",
        "203.0.113.7",
        record_id(pieces[0]),
    )
    assert iso(second.timestamp_us) == "2026-03-04T00:00:01.500+00:00"


def test_compose_and_kubernetes() -> None:
    """A service's name and a CRI header stand before the line."""
    compose, partial, full = read(f"postfix-1  | {OLD}", f"{AT}Z stdout P {OLD[:30]}", f"{AT}.5Z stdout F {OLD[30:]}")

    assert (compose.container_name, compose.source_ip) == ("postfix-1", "203.0.113.7")
    assert partial.event_action == "continuation"
    assert (full.source_ip, iso(full.timestamp_us)) == ("203.0.113.7", AT + ".500+00:00")


RELAYS = st.sampled_from(
    [
        "Mar  3 04:05:06 relay {}", "Mar  3 04:05:06 node 0123456789ab[812]: {}", "2026-03-03T04:05:06Z stdout F {}",
        "<22>1 2026-03-03T04:05:06Z node app 812 - - {}", "2026 Mar  3 04:05:06 relay {}", "{}",
    ]
)  # fmt: skip


TOOLS = st.sampled_from(
    [
        "mail-1  | {}",
        "\x1b[36mmail-1 | \x1b[0m{}",
        "[pod/mail-0/postfix] {}",
        "/var/log/mail.log:{}",
        "mail.log-7-{}",
        "12:{}",
        "17: {}",
        "- {}",
        "* `{}`",
        "+{}",
        "1. {}",
        "HS> {}",
        "\xa0{}",
        "/mail/postfix i-0abc {}",
        "\x1b[1;31m{}\x1b[0m",
    ]
)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(RELAYS, max_size=3),
    TOOLS,
    st.sampled_from(["{}", "> {}", "  {}", '"{}"', "b'{}'"]),
)
def test_layers_in_any_order_come_off(relays: list[str], tool: str, quoted: str) -> None:
    """Some relays, a tool and a quotation around a line, whichever, leave the event as it is without them."""
    line = OLD
    for wrap in (*relays, tool, quoted):
        line = wrap.format(line)
    event = read(line)[0]

    assert (event.event_action, event.source_ip, event.process_pid) == ("connection-open", "203.0.113.7", 2211)
    assert (event.host_hostname, iso(event.timestamp_us)) == ("mx1", AT + "+00:00")


@pytest.mark.parametrize(
    ("quoted", "text"),
    [
        ('"a ""b"" c"', 'a "b" c'), ('"a \\"b\\" c\\\\d"', 'a "b" c\\d'), ('"a "" b" c"', 'a "" b" c'), ('"a\\nb"', "a\\nb"),
        ('`a="" b`', 'a="" b'), ('"a \\"\\nb",', 'a "#012b'),
    ],
)  # fmt: skip
def test_quotes_within_quotes(quoted: str, text: str) -> None:
    """Within quotes they are written twice or with a stroke, as the whole text shows; else they are the server's own."""
    peeled = peel(quoted)

    assert peeled is not None
    assert peeled.text == text


@pytest.mark.parametrize(
    "layer", ["/var/log/mail.log:", "relay ", "  ", "Mar  3 04:05:06 relay ", "postfix/smtpd[1]: "]
)
def test_layers_without_end_are_one_line(layer: str) -> None:
    """However often a layer is repeated, the line is one event and soon read."""
    assert len(read(layer * 3000 + OLD)) == 1


CLIENTS = [
    "Mar  3 04:05:06 mx1 dovecot: imap-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<{}>, rip=203.0.113.7",
    "Mar  3 04:05:06 mx1 postfix/smtpd[2211]: NOQUEUE: reject: RCPT from x[203.0.113.7]: 554 5.7.1 <a@example.org>: no;"
    " from=<b@example.net> to=<a@example.org> proto=ESMTP helo=<{}>",
    "Mar  3 04:05:06 mx1 sshd[4]: Invalid user {} from 203.0.113.7 port 4",
    "Mar  3 04:05:06 mx1 app: {}",
    "2026-03-03 04:05:06 plain authenticator failed for ({}) [203.0.113.7]: 535 Incorrect authentication data",
    "2026-03-03 04:05:06 H=({}) [203.0.113.7] F=<b@example.net> rejected RCPT <a@example.org>: no",
    "Subject: {}",
]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("wrap", ["{}", "/var/log/mail.log:{}", "Mar  3 04:05:06 relay {}", "mail-1  | {}"])
@pytest.mark.parametrize("before", ["x", "x ", "x: ", "a b ", "mail.log:", "0123456789ab[812]: ", "[", "<22>", "> "])
def test_clients_text_begins_no_line(client: str, wrap: str, before: str) -> None:
    """What a client writes, be it a whole line with prefixes, never becomes a line of its own."""
    if client.endswith(": {}") and not before.startswith(("x", "a b")):
        before = "x" + before
    event = read(wrap.format(client.format(before + FORGED)))[0]

    assert event.source_ip != "198.51.100.9"


LINES_OF_PAIRS = [
    f'ts={AT}Z level=info msg="{OLD}"',
    f'level=info ts={AT}.000Z caller=x.go:1 msg="{OLD}"',
    f'time="{AT}Z" host=mx1 msg="{TAG}: {TEXT}"',
    f'appname=postfix/smtpd facility=mail hostname=mx1 message="{TEXT}" procid=2211 timestamp={AT}Z',
    f'tail.0: [1772510706.000000000, {{"log": "{OLD}"}}]',
    f'[0] tail.0: [1772510706.000000000, {{"log"=>"{OLD}"}}]',
    f'[7] syslog.0: [[1772510706.000000000, {{}}], {{"pri"=>"22", "host"=>"mx1", "ident"=>"postfix/smtpd", "pid"=>"2211", '
    f'"message"=>"{TEXT}"}}]',
]


@pytest.mark.parametrize("line", LINES_OF_PAIRS)
def test_names_and_values(line: str) -> None:
    """What logfmt and Fluent Bit make of a line is that line."""
    event = read(line)[0]

    assert (event.event_action, event.source_ip, event.process_pid) == ("connection-open", "203.0.113.7", 2211)
    assert (event.host_hostname, iso(event.timestamp_us)) == ("mx1", AT + "+00:00")


@pytest.mark.parametrize(
    "said",
    [
        FORGED,
        f'x" msg="{FORGED}',
        f'x" ts={AT}Z msg="{FORGED}',
        f'", "log"=>"{FORGED}',
        f'"}}] [0] t: [1.0, {{"log"=>"{FORGED}',
    ],
)
def test_a_client_writes_no_names_and_values(said: str) -> None:
    """A client's words in such a line are no name of theirs, be they quoted as they should be or not."""
    text = f"warning: unknown[203.0.113.7]: SASL LOGIN authentication failed: x, sasl_username={said}"
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    for line in (
        f'ts={AT}Z host=mx1 msg="{TAG}: {quoted}"',
        f'ts={AT}Z host=mx1 msg="{TAG}: {text}"',
        f'[0] t.0: [1772510706.000000000, {{"host"=>"mx1", "ident"=>"postfix/smtpd", "log"=>"{text}"}}]',
        f"Mar  3 04:05:06 mx1 {TAG}: {text}",
    ):
        assert read(line)[0].source_ip in {None, "203.0.113.7"}
