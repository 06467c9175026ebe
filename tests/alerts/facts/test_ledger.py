"""Each event gets the facts as they were before it, and a record stays small whatever an attacker tries."""

from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from memory import Memory

from mailwarden.alerts.facts.ledger import Ledger
from mailwarden.alerts.facts.records import Network
from mailwarden.alerts.facts.site import Site, place
from mailwarden.alerts.state.shelf import Shelves
from mailwarden.parsers.event import Event

MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US
START_US = 20_000 * DAY_US
SITE = Site(domains=frozenset({"example.org"}))


def event(action: str, address: str, user: str = "bob@example.org", at_us: int = 0, tries: int = 1) -> Event:
    """Make a login."""
    made = Event()
    made.event_action, made.source_ip, made.user_name = action, address, user
    made.stream_us, made.mailwarden_attempts = START_US + at_us, tries
    place(made, SITE)
    return made


def failed(ledger: Ledger, address: str, **fields: Any) -> dict[str, Any]:
    """Give the facts of a refused login."""
    one = event("auth-failure", address, **fields)
    ledger.failures.take(one)
    return one.facts or {}


def let_in(ledger: Ledger, address: str, **fields: Any) -> dict[str, Any]:
    """Give the facts of a login that was let in."""
    one = event("auth-success", address, **fields)
    ledger.successes.take(one)
    return one.facts or {}


def test_an_account_is_known_where_it_was_within_thirty_days() -> None:
    """The whole network counts; a month later it is known no more."""
    ledger = Ledger(SITE, Memory())

    facts = [
        failed(ledger, "192.0.2.10"),
        let_in(ledger, "192.0.2.10", at_us=MINUTE_US),
        failed(ledger, "192.0.2.99", at_us=DAY_US),
        failed(ledger, "192.0.2.99", at_us=DAY_US, user="ann@example.org"),
        failed(ledger, "198.51.100.1", at_us=DAY_US),
        failed(ledger, "192.0.2.10", at_us=31 * DAY_US + 2 * MINUTE_US),
    ]

    assert [one["mailwarden.pair.known"] for one in facts] == [False, False, True, False, False, False]
    assert [one.get("mailwarden.user.exists") for one in facts] == [False, None, True, False, True, True]
    assert [one["mailwarden.source.users"] for one in facts] == [0, 0, 1, 1, 0, 1]


def test_a_login_is_told_what_strangers_tried_before_it() -> None:
    """Failures of a day, by network, as they were before this login; how many there were is remembered for a day."""
    ledger = Ledger(SITE, Memory())
    let_in(ledger, "192.0.2.10")
    failed(ledger, "2001:db8:1::1", at_us=HOUR_US)  # more than a day before the login
    for number in range(2, 5):
        failed(ledger, f"2001:db8:{number}::1", at_us=2 * DAY_US, tries=3)

    facts = let_in(ledger, "2001:db8:4::2", at_us=2 * DAY_US + HOUR_US)
    again = let_in(ledger, "2001:db8:4::2", at_us=2 * DAY_US + 2 * HOUR_US)

    assert facts["mailwarden.user.failing_networks"] == 3
    assert facts["mailwarden.user.failures"] == 9
    assert (facts["mailwarden.source.failures"], facts["mailwarden.source.tried"]) == (3, 3)
    assert (facts["mailwarden.pair.known"], facts["mailwarden.user.has_history"]) == (False, True)
    assert (again["mailwarden.source.failures"], again["mailwarden.user.failures"]) == (0, 9)


def test_who_failed_at_others_is_no_owner() -> None:
    """What a network failed at elsewhere counts against its first login to an account, all day, also when mail follows."""
    ledger = Ledger(SITE, Memory())
    for number in range(6):
        failed(ledger, "203.0.113.7", user=f"user{number}@example.org", at_us=number * MINUTE_US)

    first = let_in(ledger, "203.0.113.7", at_us=HOUR_US)
    later = let_in(ledger, "203.0.113.7", at_us=3 * HOUR_US)

    assert (first["mailwarden.source.others"], first["mailwarden.source.sprayed"]) == (6, 6)
    assert later["mailwarden.source.sprayed"] == 6


