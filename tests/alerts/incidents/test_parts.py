"""What belongs to a greater story is a part of it: a thief's mail, networks of one attack, members of a campaign."""

import time

import msgspec
import pytest
from findings import DAY_US, HOUR_US, MINUTE_US, START_US, detection, finding, take, told
from hypothesis import given, settings
from hypothesis import strategies as st
from memory import Memory

from mailwarden.alerts.incidents.incident import Incident
from mailwarden.alerts.incidents.incidents import Incidents


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


def test_an_account_that_a_campaign_names_late_is_part_of_it() -> None:
    """Strangers tried it before the campaign was seen; its incident does not stand beside that of the site for ever."""
    incidents, site = Incidents("default", Memory()), detection("joint", "guessing", "mailwarden.site")
    targeted = detection("targeted", "guessing", "mailwarden.account")

    account, campaign = take(
        incidents,
        finding(targeted, "bob@example.org", account=["bob@example.org"]),
        finding(site, "default", START_US + MINUTE_US, account=["ann@example.org"]),
        finding(site, "default", START_US + 2 * MINUTE_US, fired=False, account=["bob@example.org"]),
    )[:2]

    assert account.parent == campaign.id


@pytest.mark.parametrize(("sign", "parted"), [("authentication", True), ("refusals", False)])
def test_a_standing_that_falls_for_mail_that_is_not_believed_is_part_of_that(sign: str, parted: bool) -> None:
    """Missing DKIM is one trouble; a domain that is blocked besides is another."""
    incidents, domain = Incidents("default", Memory()), "example.org"

    named, account = "mailwarden.sender_domain", ["bob@example.org"]
    risen = finding(detection("domain_risk", "listed", named), domain, account=account)
    risk, lead = take(
        incidents,
        msgspec.structs.replace(risen, values={"risk_parts": [[sign, 30]]}),
        finding(detection("authentication_refused", "config", named), domain, START_US + MINUTE_US, account=account),
    )

    assert risk.parent == (lead.id if parted else None)


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

    It may be the network's own, that of the campaign, or that of the account it guesses; which does not matter. Where one
    network turns out to be half of the campaign, all of its members go over to that one's story at once.
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
            is_handed_over = any(one.primary[0] == "mailwarden.site" and one.parent for one in changed)
            assert len(changed) <= 3 or is_handed_over
        live = {one.id: one for one in incidents.open()}

    # what was told apart from the weather may have closed its incident (half a day), which these minutes never reach
    assert seen <= {address for one in live.values() for address in one.entities.get("source.ip", ())}
    assert all(one.parent is None or one.parent in live for one in live.values())
    assert all(live[one.parent].parent is None for one in live.values() if one.parent)


def test_guessing_that_never_ends_is_no_part_of_what_comes_at_last() -> None:
    """Weather on the whole site that began days before led to no login; what began on the same day did."""
    login = detection("entered", "takeover", "mailwarden.account")
    site = detection("spray", primary="mailwarden.site")
    bob = ["bob@example.org"]

    parents = []
    for earlier_us in (3 * DAY_US, 3 * HOUR_US):
        incidents = Incidents("default", Memory())
        (weather,) = take(incidents, finding(site, "default", START_US, "low", account=bob))
        take(incidents, finding(site, "default", START_US + earlier_us - MINUTE_US, "low", fired=False, account=bob))
        (head,) = take(incidents, finding(login, "bob@example.org", START_US + earlier_us, "critical", account=bob))
        parents.append(weather.parent == head.id)

    assert parents == [False, True]


def test_bounces_of_relayed_mail_are_part_of_the_open_relay() -> None:
    """Forged senders get back what a server relays: that is told once. What it bounced long before is told by itself."""
    relay = detection("open_relay", "relay", "mailwarden.site")
    bounces = detection("backscatter", "sending", "mailwarden.site")

    after, before = (
        take(
            Incidents("default", Memory()),
            finding(relay, "default", START_US + 5 * HOUR_US, "critical"),
            finding(bounces, "default", at_us, "medium"),
        )
        for at_us in (START_US + 6 * HOUR_US, START_US)
    )

    assert after[1].parent == after[0].id
    assert before[1].parent is None


def test_handshakes_that_fail_at_an_expired_certificate_are_told_with_it() -> None:
    """Clients that refuse it are the very handshakes that fail more often than usual."""
    expired = detection("certificate_expired", "service", "mailwarden.site")
    failures = detection("tls_failure_spike", "service", "network.protocol")

    head, part = take(
        Incidents("default", Memory()),
        finding(expired, "default", START_US, "high"),
        finding(failures, "imap", START_US + 30 * MINUTE_US, "medium"),
    )

    assert part.parent == head.id
