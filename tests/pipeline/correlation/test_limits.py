"""Whose limit of sending stops a message, and whose message it is."""

from memory import Memory

from mailwarden.alerts.facts.site import Site
from mailwarden.parsers.envelope import Reader
from mailwarden.parsers.event import Event
from mailwarden.pipeline.fold import Fold

CAME = (
    "1vxABC-0003Qd-7z <= bob@example.org H=(pc) [198.51.100.4]:3755 P=esmtpsa A=dovecot_login:bob@example.org S=2311"
    " id=1@pc.example.org for eva@example.net"
)
WAITS = (
    "1vxABC-0003Qd-7z == eva@example.net R=enforce_mail_permissions defer (-1): Domain Example.org has exceeded the max emails"
    " per hour (501/500 (100%)) allowed.  Message will be reattempted later"
)
THROWN_AWAY = (
    "1vxABC-0003Qd-7z ** eva@example.net R=enforce_mail_permissions : Domain Example.org has exceeded the max emails per hour"
    " (501/500 (100%)) allowed.  Message discarded."
)
PASSED_OVER = '1vxABC-0003Qd-7z failed to expand condition "${perl{check_limits}}" for lookuphost router: '


def take(*texts: str) -> list[Event]:
    """Fold lines of Exim, a second apart."""
    reader, events = Reader(year=2026), []
    for second, text in enumerate(texts):
        event = reader.read(f"2026-03-03T04:05:{second:02}+00:00 mx1 exim[7]: {text}")
        event.stream_us = event.timestamp_us
        events.append(event)
    Fold(Site(), [], [], Memory(), lambda _: "mainlog").take(events)
    return events


def facts(event: Event) -> tuple[object, ...]:
    """Give whose limit it is, whose message, and whether its recipient is told of for the first time."""
    found = event.facts or {}
    return found.get("mailwarden.limited"), event.mailwarden_account, bool(found.get("mailwarden.first_try"))


def test_a_domains_limit_names_the_account_that_wrote() -> None:
    """Who reads of the domain wants to know whose mail it was."""
    *_, event = take(CAME, THROWN_AWAY)

    assert facts(event) == ("example.org", "bob@example.org", True)
    assert event.source_ip == "198.51.100.4"


def test_what_waits_counts_once_until_it_is_thrown_away() -> None:
    """The queue is run every few minutes."""
    _, first, again, last = take(CAME, WAITS, WAITS, THROWN_AWAY)

    assert [facts(event)[2] for event in (first, again, last)] == [True, False, True]
    assert (last.facts or {}).get("mailwarden.retried") is True


def test_a_message_from_before_the_log_counts() -> None:
    """Nobody knows whose it is."""
    (event,) = take(WAITS)

    assert facts(event) == ("example.org", None, True)


def test_a_users_limit_and_an_accounts_are_theirs() -> None:
    """DirectAdmin names the user of the machine, or the address."""
    user, account = take(
        f"{PASSED_OVER}You (lindenhof) have reached your daily email limit of 200 emails",
        f"{PASSED_OVER}Your E-Mail (Bob@example.org) has reached it's daily email limit of 50 emails",
    )

    assert (facts(user)[:2], user.user_id) == (("lindenhof", None), "lindenhof")
    assert facts(account)[:2] == ("bob@example.org", "bob@example.org")


def test_a_program_that_is_refused_is_named_by_its_user() -> None:
    """It is no account that logs in; a client's refusal is no program's."""
    program, client = take(
        "1vxABC-0003Qd-7z U=lindenhof F=<lindenhof@mx1.example.org> rejected by non-SMTP ACL: too many mails - 290.8 / 24h",
        "H=(pc) [198.51.100.4]:3755 F=<bob@example.org> A=login:bob@example.org rejected RCPT <eva@example.net>: rate limit",
    )

    assert (facts(program), program.user_id) == (("lindenhof", None, True), "lindenhof")
    assert facts(client)[0] is None
