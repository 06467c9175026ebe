"""Servers that name the client once: what they say of it on other lines is joined."""

import pytest

from mailwarden.alerts.facts.site import Site
from mailwarden.alerts.state.shelf import Nowhere
from mailwarden.parsers.envelope import Reader
from mailwarden.parsers.event import Event
from mailwarden.pipeline.fold import Fold

SITE = Site(domains=frozenset({"example.org"}))
S, E, M = "7f3a9c0011223344", "aabbccdd00112233", "7f3a9c0011223355"


def joined(lines: list[str], site: Site = SITE) -> list[Event]:
    """Fold lines, a second apart; give their events with what was joined."""
    reader = Reader(year=2026)
    events = [reader.read(f"2026-03-03T04:{n // 60:02}:{n % 60:02}+00:00 mx1 {line}") for n, line in enumerate(lines)]
    for event in events:
        assert event.event_kind == "event", event.event_original
        event.stream_us = event.timestamp_us
    Fold(site, [], [], Nowhere(), lambda _: "maillog").take(events)
    return events


CONNECTED = f"smtpd[9]: {S} smtp connected address=203.0.113.7 host=<unknown>"
REFUSED = 'smtpd[9]: {s} smtp failed-command command="RCPT TO:<{to}>" result="550 Invalid recipient: <{to}>"'
TAKEN = [
    f"smtpd[9]: {S} smtp message msgid=aabbccdd size=2311 nrcpt=1 proto=ESMTP",
    f"smtpd[9]: {S} smtp envelope evpid={E} from=<bob@example.org> to=<carol@example.net>",
]
SENT_ON = (
    f"smtpd[9]: {M} mta delivery evpid={E} from=<bob@example.org> to=<carol@example.net> rcpt=<-> "
    'source="192.0.2.5" relay="198.51.100.9 (mx.example.net)" delay=1s result="Ok" stat="250 2.0.0 Ok"'
)


def test_opensmtpd_names_the_client_once() -> None:
    """What a client does later is told of its address, until it goes; another session's client is another."""
    lines = [CONNECTED, f"smtpd[9]: {S} smtp authentication user=bob result=permfail"]
    lines += [
        f"smtpd[9]: {S} smtp disconnected reason=quit",
        f"smtpd[9]: {S} smtp authentication user=x result=permfail",
    ]
    lines += [f"smtpd[9]: {M} smtp authentication user=bob result=permfail"]

    events = joined(lines)

    assert [event.source_ip for event in events] == ["203.0.113.7"] * 3 + [None] * 2
    assert [event.mailwarden_attempts for event in events if event.event_action == "auth-failure"] == [1, 0, 0]


def test_opensmtpd_mail_of_an_account() -> None:
    """The login of a session sends the messages of it, and its deliveries are the account's."""
    lines = [CONNECTED, f"smtpd[9]: {S} smtp authentication user=bob@example.org result=ok", *TAKEN, SENT_ON]

    *_, received, queued, sent = joined(lines)

    assert (received.user_name, received.source_ip) == ("bob@example.org", "203.0.113.7")
    assert queued.facts is not None and sent.facts is not None
    assert queued.facts["mailwarden.accepted"] is True
    assert (queued.mailwarden_direction, queued.mail_recipient_count) == ("outbound", 1)
    assert (sent.mailwarden_account, sent.mailwarden_direction) == ("bob@example.org", "outbound")
    assert "mailwarden.relayed" not in sent.facts


def test_opensmtpd_mail_of_a_stranger_is_relayed() -> None:
    """Without a login, from outside, for outside: that is an open relay."""
    *_, sent = joined([CONNECTED, *TAKEN, SENT_ON])

    assert sent.facts is not None and sent.facts["mailwarden.relayed"] is True


def test_opensmtpd_bounces_come_from_itself() -> None:
    """A message without a sender that a local program hands over is a bounce, and nobody's sending."""
    bounce = [line.replace("bob@example.org", "") for line in [*TAKEN, SENT_ON]]

    *_, sent = joined([f"smtpd[9]: {S} smtp connected address=local host=mx1.example.org", *bounce])

    assert sent.facts is not None and sent.facts["mailwarden.returned"] is True
    assert sent.mailwarden_direction == "inbound"


