"""What holds for every line that Haraka writes, in each of its formats, whoever wrote parts of it; no password is kept."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailwarden.parsers.envelope import Reader
from mailwarden.parsers.event import Event, to_ecs
from mailwarden.parsers.formats import haraka
from mailwarden.parsers.logfmt import fields, written

U = "4F2C4C9B-1B2C-4D3E-8F90-0123456789AB"
STAMP = "2026-03-03T04:05:06.123Z "
HOSTILE = st.text(
    alphabet=st.characters(blacklist_categories=["Cs"], blacklist_characters="\n\r\0"), max_size=40
) | st.sampled_from(
    [
        'x" relay=Y lr="',
        "x ip=192.0.2.1",
        "x> code=DENY msg=x",
        f"] [NOTICE] [{U}] [core] connect ip=192.0.2.1 port=1",
        '","ip":"192.0.2.1',
        "C: AUTH PLAIN x",
        "\x1b[31m",
        "\u2028\u0085",
        "\\",
        '\\"',
    ]
)
SECRET = "AGJvYgBzZWNyZXQ="


def read(text: str) -> Event:
    """Read a line with its stamp, as Haraka writes it."""
    return Reader(year=2026).read(text)


def spelt(level: str, origin: str, message: str, values: dict[str, object]) -> list[str]:
    """Write one line in each format."""
    head = {"level": level, "uuid": f"{U}.1", "origin": origin, "message": message}
    return [
        f"{STAMP}[{level}] [{U}.1] [{origin}] {message}{written(values)}",
        f"{STAMP}{written(head | values)[1:]}",
        STAMP + json.dumps(head | values, separators=(",", ":"), ensure_ascii=False),
    ]


@settings(max_examples=400, deadline=None)
@given(helo=HOSTILE, last=HOSTILE)
def test_each_format_says_the_same(helo: str, last: str) -> None:
    """Whatever a client says, it is quoted, and the three formats agree."""
    values: dict[str, object] = {
        "ip": "203.0.113.7", "rdns": "NXDOMAIN", "helo": helo, "relay": "N", "tls": "Y", "txns": 1, "rcpts": "1/0/2",
        "lr": last, "time": 1.5,
    }  # fmt: skip
    events = [read(line) for line in spelt("NOTICE", "core", "disconnect", values)]

    for event in events:
        assert event.source_ip == "203.0.113.7"
        assert event.mail_session_id == U
        assert (event.event_action, event.event_count) == ("reject", 2)
        assert event.smtp_helo == (helo or None)
        assert "haraka.relaying" not in (event.extra or {})
    assert to_ecs(events[0]) == to_ecs(events[1]) == to_ecs(events[2])


@settings(max_examples=300, deadline=None)
@given(HOSTILE)
def test_quoting_is_undone(value: str) -> None:
    """What is written is read again."""
    assert fields(written({"helo": value, "ip": "1"})[1:])["helo"] == value
    assert fields(written({"ip": "1", "helo": value})[1:])["ip"] == "1"


@settings(max_examples=300, deadline=None)
@given(HOSTILE)
def test_a_helo_without_escapes_says_nothing_of_another(helo: str) -> None:
    """Up to 2.8 quotes within were left as they are: the address stands before and stays."""
    event = read(
        f'{STAMP}[NOTICE] [{U}] [core] disconnect ip=203.0.113.7 rdns="NXDOMAIN" helo="{helo}" relay=N tls=N lr=""'
    )

    assert event.source_ip == "203.0.113.7"
    assert event.mail_session_id == U


@settings(max_examples=300, deadline=None)
@given(HOSTILE)
def test_a_reply_is_nothing_but_a_reply(reply: str) -> None:
    """What another server says changes neither the recipient nor the message."""
    event = read(f"{STAMP}[NOTICE] [{U}.1.1] [outbound] recipient <bob@example.net> rejected: 550 5.7.1 {reply}")

    assert event.email_to_address == ["bob@example.net"]
    assert event.mail_queue_id == f"{U}.1"
    assert (event.mail_delivery_status, event.smtp_reply_code) == ("bounced", 550)


@pytest.mark.parametrize(
    ("level", "text"),
    [
        ("PROTOCOL", f"C: AUTH PLAIN {SECRET} state=1"),
        ("PROTOCOL", f"C: {SECRET} state=1"),
        ("PROTOCOL", f"C: AUTH LOGIN {SECRET}\\r\\n state=1"),
        ("PROTOCOL", f"C: {SECRET}"),
        ("DATA", f"C: {SECRET}"),
        ("INFO", f" hook=unrecognized_command plugin=auth/flat_file function=x params={SECRET} retval=OK msg="),
        ("INFO", f' hook=unrecognized_command plugin=auth/flat_file function=x params="{SECRET}" retval=OK msg=""'),
        ("DEBUG", f"hook=unrecognized_command plugin=x function=x params={SECRET} retval=CONT"),
        ("DEBUG", f"pipelined={SECRET}"),
        ("INFO", f"AUTH LOGIN {SECRET}"),
        ("ERROR", f"login failed, password={SECRET}"),
    ],
)
def test_no_password_is_kept(level: str, text: str) -> None:
    """Neither of what clients say, nor of what plugins are asked; in no format."""
    for line in spelt(level, "core", text, {}):
        event = read(line)

        assert event.event_kind == "event"
        assert SECRET.rstrip("=") not in event.event_original
        assert SECRET.rstrip("=") not in str(to_ecs(event))
        assert "[redacted]" in event.event_original


def test_a_cut_object_is_not_kept() -> None:
    """What is left of an object may be half of a password's line."""
    line = f'{STAMP}{{"level":"PROTOCOL","uuid":"{U}","origin":"core","message":"C: {SECRET}'

    event = read(line)

    assert SECRET[:6] not in event.event_original
    assert event.event_kind == "event"


