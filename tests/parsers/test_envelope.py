"""Envelopes: what stands around a message, and what is kept from line to line."""

import json
from datetime import UTC, timezone

import pytest
from envelopes import AT, CET, FORGED, HINT_US, OLD, TAG, TEXT, flat, read
from hypothesis import given, settings
from hypothesis import strategies as st

from mailwarden.parsers.envelope import Reader
from mailwarden.parsers.event import Event, iso, to_ecs
from mailwarden.parsers.pattern import Format


@pytest.mark.parametrize(
    ("line", "time"),
    [
        (OLD, AT),
        (f"<22>{OLD}", AT),
        (f"mail.info: {OLD}", AT),
        (f"Mar 03 04:05:06 mx1 {TAG}: {TEXT}", AT),
        (f"Mar  3 04:05:06 mx1 {TAG}:{TEXT}", AT),
        (f"Mar  3 04:05:06 mx1 {TAG}:  {TEXT}", AT),
        (f"Mar  3 04:05:06.5 mx1 {TAG}: {TEXT}", AT + ".500"),
        (f"Mar  3 04:05:06 <mail.info> mx1 {TAG}: {TEXT}", AT),
        (f"Mar  3 04:05:06 mx1 mail.info {TAG}: {TEXT}", AT),
        (f"Mar  3 04:05:06 mx1 {TAG}: [ID 197553 mail.info] {TEXT}", AT),
        (f"{AT}Z mx1 {TAG}: {TEXT}", AT),
        (f"{AT}.123+0000 mx1 {TAG}: {TEXT}", AT + ".123"),
        (f"{AT},123456789Z mx1 {TAG}: {TEXT}", AT + ".123456"),
        (f"2026-03-03 05:05:06.123456+01:00 mx1 {TAG}: {TEXT}", AT + ".123456"),
        (f"{AT} mx1 {TAG}: {TEXT}", AT),
        (f"Tue 2026-03-03 04:05:06 UTC mx1 {TAG}: {TEXT}", AT),
        (f'<22>1 {AT}.003Z mx1 postfix/smtpd 2211 - [x@1 a="b \\" c\\]"][y@1] \ufeff{TEXT}', AT + ".003"),
        (f"123 <22>1 {AT}Z mx1 postfix/smtpd 2211 - - {TEXT}", AT),
        (f"2026 Mar  3 04:05:06 mx1 {TAG}: {TEXT}", AT),
        (f"Mar  3 2026 04:05:06: mx1 {TAG}: {TEXT}", AT),
        (f"Mar  3 04:05:06 2026 mx1 {TAG}: {TEXT}", AT),
        (f"Tue Mar  3 04:05:06 UTC 2026 mx1 {TAG}: {TEXT}", AT),
        (f"Tue, 03 Mar 2026 05:05:06 +0100 mx1 {TAG}: {TEXT}", AT),
        (f"03-Mar-2026 04:05:06.123 mx1 {TAG}: {TEXT}", AT + ".123"),
        (f"*Mar  3 04:05:06.123: mx1 {TAG}: {TEXT}", AT + ".123"),
        (f"Mar  3 05:05:06 +01:00 mx1 {TAG}: {TEXT}", AT),
        (f"Mar  3 04:05:06 AM mx1 {TAG}: {TEXT}", AT),
        (f"2026-03-03 12:05:06 AM mx1 {TAG}: {TEXT}", "2026-03-03T00:05:06"),
        (f"[2026-03-03 04:05:06] mx1 {TAG}: {TEXT}", AT),
        (f"20260303040506 mx1 {TAG}: {TEXT}", AT),
        (f"20260303T050506.123456+0100 mx1 {TAG}: {TEXT}", AT + ".123456"),
        (f"2026-03-03 04:05:06 UTC mx1 {TAG}: {TEXT}", AT),
        (f"2026-03-03_04:05:06.12345 mail.info: mx1 {TAG}: {TEXT}", AT + ".123450"),
        (f"1772510706 mx1 {TAG}: {TEXT}", AT),
        (f"1772510706.123 mx1 {TAG}: {TEXT}", AT + ".123"),
        (f"1772510706123\tmx1\t{TAG}: {TEXT}", AT + ".123"),
        (f"Mar  3 04:05:06\tmx1\t{TAG}: {TEXT}", AT),
        (f"03.03.2026 04:05:06 mx1 {TAG}: {TEXT}", AT),
        (f"3/3/2026, 4:05:06.123 AM mx1 {TAG}: {TEXT}", AT + ".123"),
        (f"[03/Mar/2026:04:05:06 +0000] mx1 {TAG}: {TEXT}", AT),
        (f"Mar  3 04:05:06 mx1 postfix:smtpd[2211]: {TEXT}", AT),
        (f"2026-03-03 04:05:06.123+0000  mx1 {TAG}: (libx.dylib) [com.example:log] {TEXT}", AT + ".123"),
        (f"{OLD}  ", AT),
        (f"{OLD}\t\r", AT),
        (f"Mar  3 05:05:06 CET mx1 {TAG}: {TEXT}", AT),
        (f"{AT}Z mx1 postfix/smtpd 2211 - - {TEXT}", AT),
        (f"/var/log/mail.log:{OLD}", AT),
        (f"mail.log.1-{OLD}", AT),
        (f"/var/log/mail.log-1234-{OLD}", AT),
        (f"/srv/old logs/mail.log.2.gz:12:{OLD}", AT),
        (f"(standard input):{OLD}", AT),
        (f"1234-{OLD}", AT),
        (f"    12\t{OLD}", AT),
        (f"> > {OLD}", AT),
        (f'"{OLD}"', AT),
        (f"  {OLD}", AT),
        (f"[pod/mail-0/postfix] {AT}.5Z {OLD}", AT + ".500"),
        (f"mail-0 postfix {OLD}", AT),
        (f'{AT}Z {{host="x"}} {OLD}', AT),
        (f"\x1b[36mpostfix-1  |\x1b[0m {OLD}", AT),
        (f"mail_postfix.1.abcdef@node1    | {OLD}", AT),
        (f"\x1b[35m\x1b[Kmail.log\x1b[m\x1b[K\x1b[36m\x1b[K:\x1b[m\x1b[K{OLD}", AT),
        (f"Mar  3 04:05:06 relay mx1 {TAG}: {TEXT}", AT),
        (f"Mar  3 04:05:06 relay {OLD}", AT),
        (f"{AT}.5Z relay <22>{OLD}", AT + ".500"),
        (f"{AT}Z relay 1 {AT}Z mx1 postfix/smtpd 2211 - - {TEXT}", AT),
        (f"Mar  3 04:05:06 node 0123456789ab[812]: {OLD}", AT),
        (f"Mar  3 04:05:06 mx1 docker/mail[812]: {TAG}: {TEXT}", AT),
        (f"Mar  3 04:05:06 node postfix[812]: {OLD}", AT),
        (f"<30>1 {AT}Z node mailserver 812 mailserver - {OLD}", AT),
        (f"Mar  3 04:05:06 mx1 mail:{TAG}: {TEXT}", AT),
        (f"Mar  3 04:05:06 mx1 mail:info syslog: {TAG}: {TEXT}", AT),
        (f"Mar  3 04:05:06 mx1 mail info {TAG}: {TEXT}", AT),
        (f"Mar  3 04:05:06 [mail.info] mx1 {TAG}: {TEXT}", AT),
        (f"Mar  3 04:05:06 mx1 <info> {TAG}: {TEXT}", AT),
        (f"mail.info {OLD}", AT),
        (f"Mar  3 04:05:06 mx1 postfix/smtpd [2211]: {TEXT}", AT),
        (f"Mar  3 04:05:06 mx1 {TAG} <Info>: {TEXT}", AT),
        (f"Mar  3 04:05:06 mx1 77: Mar  3 04:05:06: {TAG}: {TEXT}", AT),
        (f"[03-Mar-2026 05:05:06 Europe/Berlin] mx1 {TAG}: {TEXT}", AT),
        (f"| {OLD} |", AT),
        (f'"message" => "{OLD}",', AT),
        (f"{OLD}\x1b[K", AT),
        (f"Mar  3 04:05:06 mx1 {TAG}: \x1b[0;1;31m{TEXT}\x1b[0m", AT),
        (OLD.replace("connect", "\x1b[01;31m\x1b[Kconnect\x1b[m\x1b[K"), AT),
        (f"{AT}Z app[web.1]: {OLD}", AT),
        (f"3 mars 04:05:06 mx1 {TAG}: {TEXT}", AT),
        (f"mar. 03 mars 2026 à 04:05:06 mx1 {TAG}: {TEXT}", AT),
        (f"3. März 2026, 04:05:06 mx1 {TAG}: {TEXT}", AT),
        (f"3 de mar. de 2026 04:05:06 mx1 {TAG}: {TEXT}", AT),
        (f"3 марта 2026 04:05:06 mx1 {TAG}: {TEXT}", AT),
        (f"March 3, 2026 at 4:05:06 AM mx1 {TAG}: {TEXT}", AT),
        (f"Mar 3, 2026, 4:05:06\u202fAM UTC mx1 {TAG}: {TEXT}", AT),
        (f"2026年3月3日 04:05:06 mx1 {TAG}: {TEXT}", AT),
        (f"2026年03月03日 04時05分06秒 mx1 {TAG}: {TEXT}", AT),
        (f"2026年3月3日(火) 午前4:05:06 mx1 {TAG}: {TEXT}", AT),
        (f"2026年 3月 3日 火曜日 13:05:06 JST mx1 {TAG}: {TEXT}", AT),
        (f"3月3日 04:05:06 mx1 {TAG}: {TEXT}", AT),
        (f"2026년 3월 3일 오전 4:05:06 mx1 {TAG}: {TEXT}", AT),
        (f"2026年3月3日 04時05分 mx1 {TAG}: {TEXT}", "2026-03-03T04:05:00"),
        (f"2026年3月3日 下午4:05 mx1 {TAG}: {TEXT}", "2026-03-03T16:05:00"),
        (f"2026.03.03 04:05:06 mx1 {TAG}: {TEXT}", AT),
        (f"2026. 3. 3. 4:05:06 mx1 {TAG}: {TEXT}", AT),
        (f"2026/3/3 4:05:06 mx1 {TAG}: {TEXT}", AT),
        (f"03-03-2026 04:05:06 mx1 {TAG}: {TEXT}", AT),
        (f"03.03.26 04:05:06 mx1 {TAG}: {TEXT}", AT),
        (f"3/3/26 4:05:06 a.m. mx1 {TAG}: {TEXT}", AT),
        (f"3/3/2026, 4:05:06 pm mx1 {TAG}: {TEXT}", "2026-03-03T16:05:06"),
        (f"Mar  3 2026 04:05:06 p.m. mx1 {TAG}: {TEXT}", "2026-03-03T16:05:06"),
        (f"20260303 04:05:06 mx1 {TAG}: {TEXT}", AT),
        (f"20260303-040506 mx1 {TAG}: {TEXT}", AT),
        (f"1772510706123456 mx1 {TAG}: {TEXT}", AT + ".123456"),
        (f"1772510706123456789 mx1 {TAG}: {TEXT}", AT + ".123456"),
        (f"{OLD}  ", AT),
        (f"\ufeff{OLD}", AT),
        (f"{OLD}\r", AT),
        (f"\0\0\0{OLD}", AT),
    ],
)
def test_header(line: str, time: str) -> None:
    """Every header gives time, host, process and the message."""
    event = read(line)[0]

    assert iso(event.timestamp_us) == time + "+00:00"
    assert (event.host_hostname, event.process_name, event.process_pid) == ("mx1", "smtpd", 2211)
    assert (event.event_action, event.source_ip) == ("connection-open", "203.0.113.7")