@pytest.mark.parametrize(
    ("to", "domains", "reason"),
    [
        ("nobody@example.org", {"example.org"}, "unknown_recipient"),
        ("somebody@example.net", {"example.org"}, "relay_denied"),
        ("somebody@example.net", set(), "unknown_recipient"),
        ("somebody@gmail.com", set(), "relay_denied"),
        ("somebody%example.net@example.org", {"example.org"}, "relay_denied"),
        ("example.net!somebody@example.org", {"example.org"}, "relay_denied"),
        ("somebody@[192.0.2.1]", set(), "relay_denied"),
    ],
)
def test_a_refused_recipient_is_nobody_here_or_was_to_be_relayed(to: str, domains: set[str], reason: str) -> None:
    """OpenSMTPD answers alike; whose the address would be tells them apart."""
    events = joined([CONNECTED, REFUSED.format(s=S, to=to)], Site(domains=frozenset(domains)))

    assert events[1].event_reason == reason


def test_domains_that_mail_was_delivered_for_are_known() -> None:
    """Once a mailbox here has got mail, another domain is known to be somebody else's."""
    here = (
        f"smtpd[9]: {M} mda delivery evpid={E} from=<> to=<bob@example.org> user=bob delay=0s result=Ok stat=Delivered"
    )

    events = joined([here, CONNECTED, REFUSED.format(s=S, to="somebody@example.net")], Site())

    assert events[2].event_reason == "relay_denied"


UNKNOWN = "sm-mta[{pid}]: 62345678005133: <name{n}@example.org>... User unknown"
FROM = "sm-mta[{pid}]: 62345678005133: from=<a@example.net>, size=0, class=0, nrcpts={n}, proto=ESMTP, daemon=MTA, relay={who}"


def test_sendmail_serves_a_client_by_a_process() -> None:
    """A refused recipient is the client's that this process serves."""
    lines = ["sm-mta[5133]: NOQUEUE: connect from dyn.example.net [203.0.113.7]", UNKNOWN.format(pid=5133, n=1)]
    lines += ["sm-mta[5134]: NOQUEUE: connect from [203.0.113.8]", UNKNOWN.format(pid=5134, n=2)]

    events = joined([*lines, UNKNOWN.format(pid=5133, n=3)])

    assert [e.source_ip for e in events if e.event_action == "reject"] == ["203.0.113.7", "203.0.113.8", "203.0.113.7"]


def test_sendmail_names_the_client_at_the_end() -> None:
    """At the usual log level the client of refused recipients is named by the last line alone: it tells of all of them."""
    lines = [UNKNOWN.format(pid=5133, n=n) for n in range(3)]

    events = joined([*lines, FROM.format(pid=5133, n=0, who="[203.0.113.7]")])

    assert [event.event_action for event in events] == ["statistics"] * 3 + ["reject"]
    assert (events[3].source_ip, events[3].event_count, events[3].event_reason) == (
        "203.0.113.7",
        3,
        "unknown_recipient",
    )
    assert events[3].email_to_address == [f"name{n}@example.org" for n in range(3)]


LOGIN = "sm-mta[5133]: AUTH=server, relay=[203.0.113.7], authid=bob@example.org, mech=PLAIN, bits=0"
SUBMITTED = (
    "sm-mta[5133]: 62345678005133: from=<bob@example.org>, size=700, class=0, nrcpts=2, msgid=<1@example.org>, "
    "proto=ESMTPSA, daemon=MSP-v4, relay=[203.0.113.7]"
)
TO = (
    "sm-mta[5139]: 62345678005133: to=<carol@example.net>,<dave@example.net>, ctladdr=<bob@example.org> (1000/1000), "
    "delay=00:00:01, xdelay=00:00:01, mailer=esmtp, pri=30552, relay=mx.example.net. [198.51.100.9], dsn=2.0.0, stat=Sent (Ok)"
)


def test_sendmail_mail_of_an_account() -> None:
    """The login of a process's client sends the messages that it takes."""
    _, received, sent = joined([LOGIN, SUBMITTED, TO])

    assert received.user_name == "bob@example.org"
    assert received.facts is not None and received.facts["mailwarden.accepted"] is True
    assert (sent.mailwarden_account, sent.source_ip, sent.event_count) == ("bob@example.org", "203.0.113.7", 2)


def test_a_login_whose_line_is_missing_is_no_open_relay() -> None:
    """Mail that came under a login is an account's, though the line of the login was before the log began."""
    _, sent = joined([SUBMITTED, TO])

    assert sent.facts is not None and "mailwarden.relayed" not in sent.facts
    assert sent.mailwarden_account == "bob@example.org"


def test_another_client_of_the_same_process_number_is_another() -> None:
    """Process numbers come back: a login of before is not the next client's."""
    other = SUBMITTED.replace("203.0.113.7", "203.0.113.99").replace("proto=ESMTPSA", "proto=ESMTP")

    _, received, sent = joined([LOGIN, other, TO])

    assert received.user_name is None
    assert sent.facts is not None and sent.facts["mailwarden.relayed"] is True


