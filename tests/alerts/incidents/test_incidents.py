"""An incident gathers what belongs together, has a life, and is told once."""

import time

import msgspec
import pytest
from findings import DAY_US, HOUR_US, MINUTE_US, START_US, detection, finding
from hypothesis import given, settings
from hypothesis import strategies as st
from memory import Memory

from mailwarden.alerts.detection.finding import Finding
from mailwarden.alerts.incidents.incident import Incident, Notification, incident_id
from mailwarden.alerts.incidents.incidents import Incidents
from mailwarden.alerts.state.shelf import Shelves


def take(incidents: Incidents, *findings: Finding) -> list[Incident]:
    """Join findings; give their incidents."""
    return [one for one in map(incidents.take, findings) if one is not None]


def told(incidents: Incidents) -> list[tuple[str, str]]:
    """Give the kinds and titles of what was decided to tell since the last time."""
    return [(one.kind, one.incident.title) for one in incidents.drain()[1]]


def test_an_identity_holds_no_time() -> None:
    """The same trouble has the same id whenever it is seen; another site, cause or entity has another."""
    one = take(Incidents("default", Memory()), finding(detection()))[0]
    late = take(Incidents("default", Memory()), finding(detection("other_rule"), at_us=START_US + 9 * DAY_US))[0]
    others = [
        take(Incidents("second", Memory()), finding(detection()))[0],
        take(Incidents("default", Memory()), finding(detection(), primary="198.51.100.0/24"))[0],
        take(Incidents("default", Memory()), finding(detection(cause="protocol")))[0],
    ]

    assert one.id == late.id == incident_id("default", "guessing", "mailwarden.network", "203.0.113.0/24", None)
    assert len({one.id, *(other.id for other in others)}) == 4


def test_findings_of_one_entity_and_cause_are_one_incident() -> None:
    """The worst rule leads; counts are by rule, and the incident's is the greatest of them."""
    incidents = Incidents("default", Memory())

    one, two, three = take(
        incidents,
        finding(detection("fast"), severity="low", tries=5),
        finding(detection("spray"), at_us=START_US + MINUTE_US, severity="high", tries=10),
        finding(detection("fast"), at_us=START_US + 2 * MINUTE_US, severity="low", tries=20),
    )

    assert one is two is three
    assert (one.lead, one.severity, one.rules) == ("spray", "high", ["fast", "spray"])
    assert (one.counts, one.event_count) == ({"fast": 25, "spray": 10}, 25)
    assert (one.first_seen_us, one.last_seen_us) == (START_US - MINUTE_US, START_US + 2 * MINUTE_US)


def test_a_doubt_about_one_account_does_not_take_over_an_attack_on_all() -> None:
    """Guessing that people were told of is no part of a minor login's story, and makes it no worse; a worse login takes it."""
    incidents = Incidents("default", Memory())
    site = finding(
        detection("surge", primary="mailwarden.site"), "default", severity="high", account=["bob@example.org"]
    )
    login = detection("login", "takeover", "mailwarden.account")

    attack, doubt = take(incidents, site, finding(login, "bob@example.org", severity="low"))
    assert (attack.parent, doubt.severity) == (None, "low")

    take(incidents, finding(login, "bob@example.org", START_US + MINUTE_US, "critical"))
    assert attack.parent == doubt.id


def test_guessing_that_grows_leaves_the_story_of_a_minor_login() -> None:
    """Both were minor; what exceeds the usual afterwards is told by itself."""
    incidents = Incidents("default", Memory())
    surge, login = detection("surge"), detection("login", "takeover", "mailwarden.account")
    names = {"account": ["bob@example.org"]}
    attack, doubt = take(
        incidents,
        finding(surge, severity="low", account=names["account"]),
        finding(login, "bob@example.org", severity="low"),
    )
    assert attack.parent == doubt.id

    take(incidents, finding(surge, at_us=START_US + HOUR_US, severity="high", account=names["account"]))

    assert (attack.parent, doubt.severity) == (None, "low")
    assert told(incidents) == [("opened", "surge")]


def test_what_goes_on_opens_nothing() -> None:
    """A further event of a window whose incident is over is no new incident."""
    assert take(Incidents("default", Memory()), finding(detection(), fired=False)) == []


def test_a_life() -> None:
    """Open, quiet after twice the span, open again when it comes back, closed after a day of quiet."""
    incidents = Incidents("default", Memory())
    (one,) = take(incidents, finding(detection()))

    states = []
    for at_us, again in (
        (20 * MINUTE_US - 1, False),
        (20 * MINUTE_US, False),
        (2 * HOUR_US, True),
        (2 * HOUR_US + 20 * MINUTE_US, False),
        (26 * HOUR_US + 20 * MINUTE_US - 1, False),
        (26 * HOUR_US + 20 * MINUTE_US, False),
    ):
        incidents.tick(START_US + at_us)
        if again:
            take(incidents, finding(detection(), at_us=START_US + at_us))
        states.append(one.status)

    assert states == ["open", "quiet", "open", "quiet", "quiet", "closed"]