@pytest.mark.parametrize("level", ["INFO", "[INFO]", "[info]", "INFO:", "WARNING", "[ERROR]"])
@pytest.mark.parametrize("stamp", ["Mar  3 04:05:06", "2026-03-03 04:05:06", f"{AT}Z", "2026-03-03 04:05:06,123"])
def test_a_level_is_no_host(level: str, stamp: str) -> None:
    """What stands in the host's place and is a severity names no host; the one behind or before it does."""
    lines = (f"{stamp} mx0 {TAG}: {TEXT}", f"{stamp} {level} {TAG}: {TEXT}", f"{stamp} mx1 {level} {TAG}: {TEXT}")
    events = read(*lines)

    assert [event.host_hostname for event in events] == ["mx0", None, "mx1"]
    assert [event.source_ip for event in events] == ["203.0.113.7"] * 3


def test_a_stroke_is_no_host() -> None:
    """What parts the columns of a line is none of them."""
    assert read(f"{AT}Z - mx1 - {TAG}: {TEXT}")[0].host_hostname == "mx1"


@pytest.mark.parametrize("host", ["am", "pm"])
def test_a_host_may_be_called_like_half_of_a_day(host: str) -> None:
    """A small word right before the program is the host, not the half of the day."""
    event = read(f"Mar  3 2026 04:05:06 {host} {TAG}: {TEXT}")[0]

    assert (event.host_hostname, iso(event.timestamp_us)[:19]) == (host, AT)


