"""What servers spread over lines is joined: the way of one message, and the several lines that tell of one try."""

import itertools
from collections.abc import Iterable, Sequence

import pytest

from mailwarden.alerts.facts.site import Site
from mailwarden.alerts.state.shelf import Nowhere, Row
from mailwarden.parsers.envelope import Reader
from mailwarden.parsers.event import Event
from mailwarden.pipeline.fold import Fold

SITE = Site(domains=frozenset({"example.org"}))


def read(lines: Iterable[str], host: str = "mx1") -> list[Event]:
    """Read lines, a second apart."""
    reader = Reader(year=2026)
    events = []
    for number, line in enumerate(lines):
        stamp = f"2026-03-03T04:{number // 60:02}:{number % 60:02}+00:00"
        event = reader.read(f"{stamp} {host} {line}")
        assert event.event_kind == "event", line
        event.stream_us = event.timestamp_us
        events.append(event)
    return events


def joined(lines: Iterable[str], site: Site = SITE) -> list[Event]:
    """Fold lines; give their events with what correlation set."""
    events = read(lines)
    Fold(site, [], [], Nowhere(), lambda _: "mail.log").take(events)
    return events


def fact(events: Sequence[Event], name: str) -> list[object]:
    """Give one fact of each event."""
    return [(event.facts or {}).get(name) for event in events]


CLIENT = "postfix/smtpd[1]: {id}: client={client}"
LOGIN = (
    "postfix/submission/smtpd[1]: {id}: client=unknown[203.0.113.7], sasl_method=PLAIN, sasl_username=bob@example.org"
)
QUEUED = "postfix/qmgr[2]: {id}: from=<{sender}>, size=700, nrcpt={count} (queue active)"
SENT = (
    "postfix/smtp[3]: {id}: to=<{to}>, relay=mx.example.net[198.51.100.9]:25, delay=1, dsn=2.0.0, status=sent (250 Ok)"
)
DEFERRED = (
    "postfix/smtp[3]: {id}: to=<{to}>, relay=mx.example.net[198.51.100.9]:25, delay=1, dsn=4.7.1, "
    "status=deferred (host mx.example.net[198.51.100.9] said: 451 4.7.1 Try again later)"
)
FILTERED = (
    "postfix/smtp[3]: {id}: to=<{to}>, relay=127.0.0.1[127.0.0.1]:10024, delay=1, dsn=2.0.0, "
    "status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as {next})"
)
REMOVED = "postfix/qmgr[2]: {id}: removed"


def test_a_message_is_accepted_once_with_all_that_is_known() -> None:
    """Its login, its address and its recipients stand on the line that completes it, and on its deliveries."""
    events = joined(
        [
            LOGIN.format(id="4A11C0D20"),
            QUEUED.format(id="4A11C0D20", sender="bob@example.org", count=2),
            SENT.format(id="4A11C0D20", to="carol@example.net"),
            QUEUED.format(id="4A11C0D20", sender="bob@example.org", count=2),
            SENT.format(id="4A11C0D20", to="dave@example.net"),
            REMOVED.format(id="4A11C0D20"),
        ]
    )

    assert fact(events, "mailwarden.accepted") == [None, True, None, None, None, None]
    accepted, delivery = events[1], events[2]
    assert (accepted.mailwarden_account, accepted.source_ip) == ("bob@example.org", "203.0.113.7")
    assert (accepted.mail_recipient_count, accepted.mailwarden_direction) == (2, "outbound")
    assert (delivery.mailwarden_account, delivery.source_ip) == ("bob@example.org", "203.0.113.7")
    assert delivery.email_from_address == ["bob@example.org"]


def test_queue_ids_of_other_hosts_are_other_messages() -> None:
    """Short queue ids are used again and again, and by every host."""
    fold = Fold(SITE, [], [], Nowhere(), lambda _: "mail.log")
    first = read([LOGIN.format(id="4A11C0D20")], host="mx1")
    second = read([QUEUED.format(id="4A11C0D20", sender="ann@example.net", count=1)], host="mx2")

    fold.take([*first, *second])

    assert second[0].mailwarden_account is None


