"""What an account is remembered by is small, and an intruder's first day teaches little."""

import msgspec
import pytest

from mailwarden.alerts.detectors.account_targeted import AccountTargeted
from mailwarden.alerts.detectors.strange_sending import StrangeSending
from mailwarden.parsers.event import Event

DAY_US = 86_400_000_000
START_US = 20_500 * DAY_US


def delivery(to: str, at_us: int, net: str = "192.0.2.0/24") -> Event:
    """Give what became of a recipient."""
    event = Event()
    event.event_action, event.mail_delivery_status = "delivery", "sent"
    event.mailwarden_account, event.mailwarden_network, event.stream_us = "bob", net, START_US + at_us
    event.email_to_address, event.facts = [to], {"mailwarden.first_try": True}
    return event


def login(at_us: int, net: str) -> Event:
    """Give a first login from a network that is worth ten points."""
    event = Event()
    event.event_action, event.mailwarden_account, event.mailwarden_network = "auth-success", "bob", net
    event.stream_us = START_US + at_us
    event.facts = {
        "mailwarden.pair.young": True,
        "mailwarden.user.has_history": True,
        "mailwarden.source.is_proxy": False,
        "mailwarden.surprise": 10.0,
        "mailwarden.pair.first_us": event.stream_us,
    }
    return event


def test_three_thousand_recipients_cost_two_kib() -> None:
    """The newest are kept, and four networks."""
    detector, state = StrangeSending(), StrangeSending.state()
    for number in range(3000):
        detector.update(state, delivery(f"friend{number}@example.net", number * DAY_US // 50))
        if number % 100 == 0:
            detector.update(state, login(number * DAY_US // 50, f"10.{number // 100}.0.0/24"))

    assert len(msgspec.msgpack.encode(state)) <= 2048


def test_a_day_at_a_new_network_teaches_twenty_recipients() -> None:
    """The rest of them are new the day after too, from the next network."""
    detector, state = StrangeSending(), StrangeSending.state()
    for number in range(40):
        detector.update(state, delivery(f"friend{number % 20}@example.net", number * DAY_US))
    detector.update(state, login(40 * DAY_US, "203.0.113.0/24"))
    for number in range(100):
        detector.update(state, delivery(f"victim{number}@example.com", 40 * DAY_US + number, "203.0.113.0/24"))
    detector.update(state, login(41 * DAY_US, "198.51.100.0/24"))

    first = [
        detector.update(state, delivery(f"victim{number}@example.com", 41 * DAY_US + number, "198.51.100.0/24"))
        for number in range(50, 60)
    ]

    assert any(one is not None and one.severity in ("medium", "high") for one in first)


@pytest.mark.parametrize(
    ("range_", "elsewhere", "severity"), [(5.0, True, "medium"), (5.0, False, "low"), (0.0, True, "low")]
)
def test_a_new_program_says_more_among_guessers_and_while_the_owner_works(
    range_: float, elsewhere: bool, severity: str
) -> None:
    """Out of a range of guessers no new computer explains it, nor a journey while what the account has at home goes on."""
    detector, state = StrangeSending(), StrangeSending.state()
    for number in range(40):
        detector.update(state, delivery(f"friend{number % 20}@example.net", number * DAY_US))
    came = login(40 * DAY_US, "203.0.113.0/24")
    came.facts = {
        **(came.facts or {}),
        "mailwarden.surprise": 8.0 - range_,
        "mailwarden.source.range": range_,
        "mailwarden.user.elsewhere": elsewhere,
    }
    detector.update(state, came)
    answers = [delivery(f"friend{number}@example.net", 40 * DAY_US + number, "203.0.113.0/24") for number in range(4)]
    for answer in answers:
        answer.facts = {**(answer.facts or {}), "mailwarden.program.bits": 6.0}

    found = [one.severity for one in (detector.update(state, answer) for answer in answers) if one is not None]

    assert found[-1] == severity


def test_guessing_costs_little_however_long_it_goes_on() -> None:
    """A thousand networks, a month: some hundred bytes a key."""
    detector = AccountTargeted()
    state = detector.state()
    for number in range(1000):
        event = Event()
        event.event_action, event.mailwarden_account = "auth-failure", "bob"
        event.mailwarden_network, event.stream_us = (
            f"10.{number % 250}.{number // 250}.0/24",
            START_US + number * DAY_US // 33,
        )
        detector.update(state, event)

    assert len(msgspec.msgpack.encode(state)) <= 512


@pytest.mark.parametrize(("range_bits", "severity"), [(0.0, "low"), (3.5, "medium")])
def test_a_new_computer_explains_its_program_and_that_it_fetched_all(range_bits: float, severity: str) -> None:
    """Both come with it, and one letter bounces: a note, unless it stands among guessers."""
    detector, state = StrangeSending(), StrangeSending.state()
    for number in range(60):
        detector.update(state, delivery(f"friend{number % 20}@example.net", number * DAY_US))
    there, at_us = "198.51.100.0/24", 60 * DAY_US
    came = login(at_us, there)
    came.facts = {
        **(came.facts or {}),
        "mailwarden.pair.young": False,
        "mailwarden.surprise": 2.1,
        "mailwarden.source.range": range_bits,
    }
    detector.update(state, came)
    fetched = login(at_us + 1, there)
    fetched.event_action, fetched.facts = "session-end", {"mailwarden.read.bits": 4.0}
    detector.update(state, fetched)

    found = []
    for number, to in enumerate(("friend1@example.net", "friend2@example.net", "friend3@example.net")):
        event = delivery(to, at_us + 2 + number, there)
        event.facts = {**(event.facts or {}), "mailwarden.program.bits": 6.0}
        if number == 2:
            event.mail_delivery_status, event.mail_bounce_class = "bounced", "mailbox_full"
        found.append(detector.update(state, event))

    assert found[-1] is not None
    assert found[-1].severity == severity