@pytest.mark.parametrize(
    "stamp",
    [
        "3 lipnja 2026 04:05:06", "31 xyz 2026 04:05:06", "2026年13月3日 04:05:06", "2026年3月3日 04時", "26/03/17 04:05:06",
        "2026.3-3 04:05:06", "Mar 3, 2026 04:05", "3 mars 2026 25:05:06",
    ],
)  # fmt: skip
def test_no_date(stamp: str) -> None:
    """What is no date, or one that could be several, tells no time."""
    assert read(f"{stamp} mx1 {TAG}: {TEXT}")[0].mailwarden_time_quality == "arrival"


def test_metalog_names_no_host() -> None:
    """A program in brackets behind the stamp is metalog's."""
    event = read(f"Mar  3 04:05:06 [postfix/smtpd] {TEXT}")[0]

    assert (event.host_hostname, event.process_name, event.source_ip) == (None, "smtpd", "203.0.113.7")


def test_own_stamp_gains_a_zone() -> None:
    """Exim's stamps are read as well where they begin to name their zone in the middle of a file (`log_timezone`)."""
    text = "H=(pc) [203.0.113.7] F=<a@example.com> rejected RCPT <bob@example.org>: relay not permitted"

    events = read(
        f"2026-03-03 04:05:06 {text}", f"2026-03-03 04:05:06 +0100 {text}", f"2026-03-03 04:05:06 +0100 [7] {text}"
    )

    assert [(event.event_action, event.source_ip) for event in events] == [("reject", "203.0.113.7")] * 3