def test_what_returns_after_it_was_closed_is_a_new_incident() -> None:
    """It names the old one as previous, has another id, and is told as returned; so it is after a restart."""
    store = Memory()
    incidents = Incidents("default", store)
    (old,) = take(incidents, finding(detection()))
    incidents.tick(START_US + 20 * MINUTE_US)
    incidents.tick(START_US + 2 * DAY_US)
    kinds = [kind for kind, _ in told(incidents)]
    store.commit(Shelves(incidents.shelves).drain())

    again = Incidents("default", store)
    (new,) = take(again, finding(detection(), at_us=START_US + 3 * DAY_US))

    assert kinds == ["opened", "ended"]
    assert (new.previous, new.id != old.id) == (old.id, True)
    assert told(again) == [("returned", "guess")]


def test_what_comes_back_within_a_day_is_told_so() -> None:
    """People who were told that it ended are told that it did not."""
    incidents = Incidents("default", Memory())
    take(incidents, finding(detection(), severity="high"))
    incidents.tick(START_US + 20 * MINUTE_US)

    take(incidents, finding(detection(), at_us=START_US + 2 * HOUR_US, severity="high"))

    assert [kind for kind, _ in told(incidents)] == ["opened", "ended", "returned"]


def test_what_outlives_its_story_speaks_for_itself() -> None:
    """When the greater incident is closed, the part that goes on is told by itself."""
    incidents = Incidents("default", Memory())
    takeover = detection("entered", "takeover", "mailwarden.account")
    sending = detection("burst", "sending", "mailwarden.account")
    bob = ["bob@example.org"]
    take(incidents, finding(takeover, "bob@example.org", severity="medium", account=bob))
    (child,) = take(incidents, finding(sending, "bob@example.org", severity="medium", account=bob))
    for minutes in range(0, 3 * 24 * 60, 10):
        take(incidents, finding(sending, "bob@example.org", START_US + minutes * MINUTE_US, fired=False, account=bob))
        incidents.tick(START_US + minutes * MINUTE_US)
    told(incidents)

    take(incidents, finding(sending, "bob@example.org", START_US + 3 * DAY_US, "critical", account=bob))

    assert child.parent is None
    assert told(incidents) == [("opened", "burst")]


@pytest.mark.parametrize(
    ("severity", "kinds"), [("info", []), ("low", []), ("medium", ["opened"]), ("high", ["opened"])]
)
def test_medium_and_worse_is_told_once(severity: str, kinds: list[str]) -> None:
    """What goes on is not told again; what is low belongs into the digest."""
    incidents = Incidents("default", Memory())

    for minute in range(3):
        take(incidents, finding(detection(), at_us=START_US + minute * MINUTE_US, severity=severity))

    assert [kind for kind, _ in told(incidents)] == kinds


def test_four_times_as_much_is_worse() -> None:
    """So is a higher severity, and another kind of trouble; three times as much is not."""
    incidents = Incidents("default", Memory())

    kinds = []
    for tries, severity in ((10, "medium"), (20, "medium"), (10, "medium"), (1, "high"), (1, "high")):
        take(incidents, finding(detection(), severity=severity, tries=tries))
        kinds.append([kind for kind, _ in told(incidents)])

    assert kinds == [["opened"], [], ["worse"], ["worse"], []]


def test_what_is_found_after_it_was_told_is_news() -> None:
    """The next notice names what other rules, and parts of its story, found since; the one after it does not."""
    incidents = Incidents("default", Memory())
    login = detection("login", "takeover", "mailwarden.account")
    take(incidents, finding(login, "bob@example.org", severity="high"))
    burst = detection("burst", "takeover", "mailwarden.account")
    take(incidents, finding(burst, "bob@example.org", START_US + MINUTE_US, "critical"))
    limit = detection("limit", "sending", "mailwarden.account")
    take(incidents, finding(limit, "bob@example.org", START_US + 2 * MINUTE_US, "high", account=["bob@example.org"]))

    notices = incidents.drain()[1]

    found = [(one.kind, [news.rule for news in one.incident.news]) for one in notices]
    assert found == [("opened", []), ("worse", ["burst"]), ("worse", ["limit"])]


def test_an_incident_says_when_it_got_worse() -> None:
    """The report tells by it what is worse since yesterday."""
    incidents = Incidents("default", Memory())
    (one,) = take(incidents, finding(detection()))
    before_us = one.worse_us

    take(incidents, finding(detection(), at_us=START_US + HOUR_US, severity="high"))

    assert (before_us, one.worse_us) == (0, START_US + HOUR_US)


def test_fifty_entities_are_written_out_and_the_rest_is_counted() -> None:
    """A botnet of ten thousand addresses is counted to within some per cent, each address once."""
    incidents = Incidents("default", Memory())

    for _ in range(2):
        for number in range(10_000):
            take(incidents, finding(detection(), at_us=START_US + number, address=[f"2001:db8::{number:x}"]))
    (one,) = incidents.drain()[0]

    assert len(one.entities["source.ip"]) == 50
    assert one.entity_counts["source.ip"] == pytest.approx(10_000, rel=0.05)
    assert len(one.evidence) == 10


