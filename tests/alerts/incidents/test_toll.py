"""What an incident costs is counted once: each message, each recipient, and what became of it."""

from typing import Any

import pytest

from mailwarden.alerts.incidents.toll import Toll, has_toll, is_mail, sender_of
from mailwarden.parsers.event import Event


def event(action: str, *facts: str, **fields: Any) -> Event:
    """Make an event with some facts."""
    made = Event()
    made.event_action, made.facts = action, dict.fromkeys(facts, True)
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def test_a_message_that_is_told_in_several_lines_counts_once() -> None:
    """Its recipients add up; one that was not accepted counts for nothing."""
    toll = Toll()

    counted = [
        toll.add(event("message-queued", "mailwarden.accepted", mail_recipient_count=5)),
        toll.add(event("message-queued", "mailwarden.accepted", "mailwarden.more", mail_recipient_count=2)),
        toll.add(event("message-queued", "mailwarden.accepted")),
        toll.add(event("message-queued", mail_recipient_count=7)),
    ]

    assert counted == [True, True, True, False]
    assert (toll.messages, toll.recipients, toll.taken, toll.refused) == (2, 8, 0, 0)


def test_what_became_of_it_is_counted_by_recipient() -> None:
    """Who took it, who refused it; what waits, or goes into a filter of ours, is neither."""
    toll = Toll()
    of_a_sender = "mailwarden.sender"

    counted = [
        toll.add(event("delivery", of_a_sender, mail_delivery_status="sent", event_count=3)),
        toll.add(event("delivery", of_a_sender, mail_delivery_status="bounced", event_count=2)),
        toll.add(event("delivery", mail_delivery_status="deferred")),
    ]

    assert counted == [True, True, False]
    assert (toll.messages, toll.recipients, toll.taken, toll.refused) == (0, 0, 3, 2)


def test_the_first_logins_are_named() -> None:
    """Each once, and no more than six: news only where it is one more name."""
    toll = Toll()
    names = ["ann", "bob", "ann", "cid", "dan", "eve", "fay", "guy"]

    assert [toll.let_in(name) for name in names] == [True, True, False, True, True, True, True, False]
    assert toll.logins == ["ann", "bob", "cid", "dan", "eve", "fay"]


@pytest.mark.parametrize(
    ("cause", "name", "mail", "toll"),
    [
        ("takeover", "mailwarden.account", True, True),
        ("sending", "mailwarden.script", True, True),
        ("sending", "mailwarden.network", False, False),
        ("guessing", "mailwarden.network", False, True),
        ("guessing", "mailwarden.account", False, False),
        ("relay", "mailwarden.account", False, False),
    ],
)
def test_where_a_toll_is_kept(cause: str, name: str, mail: bool, toll: bool) -> None:
    """Of mail that somebody of ours sends, and of logins out of a network that guesses."""
    assert (is_mail(cause, name), has_toll(cause, name)) == (mail, toll)


def test_who_wrote_a_message() -> None:
    """The account, or the script; or nobody that is known."""
    by_script = event("message-queued")
    by_script.facts = {"mailwarden.script": "/srv/www/send.php"}
    without_facts = Event()

    assert sender_of(event("message-queued", mailwarden_account="ann@example.org")) == "ann@example.org"
    assert sender_of(by_script) == "/srv/www/send.php"
    assert sender_of(without_facts) is None