def test_missing_host() -> None:
    """An own log file may name no host."""
    event = read(f"Mar  3 04:05:06 {TAG}: {TEXT}")[0]

    assert (event.host_hostname, event.process_pid, event.source_ip) == (None, 2211, "203.0.113.7")


def test_address_as_host() -> None:
    """A host may be an IPv6 address, colons and all."""
    assert read(f"Mar  3 04:05:06 2001:db8::1 {TAG}: {TEXT}")[0].host_hostname == "2001:db8::1"


def test_priority_is_named() -> None:
    """A priority is a facility and a severity."""
    fields = flat(f"<22>{OLD}")[0]

    assert fields["log.syslog.priority"] == 22
    assert fields["log.syslog.facility.name"] == "mail"
    assert fields["log.syslog.severity.name"] == "info"


def test_utf16_file() -> None:
    """A file of Windows, cut at line feeds, is read."""
    lines = [part.decode("utf-8", "surrogateescape") for part in f"{OLD}\r\n{OLD}\r\n".encode("utf-16").split(b"\n")]

    assert [event.event_action for event in read(*lines)] == ["connection-open", "connection-open", "unparsed"]


@pytest.mark.parametrize(
    "line",
    [
        "-- Boot 0123456789abcdef --",
        "-- No entries --",
        "",
        '203.0.113.9 - - [03/Mar/2026:04:05:06 +0000] "GET / HTTP/1.1" 200 12',
        "Mar  3 04:05:06 mx1 sshd[4]: Failed password for root from 203.0.113.7",
        "{}",
    ],
)
def test_foreign_lines_are_ignored(line: str) -> None:
    """What is no mail server's is said to be ignored."""
    assert read(line)[0].event_kind == "ignored"


