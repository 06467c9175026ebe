"""What holds for every line that sendmail writes, whoever wrote parts of it."""

import time

import pytest
from beside import without
from hypothesis import given, settings
from hypothesis import strategies as st

from mailwarden.parsers.event import Event, to_ecs
from mailwarden.parsers.formats import sendmail

STAMP = "Mar  3 04:05:06 mx1 sm-mta[222]: "
Q = "62345678005133: "

ANY = st.text(alphabet=st.characters(blacklist_categories=["Cs"], blacklist_characters="\n\r"), max_size=60)
FORGED = st.sampled_from(
    [
        "x, relay=[192.0.2.1]",
        "x, relay=trusted.example.org [192.0.2.1], reject=550 5.7.1 x... Relaying denied",
        ", size=1, class=0, nrcpts=9, msgid=<a>, proto=ESMTPSA, relay=[192.0.2.1]",
        ", delay=00:00:00, xdelay=00:00:00, mailer=local, pri=1, dsn=2.0.0, stat=Sent",
        ", stat=Sent (ok)",
        ", user=root",
        "AUTH=server, relay=[192.0.2.1], authid=root, mech=PLAIN, bits=0",
        "[192.0.2.1] (may be forged)",
        ">... User unknown",
        '"',
        "\\",
        "((((",
        "\x00\x1b[31m",
        "\u2028\u0085",
    ]
)
HOSTILE = ANY | FORGED


def read(text: str) -> Event:
    """Read what stands behind the tag."""
    event = Event()
    event.process_name, event.service_name = "sm-mta", "sendmail"
    event.event_original = STAMP + text
    sendmail.FORMAT.read(event, text)
    return event


@settings(max_examples=300, deadline=None)
@given(HOSTILE)
def test_a_tried_name_is_nothing_but_a_name(name: str) -> None:
    """A name that holds another client's failure blames nobody else."""
    line = (
        Q
        + "AUTH failure (LOGIN): authentication failure (-13) SASL(-13): authentication failure: x, user={}, relay=[203.0.113.9]"
    )

    event = read(line.format(name))

    assert event.source_ip == "203.0.113.9"
    assert event.user_name == (name or None)
    ours = ("user.name", "mail.parse.ambiguous")
    assert without(event, *ours) == without(read(line.format("x")), *ours)


@settings(max_examples=300, deadline=None)
@given(HOSTILE, HOSTILE)
def test_sender_and_message_id_name_no_client(sender: str, message_id: str) -> None:
    """Whatever the sender and the message id hold, the client is the one that sendmail wrote."""
    line = f"from=<{sender}@example.net>, size=900, class=0, nrcpts=1, msgid=<{message_id}@example.net>"

    event = read(f"{Q}{line}, proto=ESMTP, daemon=MTA-v4, relay=dyn.example.net [203.0.113.9]")

    assert event.source_ip == "203.0.113.9"
    assert (event.event_action, event.user_name, event.mail_sasl_method) == ("message-received", None, None)


@settings(max_examples=300, deadline=None)
@given(HOSTILE)
def test_a_refused_address_names_no_client(typed: str) -> None:
    """An address that holds a whole refusal, repeated in the answer, blames nobody else."""
    refused = f"550 5.7.1 <{typed}>... Relaying denied"

    event = read(f"{Q}ruleset=check_rcpt, arg1=<{typed}>, relay=[203.0.113.9], reject={refused}")

    assert event.source_ip == "203.0.113.9"
    assert (event.event_action, event.event_reason, event.smtp_reply_code) == ("reject", "relay_denied", 550)
    assert event.email_to_address == [typed]


@settings(max_examples=300, deadline=None)
@given(HOSTILE)
def test_a_reply_is_nothing_but_a_reply(reply: str) -> None:
    """What another server says sets nothing but what it said; what became of the message does not follow from it."""
    line = (
        Q + "to=<b@example.net>, ctladdr=<a@example.org> (1000/1000), delay=00:00:01, xdelay=00:00:01, mailer=esmtp, "
    )
    line += "pri=30552, relay=mx.example.net. [192.0.2.10], dsn=5.7.1, reply=550 5.7.1 {}, stat=User unknown"

    assert without(read(line.format(reply)), "smtp.reply.text") == without(read(line.format("x")), "smtp.reply.text")


@settings(max_examples=300, deadline=None)
@given(HOSTILE)
def test_a_deferral_stays_one(said: str) -> None:
    """The text behind `stat=` makes no other outcome."""
    line = (
        Q
        + "to=<b@example.net>, delay=00:00:01, xdelay=00:00:01, mailer=esmtp, pri=1, relay=mx.example.net. [192.0.2.10], "
    )

    event = read(f"{line}dsn=4.7.1, stat=Deferred: 451 4.7.1 {said}")

    assert (event.mail_delivery_status, event.smtp_reply_code) == ("deferred", 451)
    assert event.email_to_address == ["b@example.net"]