@pytest.mark.parametrize("original", [False, True])
def test_a_message_that_comes_back_from_a_filter_is_the_same(original: bool) -> None:
    """It is accepted once, its hand-over is no delivery, and its login stands on what goes out."""
    back = CLIENT.format(id="4A11C0D21", client="localhost[127.0.0.1]")
    if original:
        back += ", orig_queue_id=4A11C0D20, orig_client=unknown[203.0.113.7]"

    events = joined(
        [
            LOGIN.format(id="4A11C0D20"),
            QUEUED.format(id="4A11C0D20", sender="bob@example.org", count=1),
            back,
            QUEUED.format(id="4A11C0D21", sender="bob@example.org", count=1),
            FILTERED.format(id="4A11C0D20", to="carol@example.net", next="4A11C0D21"),
            REMOVED.format(id="4A11C0D20"),
            SENT.format(id="4A11C0D21", to="carol@example.net"),
            REMOVED.format(id="4A11C0D21"),
        ]
    )

    accounts = [event.mailwarden_account for event in events if (event.facts or {}).get("mailwarden.accepted")]
    assert accounts.count("bob@example.org") == 1
    assert fact(events, "mailwarden.hand_over")[4] is True
    assert events[6].mailwarden_account == "bob@example.org"
    assert (events[6].facts or {}).get("mailwarden.relayed") is None


def test_a_strangers_mail_through_a_filter_is_relaying() -> None:
    """That this machine handed it to itself does not hide where it came from."""
    events = joined(
        [
            CLIENT.format(id="4A11C0D20", client="unknown[203.0.113.7]"),
            QUEUED.format(id="4A11C0D20", sender="ann@example.net", count=1),
            CLIENT.format(id="4A11C0D21", client="localhost[127.0.0.1]"),
            QUEUED.format(id="4A11C0D21", sender="ann@example.net", count=1),
            FILTERED.format(id="4A11C0D20", to="carol@example.com", next="4A11C0D21"),
            SENT.format(id="4A11C0D21", to="carol@example.com"),
        ]
    )

    assert fact(events, "mailwarden.relayed") == [None] * 5 + [True]


PASSED_ON = (
    "postfix/smtp[3]: {id}: to=<{to}>,{original} relay=192.0.2.11[192.0.2.11]:25, delay=1, dsn=2.0.0, "
    "status=sent (250 2.0.0 Ok: queued as {next})"
)


def test_a_message_that_another_instance_sends_is_the_same() -> None:
    """Both listen at addresses of their own: who logged in at the first stands on what the second sends."""
    events = joined(
        [
            LOGIN.format(id="4A11C0D20"),
            QUEUED.format(id="4A11C0D20", sender="bob@example.org", count=2),
            CLIENT.format(id="4A11C0D21", client="mx.example.org[192.0.2.10]"),
            QUEUED.format(id="4A11C0D21", sender="bob@example.org", count=2),
            *(
                PASSED_ON.format(id="4A11C0D20", to=to, original="", next="4A11C0D21")
                for to in ("a@gmail.com", "b@web.de")
            ),
            *(SENT.format(id="4A11C0D21", to=to) for to in ("a@gmail.com", "b@web.de")),
        ]
    )

    assert fact(events, "mailwarden.hand_over")[4:6] == [True, True]
    assert [event.mailwarden_account for event in events[6:]] == ["bob@example.org"] * 2
    assert fact(events, "mailwarden.relayed") == [None] * 8


@pytest.mark.parametrize(("original", "relayed"), [(" orig_to=<club@example.org>,", None), ("", True)])
def test_a_strangers_mail_that_another_instance_sends(original: str, relayed: bool | None) -> None:
    """It was relayed, unless its recipient here was an alias."""
    events = joined(
        [
            CLIENT.format(id="4A11C0D20", client="unknown[203.0.113.7]"),
            QUEUED.format(id="4A11C0D20", sender="ann@example.net", count=1),
            CLIENT.format(id="4A11C0D21", client="mx.example.org[192.0.2.10]"),
            QUEUED.format(id="4A11C0D21", sender="ann@example.net", count=1),
            PASSED_ON.format(id="4A11C0D20", to="carol@gmail.com", original=original, next="4A11C0D21"),
            SENT.format(id="4A11C0D21", to="carol@gmail.com"),
        ]
    )

    assert fact(events, "mailwarden.relayed")[5] is relayed
    assert events[5].source_ip == "203.0.113.7"


