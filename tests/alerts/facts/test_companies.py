"""How many accounts come together to a new network is judged by what this site sees."""

from mailwarden.alerts.facts.companies import Companies
from mailwarden.alerts.facts.records import Network
from mailwarden.alerts.state.shelf import Nowhere

START_US = 1_772_438_400_000_000
HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US


def come(companies: Companies, day: int, accounts: int) -> list[tuple[int, int] | None]:
    """Have accounts come to a network that is new on a day, an hour apart; give how many came and are too many."""
    net = Network(since_us=START_US + day * DAY_US)
    found = [companies.come(net, net.since_us + number * HOUR_US) for number in range(accounts)]
    assert {one[2] for one in found if one} <= {net.since_us}
    return [one and one[:2] for one in found]


def test_five_are_many_where_hardly_two_come_together() -> None:
    """From a week on; before that nobody knows."""
    companies = Companies("default", Nowhere())

    first = [come(companies, day, 2 if day else 8)[-1] for day in range(8)]

    assert first == [None] * 8
    assert come(companies, 8, 6) == [None, None, None, None, (5, 5), (6, 5)]


def test_where_six_come_every_day_thirteen_are_many() -> None:
    """A hoster's people meet in the networks of their carriers."""
    companies = Companies("default", Nowhere())
    for day in range(10):
        come(companies, day, 6)

    assert come(companies, 10, 13)[-2:] == [None, (13, 13)]


def test_two_odd_days_teach_nothing() -> None:
    """Whoever enters many accounts on two days makes no usual of it; a day without anybody counts as such."""
    companies = Companies("default", Nowhere())
    for day in (0, 1, 9):
        come(companies, day, 9 if day < 2 else 1)

    assert come(companies, 10, 5)[-1] == (5, 5)


def test_who_comes_later_belongs_to_no_company() -> None:
    """The network is a day old, or was known before this was counted."""
    companies = Companies("default", Nowhere())
    for day in range(10):
        come(companies, day, 1)
    old, unknown = Network(since_us=START_US + 10 * DAY_US, together=7), Network()

    assert companies.come(old, START_US + 12 * DAY_US) is None
    assert companies.come(unknown, START_US + 12 * DAY_US) is None
