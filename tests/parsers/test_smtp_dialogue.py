"""Commands and answers as a log of the dialogue holds them."""

import pytest

from mailwarden.parsers.event import Event
from mailwarden.parsers.smtp_dialogue import Answer, read_answer, read_path


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("550 5.1.1 no such user", Answer(550, "5.1.1", "no such user")),
        ("250-SIZE 1000", Answer(250, None, "SIZE 1000")),
        ("354", Answer(354, None, "")),
        ("550 9.1.1 no such user", Answer(550, None, "9.1.1 no such user")),
        ("5500 no such user", None),
        ("QUIT", None),
    ],
)
def test_an_answer(said: str, answer: Answer | None) -> None:
    """It begins with three figures, and goes on with a blank, a stroke or nothing."""
    assert read_answer(said) == answer


@pytest.mark.parametrize(
    ("said", "stage", "sender", "recipients"),
    [
        ("MAIL FROM:<ann@example.org> SIZE=5", "MAIL", ["ann@example.org"], None),
        ("mail from: <>", "MAIL", [], None),
        ("RCPT TO:<c@example.net>", "RCPT", None, ["c@example.net"]),
        ("RCPT TO:<>", "RCPT", None, None),
        ("NOOP MAIL FROM:<ann@example.org>", None, None, None),
    ],
)
def test_a_path(said: str, stage: str | None, sender: list[str] | None, recipients: list[str] | None) -> None:
    """Whom a command names, and only at its beginning."""
    event = Event()

    assert read_path(event, said) is (stage is not None)
    assert (event.smtp_stage, event.email_from_address, event.email_to_address) == (stage, sender, recipients)