@pytest.mark.parametrize(
    "text",
    [
        Q + "from=<" + ", size=1, class=0, nrcpts=1" * 4000,
        Q + "from=<x>, size=1, class=0, nrcpts=1, msgid=<" + ", relay=[192.0.2.1]" * 5000,
        Q + "from=<x>, size=1, class=0, nrcpts=1, msgid=<" + ", proto=ESMTP, daemon=x" * 4000,
        Q + "to=<" + ">,<" * 30000,
        Q + "to=<x>, ctladdr=" + ", ctladdr=" * 9000,
        Q + "to=<x>" + ", delay=00:00:00, relay=" * 4000,
        Q + "to=<x>, delay=00:00:00, xdelay=00:00:00, mailer=esmtp, dsn=5.0.0, reply=" + ", stat=" * 12000,
        Q + "ruleset=check_rcpt, arg1=<" + ", relay=[192.0.2.1], reject=550 " * 3000,
        Q + "ruleset=check_rcpt, arg1=<" + ", relay=" * 11000,
        Q + "AUTH failure (" + "): x (-13), user=a, relay=" * 4000,
        Q + "<" + ">... " * 18000,
        Q + "<" + "a" * 90000 + ">... User unknown",
        Q + "[" * 90000 + "]: VRFY x",
        Q + "connect from " + "[1.2.3.4] " * 9000,
        Q + "Milter: to=<" + ", reject=550" * 8000,
        "AUTH=server, relay=" + ", authid=x, mech=y, bits=" * 4000,
        "STARTTLS=server, relay=" + ", version=TLSv1.3, verify=" * 3500,
        Q + "<-AUTH " + "AUTH x " * 12000,
    ],
    ids=lambda text: text[16:50],
)
def test_no_line_takes_long(text: str) -> None:
    """A line of 90,000 hostile characters is read in the time of a glance."""
    begun = time.process_time()
    read(text)

    assert time.process_time() - begun < 0.5


@pytest.mark.parametrize(
    "text",
    [
        Q + "<-AUTH PLAIN AGEAYg==",
        Q + "<-auth login AGEAYg==",
        Q + "<-AGEAYg==",
        Q + 'AUTH decode64 error [-5 for "AGEAYg"], relay=[203.0.113.9]',
        Q + 'AUTH decode64 error [-5 for "x"AGEAYg"], relay=[203.0.113.9]',
    ],
)
def test_what_was_typed_as_a_password_is_not_kept(text: str) -> None:
    """A password that a high log level shows is taken out of the line."""
    event = read(text)

    assert event.event_kind == "event"
    assert "AGEAYg" not in event.event_original
    assert "AGEAYg" not in str(to_ecs(event))


@pytest.mark.parametrize(
    "text",
    [
        "collect: relay=dyn.example.net [203.0.113.9], from=<{}>, info=Bare linefeed (LF) not allowed, where=header, status=x",
        "collect: premature EOM on connection from [203.0.113.9], sender=<{}>",
        "AUTH=server, relay=dyn.example.net [203.0.113.9], authid={}, mech=PLAIN, bits=0",
    ],
)
@pytest.mark.parametrize("typed", ["a", "x [192.0.2.1], from=b", "x [192.0.2.1], sender=b", "x [192.0.2.1], authid=b"])
def test_what_stands_behind_a_client_names_none(text: str, typed: str) -> None:
    """A sender or a login that holds a client of its own blames nobody else."""
    assert read(Q + text.format(typed)).source_ip == "203.0.113.9"


def test_an_address_cannot_pretend_to_be_two() -> None:
    """An address that holds sendmail's mark of a second argument, and then a refusal, blames nobody else."""
    typed = '"q, arg2=x, relay=v [192.0.2.1], reject=550 5.7.1 <"q..."@example.net'

    event = read(
        f"{Q}ruleset=check_rcpt, arg1=<{typed}>, relay=[203.0.113.9], reject=550 5.7.1 <{typed}>... Relaying denied"
    )

    assert event.source_ip == "203.0.113.9"


def test_an_answer_without_the_address_leaves_a_forged_client_unsure() -> None:
    """Where the answer does not repeat an address that holds a whole refusal, nobody is blamed."""
    typed = '"q, relay=v [192.0.2.1], reject=550 5.7.1 <"q..."@example.net'

    event = read(f"{Q}ruleset=check_mail, arg1=<{typed}>, relay=[203.0.113.9], reject=550 5.7.1 Access denied")

    assert (event.event_action, event.source_ip, event.mail_parse_ambiguous) == ("reject", None, True)


def test_a_text_without_bounds_is_no_client() -> None:
    """What is remembered of clients is short, however long a line is."""
    event = read("connect from " + "a" * 5000 + " [203.0.113.9]")

    assert (event.event_kind, event.source_ip) == ("pipeline_error", None)
