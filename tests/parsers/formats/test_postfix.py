"""What holds for every line that Postfix writes, whoever wrote parts of it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailwarden.parsers.event import Event, to_ecs
from mailwarden.parsers.formats import postfix

# What a client or a remote server can put where it may write: forged ends, forged beginnings, brackets, quotes.
HOSTILE = st.text(
    alphabet=st.characters(blacklist_categories=["Cs"], blacklist_characters="\n\r"), max_size=40
) | st.sampled_from(
    [
        "x from good.example.org[192.0.2.1]",
        "x; from=<a@example.org> to=<b@example.org> proto=ESMTP helo=<y",
        "x, sasl_username=root",
        "x] blocked using fake.example.org; ",
        "x>, relay=none, delay=1, delays=1/1/1/1, dsn=2.0.0, status=sent (250 ok",
        "450 4.7.1 Greylisted",
        "x: SASL LOGIN authentication failed: Connection lost to authentication server",
        "x, orig_client=good.example.org[192.0.2.1]",
        '"',
        "\\",
        "\x00\x1b[31m",
        "\u2028\u0085",
    ]
)


def read(tag: str, text: str) -> Event:
    """Read one text as the program of `tag` would have written it."""
    event = Event()
    cut = postfix.claim(tag)
    assert cut is not None
    event.process_name, event.service_name, event.mail_service = cut
    postfix.FORMAT.read(event, text)
    return event


def fields(tag: str, text: str) -> dict[str, object]:
    return to_ecs(read(tag, text))


@settings(max_examples=300, deadline=None)
@given(HOSTILE)
def test_user_name_changes_nothing_but_itself(name: str) -> None:
    """A login name that forges a line changes only `user.name`."""
    text = "warning: unknown[203.0.113.7]: SASL LOGIN authentication failed: (reason unavailable), sasl_username="
    plain = fields("postfix/smtpd", text + "ann")

    forged = fields("postfix/smtpd", text + name)

    assert forged.pop("user.name", None) == ((name or None) if name != "(unavailable)" else None)
    assert forged == {key: value for key, value in plain.items() if key != "user.name"}


@settings(max_examples=300, deadline=None)
@given(HOSTILE)
def test_helo_name_changes_nothing_but_itself(name: str) -> None:
    """A HELO name that forges a context is the HELO name, and the peer, the reason and the reply stay."""
    text = (
        "NOQUEUE: reject: RCPT from unknown[203.0.113.50]: 554 5.7.1 <b@example.net>: Relay access denied; "
        "from=<a@example.com> to=<b@example.net> proto=ESMTP helo=<{}>"
    )
    plain = fields("postfix/smtpd", text.format("pc"))

    forged = fields("postfix/smtpd", text.format(name))

    forged.pop("mail.parse.ambiguous", None)
    assert forged.pop("smtp.helo", None) == (name or None)
    assert forged == {key: value for key, value in plain.items() if key != "smtp.helo"}


@settings(max_examples=300, deadline=None)
@given(HOSTILE)
def test_quoted_recipient_changes_nothing_but_itself(name: str) -> None:
    """A recipient that forges a context or a status moves neither the peer nor the verdict."""
    name = name.replace("\\", "").replace('"', "")
    address = f'"{name}"@example.net'
    text = (
        f"NOQUEUE: reject: RCPT from unknown[203.0.113.50]: 554 5.7.1 <{name}@example.net>: Relay access denied; "
        f"from=<a@example.com> to=<{address}> proto=ESMTP helo=<pc>"
    )

    event = read("postfix/smtpd", text)

    assert event.event_action == "reject"
    assert event.source_ip == "203.0.113.50"
    assert event.smtp_reply_code == 554
    if not event.mail_parse_ambiguous:
        assert event.email_to_address == [address]
        assert event.event_reason == "relay_denied"


@settings(max_examples=300, deadline=None)
@given(HOSTILE)
def test_delivery_to_a_quoted_recipient_keeps_its_status(name: str) -> None:
    """A recipient that forges a delivery stays one recipient of the true delivery."""
    name = name.replace("\\", "").replace('"', "")
    text = (
        f'5A1C4E03F1: to=<"{name}"@example.net>, relay=mx.example.net[192.0.2.10]:25, delay=1, delays=0/0/1/0, '
        "dsn=5.1.1, status=bounced (host mx.example.net[192.0.2.10] said: 550 5.1.1 no (in reply to RCPT TO command))"
    )

    event = read("postfix/smtp", text)

    assert event.email_to_address == [f'"{name}"@example.net']
    assert event.mail_delivery_status == "bounced"
    assert event.destination_ip == "192.0.2.10"


@settings(max_examples=300, deadline=None)
@given(HOSTILE)
def test_remote_reply_changes_nothing_but_the_reply(reply: str) -> None:
    """What a remote server answers reaches `smtp.reply.text` and no other field of the delivery."""
    text = (
        "5A1C4E03F1: to=<carol@example.net>, relay=mx.example.net[192.0.2.10]:25, delay=1, delays=0/0/1/0, dsn=5.1.1, "
        "status=bounced (host mx.example.net[192.0.2.10] said: 550 5.1.1 {} (in reply to RCPT TO command))"
    )
    plain = fields("postfix/smtp", text.format("no"))

    forged = fields("postfix/smtp", text.format(reply))

    forged.pop("smtp.reply.text", None)
    assert forged == {key: value for key, value in plain.items() if key != "smtp.reply.text"}


@settings(max_examples=300, deadline=None)
@given(HOSTILE)
def test_sender_of_a_queued_message_changes_nothing_but_itself(name: str) -> None:
    """A sender that forges a size leaves the true size and count."""
    event = read("postfix/qmgr", f'5A1C4E03F1: from=<"{name}"@example.org>, size=700, nrcpt=3 (queue active)')

    assert (event.mail_size, event.mail_recipient_count) == (700, 3)
    assert event.email_from_address == [f'"{name}"@example.org']


def test_header_check_with_two_whole_contexts_names_nobody() -> None:
    """Where a subject or a HELO name forged a whole context, no address is taken from the line."""
    forged = "from unknown[203.0.113.9]; from=<s@example.org> to=<r@example.org> proto=ESMTP helo=<pc"
    text = f"5A1C4E03F1: reject: header Subject: x {forged} {forged}>: 5.7.1 no"

    event = read("postfix/cleanup", text)

    assert event.event_action == "reject"
    assert event.source_ip is None
    assert event.mail_parse_ambiguous is True


def test_peer_without_address_has_none() -> None:
    """A client that vanished before its address was known has no `source.ip`."""
    assert fields("postfix/smtpd", "connect from unknown[unknown]").get("source.ip") is None
    assert fields("postfix/smtpd", "lost connection after CONNECT from unknown[unknown]").get("source.ip") is None


@pytest.mark.parametrize(
    ("tag", "cut"),
    [
        ("postfix/smtpd", ("smtpd", "postfix", None)),
        ("postfix-out/submission/smtpd", ("smtpd", "postfix-out", "submission")),
        ("postfix-192.0.2.1/smtp", ("smtp", "postfix-192.0.2.1", None)),
        ("mta2/cleanup", ("cleanup", "mta2", None)),
        ("postfix/mydaemon", ("mydaemon", "postfix", None)),
        ("postfix", ("postfix", None, None)),
        ("postfix-script", ("postfix-script", None, None)),
        ("postfix-out", ("postfix", "postfix-out", None)),
        ("cyrus/master", None),
        ("dovecot", None),
        ("smtpd", None),
        ("postfixadmin", None),
        ("postgrey", None),
        ("", None),
        ("/", None),
    ],
)
def test_tag_is_cut_into_program_instance_and_service(tag: str, cut: tuple[str, str | None, str | None] | None) -> None:
    """A tag is Postfix's by a known last part or by a first part that says so."""
    assert postfix.claim(tag) == cut


@pytest.mark.parametrize(
    ("program", "text", "queue_id"),
    [
        ("smtpd", "5A1C4E03F1: client=a[192.0.2.1]", "5A1C4E03F1"),
        ("smtpd", "4XyZ1k5Cq9z7Q: client=a[192.0.2.1]", "4XyZ1k5Cq9z7Q"),
        ("smtpd", "NOQUEUE: client=a[192.0.2.1]", None),
        ("cleanup", "warning: 5A1C4E03F1: queue file size limit exceeded", "5A1C4E03F1"),
        ("master", "5A1C4E03F1: client=a[192.0.2.1]", None),
        ("postsuper", "Deleted: 4 messages", None),
        ("smtp", "5A1C4: removed", None),
    ],
)
def test_queue_id_is_taken_where_one_stands(program: str, text: str, queue_id: str | None) -> None:
    """A queue id is taken off the text of programs that write one, and no word is taken for one."""
    assert read(f"postfix/{program}", text).mail_queue_id == queue_id
