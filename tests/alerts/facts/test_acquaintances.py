"""An account's recipients: known from days before, or strangers, whatever it sends and whoever sends it."""

from itertools import count
from zlib import crc32

from memory import Memory

from mailwarden.alerts.facts.acquaintances import Acquaintances, awaits_outcomes, sending_severity
from mailwarden.alerts.state.blob import encode

_DAY_US = 86_400_000_000
_SECOND_US = 1_000_000


def write(one: Acquaintances, numbers: range, day: int, *, away: bool = False, refused: int = 0) -> dict[str, int]:
    """Let an account write to recipients by number on a day, two seconds apart; give the facts of the last."""
    facts: dict[str, int] = {}
    for at, number in zip(count(day * _DAY_US, 2 * _SECOND_US), numbers, strict=False):
        is_refused = refused > 0 and number % refused == 0
        one.wrote("bob@example.org", f"customer{number}@example.net", at, facts, away=away, refused=is_refused)
    return facts


def lately(one: Acquaintances, at_us: int) -> dict[str, int]:
    """Give the facts of the account's last hour."""
    facts: dict[str, int] = {}
    one.lately("bob@example.org", at_us, facts)
    return facts


def test_customers_are_known_from_the_day_after() -> None:
    """By webmail, an invoice run to those who were written to before is for the report, one to strangers is worth a look."""
    one = Acquaintances(Memory())
    first = write(one, range(60), day=20)
    hidden = {"mailwarden.user.hidden": True}

    assert (first["mailwarden.user.wrote_judged"], first["mailwarden.user.wrote_known"]) == (60, 0)
    assert sending_severity(first | hidden, 60) == "medium"
    assert sending_severity(write(one, range(60), day=50) | hidden, 60) == "low"
    assert sending_severity(write(one, range(1000, 1060), day=51) | hidden, 60) == "medium"


def test_from_home_to_takers_is_for_the_report() -> None:
    """A first newsletter from where an account always is, of which few come back, is a note; of which some do, worth a look."""
    one = Acquaintances(Memory())

    assert sending_severity(write(one, range(60), day=20), 60) == "low"
    assert sending_severity(write(one, range(1000, 1200), day=21, refused=14), 200) == "medium"


def test_nobody_becomes_known_within_a_day() -> None:
    """Who writes twice to the same strangers writes to strangers."""
    one = Acquaintances(Memory())
    write(one, range(60), day=20)

    assert write(one, range(60), day=20)["mailwarden.user.wrote_known"] == 0


def test_a_list_longer_than_memory_is_still_known() -> None:
    """Of five thousand customers a sample is remembered, and judged by; a record stays small."""
    one = Acquaintances(Memory())
    write(one, range(5000), day=20)

    again = write(one, range(5000), day=50)
    assert again["mailwarden.user.acquaintances"] == 300
    assert 10 < again["mailwarden.recipient.stands_for"] < 24
    assert again["mailwarden.user.wrote_known"] == again["mailwarden.user.wrote_judged"] > 50
    strangers = write(one, range(10_000, 15_000), day=51)
    assert strangers["mailwarden.user.wrote_known"] == 0 < strangers["mailwarden.user.wrote_judged"]
    assert sending_severity(strangers | {"mailwarden.user.hidden": True}, 5000) == "medium"


def test_nobody_can_choose_recipients_that_are_not_judged() -> None:
    """Strangers who were picked by a checksum of their addresses are judged like any others."""
    one = Acquaintances(Memory())
    write(one, range(5000), day=20)
    facts: dict[str, int] = {}
    largest = sorted((f"stranger{number}@example.net" for number in range(20_000)), key=lambda to: crc32(to.encode()))[
        -2000:
    ]

    for at, to in zip(count(51 * _DAY_US, 1000), largest, strict=False):
        one.wrote("bob@example.org", to, at, facts, away=False, refused=False)

    assert facts["mailwarden.user.wrote_judged"] > 50


def test_accounts_judge_by_samples_of_their_own() -> None:
    """What is learned of one account's sample, by having an account here, tells nothing of another's."""
    one, samples = Acquaintances(Memory()), []
    for account, first in (("ann@example.org", 0), ("bob@example.org", 1)):
        judged = set()
        for number in range(first, 5000):
            facts: dict[str, bool] = {}
            one.wrote(account, f"customer{number}@example.net", 20 * _DAY_US + number, facts, away=False, refused=False)
            if number >= 4000 and "mailwarden.recipient.new" in facts:
                judged.add(number)
        samples.append(judged)

    assert len(samples[0] & samples[1]) < len(samples[0]) / 2


def test_what_was_begun_with_a_checksum_goes_on() -> None:
    """A record of before its hash was keyed still knows whom it knew."""
    store = Memory()
    address = "customer7@example.net"
    record = ({crc32(address.encode()): 20}, (1 << 32) - 1, [], 0, 0, 20 * _DAY_US)
    store.commit([("ledger.acquaintances", "bob@example.org", 1, 220 * _DAY_US, encode(record))])
    facts: dict[str, int] = {}

    Acquaintances(store).wrote("bob@example.org", address, 21 * _DAY_US, facts, away=False, refused=False)

    assert facts["mailwarden.user.wrote_known"] == 1


def test_a_new_network_teaches_little() -> None:
    """What is sent from where an account never was makes twenty recipients a day known, not its whole list."""
    one = Acquaintances(Memory())
    write(one, range(100), day=20, away=True)

    assert write(one, range(100), day=21)["mailwarden.user.wrote_known"] == 20


def test_from_elsewhere_nothing_is_calm() -> None:
    """A thief who writes to the customers is no invoice run."""
    one = Acquaintances(Memory())
    write(one, range(60), day=20)
    facts = write(one, range(60), day=50, away=True)

    assert sending_severity({**facts, "mailwarden.user.wrote_away": 60}, 60) == "high"


def test_a_letter_from_a_phone_on_the_move_is_no_journey() -> None:
    """Some of thirty recipients were written to from another network: the rest decide."""
    one = Acquaintances(Memory())
    write(one, range(60), day=20)
    facts = write(one, range(30), day=50)

    assert sending_severity({**facts, "mailwarden.user.wrote_away": 13}, 30) == "low"
    assert sending_severity({**facts, "mailwarden.user.wrote_away": 15}, 30) == "high"


def test_refusals_decide() -> None:
    """A quarter that does not exist is a spammer's list, whoever the rest are."""
    one = Acquaintances(Memory())
    write(one, range(60), day=20)

    assert sending_severity(write(one, range(60), day=50, refused=4), 60) == "high"


def test_a_letter_to_many_waits_for_its_outcomes() -> None:
    """Of one message to forty nobody knows who takes it, until some have; of an account that never sent nothing will tell."""
    one = Acquaintances(Memory())
    assert not awaits_outcomes(lately(one, 20 * _DAY_US), 40)
    write(one, range(60), day=20)

    assert awaits_outcomes(lately(one, 50 * _DAY_US), 40)
    assert not awaits_outcomes(write(one, range(20), day=50), 40)
    assert not awaits_outcomes({"mailwarden.user.acquaintances": 60, "mailwarden.user.wrote_away": 40}, 40)


def test_what_was_an_hour_ago_is_over() -> None:
    """The last hour is judged."""
    one = Acquaintances(Memory())
    write(one, range(60), day=20)

    assert lately(one, 20 * _DAY_US + 3_700 * _SECOND_US)["mailwarden.user.wrote"] == 0
