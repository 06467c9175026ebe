"""Who hands in mail on this machine is told by account of the system, script and directory."""

import itertools

from memory import Memory

from mailwarden.alerts.facts.site import Site
from mailwarden.parsers.envelope import Reader
from mailwarden.parsers.event import Event
from mailwarden.pipeline.fold import Fold

SITE = Site(domains=frozenset({"example.org"}))
SENT = (
    "postfix/smtp[3]: {id}: to=<{to}>, relay=mx.example.net[198.51.100.9]:25, delay=1, dsn=2.0.0, status=sent (250 Ok)"
)


def deliveries(*lines: str) -> list[Event]:
    """Fold lines, a second apart; give the deliveries among them."""
    reader, events = Reader(year=2026), []
    for second, line in zip(itertools.count(), lines, strict=False):
        event = reader.read(f"2026-03-03T04:{second // 60:02}:{second % 60:02}+00:00 mx1 {line}")
        event.stream_us = event.timestamp_us
        events.append(event)
    Fold(SITE, [], [], Memory(), lambda _: "mail.log").take(events)
    return [event for event in events if event.event_action == "delivery"]


def scripts(events: list[Event]) -> list[object]:
    """Give who handed each of them in."""
    return [(event.facts or {}).get("mailwarden.script") for event in events]


def exim(user: str, *calls: str) -> list[str]:
    """Give the lines of a message that a user hands in, after calls from some directories."""
    return [
        *(f"exim[1]: cwd={directory} 3 args: /usr/sbin/sendmail -t -i" for directory in calls),
        f"exim[1]: 1xVXUU-0008K3-2X <= info@example.org U={user} P=local S=700 for carol@example.net",
        "exim[1]: 1xVXUU-0008K3-2X => carol@example.net R=dnslookup T=remote_smtp H=mx.example.net [198.51.100.9]",
    ]


def test_postfix_tells_the_uid_and_the_script_that_a_header_names() -> None:
    """Without a header check it is the uid alone."""
    plain = [
        "postfix/pickup[1]: 4A11C0D20: uid=33 from=<www-data>",
        "postfix/qmgr[2]: 4A11C0D20: from=<www-data@example.org>, size=700, nrcpt=1 (queue active)",
        SENT.format(id="4A11C0D20", to="carol@example.net"),
    ]
    header = (
        "postfix/cleanup[4]: 4A11C0D20: warning: header X-PHP-Originating-Script: 33:mailer.php from local; "
        "from=<www-data@example.org> to=<carol@example.net>"
    )

    assert scripts(deliveries(*plain)) == ["uid 33"]
    assert scripts(deliveries(plain[0], header, *plain[1:])) == ["mailer.php (uid 33)"]


def test_exim_tells_the_directory_of_the_user_who_called() -> None:
    """Another user's call, or one of the queue, is not taken for it; the web server calls for everybody."""
    own = "/home/acct1/public_html/shop"

    assert scripts(deliveries(*exim("acct1", own, "/home/acct2/public_html", "/var/spool/exim4"))) == [own]
    assert scripts(deliveries(*exim("acct1", "/home/acct2/public_html"))) == ["acct1"]
    assert scripts(deliveries(*exim("www-data", "/var/www/html"))) == ["/var/www/html"]


def test_exim_tells_the_script_that_its_rules_read_in_a_header() -> None:
    """PHP names the file, the call its directory; what a stranger writes into such a header names nobody."""
    remark = "exim[1]: 1xVXUU-0008K3-2X U=acct1 Warning: X-PHP-Originating-Script: 1007:contact.php"
    own = "/home/acct1/public_html"
    stranger = "exim[1]: 1xVXUU-0008K3-2X <= ann@example.net H=(x) [203.0.113.7] P=esmtp S=700 for carol@example.net"

    assert scripts(deliveries(remark, *exim("acct1", own))) == [f"contact.php ({own})"]
    assert scripts(deliveries(remark, stranger, exim("acct1")[-1])) == [None]


def test_no_login_stands_for_a_script() -> None:
    """A local user is no account that somebody logged in to."""
    (one,) = deliveries(*exim("acct1"))

    assert (one.mailwarden_account, one.user_id) == (None, "acct1")


def test_a_bounce_of_a_strangers_mail_is_known_as_one() -> None:
    """It goes to whom the stranger named; the bounce of our own people's mail comes back to them."""
    bounced = "postfix/bounce[5]: 4A11C0D20: sender non-delivery notification: 4A11C0D21"
    tail = [
        "postfix/qmgr[2]: 4A11C0D21: from=<>, size=900, nrcpt=1 (queue active)",
        SENT.format(id="4A11C0D21", to="v@example.com"),
    ]
    queued = "postfix/qmgr[2]: 4A11C0D20: from=<v@example.com>, size=700, nrcpt=1 (queue active)"

    stranger = deliveries("postfix/smtpd[1]: 4A11C0D20: client=unknown[203.0.113.7]", queued, bounced, *tail)
    ours = deliveries(
        "postfix/smtpd[1]: 4A11C0D20: client=unknown[203.0.113.7], sasl_method=PLAIN, sasl_username=bob@example.org",
        queued, bounced, *tail,
    )  # fmt: skip

    assert [(one[0].facts or {}).get("mailwarden.returned") for one in (stranger, ours)] == [True, None]