def test_repetition_copies_the_predecessor_of_its_host() -> None:
    """`last message repeated` stands for the line before on that host, and so does the next one."""
    failed = "imap-login: Disconnected (auth failed, 3 attempts in 5 secs): user=<a>, rip=203.0.113.7, lip=192.0.2.1"
    first, _, second, third = flat(
        f"Mar  3 04:05:06 mx1 dovecot: {failed}",
        f"Mar  3 04:05:07 mx2 {TAG}: {TEXT}",
        "Mar  3 04:05:10 mx1 last message repeated 5 times",
        "Mar  3 04:05:40 mx1 last message repeated 2 times",
    )

    assert first["event.count"] == 3
    assert second == first | {"@timestamp": "2026-03-03T04:05:10+00:00", "event.count": 15}
    assert third == first | {"@timestamp": "2026-03-03T04:05:40+00:00", "event.count": 6}


@pytest.mark.parametrize(
    "text",
    [
        f"message repeated 5 times: [ {TEXT}]",
        f"Last message '{TEXT}' repeated 5 times, suppressed by syslog-ng on mx1",
    ],
)
def test_repetition_with_the_text(text: str) -> None:
    """rsyslog and syslog-ng repeat the text itself."""
    warm, event = read(OLD, f"Mar  3 04:05:10 mx1 {TAG}: {text}")

    assert warm.event_count == 1
    assert (event.event_action, event.source_ip, event.event_count) == ("connection-open", "203.0.113.7", 5)


def test_repetition_with_the_beginning_of_the_text() -> None:
    """syslog-ng quotes twenty bytes of the message before, and only that is repeated."""
    first, second, other = read(
        f"Mar  3 04:05:07 mx1 {TAG}: {TEXT}",
        f"Mar  3 04:05:10 mx1 {TAG}: Last message '{TEXT[:20]}' repeated 5 times, suppressed by syslog-ng on mx1",
        f"Mar  3 04:05:11 mx1 {TAG}: Last message 'connect from mx.else' repeated 9 times, suppressed by syslog-ng on mx1",
    )

    assert len(TEXT) > 20
    assert (second.event_action, second.source_ip, second.event_count) == ("connection-open", first.source_ip, 5)
    assert other.event_kind == "ignored"


def test_repetition_of_nothing() -> None:
    """A file may begin with a repetition: of what, nobody knows."""
    assert read("Mar  3 04:05:10 mx1 last message repeated 5 times")[0].event_kind == "ignored"