def test_mail_from_an_address_that_this_server_listens_at_is_no_strangers() -> None:
    """The second instance may be done before the first has told that it handed the message on."""
    lines = [
        "dovecot: imap-login: Login: user=<bob@example.org>, method=PLAIN, rip=203.0.113.7, lip=192.0.2.10, mpid=1, TLS",
        CLIENT.format(id="4A11C0D21", client="mx.example.org[192.0.2.10]"),
        QUEUED.format(id="4A11C0D21", sender="bob@example.org", count=1),
        SENT.format(id="4A11C0D21", to="carol@gmail.com"),
    ]

    assert fact(joined(lines), "mailwarden.relayed") == [None] * 4
    assert fact(joined(lines[1:]), "mailwarden.relayed") == [None, None, True]


def test_a_number_that_others_give_is_no_message_of_ours_by_chance() -> None:
    """A receiver's number may be that of another message here: of another sender, it is another's."""
    events = joined(
        [
            CLIENT.format(id="4A11C0D21", client="unknown[203.0.113.7]"),
            QUEUED.format(id="4A11C0D21", sender="ann@example.net", count=1),
            LOGIN.format(id="4A11C0D20"),
            QUEUED.format(id="4A11C0D20", sender="bob@example.org", count=1),
            PASSED_ON.format(id="4A11C0D20", to="carol@gmail.com", original="", next="4A11C0D21"),
            SENT.format(id="4A11C0D21", to="carol@gmail.com"),
        ]
    )

    assert fact(events, "mailwarden.hand_over") == [None] * 6
    assert fact(events, "mailwarden.relayed")[5] is True


TELLERS = (
    "postfix/submission/smtpd[1]: warning: unknown[203.0.113.7]: SASL LOGIN authentication failed: x, sasl_username=bob",
    "dovecot: auth: pam(bob,203.0.113.7,<AAAABBBB>): pam_authenticate() failed: Authentication failure (Password mismatch?)",
    "auth: pam_unix(dovecot:auth): authentication failure; logname= uid=0 euid=0 tty= ruser=bob rhost=203.0.113.7  user=bob",
)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
@pytest.mark.parametrize("tries", [1, 3])
def test_a_try_that_three_tell_of_is_one(order: tuple[int, ...], tries: int) -> None:
    """The front end, the password database and PAM, in any order: their tries are as many as one of them told."""
    events = joined(TELLERS[place] for _ in range(tries) for place in order)

    assert sum(event.mailwarden_attempts for event in events) == tries


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
def test_tellers_may_lag(order: tuple[int, ...]) -> None:
    """One tells of all tries, then the next does: Dovecot writes when the connection ends."""
    events = joined(TELLERS[place] for place in order for _ in range(4))

    assert [event.mailwarden_attempts for event in events] == [1] * 4 + [0] * 8


def test_one_line_may_stand_for_several_tries() -> None:
    """Three that the password database told singly are the three of the connection's end, a fourth is new."""
    auth = "dovecot: auth: sql(bob@example.org,203.0.113.7,<AAAABBBB>): Password mismatch"
    end = (
        "dovecot: imap-login: Disconnected (auth failed, 4 attempts in 9 secs): user=<bob@example.org>, method=PLAIN, "
        "rip=203.0.113.7, lip=192.0.2.5, TLS, session=<AAAABBBB>"
    )

    assert [event.mailwarden_attempts for event in joined([auth, auth, auth, end])] == [1, 1, 1, 1]


def test_two_password_databases_tell_of_one_try() -> None:
    """Dovecot asks one after the other."""
    lines = [
        f"dovecot: auth: {name}(bob@example.org,203.0.113.7,<AAAABBBB>): Password mismatch" for name in ("sql", "ldap")
    ]

    assert [event.mailwarden_attempts for event in joined(lines)] == [1, 0]


def test_addresses_are_counted_apart() -> None:
    """Each of several at once has its own tries."""
    lines = [line.replace("203.0.113.7", f"203.0.113.{host}") for host in (7, 8) for line in TELLERS]

    assert sum(event.mailwarden_attempts for event in joined(lines)) == 2


def test_retries_count_once() -> None:
    """Each recipient's first deferral is the first; how often the queue tries again is no news."""
    queued = QUEUED.format(id="4A11C0D20", sender="bob@example.org", count=2)
    one, two = (DEFERRED.format(id="4A11C0D20", to=f"{name}@example.net") for name in ("carol", "dave"))
    events = joined([LOGIN.format(id="4A11C0D20"), queued, one, two, queued, one, two, one.replace("carol", "Carol")])

    assert fact(events, "mailwarden.first_try") == [None, None, True, True, None, False, False, False]
    assert fact(events, "mailwarden.accepted").count(True) == 1


