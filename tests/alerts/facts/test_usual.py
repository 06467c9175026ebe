"""What is usual is learned from quiet days, is hard to teach, and is unknown until there are enough."""

import msgspec

from mailwarden.alerts.facts.usual import Usual, learn, usual_of

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
MONDAY_US = 1_772_438_400_000_000 // DAY_US * DAY_US + 9 * HOUR_US  # 2 March 2026, in the morning
MOST_BYTES = 2048


def taught(amounts: list[int], every_us: int = DAY_US, usual: Usual | None = None, from_us: int = MONDAY_US) -> Usual:
    """Learn one amount after the other."""
    usual = usual or Usual()
    for number, amount in enumerate(amounts):
        learn(usual, from_us + number * every_us, amount)
    return usual


def test_nothing_is_usual_in_the_first_week() -> None:
    """After it, it is the third largest day: two odd ones teach nothing."""
    amounts = [4, 5, 90, 3, 6, 4, 80, 5, 4]

    assert usual_of(taught(amounts[:6]), MONDAY_US + 6 * DAY_US) is None
    assert usual_of(taught(amounts), MONDAY_US + 9 * DAY_US) == 5


def test_nights_are_no_working_hours() -> None:
    """Who sends by day sends next to nothing by night, once five nights are known; weekends are apart too."""
    usual = Usual()
    for day in range(28):
        learn(usual, MONDAY_US + day * DAY_US - 8 * HOUR_US, 2)
        learn(usual, MONDAY_US + day * DAY_US, 3 if day % 7 >= 5 else 50)
    later_us = MONDAY_US + 28 * DAY_US

    asked = (later_us - 8 * HOUR_US, later_us, later_us + 5 * DAY_US)

    assert [usual_of(usual, at_us) for at_us in asked] == [2, 50, 3]


def test_a_newsletter_is_known_after_its_third() -> None:
    """One that goes out every week; a single great day never is."""
    usual = taught([2] * 28)
    known = []
    for week in range(4, 8):
        at_us = MONDAY_US + week * 7 * DAY_US
        known.append(usual_of(usual, at_us))
        learn(usual, at_us, 400)

    assert known == [2, 2, 2, 400]


def test_who_raises_it_slowly_needs_weeks_and_is_seen_on_the_way() -> None:
    """Sending each day just less than six times the usual, from ten to five hundred an hour takes two weeks."""
    usual = taught([10] * 28)
    days = 0
    while (now := usual_of(usual, MONDAY_US + (28 + days) * DAY_US) or 0) < 500 / 6:
        learn(usual, MONDAY_US + (28 + days) * DAY_US, 6 * now - 1)
        days += 1

    assert days >= 14


def test_it_stays_small() -> None:
    """Whatever comes, a record holds at most two kibibytes."""
    usual = taught(list(range(1, 5000, 7)) * 3, every_us=5 * HOUR_US)

    assert len(msgspec.msgpack.encode(usual)) < MOST_BYTES
