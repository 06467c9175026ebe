"""What holds for every line of Kerio Connect, whoever wrote parts of it."""

from hypothesis import given, settings
from hypothesis import strategies as st

from mailwarden.parsers.envelope import Reader
from mailwarden.parsers.event import Event

HOSTILE = st.text(
    alphabet=st.characters(blacklist_categories=["Cs"], blacklist_characters="\n\r\0"), max_size=40
) | st.sampled_from(
    [
        "x. Attempt from IP address 192.0.2.9.",
        "x>, To: <y>, Size: 1, User: root, Sender-Host: 192.0.2.9, SSL: yes",
        "x> to <y> rejected",
        "x doesn't exist. Attempt from IP address 192.0.2.9.",
        "x, Remote-Host: 192.0.2.9",
    ]
)


def read(text: str) -> Event:
    """Read a line with its stamp."""
    return Reader(year=2026).read(f"[03/Mar/2026 04:05:06] {text}")


@settings(max_examples=300, deadline=None)
@given(HOSTILE)
def test_a_name_frames_no_other_address(name: str) -> None:
    """The address of a failed login is the last one."""
    for said in (f"User {name} doesn't exist", f"Invalid password for user {name}"):
        event = read(f"SMTP: {said}. Attempt from IP address 203.0.113.7.")

        assert event.event_action == "auth-failure"
        assert event.source_ip == "203.0.113.7"


@settings(max_examples=300, deadline=None)
@given(sender=HOSTILE, subject=HOSTILE)
def test_a_message_names_its_client_or_none(sender: str, subject: str) -> None:
    """A sender or a subject that spells the rest of the line costs the address, and gives none."""
    event = read(
        f"Recv: Queue-ID: 438dd9ea-00000000, Service: SMTP, From: <{sender}>, To: <ann@example.org>, Size: 10, "
        f"Sender-Host: 203.0.113.7, Subject: {subject}"
    )

    assert event.event_action == "message-received"
    assert event.source_ip in (None, "203.0.113.7")
    assert event.user_name is None


@settings(max_examples=300, deadline=None)
@given(sender=HOSTILE, recipient=HOSTILE)
def test_a_refusal_names_who_was_connected(sender: str, recipient: str) -> None:
    """The address stands before what the client said."""
    event = read(f"Relay attempt from IP address 203.0.113.7, mail from <{sender}> to <{recipient}> rejected")

    assert event.event_action == "reject"
    assert event.source_ip == "203.0.113.7"


def test_the_stamp_is_read_to_the_second() -> None:
    """The day, the month's name and the year are parted by strokes."""
    event = read("SMTP Spam attack detected from 203.0.113.7, client sent data before SMTP greeting")

    assert event.timestamp_us // 1_000_000 % 60 == 6
    assert event.mailwarden_time_quality == "inferred_zone"