FORWARD = SENT.format(id="4A11C0D20", to="bob@example.com")


@pytest.mark.parametrize(
    ("client", "sender", "delivery", "site", "relayed"),
    [
        ("unknown[203.0.113.7]", "ann@example.net", FORWARD, SITE, True),
        ("unknown[203.0.113.7]", "ann@example.net", FORWARD, Site(), None),
        ("unknown[203.0.113.7]", "ann@example.net", FORWARD.replace("bob@example.com", "bob@gmail.com"), Site(), True),
        ("unknown[203.0.113.7]", "ann@example.net", FORWARD.replace(", relay", ", orig_to=<bob@example.org>, relay"), SITE, None),
        ("unknown[203.0.113.7]", "SRS0=x=yz=example.net=ann@example.org", FORWARD, SITE, None),
        ("unknown[203.0.113.7]", "prvs=12ab=ann@example.org", FORWARD, SITE, None),
        ("unknown[203.0.113.7]", "ann@example.net", FORWARD.replace("bob@example.com", "bob@example.org"), SITE, None),
        ("unknown[203.0.113.7]", "ann@example.net", FORWARD, Site(domains=frozenset({"example.com"})), None),
        ("unknown[203.0.113.7]", "ann@example.net", FORWARD, Site(networks=("203.0.113.0/24",)), None),
        ("unknown[203.0.113.7]", "ann@example.net", FORWARD, Site(relays=("203.0.113.7",)), None),
        ("unknown[203.0.113.7]", "ann@example.net", FORWARD.replace("198.51.100.9", "10.0.0.5"), SITE, None),
        ("unknown[203.0.113.7]", "ann@example.net", FORWARD, Site(networks=("198.51.100.9",)), None),
        ("unknown[192.168.1.20]", "ann@example.net", FORWARD, SITE, None),
        ("localhost[127.0.0.1]", "ann@example.net", FORWARD, SITE, None),
    ],
)  # fmt: skip
def test_what_relaying_is(client: str, sender: str, delivery: str, site: Site, relayed: bool | None) -> None:
    """A stranger's mail for a stranger: not an alias, a forward, a list, our own networks, nor a domain of ours."""
    lines = [
        CLIENT.format(id="4A11C0D20", client=client),
        QUEUED.format(id="4A11C0D20", sender=sender, count=1),
        delivery,
    ]

    assert fact(joined(lines, site), "mailwarden.relayed")[-1] is relayed


TAKEN = (
    "sm-mta[1]: {id}: from=<ann@example.net>, size=700, class=0, nrcpts=1, proto=ESMTP, daemon=MTA, relay=[203.0.113.7]"
)
HANDED = (
    "sm-mta[2]: {id}: to={to}, delay=00:00:01, xdelay=00:00:01, mailer=esmtp, pri=30385, "
    "relay=mx.example.net. [198.51.100.9], dsn=2.0.0, stat=Sent (Ok)"
)


@pytest.mark.parametrize(
    ("recipients", "relayed"),
    [
        (["<a@gmail.com>"], [True]),
        (["a@gmail.com"], [None]),
        (["a@gmail.com, ctladdr=<bob@example.org> (1000/1000)"], [None]),
        (["<a@gmail.com>, ctladdr=<ann@example.net> (1000/1000)"], [True]),
        (["c1@gmail.com,c2@club2.example", *(f"c{n}@club{n}.example" for n in range(12))], [None] * 13),
    ],
)
def test_what_sendmail_sends_on_for_an_alias_is_no_relaying(recipients: list[str], relayed: list[bool | None]) -> None:
    """What an alias or a `.forward` says has no brackets, what a client says has; one letter to a list of many is not relayed."""
    lines = [TAKEN.format(id="6AR8aup8000407"), *(HANDED.format(id="6AR8aup8000407", to=to) for to in recipients)]

    assert fact(joined(lines, Site()), "mailwarden.relayed")[1:] == relayed


