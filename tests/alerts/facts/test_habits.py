"""What is normal for an account, and how little a day can teach."""

from typing import Any

from memory import Memory

from mailwarden.alerts.facts.geography import NOWHERE, Place
from mailwarden.alerts.facts.habits import Habits, kin

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
START_US = 20_000 * DAY_US
BERLIN, SAO_PAULO = Place("DE", 52.52, 13.4, 64500), Place("BR", -23.55, -46.63, 64510)


def office(days: int, place: Place = NOWHERE, store: Memory | None = None) -> Habits:
    """Give the habits after so many days of an office worker: nine to five, always the same network."""
    habits = Habits(store or Memory())
    for day in range(days):
        for hour in range(9, 17):
            habits.meet("bob", START_US + day * DAY_US + hour * HOUR_US, place, is_new=day == hour == 0, wants=False)
    return habits


def surprise(habits: Habits, day: int, hour: int, *, is_new: bool = True, place: Place = NOWHERE) -> dict[str, Any]:
    """Give the facts of a login."""
    return habits.meet("bob", START_US + day * DAY_US + hour * HOUR_US, place, is_new=is_new, wants=True)


def test_a_new_network_and_an_odd_hour_are_worth_as_much_as_they_are_rare() -> None:
    """After three weeks of office hours; nothing is unusual before three days."""
    by_day, by_night = surprise(office(21), 21, 10), surprise(office(21), 21, 3)
    early = surprise(office(2), 2, 3)

    assert 4.5 < by_day["mailwarden.surprise"] < 6.5
    assert by_night["mailwarden.surprise"] > by_day["mailwarden.surprise"] + 3
    assert by_night["mailwarden.habit.hour_share"] == 0
    assert "mailwarden.surprise" not in early


def test_a_phone_that_roams_surprises_nobody() -> None:
    """A new network each day for three weeks: the next is worth nothing."""
    habits = Habits(Memory())
    for day in range(21):
        habits.meet("bob", START_US + day * DAY_US, NOWHERE, is_new=True, wants=False)

    assert habits.roams("bob")
    assert surprise(habits, 21, 0)["mailwarden.surprise"] < 0.5
    assert not office(21).roams("bob")


def test_finding_the_networks_of_an_account_is_no_roaming() -> None:
    """Office, home and phone in its first three days are no moves, and one strange network alone is none either."""
    habits = Habits(Memory())
    for day in range(4):
        habits.meet("bob", START_US + day * DAY_US + 9 * HOUR_US, NOWHERE, is_new=day < 3, wants=False)

    facts = surprise(habits, 4, 3)

    assert facts["mailwarden.surprise"] > 6
    assert not habits.roams("bob")
    assert not office(4).roams("bob")


def test_a_day_teaches_no_more_than_one_login() -> None:
    """A thousand logins at night leave it as odd as one does; a week of nights makes it half usual."""
    once, often, week = office(21), office(21), office(21)
    surprise(once, 21, 3)
    for second in range(1000):
        often.meet("bob", START_US + 21 * DAY_US + 3 * HOUR_US + second * 1000, NOWHERE, is_new=True, wants=False)
    for night in range(21, 28):
        surprise(week, night, 3)

    assert surprise(once, 22, 3)["mailwarden.surprise"] == surprise(often, 22, 3)["mailwarden.surprise"]
    assert surprise(once, 22, 3)["mailwarden.surprise"] > surprise(week, 28, 3)["mailwarden.surprise"] + 1


def test_a_country_is_new_once() -> None:
    """And is worth points where the account's countries are known."""
    habits = office(10, BERLIN)

    first, again = (surprise(habits, day, 10, place=SAO_PAULO) for day in (10, 12))

    assert (first["mailwarden.country.new"], again["mailwarden.country.new"]) == (True, False)
    assert first["source.geo.country_iso_code"] == "BR"
    assert first["mailwarden.surprise"] > 9


def test_nobody_flies_faster_than_an_airliner() -> None:
    """Berlin to Sao Paulo in an hour is too fast, in fifteen it is a flight; within one country nothing is said."""
    hour_later = surprise(office(10, BERLIN), 9, 17, place=SAO_PAULO)
    next_day = surprise(office(10, BERLIN), 10, 8, place=SAO_PAULO)
    near = surprise(office(10, BERLIN), 9, 17, place=Place("DE", 48.14, 11.58))

    assert hour_later["mailwarden.travel.kmh"] > 900
    assert "mailwarden.travel.kmh" not in next_day | near


def test_what_is_kept_is_small_and_survives_a_restart() -> None:
    """Two KiB an account at most, and the same facts from the store."""
    store = Memory()
    habits = office(60, BERLIN, store)
    for number in range(100):
        place = Place(f"{chr(65 + number % 26)}{chr(65 + number // 26)}", float(number), float(number), 64500 + number)
        habits.meet("bob", START_US + (60 + number) * DAY_US, place, is_new=True, wants=False)
    store.commit(habits.shelf.drain())

    assert max(len(blob) for _, blob in store.blobs.values()) <= 2048
    assert surprise(Habits(store), 161, 5) == surprise(habits, 161, 5)


def test_neighbours_of_one_provider_are_kin() -> None:
    """/16, and /32 for IPv6."""
    assert kin("198.51.100.0/24") == kin("198.51.7.0/24") != kin("198.52.100.0/24")
    assert kin("2001:db8:1::/64") == kin("2001:db8:f:7::/64") != kin("2001:db9:1::/64")
