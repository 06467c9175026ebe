"""What stands above a site's own weather, and what does not."""

import random

import pytest
from memory import Memory

from mailwarden.alerts.facts.weather import Weather, tail

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
START_US = 20_000 * DAY_US


def lived(days: int, tries: int = 10, failed: int = 1, good: int = 40) -> Weather:
    """Give the weather of a site after so many days of so much an hour."""
    weather = Weather("default", Memory())
    chance = random.Random(4)
    for hour in range(24 * days):
        now = START_US + hour * HOUR_US
        weather.tried(chance.randint(tries // 2, tries * 3 // 2), now)
        for _ in range(chance.randint(0, 2 * failed)):
            weather.failed(now)
        for _ in range(chance.randint(good // 2, good * 3 // 2)):
            weather.good(now)
    return weather


def test_a_surge_is_seen_within_the_hour() -> None:
    """Five times the usual hour, however much the day still has room for."""
    weather = lived(14, tries=400)
    now = START_US + 14 * DAY_US

    minutes = [minute for minute in range(60) if weather.tried(67, now + minute * 60_000_000) is not None]

    assert minutes
    assert minutes[0] <= 45  # ten times the usual


def test_a_windy_day_is_no_surge() -> None:
    """Four times the usual, all day."""
    weather = lived(14, tries=400)

    beyond = [weather.tried(100, START_US + 14 * DAY_US + part * HOUR_US // 16) for part in range(24 * 16)]

    assert not any(beyond)


def test_a_surge_does_not_become_the_usual() -> None:
    """Four days of it in a fortnight move the median next to nothing: the fifth is a surge again."""
    weather = lived(10, tries=100)
    for day in range(10, 14):
        for hour in range(24):
            weather.tried(2000, START_US + day * DAY_US + hour * HOUR_US)

    assert weather.tried(2000, START_US + 14 * DAY_US) is not None


def test_a_small_spray_at_real_accounts_is_seen() -> None:
    """Twenty strangers in an hour among forty people, where one is usual; the first days know nothing."""
    known, fresh = lived(14), lived(2)
    now = START_US + 14 * DAY_US + HOUR_US // 2
    for _ in range(20):
        known.good(now)

    seen = [spray for _ in range(20) if (spray := known.failed(now)) is not None]
    unknown = [spray for _ in range(20) if (spray := fresh.failed(START_US + 2 * DAY_US)) is not None]

    assert seen[-1].failed >= 12
    assert seen[-1].probability < 1e-4
    assert not unknown


def test_a_spray_at_night_is_seen_though_nearly_all_fail_then() -> None:
    """Sixteen strangers fail an hour, and at night nobody else comes: the share is as ever, the number is not."""
    weather, chance = Weather("default", Memory()), random.Random(4)
    for hour in range(24 * 14 + 3):
        now = START_US + hour * HOUR_US
        for _ in range(chance.randint(8, 24)):
            weather.failed(now)
        for _ in range(chance.randint(60, 120) if 8 <= hour % 24 <= 18 else chance.randint(0, 4)):
            weather.good(now)
    now = START_US + (24 * 14 + 3) * HOUR_US + HOUR_US // 2

    seen = [spray for _ in range(60) if (spray := weather.failed(now)) is not None]

    assert seen
    assert not any(spray.exceeds for spray in seen)  # for the report: the share alone would wake nobody either


def test_thirty_ordinary_days_see_no_spray() -> None:
    """Hours differ by themselves: none of 720 is called improbable."""
    weather = lived(14)
    chance = random.Random(5)
    found = 0
    for hour in range(24 * 30):
        now = START_US + 14 * DAY_US + hour * HOUR_US
        for _ in range(chance.randint(20, 60)):
            weather.good(now)
        found += sum(weather.failed(now) is not None for _ in range(chance.choice([0, 1, 1, 2, 3, 6])))

    assert found == 0


def test_changed_passwords_explain_what_follows() -> None:
    """Accounts that fail where they always are: for a day strangers' failures may be their phones on the move."""
    weather = lived(14)
    now = START_US + 14 * DAY_US
    for _ in range(8):
        weather.stale(now)

    sprays = [spray for _ in range(60) if (spray := weather.failed(now + HOUR_US)) is not None]

    assert sprays
    assert not any(spray.exceeds for spray in sprays)


@pytest.mark.parametrize(
    ("failed", "pairs", "alpha", "beta", "expected"),
    [(0, 10, 1, 1, 1.0), (10, 10, 1, 1, 1 / 11), (8, 10, 1, 1, 3 / 11), (10, 10, 1, 9, 1.0824e-05)],
)
def test_the_tail_is_that_of_the_distribution(
    failed: int, pairs: int, alpha: float, beta: float, expected: float
) -> None:
    """With alpha and beta 1 all counts are equally probable; ten of ten at one in ten: B(11, 9) / B(1, 9)."""
    assert tail(failed, pairs, alpha, beta) == pytest.approx(expected, rel=1e-3)


def test_a_fortnight_is_small() -> None:
    """Two KiB, whatever happens."""
    store = Memory()
    weather = lived(20, tries=100_000, failed=9, good=90)
    store.commit(weather.shelf.drain())

    assert max(len(blob) for _, blob in store.blobs.values()) <= 2048
