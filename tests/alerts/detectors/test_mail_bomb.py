"""A flood of one mailbox is dated by its first message, and what is kept of others stays small."""

from mailwarden.alerts.detectors.mail_bomb import DETECTOR
from mailwarden.parsers.event import Event

START_US = 1_772_438_400_000_000
SECOND_US = 1_000_000


def arrived(second: float, to: str) -> Event:
    """Make a message from a domain of its own."""
    event = Event()
    event.stream_us = START_US + round(second * SECOND_US)
    event.email_to_address, event.email_from_address = [to], [f"news@list{second}.example.net"]
    return event


def test_it_began_with_the_first_message_of_the_hour() -> None:
    """Though it is told with the three hundredth, and half an hour ended in between."""
    state = DETECTOR.state()

    found = [DETECTOR.update(state, arrived(600 + 5 * number, "bob@example.org")) for number in range(300)]

    told = [one for one in found if one is not None]
    assert told[0].first_us == START_US + 600 * SECOND_US


def test_mail_for_ever_other_mailboxes_takes_no_room() -> None:
    """Names that a spammer makes up are let go of."""
    state = DETECTOR.state()

    for number in range(5_000):
        DETECTOR.update(state, arrived(number / 10, f"name{number}@example.org"))

    assert len(state.since) <= 2 * 256