def test_record_that_spans_lines() -> None:
    """The lines behind a refusal in Exim's rejectlog are the same record, and are not read for themselves."""
    head, *rest = read(
        "2026-03-03 04:07:03 1vxABD-0003Qe-8a H=mail.example.net [192.0.2.77] F=<s@example.net> rejected after DATA: x",
        "Envelope-from: <s@example.net>",
        "  Subject: 2026-03-03 04:07:04 login authenticator failed for (x) [192.0.2.99]: 535 Incorrect",
        "----------------------------------",
    )

    assert (head.event_action, head.source_ip) == ("reject", "192.0.2.77")
    assert {(event.event_action, event.event_id, event.source_ip) for event in rest} == {
        ("continuation", head.event_id, None)
    }


@pytest.mark.parametrize(
    "prefix",
    ["", "mail.log:", "    12\t", "\x1b[35m\x1b[Kmainlog\x1b[m\x1b[K\x1b[36m\x1b[K:\x1b[m\x1b[K", "exim-1  | "],
)
def test_own_file_behind_a_prefix(prefix: str) -> None:
    """Each line of Exim's that a tool marked is a line; what a client wrote into a record's header is none."""
    lines = [
        "2026-03-03 04:07:03 1vxABD-0003Qe-8a H=mail.example.net [192.0.2.77] F=<s@example.net> rejected after DATA: x",
        f"  {FORGED}",
        "2026-03-03 04:07:04 login authenticator failed for (x) [192.0.2.99]: 535 Incorrect authentication data",
        "2026-03-03 04:07:04 1vxABC-0003Qd-7z Completed",
    ]
    events = read(*(prefix + line for line in lines))

    assert [event.source_ip for event in events] == ["192.0.2.77", None, "192.0.2.99", None]
    assert events[-1].event_module == "exim"


def test_pam_behind_a_relay() -> None:
    """PAM writes under the name of whoever asks it, however many hosts stand before that."""
    event = read(
        "Mar  3 04:05:06 relay mx1 auth: pam_unix(dovecot:auth): authentication failure; logname= uid=0 euid=0 "
        "tty=dovecot ruser=igor rhost=198.51.100.82  user=igor"
    )[0]

    assert (event.event_action, event.source_ip, event.host_hostname) == ("auth-failure", "198.51.100.82", "mx1")


def test_container_named_as_a_server() -> None:
    """What a container writes is told by its own tag, not by the container's name."""
    event = read("Mar  3 04:05:06 node postfix[812]: Mar  3 04:05:06 mx1 sshd[4]: Failed password for root")[0]

    assert (event.event_kind, event.process_name) == ("ignored", "sshd")