HANDED_IN = (
    "sendmail[5100]: 62345677005100: from=www-data, size=357, class=0, nrcpts=1, msgid=<9@mx1.example.org>, "
    "relay=www-data@localhost"
)
HANDED_ON = (
    "sm-mta[5133]: 62345678005133: from=<www-data@mx1.example.org>, size=600, class=0, nrcpts=1, "
    "msgid=<9@mx1.example.org>, proto=ESMTP, daemon=MTA-v4, relay=localhost [127.0.0.1]"
)


def test_sendmail_takes_a_scripts_message_twice() -> None:
    """The submission program gives it to the daemon: one message, of the user whose script it was."""
    handed_in, handed_on, sent = joined([HANDED_IN, HANDED_ON, TO])

    assert handed_in.facts is not None and handed_in.facts["mailwarden.accepted"] is True
    assert handed_in.facts["mailwarden.script"] == "www-data"
    assert "mailwarden.accepted" not in (handed_on.facts or {})
    assert sent.facts is not None and sent.facts["mailwarden.script"] == "www-data"
    assert "mailwarden.relayed" not in sent.facts


def test_a_stranger_cannot_pass_a_message_off_as_anothers() -> None:
    """Only who connects from this machine hands a message on; from elsewhere the same message id is a new message."""
    strange = HANDED_ON.replace("localhost [127.0.0.1]", "dyn.example.net [203.0.113.7]")

    _, received, sent = joined([HANDED_IN, strange, TO])

    assert received.facts is not None and received.facts["mailwarden.accepted"] is True
    assert sent.facts is not None and sent.facts["mailwarden.relayed"] is True


def test_what_is_made_of_a_message_stays_its_own() -> None:
    """A copy for a list's owner is the same message; a report that a stranger's could not be delivered goes back to one."""
    foreign = SUBMITTED.replace("ESMTPSA", "ESMTP").replace("bob@example.org", "ann@example.net")
    clone = "sm-mta[5139]: 62345678005133: 62345679005134: clone: owner=owner-list@example.org"
    bounce = "sm-mta[5139]: 62345678005133: 6234567A005135: DSN: User unknown"
    lines = [foreign, clone, bounce, *(TO.replace("62345678005133", i) for i in ("62345679005134", "6234567A005135"))]

    *_, copied, returned = joined(lines)

    assert copied.source_ip == "203.0.113.7"
    assert returned.facts is not None and returned.facts["mailwarden.returned"] is True


def test_a_login_is_encrypted_or_not_as_its_session_was() -> None:
    """What a session's beginning told of encryption is said of its login; of one not seen from its beginning, nothing is."""
    encrypted = f"smtpd[9]: {S} smtp tls ciphers=TLSv1.3:TLS_AES_256_GCM_SHA384:256"
    login = f"smtpd[9]: {S} smtp authentication user=bob result=ok"

    assert [(e.tls_established, e.tls_version) for e in joined([CONNECTED, encrypted, login])[2:]] == [(True, "1.3")]
    assert joined([CONNECTED, login])[1].tls_established is False
    assert joined([login])[0].tls_established is None
    hello = "sm-mta[5133]: STARTTLS=server, relay=[203.0.113.7], version=TLSv1.2, verify=NO, cipher=AES, bits=256/256"
    assert joined([hello, LOGIN])[1].tls_version == "1.2"


def test_a_name_that_a_delivery_cut_is_made_whole() -> None:
    """Sendmail cuts a long server's name in its middle; the line of its encryption has all of it."""
    whole = "tenant-example.mail.protection.outlook.com"
    hello = f"sm-mta[5139]: STARTTLS=client, relay={whole}., version=TLSv1.3, verify=FAIL, cipher=AES, bits=256/256"
    cut = TO.replace("relay=mx.example.net.", "relay=tenant-example.mai...ction.outlook.com.")

    assert joined([hello, cut])[1].destination_domain == whole
    assert joined([cut])[0].destination_domain == "outlook.com"


def test_who_tried_a_password_has_said_something() -> None:
    """Sendmail says that a client asked for nothing also where it tried passwords: that is no silent connection."""
    failed = "sm-mta[5133]: 62345678005133: AUTH failure (LOGIN): x (-13) SASL(-13): x, user=bob, relay=[203.0.113.7]"
    went = "sm-mta[{pid}]: 62345678005133: [203.0.113.7] did not issue MAIL/EXPN/VRFY/ETRN during connection to MTA"

    events = joined([failed, went.format(pid=5133), went.format(pid=5134)])

    assert [event.event_reason for event in events[1:]] == [None, "no_auth_attempts"]
