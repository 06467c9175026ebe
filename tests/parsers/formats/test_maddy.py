"""What Maddy's lines tell, and what clients cannot make them tell."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwarden.alerts.facts.site import Site
from mailwarden.parsers.envelope import Reader
from mailwarden.parsers.event import Event
from mailwarden.pipeline.fold import Fold
from mailwarden.pipeline.trial.replay import Nowhere


def line(module: str, message: str, **values: object) -> str:
    """Write a line of its own file."""
    return f"2026-03-03T04:05:06.123Z {module}: {message}\t{json.dumps(values, separators=(',', ':'))}"


def joined(*lines: str) -> list[Event]:
    """Give the events of lines with what was joined."""
    events = Reader().read_lines(lines)
    for event in events:
        event.stream_us = event.timestamp_us
    Fold(Site(domains=frozenset({"example.org"})), [], [], Nowhere(), lambda _: "maddy").take(events)
    return events


@given(st.text(max_size=60))
def test_no_name_moves_the_address(name: str) -> None:
    """Whatever is typed as a name, the try is of the client's own address."""
    event = Reader().read(line("imap", "authentication failed", reason="x", username=name, src_ip="203.0.113.7:5"))

    assert (event.event_action, event.source_ip) == ("auth-failure", "203.0.113.7")


def test_a_message_has_its_client_login_and_recipients() -> None:
    """Each stands on a line of its own; a recipient that is refused takes none of the others away."""
    begun = {
        "msg_id": "0d6ee9fd",
        "sender": "ann@example.org",
        "src_ip": "203.0.113.7:5",
        "username": "ann@example.org",
    }
    events = joined(
        line("submission", "incoming message", **begun),
        line("submission", "RCPT ok", msg_id="0d6ee9fd", rcpt="carol@example.net"),
        line("submission", "RCPT error", msg_id="0d6ee9fd", rcpt="x@example.org", smtp_code=550, reason="no such user"),
        line("submission", "accepted", msg_id="0d6ee9fd"),
        line("queue", "delivered", msg_id="0d6ee9fd", rcpt="carol@example.net", attempt=1),
    )

    refused, accepted, sent = events[2:]
    assert (refused.source_ip, refused.email_to_address) == ("203.0.113.7", ["x@example.org"])
    assert (accepted.source_ip, accepted.user_name) == ("203.0.113.7", "ann@example.org")
    assert (accepted.email_from_address, accepted.email_to_address) == (["ann@example.org"], ["carol@example.net"])
    assert sent.mailwarden_account == "ann@example.org"


def test_a_recipient_elsewhere_is_one_to_be_relayed() -> None:
    """The usual configuration answers alike to it and to a name that nobody here has."""
    refused = {"msg_id": "0d6ee9fd", "smtp_code": 550, "smtp_enchcode": "5.1.1", "reason": "User doesn't exist"}
    elsewhere, here = joined(
        line("smtp", "RCPT error", rcpt="victim@example.net", **refused),
        line("smtp", "RCPT error", rcpt="nobody@example.org", **refused),
    )

    assert (elsewhere.event_reason, here.event_reason) == ("relay_denied", "unknown_recipient")


@pytest.mark.parametrize(
    "other",
    [
        '2026-03-03T04:05:06Z shop: order placed\t{"msg_id":"0d6ee9fd"}',
        "2026-03-03T04:05:06Z submission: authentication failed for ann",
        '2026-03-03T04:05:06Z submission: authentication failed\t{"username":"ann"',
    ],
)
def test_other_programs_are_left_alone(other: str) -> None:
    """Only its own messages, with whole values, make a line Maddy's where no tag does."""
    assert Reader().read(other).event_module != "maddy"
