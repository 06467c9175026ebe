"""What receivers refuse belongs to the story of whoever's mail it was, if it was anybody's."""

import msgspec
import pytest
from findings import HOUR_US, MINUTE_US, START_US, detection, finding, take, told
from memory import Memory

from mailwarden.alerts.detection.finding import Finding
from mailwarden.alerts.incidents.incidents import Incidents


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


@pytest.mark.parametrize(
    ("rule", "receiver", "parted"),
    [("deferral_ramp", "google", True), ("deferral_ramp", "yahoo", False), ("unknown_recipients", "google", False)],
)
def test_what_a_provider_puts_off_is_told_once(rule: str, receiver: str, parted: bool) -> None:
    """That a provider slows us down, and that it puts off a tenth of our mail, is one trouble; bad addresses are another."""
    incidents = Incidents("default", Memory())

    slows, other = take(
        incidents,
        finding(detection("provider_deferral", "listed", "mail.provider"), "google", severity="high"),
        finding(detection(rule, "listed", "mailwarden.receiver"), receiver, START_US + MINUTE_US),
    )

    assert other.parent == (slows.id if parted else None)


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


def test_what_makes_a_story_worse_than_its_head_is_named() -> None:
    """A newsletter is a note until a provider slows it down: that is why it is told; once it is bad itself, that is."""
    incidents, who = Incidents("default", Memory()), "news@example.org"
    burst = detection("burst", "sending", "mailwarden.account")
    (head,) = take(incidents, finding(burst, who, severity="low", account=[who]))
    assert head.worst_part is None

    slows = detection("provider_deferral", "listed", "mail.provider")
    for minutes in (1, 2, 3):
        take(incidents, finding(slows, "google", START_US + minutes * MINUTE_US, "high", account=[who]))
    assert head.severity == "high"
    assert head.worst_part is not None
    assert head.worst_part.title == "provider_deferral"

    take(incidents, finding(burst, who, START_US + 4 * MINUTE_US, "high", account=[who]))
    assert head.worst_part is None


def test_what_receivers_say_of_a_lists_mail_is_part_of_the_machine_that_hands_it_in() -> None:
    """A list has no login: its return path tells whose mail several providers refuse, and that is told once."""
    path = {"mailwarden.return_path": ["news-bounces@example.org"]}
    burst, unknown = detection("burst", "sending", "source.ip"), detection("unknown", "listed", "mailwarden.receiver")

    head, *parts = take(
        Incidents("default", Memory()),
        *(
            msgspec.structs.replace(one, entities=one.entities | path)
            for one in (
                finding(burst, "127.0.0.1", START_US, "medium"),
                *(finding(unknown, name, START_US + 5 * MINUTE_US, "medium", provider=[name]) for name in "aabbcc"),
            )
        ),
    )

    assert len({one.id for one in parts}) == 3
    assert {one.parent for one in parts} == {head.id}


def test_a_few_refused_letters_make_no_minor_doubt_about_a_login_loud() -> None:
    """A phone with an old password got in at last; that a receiver refuses us hits its owner's letters as all others'."""
    incidents, who = Incidents("default", Memory()), "bob@example.org"
    doubt = detection("entered_after_failures", "takeover", "mailwarden.account")
    refused = detection("other_block", "listed", "mailwarden.receiver")

    head, part = take(
        incidents,
        finding(doubt, who, START_US, "low", account=[who]),
        finding(refused, "example.net", START_US + HOUR_US, "high", account=[who]),
    )

    assert (part.parent, head.severity) == (None, "low")
