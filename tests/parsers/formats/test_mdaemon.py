"""MDaemon's sessions: whose a line is, and what is not kept."""

from mailwarden.parsers.envelope import Reader
from mailwarden.parsers.event import Event

FAILED = "03: --> 535 5.7.8 Authentication failed"


def read(*said: str) -> list[Event]:
    """Read lines of one log, a minute apart."""
    return Reader().read_lines([f"Tue 2026-03-03 04:{n:02}:06.123: {one}" for n, one in enumerate(said)])


def begun(number: int, address: str = "203.0.113.7") -> tuple[str, str]:
    """Give the lines that a session begins with."""
    return f"05: Session {number}; child 0001", f"05: Accepting SMTP connection from {address}:45584 to 192.0.2.10:25"


def test_a_block_is_of_the_session_that_it_begins_with() -> None:
    """The session stands on its first line alone."""
    events = read(*begun(7), FAILED, "05: SMTP session terminated (Bytes in/out: 1/2)", FAILED, *begun(8), FAILED)

    assert [one.mail_session_id for one in events] == ["7", "7", "7", "7", None, "8", "8", "8"]


def test_mixed_sessions_are_nobodys() -> None:
    """Written while they last, and without ids, they would blame one client for what another does."""
    events = read(*begun(7), *begun(8, "192.0.2.9"), FAILED, "05: SMTP session terminated", FAILED, *begun(9), FAILED)

    assert [one.mail_session_id for one in events if one.event_action == "auth-failure"] == [None, None, None]


def test_ids_tell_mixed_sessions_apart() -> None:
    """Where ids are logged, they count."""
    events = read(
        "05: [7:1] Accepting SMTP connection from 203.0.113.7:1 to 192.0.2.10:25",
        "05: [8:1] Accepting SMTP connection from 192.0.2.9:1 to 192.0.2.10:25",
        "03: [7:1] --> 535 5.7.8 Authentication failed",
    )

    assert events[2].mail_session_id == "7"


def test_a_block_is_gone_on_with_after_a_restart() -> None:
    """What a snapshot holds is enough."""
    before = Reader()
    before.read_lines([f"Tue 2026-03-03 04:05:06.123: {one}" for one in begun(7)])

    event = Reader.restore(before.snapshot()).read(f"Tue 2026-03-03 04:05:06.123: {FAILED}")

    assert (event.event_action, event.mail_session_id) == ("auth-failure", "7")


def test_no_password_is_kept() -> None:
    """Neither in base64, nor as POP3 and IMAP say it."""
    events = read(
        *begun(7),
        "02: <-- AUTH PLAIN AGFubgBzZWNyZXQ=",
        "02: <-- c2VjcmV0",
        "02: <-- PASS c2VjcmV0",
        '02: <-- a1 LOGIN "ann" c2VjcmV0',
        "02: <-- NOOP",
    )

    assert [one.event_original.partition("<-- ")[2] for one in events[2:]] == [
        "AUTH PLAIN [redacted]",
        "[redacted]",
        "PASS [redacted]",
        'a1 LOGIN "ann" [redacted]',
        "NOOP",
    ]


def test_a_client_cannot_answer_itself() -> None:
    """What it says is its own."""
    for said in (
        "535 5.7.8 Authentication failed",
        "--> 535 x",
        "Session 9; child 1",
        "x: Accepting SMTP connection from",
    ):
        events = read(*begun(7), f"02: <-- {said}")

        assert (events[2].event_action, events[2].mail_session_id) == ("statistics", "7")


def test_whose_login_it_is() -> None:
    """LOGIN's name is what follows the question for it; what follows elsewhere may be a password."""
    asks, wants = "03: --> 334 VXNlcm5hbWU6", "03: --> 334 UGFzc3dvcmQ6"

    events = read(*begun(7), "02: <-- AUTH LOGIN", asks, "02: <-- YW5u", wants, "02: <-- c2VjcmV0", FAILED)
    plain = read(*begun(7), "02: <-- AUTH PLAIN", "03: --> 334 ", "02: <-- AGFubgBzZWNyZXQ=")

    assert [(one.smtp_stage, one.user_name) for one in events[2:7]] == [
        ("AUTH", None),
        (None, None),
        ("AUTH", "ann"),
        (None, None),
        (None, None),
    ]
    assert (plain[4].smtp_stage, plain[4].user_name) == ("AUTH", "ann")


def test_no_password_is_taken_for_a_name() -> None:
    """Of mixed sessions, the line behind the question may be another's."""
    events = read(*begun(7), *begun(8), "03: --> 334 VXNlcm5hbWU6", "02: <-- c2VjcmV0")

    assert events[-1].user_name is None