@settings(max_examples=200, deadline=None)
@given(
    turns=st.lists(st.tuples(st.integers(0, 29), st.integers(0, 3)), max_size=60),
    patience=st.integers(1, 5),
)
def test_who_mistypes_in_an_office_and_then_gets_in_makes_no_stranger_of_it(
    turns: list[tuple[int, int]], patience: int
) -> None:
    """However people of a new office mistype and succeed, in whatever order: none of them is called a stranger.

    So it is while those who are still trying are at most twice as many as those who got in; the first two are let go.
    """
    ledger = Ledger(SITE, Memory())
    inside: set[int] = set()
    trying: set[int] = set()
    for number, (who, mistakes) in enumerate(turns):
        user, at_us = f"user{who}@example.org", number * MINUTE_US
        if mistakes and who not in inside and len(trying | {who}) <= min(patience, max(1, 2 * len(inside))):
            failed(ledger, "203.0.113.7", user=user, at_us=at_us, tries=mistakes)
            trying.add(who)
            continue
        facts = let_in(ledger, "203.0.113.7", user=user, at_us=at_us)
        inside.add(who)
        trying.discard(who)

        assert not facts.get("mailwarden.source.sprayed")


@settings(max_examples=100, deadline=None)
@given(failures=st.integers(3, 60), hits=st.integers(1, 12), seed=st.randoms(use_true_random=False))
def test_who_is_kept_out_by_most_is_a_stranger_wherever_he_gets_in(failures: int, hits: int, seed: Random) -> None:
    """Of a list of stolen passwords every hit is a stranger's, while twice as many accounts kept him out as he got into."""
    ledger = Ledger(SITE, Memory())
    hits = min(hits, failures // 3)
    tries = [False] * failures + [True] * hits
    seed.shuffle(tries)
    kept_out = entered = 0
    for number, fits in enumerate(tries):
        user, at_us = f"user{number}@example.org", number * MINUTE_US
        if not fits:
            failed(ledger, "203.0.113.7", user=user, at_us=at_us)
            kept_out += 1
            continue
        facts = let_in(ledger, "203.0.113.7", user=user, at_us=at_us)
        is_told = facts["mailwarden.source.sprayed"] > 0

        assert is_told == (kept_out >= 2 and min(kept_out, 32) > 2 * entered)
        entered += 1


def test_a_network_is_fresh_for_a_quarter_of_an_hour() -> None:
    """From the first login on, however often it is used meanwhile."""
    ledger = Ledger(SITE, Memory())
    let_in(ledger, "192.0.2.10")

    facts = [let_in(ledger, "198.51.100.4", at_us=DAY_US + minutes * MINUTE_US) for minutes in (0, 10, 14, 15, 200)]

    assert [one.get("mailwarden.pair.fresh", False) for one in facts] == [True, True, True, False, False]


def test_what_an_account_has_elsewhere_goes_on_for_two_hours() -> None:
    """A new network is told whether one that the account had before it was there lately; one that came after it is not."""
    ledger = Ledger(SITE, Memory())
    let_in(ledger, "192.0.2.1")
    let_in(ledger, "192.0.2.1", at_us=90 * HOUR_US)

    assert let_in(ledger, "203.0.113.7", at_us=91 * HOUR_US)["mailwarden.user.elsewhere"] is True
    assert let_in(ledger, "198.51.100.7", at_us=92 * HOUR_US)["mailwarden.user.elsewhere"] is True
    assert let_in(ledger, "203.0.113.7", at_us=94 * HOUR_US)["mailwarden.user.elsewhere"] is False


def test_five_accounts_that_come_back_make_a_proxy() -> None:
    """An office, a webmail; or a network that bears the label. Five stolen passwords of one night do not."""
    ledger = Ledger(SITE, Memory())
    names = [f"user{number}@example.org" for number in range(6)]

    night = [let_in(ledger, "192.0.2.10", user=name) for name in names]
    later = [let_in(ledger, "192.0.2.10", user=name, at_us=DAY_US + HOUR_US) for name in names]
    labelled = Ledger(Site(labels={"proxy": frozenset({"198.51.100.0/24"})}), Memory())

    assert [one["mailwarden.source.is_proxy"] for one in night] == [False] * 6
    assert [one["mailwarden.source.is_proxy"] for one in later] == [False] * 5 + [True]
    assert let_in(labelled, "198.51.100.4")["mailwarden.source.is_proxy"]


def test_a_try_without_a_verdict_teaches_nothing_of_the_account() -> None:
    """It is counted for its network only: the password may have been right."""
    ledger = Ledger(SITE, Memory())
    one = event("auth-error", "203.0.113.7", tries=20)
    ledger.failures.take(one)

    facts = let_in(ledger, "203.0.113.7", at_us=MINUTE_US)

    assert (facts["mailwarden.user.failures"], facts["mailwarden.source.tried"]) == (0, 20)


def test_the_usual_hour_is_known_after_a_week() -> None:
    """What an account sends in an hour; a network that it just came to raises its best quarter little in a day."""
    ledger = Ledger(SITE, Memory())

    usual = [ledger.volume.mailed("bob@example.org", 10, START_US + day * DAY_US, fresh=False) for day in range(10)]
    strange = ledger.volume.mailed("bob@example.org", 500, START_US + 10 * DAY_US, fresh=True)
    after = ledger.volume.mailed("bob@example.org", 1, START_US + 11 * DAY_US, fresh=False)

    assert [one[0] for one in usual] == [0] * 7 + [10] * 3
    assert (usual[-1][1:], strange, after) == ((10, 10), (10, 10, 0), (10, 12, 10))


def test_weather_is_known_after_three_days_and_exceeded_at_five_times_the_usual_hour() -> None:
    """Of strangers only; who makes half of it is named, and nobody else for it."""
    ledger = Ledger(SITE, Memory())

    early = [
        failed(ledger, "203.0.113.7", at_us=hour * HOUR_US, tries=50).get("mailwarden.weather.exceeded")
        for hour in range(72)
    ]
    today = [
        failed(ledger, f"2001:db8:{tries}::1", at_us=3 * DAY_US, user=f"u{tries}", tries=tries).get(
            "mailwarden.weather.exceeded"
        )
        for tries in (190, 20, 1000)
    ]

    assert not any(early)
    assert today == [None, {"mailwarden.site"}, {"mailwarden.site", "mailwarden.network"}]


def test_who_guessed_for_days_is_not_to_blame_for_the_surge_of_one() -> None:
    """Blame for a day goes by the tries of that day, however long a network has been at it."""
    ledger = Ledger(SITE, Memory())
    for hour in range(10 * 24):
        failed(ledger, "203.0.113.7", at_us=hour * HOUR_US, tries=2)
    for number in range(70):
        facts = failed(ledger, f"10.{number}.0.1", at_us=(240 + number // 6) * HOUR_US, user=f"u{number}", tries=4)

    facts = failed(ledger, "203.0.113.7", at_us=253 * HOUR_US, tries=2)

    assert facts["mailwarden.weather.exceeded"] == {"mailwarden.site"}


def test_what_a_network_tries_is_known_by_the_day_for_a_week() -> None:
    """Of its first day nothing is told, for most networks try once; a day of the week before is forgotten."""
    ledger = Ledger(SITE, Memory())
    tries = {0: 1, 2: 5, 5: 4, 8: 3}

    weeks = [failed(ledger, "203.0.113.7", at_us=day * DAY_US, tries=count) for day, count in tries.items()]

    assert [one.get("mailwarden.source.week") for one in weeks] == [None, [1, 5], [1, 5, 4], [5, 4, 3]]


def test_where_people_come_from_nobody_guesses_for_days() -> None:
    """Of a network from which somebody was let in no days are told."""
    ledger = Ledger(SITE, Memory())
    let_in(ledger, "192.0.2.10", user="ann@example.org")

    weeks = [failed(ledger, "192.0.2.10", at_us=day * DAY_US) for day in range(4)]

    assert not any("mailwarden.source.week" in one for one in weeks)


def test_of_a_network_that_guesses_for_a_month_a_week_is_kept() -> None:
    """Tries on each day of a month take some dozen bytes, and are forgotten a week after the last one."""
    store = Memory()
    ledger = Ledger(SITE, store)
    for hour in range(30 * 24):
        failed(ledger, "203.0.113.7", at_us=hour * HOUR_US, tries=1)

    (row,) = (row for row in Shelves(ledger.shelves).drain() if row[0] == "ledger.network")

    assert row[3] - START_US == 29 * DAY_US + 23 * HOUR_US + 7 * DAY_US
    assert len(row[4] or b"") <= 100


def test_who_comes_back_after_two_days_is_a_stranger_anew() -> None:
    """So guessers of a range are counted, though what they tried is known for longer; where people are let in they are not."""
    guesser, office = Network(tried_us=START_US), Network(tried_us=START_US, users=["ann"])

    assert [Network().comes_anew(START_US), guesser.comes_anew(START_US + 2 * DAY_US)] == [True, False]
    assert [one.comes_anew(START_US + 2 * DAY_US + 1) for one in (guesser, office)] == [True, False]


@pytest.mark.parametrize("kind", ["names", "networks"])
def test_records_stay_small(kind: str) -> None:
    """A thousand networks that guess, and a thousand that are let in, cost no more than some; two KiB at most."""
    store = Memory()
    ledger = Ledger(SITE, store)

    for number in range(1000):
        address = f"2001:db8:{number:x}::1"
        failed(ledger, address, at_us=number, user=f"user{number}" if kind == "names" else "bob@example.org")
        if kind == "networks":
            let_in(ledger, f"2001:db8:1:{number:x}::1", at_us=number)
    store.commit(Shelves(ledger.shelves).drain())

    assert max(len(blob) for _, blob in store.blobs.values()) < 4096


def test_a_name_that_was_only_guessed_is_kept_for_two_days() -> None:
    """An account that exists is kept for ninety."""
    store = Memory()
    ledger = Ledger(SITE, store)
    failed(ledger, "203.0.113.7", user="nobody@example.org")
    let_in(ledger, "192.0.2.10")

    rows = {
        key: expires_us - START_US
        for kind, key, _, expires_us, _ in Shelves(ledger.shelves).drain()
        if kind.startswith("ledger.account")
    }

    assert rows == {"nobody@example.org": 2 * DAY_US, "bob@example.org": 90 * DAY_US}


def test_facts_are_the_same_after_a_restart() -> None:
    """What is read from the store is what was in memory."""
    store = Memory()
    whole, first = Ledger(SITE, Memory()), Ledger(SITE, store)
    for one in (whole, first):
        let_in(one, "192.0.2.10")
        failed(one, "203.0.113.7", at_us=HOUR_US, tries=4)
        one.volume.mailed("bob@example.org", 7, START_US, fresh=False)
    store.commit(Shelves(first.shelves).drain())
    second = Ledger(SITE, store)

    expected = let_in(whole, "203.0.113.7", at_us=2 * HOUR_US)
    actual = let_in(second, "203.0.113.7", at_us=2 * HOUR_US)

    assert expected == actual
    assert msgspec.json.encode(expected)


def test_domains_and_mailboxes_of_local_deliveries_are_ours() -> None:
    """Stated or learned; others are not."""
    ledger = Ledger(SITE, Memory())

    ledger.domains.learn("example.com", START_US)
    ledger.records.learn_mailbox("ann@example.com", START_US)

    assert [ledger.domains.is_ours(one) for one in ("example.org", "example.com", "example.net")] == [True, True, False]
    assert failed(ledger, "203.0.113.7", user="ann@example.com")["mailwarden.user.exists"]


@pytest.mark.parametrize(
    ("site", "name", "account"),
    [
        (Site(), "Bob", "bob"),
        (Site(), " Bob@Example.org ", "bob@example.org"),
        (Site(default_domain="example.org"), "BOB", "bob@example.org"),
        (Site(hosts=("mx1",)), "bob", "bob"),
        (Site(hosts=("mx1", "mx2")), "bob", "bob@mx1"),
    ],
)
def test_a_login_name_stands_for_an_account(site: Site, name: str, account: str) -> None:
    """Lower-cased `local@domain`; a bare name gets the default domain, or its host where there are several."""
    one = Event()
    one.user_name, one.host_hostname = name, "mx1"

    place(one, site)

    assert account == one.mailwarden_account
