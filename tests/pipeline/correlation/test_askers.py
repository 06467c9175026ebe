"""A failure whose line names no user gets the name that another program told a moment before."""

from mailwarden.alerts.facts.site import Site
from mailwarden.alerts.state.shelf import Nowhere
from mailwarden.parsers.envelope import Reader
from mailwarden.parsers.event import Event
from mailwarden.pipeline.fold import Fold

SASLAUTHD = (
    "saslauthd[9]: do_auth         : auth failure: [user={user}] [service=smtp] [realm=example.org] [mech=pam] "
    "[reason=PAM auth error]"
)
PAM = "saslauthd[9]: pam_unix(smtp:auth): authentication failure; logname= uid=0 euid=0 tty= ruser= rhost=  user={user}"
SMTPD = "postfix/smtpd[1]: warning: unknown[{ip}]: SASL LOGIN authentication failed: authentication failure"
NAMED = SMTPD + ", sasl_username={user}"


def joined(lines: list[str]) -> list[Event]:
    """Fold lines, a second apart; give their events."""
    reader = Reader(year=2026)
    events = [reader.read(f"2026-03-03T04:00:{second:02}+00:00 mx1 {line}") for second, line in enumerate(lines)]
    for event in events:
        event.stream_us = event.timestamp_us
    Fold(Site(domains=frozenset({"example.org"})), [], [], Nowhere(), lambda _: "mail.log").take(events)
    return events


def named(lines: list[str]) -> list[str | None]:
    """Give the account of each line of smtpd."""
    return [event.mailwarden_account for event in joined(lines) if event.process_name == "smtpd"]


def test_saslauthd_names_the_user_of_smtpd() -> None:
    """The user that saslauthd refused is the one whose try smtpd tells next."""
    lines = [SASLAUTHD.format(user="bob"), SMTPD.format(ip="203.0.113.7")]

    assert named(lines) == ["bob@example.org"]


def test_pam_and_saslauthd_tell_of_one_try() -> None:
    """A name that both told is given once."""
    lines = [
        PAM.format(user="bob"),
        SASLAUTHD.format(user="bob"),
        SMTPD.format(ip="203.0.113.7"),
        SMTPD.format(ip="203.0.113.8"),
    ]

    assert named(lines) == ["bob@example.org", None]


def test_tries_keep_their_order() -> None:
    """Two clients at once get the two names in the order in which they were told."""
    lines = [
        SASLAUTHD.format(user="bob"),
        SASLAUTHD.format(user="ann"),
        SMTPD.format(ip="203.0.113.7"),
        SMTPD.format(ip="203.0.113.8"),
    ]

    assert named(lines) == ["bob@example.org", "ann@example.org"]


def test_what_smtpd_names_itself_stands() -> None:
    """Postfix 3.9 and later name the user; what saslauthd told of the same try is nobody else's."""
    lines = [
        SASLAUTHD.format(user="bob"),
        NAMED.format(ip="203.0.113.7", user="bob@example.org"),
        SMTPD.format(ip="203.0.113.8"),
    ]

    assert named(lines) == ["bob@example.org", None]


def test_a_name_does_not_wait_for_long() -> None:
    """A name told a quarter of a minute before is another try's."""
    lines = [SASLAUTHD.format(user="bob"), *["postfix/anvil[3]: statistics: max cache size 4 at Mar  3 04:00:00"] * 15]

    assert named([*lines, SMTPD.format(ip="203.0.113.7")]) == [None]


def test_one_try_counts_once() -> None:
    """The tries of saslauthd and smtpd are one."""
    events = joined([SASLAUTHD.format(user="bob"), SMTPD.format(ip="203.0.113.7")])

    assert [event.mailwarden_attempts for event in events] == [0, 1]