def test_who_relays_without_brackets_is_seen() -> None:
    """Ten letters within an hour, each to another domain, are no alias's."""
    lines = []
    for number in range(12):
        id_ = f"6AR8aup80004{number:02}"
        lines += [TAKEN.format(id=id_), HANDED.format(id=id_, to=f"c@club{number}.example")]

    assert fact(joined(lines), "mailwarden.relayed")[1::2] == [None] * 9 + [True] * 3


def test_a_filter_behind_a_pipe_makes_no_domain_ours() -> None:
    """Mail for anybody goes through it; what was relayed so still shows."""
    events = joined(
        [
            CLIENT.format(id="4A11C0D20", client="unknown[203.0.113.7]"),
            QUEUED.format(id="4A11C0D20", sender="ann@example.net", count=1),
            "postfix/pipe[4]: 4A11C0D20: to=<x@example.com>, relay=spamfilter, delay=1, dsn=2.0.0, "
            "status=sent (delivered via spamfilter service)",
            CLIENT.format(id="4A11C0D21", client="unknown[203.0.113.7]"),
            QUEUED.format(id="4A11C0D21", sender="ann@example.net", count=1),
            FORWARD.replace("4A11C0D20", "4A11C0D21"),
        ],
        Site(),
    )

    assert fact(events, "mailwarden.relay.domain")[-1] == "example.com"


REFUSED = (
    "postfix/smtp[3]: 4A11C0D20: to=<x@example.com>, relay=mx.example.com[198.51.100.9]:25, delay=1, dsn=5.7.1, "
    "status=bounced (host mx.example.com[198.51.100.9] said: 554 5.7.1 Service unavailable; {what} blocked using {list})"
)


@pytest.mark.parametrize(
    ("client", "sender", "what", "zone", "named"),
    [
        ("unknown[203.0.113.7]", "ann@example.org", "Client host [192.0.2.5]", "zen.spamhaus.org", ("blocklist", True)),
        ("unknown[203.0.113.7]", "ann@example.net", "Client host [192.0.2.5]", "zen.spamhaus.org", ("blocklist", True)),
        ("unknown[203.0.113.7]", "", "Client host [192.0.2.5]", "zen.spamhaus.org", ("blocklist", False)),
        ("unknown[203.0.113.7]", "ann@example.org", "Sender address", "dbl.spamhaus.org", ("blocklist", True)),
        ("unknown[203.0.113.7]", "ann@example.net", "Sender address", "dbl.spamhaus.org", ("spam_content", True)),
    ],
)
def test_who_is_listed(client: str, sender: str, what: str, zone: str, named: tuple[str, bool]) -> None:
    """We are, but not by the word of one who was sent a bounce, nor where a forwarded message bears the listed name."""
    events = joined(
        [
            CLIENT.format(id="4A11C0D20", client=client),
            QUEUED.format(id="4A11C0D20", sender=sender, count=1),
            REFUSED.format(what=what, list=zone),
        ]
    )

    assert (events[2].mail_bounce_class, fact(events, "mailwarden.list.public")[2]) == named


def test_a_bounce_is_ours_and_nobodys_sending() -> None:
    """The message that tells of a failure is no new one of the account."""
    events = joined(
        [
            LOGIN.format(id="4A11C0D20"),
            QUEUED.format(id="4A11C0D20", sender="bob@example.org", count=1),
            "postfix/bounce[4]: 4A11C0D20: sender non-delivery notification: 4A11C0D21",
            QUEUED.format(id="4A11C0D21", sender="", count=1),
        ]
    )

    assert fact(events, "mailwarden.accepted") == [None, True, None, None]


def test_exim_is_joined_by_the_id_of_the_message() -> None:
    """Accepted where it is received; its deliveries bear its login, its address and its sender."""
    events = joined(
        [
            "exim[1]: 1vxABC-0003Qd-7z <= bob@example.org H=(pc) [203.0.113.7]:51514 P=esmtpsa A=dovecot_login:bob S=700 "
            "id=a@example.org for carol@example.net dave@example.net",
            "exim[1]: 1vxABC-0003Qd-7z => carol@example.net R=dnslookup T=remote_smtp H=mx.example.net [198.51.100.9]",
            "exim[1]: 1vxABC-0003Qd-7z == dave@example.net R=dnslookup T=remote_smtp defer (-44): SMTP error from remote "
            "mail server after RCPT TO:<dave@example.net>: 451 4.7.1 Try again later",
            "exim[1]: 1vxABC-0003Qd-7z == dave@example.net R=dnslookup T=remote_smtp defer (-44): SMTP error from remote "
            "mail server after RCPT TO:<dave@example.net>: 451 4.7.1 Try again later",
            "exim[1]: 1vxABC-0003Qd-7z Completed",
        ]
    )

    assert fact(events, "mailwarden.accepted") == [True, None, None, None, None]
    assert fact(events, "mailwarden.first_try") == [None, True, True, False, None]
    assert [event.mailwarden_account for event in events[:4]] == ["bob"] * 4
    assert [event.source_ip for event in events[:4]] == ["203.0.113.7"] * 4
    assert events[0].mail_recipient_count == 2