def test_a_name_is_read_before_its_password_is_blotted() -> None:
    """`AUTH PLAIN` holds both."""
    event = read(f"{STAMP}[PROTOCOL] [{U}] [core] C: AUTH PLAIN {SECRET} state=1")

    assert event.user_name == "bob"
    assert event.event_original.endswith("C: AUTH [redacted]")


@pytest.mark.parametrize(
    "text",
    [
        f" [NOTICE] [{U}] [core] connect ip=192.0.2.1 port=1",
        f"x [NOTICE] [{U}] [core] connect ip=192.0.2.1 port=1",
        f"[NOTICE] [{U}] connect ip=192.0.2.1",
        "[NOTICE] [x] [core] connect ip=192.0.2.1",
        '{"level":"NOTICE","message":"connect"}',
    ],
)
def test_what_only_looks_like_it_is_not_its_own(text: str) -> None:
    """A line that somebody got to stand in a log."""
    assert not haraka.claim_text(text)


@pytest.mark.parametrize("tag", ["haraka[12]: ", "node[12]: ", "haraka-mx1[12]: ", "3f1c9a[7]: "])
def test_any_tag_may_stand_before(tag: str) -> None:
    """Its own plugin for syslog, systemd and docker write different ones."""
    event = read(f"Mar  3 04:05:06 mx4 {tag}[NOTICE] [{U}] [core] connect ip=203.0.113.7 port=9 local_port=25")

    assert (event.event_module, event.event_action, event.source_ip) == ("haraka", "connection-open", "203.0.113.7")
    assert event.process_name == "haraka"


def test_docker_and_the_journal_are_unwrapped() -> None:
    """Both put their own record around a line."""
    line = f"[NOTICE] [{U}] [core] connect ip=203.0.113.7 port=9 local_ip=192.0.2.1 local_port=25"
    docker = json.dumps({"log": line + "\n", "stream": "stdout", "time": "2026-03-03T04:05:06.1Z"})
    journal = json.dumps({"MESSAGE": line, "SYSLOG_IDENTIFIER": "haraka", "__REALTIME_TIMESTAMP": "1772510706000000"})

    for text in (docker, journal):
        assert read(text).source_ip == "203.0.113.7"


@pytest.mark.parametrize("name", ["", "192.0.2.1 ", "192.0.2.1.dyn.example.net ", "dead.beef "])
def test_a_broken_connection_is_of_the_address_in_brackets(name: str) -> None:
    """The name that a client's zone gives it is no address, whatever it looks like."""
    event = read(f"{STAMP}[WARN] [{U}] [core] client {name}[203.0.113.7] connection error: Error: read ECONNRESET")

    assert (event.event_action, event.source_ip) == ("connection-lost", "203.0.113.7")