def test_fault_of_a_pattern_costs_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pattern that raises makes its line one that is not understood."""

    def fail(event: Event, text: str) -> bool:
        event.source_ip = "192.0.2.1"
        raise KeyError(text)

    monkeypatch.setattr(Format, "reader", lambda _form, _program: fail)
    events = read(OLD, OLD)

    assert [(event.event_kind, event.source_ip, event.host_hostname) for event in events] == [
        ("pipeline_error", None, "mx1")
    ] * 2


def test_long_lines_are_bounded() -> None:
    """Ten million characters are one event, read in no time."""
    event = read(OLD, OLD + "x" * 10_000_000)[1]

    assert len(event.event_original) < 100_000


LINES = st.lists(
    st.sampled_from(
        [
            OLD,
            f"{AT}.000001Z mx1 {TAG}: {TEXT}",
            f"Mar  3 04:59:59 mx2 {TAG}: message repeated 2 times: [ {TEXT}]",
            "Mar  3 05:00:00 mx1 last message repeated 3 times",
            "Jan  1 00:00:00 mx1 postfix/qmgr[1]: 5A1C4E03F1: removed",
            "2026-03-03 04:05:06 1vxABC-0003Qd-7z Completed",
            " Suggested action: use keep_environment.",
            json.dumps({"log": "Mar  3 04:05:06 mx1 ", "stream": "stdout", "time": f"{AT}Z"}),
            json.dumps({"log": f"{TAG}: {TEXT}\n", "stream": "stdout", "time": f"{AT}Z"}),
            f"{AT}Z stderr P {OLD[:25]}",
            "Mar 03 04:05:06 imap-login: Info: Aborted login: user=<a>, rip=203.0.113.7, lip=192.0.2.1",
            "-- Boot 1 --",
            "Mar  3 04:05:06 mx2 0123456789ab[812]: Mar  3 04:05:06 mx3 postfix/smtpd[2211]: connect from x[203.0.113.8]",
            "Mar  3 04:05:07 mx2 mailserver[812]: Mar  3 04:05:06 mx1 dovecot: imap-login: Error: no",
            "mail.log:2026-03-03 04:05:06 1vxABC-0003Qd-7z Completed",
            "mail.log-  Subject: x",
            f"mail.log:{OLD}",
            f"  {OLD}",
            "timestamp,host,message",
            f'{AT}Z,mx1,"{TAG}: {TEXT}"',
            f"{AT}Z|mx1|{TAG}: {TEXT}",
            "__CURSOR=1",
            "SYSLOG_IDENTIFIER=postfix/smtpd",
            f"MESSAGE={TEXT}",
            "MESSAGE",
            "\x03\0\0\0\0\0\0\0a",
            "",
            "{",
            '  "host": "mx1", "time": 1, "message": "x"',
            "}",
            "03/04/2026 04:05:06 mx1 dovecot: master: x",
        ]
    )
    | st.text(st.characters(exclude_characters="\n", exclude_categories=[]), max_size=80),
    max_size=12,
)


@settings(max_examples=300, deadline=None)
@given(LINES)
def test_exactly_one_event_a_line(lines: list[str]) -> None:
    """Whatever the lines, each gives one event, and reading them one by one gives the same."""
    reader = Reader(zone=UTC, hint_year_us=HINT_US)

    assert [to_ecs(reader.read(line)) for line in lines] == flat(*lines)
    assert len(read(*lines)) == len(lines)


@settings(max_examples=300, deadline=None)
@given(LINES, st.integers(0, 12), st.sampled_from([UTC, CET, None]))
def test_snapshot_goes_on_where_it_was_taken(lines: list[str], cut: int, zone: timezone | None) -> None:
    """A restart between any two lines changes no event."""
    whole = Reader(zone=zone, hint_year_us=HINT_US).read_lines(lines)
    before = Reader(zone=zone, hint_year_us=HINT_US)
    head = before.read_lines(lines[:cut])
    after = Reader.restore(json.loads(json.dumps(before.snapshot())))

    assert [to_ecs(event) for event in head + after.read_lines(lines[cut:])] == [to_ecs(event) for event in whole]


def test_own_file_is_read_alike_by_both_ways() -> None:
    """The short way through a file of Exim's gives what the long one does."""
    lines = [
        "2026-03-03 04:05:06 1vxABC-0003Qd-7z Completed QT=6s",
        "2026-03-03 04:05:07 1vxABC-0003Qd-7z <= bob@example.org H=(x) [192.0.2.7]:5 P=esmtp S=9 id=a@example.org",
        "2026-03-03 04:05:08 dovecot_login authenticator failed for (User) [203.0.113.7]: 535 Incorrect (set_id=x)",
        f"2026-03-03 04:05:09 mx1 {TAG}: {TEXT}",
        "2026-03-03 04:05:09 H=x.example.org [203.0.113.7]:99 rejected RCPT <a@example.org>: relay not permitted",
        "2026-03-03 04:05:10 SMTP connection from [203.0.113.7]:99 lost D=1s",
        "2026-03-03 05:05:10 Start queue run: pid=4711",
    ]
    together = Reader(zone=UTC)
    apart = Reader(zone=UTC)
    by_one = []
    for line in lines:
        by_one.append(apart.read(line))
        apart = Reader.restore(apart.snapshot())

    assert [to_ecs(event) for event in together.read_lines(lines)] == [to_ecs(event) for event in by_one]
