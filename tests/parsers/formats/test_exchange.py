"""What holds for every row of Exchange's logs, whoever wrote parts of it; no password is kept."""

import csv
import io

from hypothesis import given, settings
from hypothesis import strategies as st

from mailwarden.parsers.envelope import Reader
from mailwarden.parsers.event import Event

FIELDS = "#Fields: date-time,connector-id,session-id,sequence-number,local-endpoint,remote-endpoint,event,data,context"
TRACKING = "#Fields: date-time,client-ip,event-id,source,message-id,recipient-address,message-subject,sender-address"
HOSTILE = st.text(
    alphabet=st.characters(blacklist_categories=["Cs"], blacklist_characters="\n\r\0"), max_size=40
) | st.sampled_from(
    [
        'x",192.0.2.9:1,*,root,authenticated',
        ",>,535 5.7.3 Authentication unsuccessful,",
        '","event-id":"SEND',
        '""',
        "{",
        "#Fields: a,b",
    ]
)


def row(*cells: str) -> str:
    """Write a row as RFC 4180 has it."""
    written = io.StringIO()
    csv.writer(written, lineterminator="").writerow(cells)
    return written.getvalue()


def smtp(sign: str, data: str, context: str = "") -> str:
    """Write a row of the SMTP protocol log."""
    head = ("2026-03-03T04:05:06.123Z", "EX1\\Client", "08DA4F7C11473A60", "3", "192.0.2.25:587", "203.0.113.7:53722")
    return row(*head, sign, data, context)


def read(*lines: str) -> Event:
    """Read lines of one file, and give the last one's event."""
    return Reader(year=2026).read_lines(lines)[-1]


@settings(max_examples=300, deadline=None)
@given(HOSTILE)
def test_what_a_client_says_is_what_it_said(said: str) -> None:
    """A command says nothing of who is connected, and lets nobody in."""
    for lines in ([FIELDS, smtp("<", said)], [smtp("<", said)]):
        event = read(*lines)

        assert event.event_kind == "event"
        assert (event.source_ip, event.mail_session_id) == ("203.0.113.7", "08DA4F7C11473A60")
        assert event.event_action == "statistics"


@settings(max_examples=300, deadline=None)
@given(HOSTILE)
def test_a_name_that_was_tried_is_one_name(name: str) -> None:
    """The name of a failed login is the client's own text, to its last character."""
    event = read(FIELDS, smtp("*", "", f"User Name: {name}"))

    assert event.event_action == "statistics"
    assert (event.user_name or "").rstrip() == name.rstrip()  # blanks at the end of a line are nobody's


@settings(max_examples=300, deadline=None)
@given(HOSTILE)
def test_a_subject_is_nothing_but_a_subject(subject: str) -> None:
    """Who writes a message chooses its subject, and neither its sender nor what became of it."""
    event = read(
        TRACKING,
        row(
            "2026-03-03T04:05:06Z", "203.0.113.7", "RECEIVE", "SMTP", "<1@x>", "c@example.org", subject, "b@example.com"
        ),
    )

    assert event.event_action == "message-received"
    assert (event.source_ip, event.email_from_address) == ("203.0.113.7", ["b@example.com"])
    assert event.email_subject == (subject.strip(" ") or None) or event.email_subject == subject


def test_columns_come_as_the_file_names_them() -> None:
    """A newer version puts its columns elsewhere."""
    event = read(
        "#Fields: event-id,source,client-ip,recipient-address,date-time",
        "RECEIVE,SMTP,203.0.113.7,c@example.org,2026-03-03T04:05:06Z",
    )

    assert event.source_ip == "203.0.113.7"


def test_a_snapshot_keeps_the_columns() -> None:
    """A service that starts again within a file reads on."""
    before = Reader(year=2026)
    before.read_lines([TRACKING])
    after = Reader.restore(before.snapshot())

    event = after.read("2026-03-03T04:05:06Z,203.0.113.7,RECEIVE,SMTP,<1@x>,c@example.org,hello,b@example.com")

    assert event.event_action == "message-received"


def test_no_password_is_kept() -> None:
    """An initial response, or the parameters of a login, hold one."""
    events = [
        read(FIELDS, smtp("<", "AUTH PLAIN AGJvYgBzZWNyZXQ=")),
        read(
            "2026-03-03T04:05:06.530Z,000000000000000E,2,192.0.2.25:143,203.0.113.7:35070,bob,168,31,31,login,bob s3cret,R=ok"
        ),
    ]

    for event in events:
        assert "AGJvYgBzZWNyZXQ=" not in event.event_original
        assert "s3cret" not in event.event_original