def test_the_sending_of_a_stolen_account_is_part_of_its_story() -> None:
    """The child stands in its parent's time line, the parent is as bad as the worst part, and only it is told."""
    incidents = Incidents("default", Memory())
    sending = detection("burst", "sending", "mailwarden.account")
    takeover = detection("entered", "takeover", "mailwarden.account")

    (child,) = take(incidents, finding(sending, "bob@example.org", severity="critical", account=["bob@example.org"]))
    (head,) = take(
        incidents,
        finding(takeover, "bob@example.org", START_US + MINUTE_US, "medium", account=["bob@example.org"]),
    )

    assert (child.parent, head.parent) == (head.id, None)
    assert head.severity == "critical"
    assert head.categories == ["account_takeover", "outbound_spam"]
    assert "burst" in [name for _, name in head.timeline]
    take(incidents, finding(sending, "bob@example.org", START_US + 2 * MINUTE_US, "critical", tries=100))
    assert [title for kind, title in told(incidents) if kind != "opened" and title == "burst"] == []


def test_a_story_is_told_as_of_now_though_it_has_an_older_part() -> None:
    """Guessing of eight hours ago becomes part of a takeover: told at its time it would count as old news."""
    incidents, account = Incidents("default", Memory()), ["bob@example.org"]
    now_us = START_US + 8 * HOUR_US
    takeover = detection("strange", "takeover", "mailwarden.account")

    take(incidents, finding(detection(), severity="low", account=account))
    take(incidents, finding(takeover, account[0], now_us, account=account))

    notices = incidents.drain()[1]
    assert [(one.kind, one.incident.lead, one.at_us) for one in notices] == [("opened", "strange", now_us)]


def test_other_accounts_are_no_part_of_it() -> None:
    """Two accounts that send at the same time are two stories."""
    incidents = Incidents("default", Memory())

    first, second = take(
        incidents,
        finding(detection("entered", "takeover", "mailwarden.account"), "bob@example.org", account=["bob@example.org"]),
        finding(detection("burst", "sending", "mailwarden.account"), "ann@example.org", account=["ann@example.org"]),
    )

    assert (first.parent, second.parent) == (None, None)


def test_a_listing_belongs_to_who_was_refused_first() -> None:
    """A block that an account met first, after it began to send, is its doing; one that was there before is not."""
    sending = finding(
        detection("burst", "sending", "mailwarden.account"),
        "bob@example.org",
        START_US + 5 * HOUR_US,
        "high",
        account=["bob@example.org"],
    )
    listed = detection("listed", "listed", "mailwarden.site")

    after, before = (
        take(Incidents("default", Memory()), sending, finding(listed, "default", at_us, account=["bob@example.org"]))
        for at_us in (START_US + 6 * HOUR_US, START_US)
    )

    assert after[1].parent == after[0].id
    assert before[1].parent is None


def test_what_is_told_has_the_same_id_after_a_restart() -> None:
    """Decided again from what was committed, a notification is the one that was decided before."""
    findings = [finding(detection(), tries=tries, at_us=START_US + tries * MINUTE_US) for tries in (1, 4, 20)]

    whole = Incidents("default", Memory())
    take(whole, *findings)
    expected = [one.id for one in whole.drain()[1]]
    first = Incidents("default", Memory())
    take(first, findings[0])
    changed, notices = first.drain()
    second = Incidents("default", Memory(changed), changed)
    take(second, *findings[1:])
    notices = [*notices, *second.drain()[1]]

    assert [one.id for one in notices] == expected
    assert len(set(expected)) == len(expected) == 3


def test_what_was_told_does_not_change_afterwards() -> None:
    """A notification holds its incident as it was when it was decided."""
    incidents = Incidents("default", Memory())
    take(incidents, finding(detection(), tries=5))
    notice: Notification = incidents.drain()[1][0]

    take(incidents, finding(detection(), at_us=START_US + MINUTE_US, tries=5))

    assert notice.incident.event_count == 5


def test_an_incident_is_acknowledged_while_it_lives() -> None:
    """Somebody is on it; of an unknown one nobody can be."""
    incidents = Incidents("default", Memory())
    (one,) = take(incidents, finding(detection()))

    assert incidents.acknowledge(one.id, "ann")
    assert not incidents.acknowledge("NOSUCH", "ann")
    assert one.acknowledged_by == "ann"


def test_thousands_of_networks_that_guess_one_account_cost_no_more_each() -> None:
    """Who guesses is part of nobody else's guessing: they are not compared with each other."""
    incidents = Incidents("default", Memory())
    accounts = [f"user{number}@example.org" for number in range(20)]
    spent_s = []

    for third in range(3):
        began_s = time.process_time()
        for number in range(700):
            net = f"198.{third}.{number}.0/24"
            take(incidents, finding(detection(), net, START_US + third * MINUTE_US, account=accounts))
        spent_s.append(time.process_time() - began_s)

    assert spent_s[2] < 3 * spent_s[0] + 0.2


def test_networks_that_guess_one_account_are_members_of_its_incident() -> None:
    """A network that does what the others do is told as part of the account's; one that does most, or tries others, is not."""
    incidents = Incidents("default", Memory())
    guessed = detection("account_guessing", primary="mailwarden.account")
    addresses = [f"198.51.{number}.7" for number in range(10)]
    bob = take(incidents, finding(guessed, "bob", severity="low", tries=20, account=["bob"], address=addresses))[0]

    def network(number: int, tries: int, *accounts: str) -> Incident:
        one = finding(
            detection(), f"198.51.{number}.0/24", severity="low", tries=tries, account=list(accounts),
            address=[addresses[number]],
        )  # fmt: skip
        return take(incidents, one)[0]

    member, loud, broad = network(1, 4, "bob"), network(2, 40, "bob"), network(3, 4, "bob", "ann")

    assert [one.parent for one in (member, loud, broad)] == [bob.id, None, None]