def test_recipients_that_an_arrival_does_not_list_are_counted_when_something_becomes_of_them() -> None:
    """Each once, whatever its retries; an alias is one, whoever it reaches; the first is the arrival's own."""
    fold = Fold(SITE, [], [], Nowhere(), lambda _: "mail.log")
    put_off = "R=dnslookup T=remote_smtp defer (-44): SMTP error from remote mail server after RCPT TO: 451 4.7.1 Later"
    lines = [
        "exim[1]: 1vxABC-0003Qd-7z <= bob@example.org H=(pc) [203.0.113.7] P=esmtpsa A=dovecot_login:bob S=700",
        "exim[1]: 1vxABC-0003Qd-7z => a@example.net R=dnslookup T=remote_smtp H=mx.example.net [198.51.100.9]",
        f"exim[1]: 1vxABC-0003Qd-7z == b@example.net {put_off}",
        "exim[1]: 1vxABC-0003Qd-7z => ann <all@example.org> R=local_user T=maildir_home",
        "exim[1]: 1vxABC-0003Qd-7z => ben <all@example.org> R=local_user T=maildir_home",
        "exim[1]: 1vxABC-0003Qd-7z -> c@example.net R=dnslookup T=remote_smtp H=mx.example.net [198.51.100.9]",
        "exim[1]: 1vxABC-0003Qd-7z ** d@example.net R=dnslookup T=remote_smtp: Unrouteable address",
        f"exim[1]: 1vxABC-0003Qd-7z == b@example.net {put_off}",
        "exim[1]: 1vxABC-0003Qd-7z => b@example.net R=dnslookup T=remote_smtp H=mx.example.net [198.51.100.9]",
    ]

    fold.take(read(lines))

    counts = {key[1:]: value for key, value in fold.rollups.drain().items()}
    assert {key: value for key, value in counts.items() if key[0].startswith("sent_re") or key[0] == "sent"} == {
        ("sent", "bob", "account", ""): 1,
        ("sent_recipients", "bob", "account", ""): 5,
    }


def test_a_message_whose_beginning_was_before_the_log_is_counted_nowhere() -> None:
    """Nobody knows who sent it: it is neither accepted anew nor relayed."""
    events = joined(
        [
            QUEUED.format(id="4A11C0D20", sender="ann@example.net", count=1),
            SENT.format(id="4A11C0D20", to="x@example.com"),
        ]
    )

    assert fact(events, "mailwarden.accepted") == [None, None]
    assert fact(events, "mailwarden.relayed") == [None, None]


def test_a_message_that_left_is_forgotten() -> None:
    """Its queue id may be used again, by somebody else."""
    fold = Fold(SITE, [], [], Nowhere(), lambda _: "mail.log")
    fold.take(
        read(
            [
                LOGIN.format(id="4A11C0D20"),
                QUEUED.format(id="4A11C0D20", sender="bob@example.org", count=1),
                REMOVED.format(id="4A11C0D20"),
            ]
        )
    )

    rows: list[Row] = [row for row in fold.rows() if row[0] == "message" and row[4] is not None]

    assert rows == []


def test_what_our_own_mailbox_server_refuses_is_no_receivers_word() -> None:
    """Exim hands a mail to Dovecot's LMTP here, which knows no such user: that says nothing of us elsewhere."""
    (event,) = joined(
        [
            "exim[1]: 1xVXTv-0008Oc-04 ** sales@example.org F=<> R=virtual_user T=dovecot_virtual_delivery: LMTP error after "
            "RCPT TO:<sales@example.org>: 550 5.1.1 <sales@example.org> User doesn't exist: sales@example.org"
        ]
    )

    assert event.mail_bounce_class is None
    assert "mailwarden.remote" not in (event.facts or {})