def test_a_member_that_tries_others_too_leaves_the_campaign_on_one_account() -> None:
    """What it does then is not that account's story any more."""
    incidents = Incidents("default", Memory())
    guessed = detection("account_guessing", primary="mailwarden.account")
    bob = take(incidents, finding(guessed, "bob", severity="low", tries=20, account=["bob"], address=["198.51.1.7"]))[0]
    (member,) = take(incidents, finding(detection(), severity="low", account=["bob"], address=["198.51.1.7"]))
    was = member.parent

    take(incidents, finding(detection("other"), at_us=START_US + MINUTE_US, severity="low", account=["ann"]))

    assert (was, member.parent) == (bob.id, None)


def test_what_was_asked_of_is_part_of_the_open_relay_that_it_was() -> None:
    """Only where the same stranger was let through: the backup server of another domain is asked of as before."""
    incidents = Incidents("default", Memory())
    asked = detection("relay_question", "relay", "mailwarden.relay.domain")
    proven = detection("open_relay", "relay", "mailwarden.site")

    question, other, relay = take(
        incidents,
        finding(asked, "example.com", address=["203.0.113.7"]),
        finding(asked, "example.net", address=["198.51.100.9"]),
        finding(proven, "default", address=["203.0.113.7"], severity="critical"),
    )

    assert (question.parent, other.parent) == (relay.id, None)


def test_the_hits_of_a_list_of_passwords_are_one_incident() -> None:
    """Accounts that one guesser entered are told as one; that one of them sends is told by itself."""
    incidents = Incidents("default", Memory())
    entered = detection("success_after_spray", "takeover", "mailwarden.account")
    sends = detection("send_after_guessing", "takeover", "mailwarden.account")
    many = detection("guesser_entered_many", "takeover")

    ann, bob, _, net = take(
        incidents,
        finding(entered, "ann", account=["ann"], address=["203.0.113.7"], severity="high"),
        finding(entered, "bob", account=["bob"], address=["203.0.113.7"], severity="high"),
        finding(sends, "bob", account=["bob"], address=["203.0.113.7"], severity="critical"),
        finding(many, account=["ann", "bob"], address=["203.0.113.7"], severity="critical"),
    )

    assert (ann.parent, bob.parent) == (net.id, None)


def test_what_is_wrong_with_a_site_in_two_ways_is_two_incidents() -> None:
    """Passwords without TLS are not counted with new passwords; each comes back as the return of its own."""
    site = "mailwarden.site"
    plain = detection("plaintext", "config", site)._replace(advice="plaintext_auth")
    changed = detection("changed", "config", site)._replace(advice="passwords_changed")
    refused = detection("refused", "config", site)._replace(advice="plaintext_auth")
    store = Memory()
    incidents = Incidents("default", store)

    first, other, again = take(
        incidents,
        finding(plain, "default", account=["ann", "bob"]),
        finding(changed, "default", account=[f"user{number}" for number in range(9)]),
        finding(refused, "default", account=["carol"]),
    )
    incidents.tick(START_US + 9 * DAY_US)
    late, _ = take(incidents, *(finding(one, "default", START_US + 9 * DAY_US) for one in (plain, changed)))

    assert first is again
    assert (first.values["accounts"], other.values["accounts"]) == (3, 9)
    assert len({first.id, other.id, late.id}) == 3
    assert late.previous == first.id


def test_a_botnet_is_one_incident(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where very many networks guess, one more is counted with the others; one that people hear of still has its own."""
    monkeypatch.setattr("mailwarden.alerts.incidents.incidents._CROWD", 3)
    incidents = Incidents("default", Memory())
    spray = detection("spray", primary="mailwarden.site")
    guess = detection("guess")
    take(incidents, finding(spray, "default", severity="low", address=["203.0.113.1"]))
    for number in range(10):
        network, address = f"198.51.{number}.0/24", f"198.51.{number}.7"
        at_us = START_US + number * MINUTE_US
        take(incidents, finding(guess, network, at_us=at_us, severity="low", address=[address]))
    loud = finding(guess, "192.0.2.0/24", severity="medium", address=["192.0.2.7"])
    take(incidents, loud)

    live = list(incidents.open())

    assert {one.primary[1] for one in live} == {"default", "198.51.0.0/24", "198.51.1.0/24", "192.0.2.0/24"}
    (crowd,) = [one for one in live if one.primary[1] == "default"]
    assert len(crowd.entities["source.ip"]) == 1 + 8
    assert crowd.last_seen_us == START_US + 9 * MINUTE_US
    assert crowd.title == "spray"


def test_the_parts_of_a_part_belong_to_the_head() -> None:
    """When a greater incident takes up one that has parts, they become its own; so it is after a restart."""
    account = ["bob@example.org"]
    sending = finding(detection("burst", "sending", "mailwarden.account"), "bob@example.org", account=account)
    guess = finding(detection("guess", "guessing", "mailwarden.account"), "bob@example.org", account=account)
    entered = finding(detection("entered", "takeover", "mailwarden.account"), "bob@example.org", account=account)
    before = take(Incidents("default", Memory()), sending, guess)

    for incidents in (
        Incidents("default", Memory()),
        Incidents("default", Memory(before), before),
    ):
        parts = take(incidents, sending, guess)
        (head,) = take(incidents, entered)

        assert [part.parent for part in parts] == [head.id, head.id]


def test_a_part_that_was_closed_is_followed_no_more() -> None:
    """A part of an incident closes while that goes on; a greater one can still take up what is left."""
    incidents = Incidents("default", Memory())
    account = ["bob@example.org"]
    sending, guess = (detection(n, c, "mailwarden.account") for n, c in (("burst", "sending"), ("guess", "guessing")))
    burst, guessed = take(
        incidents, *(finding(one, "bob@example.org", severity="high", account=account) for one in (sending, guess))
    )
    assert guessed.parent == burst.id
    for minutes in range(0, 2 * 24 * 60, 10):
        at_us = START_US + minutes * MINUTE_US
        take(incidents, finding(sending, "bob@example.org", at_us, fired=False, account=account))
        incidents.tick(at_us)
    assert (burst.status, guessed.status) == ("open", "closed")

    entered = detection("entered", "takeover", "mailwarden.account")
    (head,) = take(incidents, finding(entered, "bob@example.org", START_US + 2 * DAY_US, "critical", account=account))

    assert burst.parent == head.id


def test_a_listing_belongs_to_whose_mail_is_refused_most() -> None:
    """Others felt the block too, and one of them first, but one account's mail makes three times as many refusals."""
    incidents = Incidents("default", Memory())
    listed = detection("listed", "listed", "mailwarden.site")
    others = [f"user{number}@example.org" for number in range(30)]
    for who in others:
        (block,) = take(incidents, finding(listed, "default", severity="high", account=[who]))
    for _ in range(12):
        take(incidents, finding(listed, "default", fired=False, account=["bob@example.org"]))

    (head,) = take(
        incidents,
        finding(
            detection("entered", "takeover", "mailwarden.account"),
            "bob@example.org",
            START_US + 10 * MINUTE_US,
            "critical",
            account=["bob@example.org"],
        ),
    )

    assert block.parent == head.id
    assert len(block.senders) <= 16


def _refused(who: str, at_us: int, senders: dict[str, int] | None = None, *, fired: bool = True) -> Finding:
    what = detection("unknown", "listed", "mailwarden.receiver")
    one = finding(
        what, "google", at_us, "medium", fired, account=[who, *(name for name in senders or () if name != who)]
    )
    return msgspec.structs.replace(one, senders=senders or {})


def test_what_a_receiver_says_of_one_accounts_mail_is_part_of_its_story() -> None:
    """The refusal that made it told was another's, but most of the mail was the thief's: one story, told once."""
    incidents = Incidents("default", Memory())
    (head,) = take(incidents, _entered("bob@example.org"))

    counted = {"ann@example.org": 2, "bob@example.org": 4, "cid@example.org": 1}
    (part,) = take(incidents, _refused("ann@example.org", START_US + MINUTE_US, counted))

    assert part.parent == head.id
    assert [kind for kind, _ in told(incidents)] == ["opened", "worse"]


@pytest.mark.parametrize(
    ("severity", "counted"),
    [
        ("critical", {"ann@example.org": 3, "bob@example.org": 2, "cid@example.org": 2}),
        ("critical", {"ann@example.org": 3, "bob@example.org": 1}),
        ("low", {"ann@example.org": 2, "bob@example.org": 4, "cid@example.org": 1}),
    ],
)
def test_what_a_receiver_says_of_everybodys_mail_is_no_part_of_one_story(
    severity: str, counted: dict[str, int]
) -> None:
    """Nor is it of an account that nobody is told of, unless nearly all of the mail was its own."""
    incidents = Incidents("default", Memory())
    entered = detection("entered", "takeover", "mailwarden.account")
    take(incidents, finding(entered, "bob@example.org", START_US, severity, account=["bob@example.org"]))

    (part,) = take(incidents, _refused("bob@example.org", START_US + MINUTE_US, counted))

    assert part.parent is None


def test_whose_mail_it_is_may_show_later() -> None:
    """Told when nobody's mail stood out, it becomes part of a story when one account's does, though nothing new fires."""
    incidents = Incidents("default", Memory())
    (head,) = take(incidents, _entered("bob@example.org"))
    (part,) = take(
        incidents, _refused("ann@example.org", START_US + MINUTE_US, {"ann@example.org": 2, "cid@example.org": 1})
    )
    assert part.parent is None

    for number in range(8):
        take(incidents, _refused("bob@example.org", START_US + (2 + number) * MINUTE_US, fired=False))

    assert part.parent == head.id


def test_what_was_said_before_an_account_was_entered_is_not_its_doing() -> None:
    """It counts when it was told, not when the window that led to it opened."""
    incidents = Incidents("default", Memory())
    (before,) = take(incidents, _refused("bob@example.org", START_US - 2 * HOUR_US, {"bob@example.org": 9}))

    take(incidents, _entered("bob@example.org"))

    assert before.parent is None


def _disbelieved(who: list[str], minutes: int = 2, *, fired: bool = False) -> Finding:
    what = detection("authentication_refused", "config", "mailwarden.sender_domain")
    return finding(what, "example.org", START_US + minutes * MINUTE_US, "high", fired, account=who)


def _entered(who: str) -> Finding:
    return finding(detection("entered", "takeover", "mailwarden.account"), who, START_US, "critical", account=[who])


def test_mail_of_a_thief_that_is_not_believed_is_part_of_the_takeover() -> None:
    """His mail alone is refused for SPF or DKIM: nothing more is told, and two of others' change nothing."""
    incidents = Incidents("default", Memory())
    (head,) = take(incidents, _entered("bob@example.org"))
    (refused,) = take(incidents, _disbelieved(["bob@example.org"], fired=True))
    take(incidents, *(_disbelieved(["bob@example.org"]) for _ in range(3)), *2 * [_disbelieved(["ann@example.org"])])

    assert refused.parent == head.id
    assert "authentication_refused" not in [title for _, title in told(incidents)]


@pytest.mark.parametrize("others", [["ann@example.org"], []], ids=["another account", "no login"])
def test_mail_of_others_that_is_not_believed_is_the_domains_own_trouble(others: list[str]) -> None:
    """As soon as three recipients of others' mail are refused, too, it is told by itself; so it is after a restart."""
    incidents = Incidents("default", Memory())
    bob = ["bob@example.org"]
    before = take(incidents, _entered(*bob), _disbelieved(bob, fired=True), *(_disbelieved(bob) for _ in range(9)))[:2]
    told(incidents)

    for again in (Incidents("default", Memory(before), before), incidents):
        (*_, refused) = take(again, *(_disbelieved(others, 9) for _ in range(3)))

        assert refused.parent is None
        assert told(again) == [("opened", "authentication_refused")]


def test_mail_that_was_not_believed_before_a_takeover_is_no_part_of_it() -> None:
    """What came two hours before the thief was not his."""
    incidents = Incidents("default", Memory())

    refused, _ = take(incidents, _disbelieved(["bob@example.org"], -120, fired=True), _entered("bob@example.org"))

    assert refused.parent is None


def test_refusals_that_hit_everybody_alike_are_nobodys_doing() -> None:
    """A block that thirty accounts feel once each stands apart from the takeover of one of them."""
    incidents = Incidents("default", Memory())
    listed = detection("listed", "listed", "mailwarden.site")
    for number in range(30):
        (block,) = take(incidents, finding(listed, "default", account=[f"user{number}@example.org"]))

    take(
        incidents,
        finding(
            detection("entered", "takeover", "mailwarden.account"), "user7@example.org", account=["user7@example.org"]
        ),
    )

    assert block.parent is None


def test_one_cause_at_several_providers_is_one_story() -> None:
    """What each of the providers says becomes part of the incident that names them all, whichever came first."""
    incidents = Incidents("default", Memory())
    one = detection("provider_block", "listed", "mail.provider")
    all_ = detection("many_providers_refuse", "listed", "mailwarden.site")

    google, site, yahoo = take(
        incidents,
        finding(one, "google", severity="critical"),
        finding(all_, "default", START_US + MINUTE_US, "high", provider=["google", "yahoo"]),
        finding(one, "yahoo", START_US + 2 * MINUTE_US, "critical"),
    )

    assert (google.parent, site.parent, yahoo.parent) == (site.id, None, site.id)
    assert site.severity == "critical"


def test_a_score_is_part_of_what_it_was_made_of() -> None:
    """That the risk has risen is no news beside the block that raised it, and does not swallow it."""
    incidents = Incidents("default", Memory())

    risk, block = take(
        incidents,
        finding(detection("server_risk", "listed", "mailwarden.site"), "default", severity="medium"),
        finding(detection("provider_block", "listed", "mail.provider"), "google", START_US + MINUTE_US, "critical"),
    )

    assert (risk.parent, block.parent) == (block.id, None)

    take(
        incidents,
        finding(
            detection("many_providers_refuse", "listed", "mailwarden.site"),
            "default", START_US + 2 * MINUTE_US, "high", provider=["google", "yahoo"],
        ),
    )  # fmt: skip

    assert (risk.parent, block.parent) == (None, risk.id)


@pytest.mark.parametrize(("cause", "parted"), [("service_failure", True), ("milter_failure", False)])
def test_a_shared_cause_explains_what_comes_of_it(cause: str, parted: bool) -> None:
    """The queue of a server whose disk is full grows for that; what has nothing to do with it explains nothing."""
    incidents = Incidents("default", Memory())

    head, queue = take(
        incidents,
        finding(detection(cause, "service", "event.module"), "postfix", severity="critical"),
        finding(detection("queue_growth", "service", "mailwarden.site"), "default", START_US + MINUTE_US),
    )

    assert queue.parent == (head.id if parted else None)


@pytest.mark.parametrize(
    ("rule", "address", "parted"),
    [
        ("strange_login", "203.0.113.9", True),
        ("strange_login", "198.51.100.9", False),  # somebody else, on the same evening
        ("strange_sending", "203.0.113.9", False),  # no copy of a mailbox sends
    ],
)
def test_ones_own_migration_explains_what_its_logins_look_like(rule: str, address: str, parted: bool) -> None:
    """Forty mailboxes are copied from one address at night: one story, not forty."""
    incidents, account = Incidents("default", Memory()), "bob@example.org"
    copying = detection("many_accounts_entered", "takeover", "mailwarden.network")

    login, head = take(
        incidents,
        finding(detection(rule, "takeover", "mailwarden.account"), account, severity="low", address=[address]),
        finding(copying, at_us=START_US + HOUR_US, severity="low", account=[account], address=["203.0.113.9"]),
    )

    assert login.parent == (head.id if parted else None)


@pytest.mark.parametrize(("rule", "parted"), [("stale_password", True), ("plaintext_login", False)])
def test_new_passwords_for_everybody_explain_old_ones(rule: str, parted: bool) -> None:
    """Devices that go on with the old password are part of the rollout; other weaknesses of an account are not."""
    incidents = Incidents("default", Memory())

    head, device = take(
        incidents,
        finding(detection("passwords_changed", "config", "mailwarden.site"), "default", severity="info"),
        finding(detection(rule, "config", "mailwarden.account"), "bob@example.org", START_US + HOUR_US, "info"),
    )

    assert device.parent == (head.id if parted else None)


def test_a_surge_in_the_weather_is_a_story_of_its_own() -> None:
    """The weather's incident never ends; what is loud after half a day without is told by itself, with its own names."""
    incidents = Incidents("default", Memory())
    site = detection(primary="mailwarden.site")

    def guessing(hours: int, severity: str, address: str) -> Incident:
        at_us = START_US + hours * HOUR_US
        return take(incidents, finding(site, "default", at_us, severity, address=[address]))[0]

    weather = [guessing(hour, "low", f"198.51.100.{hour}") for hour in range(20)]
    surge = [guessing(hour, "high", f"203.0.113.{hour}") for hour in (20, 24, 30)]
    later = [guessing(hour, "low", "198.51.100.9") for hour in range(31, 43)]
    second = guessing(43, "high", "203.0.113.43")

    assert len({one.id for one in weather}) == 1
    assert weather[0].status == "closed"
    assert {one.id for one in (*surge, *later)} == {surge[0].id}
    assert surge[0].previous == weather[0].id
    assert second.previous == surge[0].id
    assert "198.51.100.3" not in surge[0].entities["source.ip"]
    assert [kind for kind, _ in told(incidents)] == ["opened", "worse", "returned"]


def test_a_surge_is_a_story_of_its_own_whichever_of_its_findings_is_loud_first() -> None:
    """What goes on in the weather's window may exceed the usual before anything new fires: that makes no old story loud."""
    incidents = Incidents("default", Memory())
    spray, surge = (detection(name, primary="mailwarden.site") for name in ("spray", "surge"))
    old, during = ["198.51.100.1"], ["203.0.113.1"]

    take(incidents, finding(spray, "default", severity="low", address=old))
    for hour in range(1, 20):
        take(incidents, finding(spray, "default", START_US + hour * HOUR_US, "low", fired=False, address=old))
    late_us = START_US + 20 * HOUR_US
    (weather,) = take(incidents, finding(spray, "default", late_us, "high", fired=False, address=during))
    assert weather.severity == "low"
    (one,) = take(incidents, finding(surge, "default", late_us + 1, "high", address=during))

    assert one.previous == weather.id
    assert one.entities["source.ip"] == during
    assert told(incidents) == [("opened", "surge")]


def test_who_guesses_now_is_written_out() -> None:
    """Of guessing that people hear of, the newest fifty names stand there; those before are counted."""
    incidents = Incidents("default", Memory())
    site = detection("surge", primary="mailwarden.site")

    for number in range(100):
        severity = "low" if number < 60 else "high"
        take(incidents, finding(site, "default", START_US + number, severity, address=[f"2001:db8::{number:x}"]))
    (surge,) = incidents.drain()[0]

    assert surge.entities["source.ip"] == [f"2001:db8::{number:x}" for number in (*range(40, 50), *range(60, 100))]
    assert surge.entity_counts["source.ip"] == pytest.approx(100, abs=3)


def test_a_part_that_is_over_is_in_nobodys_way() -> None:
    """A head that becomes a part hands on its parts, but for those that were closed since."""
    incidents = Incidents("default", Memory())
    sending, guess, entered = (
        detection(name, cause, "mailwarden.account")
        for name, cause in (("burst", "sending"), ("guess", "guessing"), ("entered", "takeover"))
    )
    later_us = START_US + 13 * HOUR_US

    old = take(incidents, *(finding(one, "bob", account=["bob"]) for one in (sending, guess)))
    new = take(incidents, *(finding(one, "bob", later_us, account=["bob"]) for one in (sending, guess)))
    (head,) = take(incidents, finding(entered, "bob", later_us, account=["bob"]))

    assert (old[0] is new[0], old[1].status) == (True, "closed")
    assert [one.parent for one in new] == [head.id, head.id]


def test_the_fastest_pace_is_told() -> None:
    """Who tries a hundred times a minute is not said to try a few an hour because that rule saw it first."""
    incidents = Incidents("default", Memory())

    (one, *_) = take(
        incidents,
        finding(detection("steady_guessing"), severity="low"),
        finding(detection("fast_guessing"), at_us=START_US + MINUTE_US, severity="low"),
        finding(detection("slow_guessing"), at_us=START_US + 2 * MINUTE_US, severity="low"),
        finding(detection("other_rule"), at_us=START_US + 3 * MINUTE_US, severity="low"),
    )

    assert one.lead == "fast_guessing"


def test_what_a_sentence_names_is_of_one_moment() -> None:
    """Share and counts are those of the worst moment seen, never the share of one and the counts of another."""
    incidents = Incidents("default", Memory())

    def seen(share: int, recipients: int, *, fired: bool) -> Finding:
        one = finding(detection(), at_us=START_US + recipients * 1_000_000, fired=fired)
        return msgspec.structs.replace(one, measure=share, values={"recipients": recipients})

    one = take(incidents, seen(8, 65, fired=True))[0]
    moments = []
    for share, recipients in ((10, 67), (9, 80)):
        take(incidents, seen(share, recipients, fired=False))
        moments.append((one.values["measure"], one.values["recipients"]))

    assert moments == [(10, 67), (10, 67)]


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["net", "net", "net", "account", "site"]),
            st.integers(0, 39),  # which network, and which address of it
            st.sampled_from(["low", "low", "low", "medium", "high"]),
            st.booleans(),
            st.integers(1, 400),
        ),
        max_size=48,  # the fiftieth name is written out, the next is counted
    ),
    crowd=st.sampled_from([2, 5, 2_000]),
)
def test_what_is_folded_into_a_campaign_is_not_lost(steps: list[tuple[str, int, str, bool, int]], crowd: int) -> None:
    """Every address stands in a live incident, a part hangs on a live head, and a step touches three incidents at most.

    It may be the network's own, that of the campaign, or that of the account it guesses; which does not matter.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mailwarden.alerts.incidents.incidents._CROWD", crowd)
        incidents = Incidents("default", Memory())
        take(incidents, finding(detection("spray", primary="mailwarden.site"), "default", severity="low", tries=300))
        incidents.drain()
        seen: set[str] = set()
        for number, (what, net, severity, fired, tries) in enumerate(steps):
            address, account = f"198.51.{net}.{number + 1}", f"user{net % 3}@example.org"
            primary = {"net": f"198.51.{net}.0/24", "account": account, "site": "default"}[what]
            sort = {"net": "network"}.get(what, what)
            one = finding(
                detection(f"{what}_guess", primary=f"mailwarden.{sort}"), primary, START_US + number * MINUTE_US,
                severity, fired, tries, address=[address], account=[account],
            )  # fmt: skip
            if take(incidents, one):
                seen.add(address)
            changed, _ = incidents.drain()
            assert len(changed) <= 3
        live = {one.id: one for one in incidents.open()}

    # what was told apart from the weather may have closed its incident (half a day), which these minutes never reach
    assert seen <= {address for one in live.values() for address in one.entities.get("source.ip", ())}
    assert all(one.parent is None or one.parent in live for one in live.values())
    assert all(live[one.parent].parent is None for one in live.values() if one.parent)


_CHANGED = detection("passwords_changed", "config", "mailwarden.site")


def _behind_failures(who: str, at_us: int, severity: str = "low", rule: str = "success_after_failures") -> Finding:
    return finding(detection(rule, "takeover", "mailwarden.account"), who, at_us, severity, account=[who])


def test_new_passwords_for_everybody_explain_logins_behind_failures() -> None:
    """Those before it was noticed and those after it: one incident, not one for each account."""
    incidents = Incidents("default", Memory())

    *early, change, late = take(
        incidents,
        *(_behind_failures(f"user{number}@example.org", START_US + number * MINUTE_US) for number in range(3)),
        finding(_CHANGED, "default", START_US + 5 * MINUTE_US, "info"),
        _behind_failures("user9@example.org", START_US + HOUR_US),
    )

    assert {part.parent for part in (*early, late)} == {change.id}
    assert told(incidents) == []


@pytest.mark.parametrize(
    ("severity", "rule"), [("medium", "success_after_failures"), ("low", "strange_login"), ("critical", "spam")]
)
def test_new_passwords_explain_no_thief(severity: str, rule: str) -> None:
    """What is odd besides, or worse, stands by itself, also where it was part of it before."""
    incidents = Incidents("default", Memory())
    change, part = take(
        incidents,
        finding(_CHANGED, "default", START_US, "info"),
        _behind_failures("bob@example.org", START_US + MINUTE_US),
    )
    assert part.parent == change.id

    take(incidents, _behind_failures("bob@example.org", START_US + 2 * MINUTE_US, severity, rule))

    assert part.parent is None
    assert change.severity in ("info", "low")


def test_a_login_behind_failures_hours_before_was_not_the_change() -> None:
    """What happened the day before is explained by nothing that came later."""
    incidents = Incidents("default", Memory())
    (before,) = take(incidents, _behind_failures("bob@example.org", START_US))

    take(incidents, finding(_CHANGED, "default", START_US + 3 * HOUR_US, "info"))

    assert before.parent is None
