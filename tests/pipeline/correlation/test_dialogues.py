"""What the lines of a dialogue tell of each other."""

from mailwarden.alerts.facts.site import Site
from mailwarden.parsers.envelope import Reader
from mailwarden.parsers.event import Event
from mailwarden.pipeline.fold import Fold
from mailwarden.pipeline.trial.replay import Nowhere


def joined(*steps: tuple[str, str, str], session: str = "08DA4F7C11473A60") -> list[Event]:
    """Fold the lines of one session of Exchange: sign, data, context."""
    reader = Reader(year=2026)
    events = [
        reader.read(
            f"2026-03-03T04:05:{n:02}.123Z,EX1\\Client,{session},{n},192.0.2.25:587,203.0.113.7:53722,{sign},{data},{context}"
        )
        for n, (sign, data, context) in enumerate(steps)
    ]
    for event in events:
        assert event.event_kind == "event"
        event.stream_us = event.timestamp_us
    Fold(Site(), [], [], Nowhere(), lambda _: "log").take(events)
    return events


def test_a_failed_login_has_the_name_that_was_tried() -> None:
    """The answer names nobody, a line before it does; the next try has a name of its own."""
    events = joined(
        ("+", "", ""),
        ("*", "", "User Name: bob@example.org"),
        (">", "535 5.7.3 Authentication unsuccessful", ""),
        (">", "535 5.7.3 Authentication unsuccessful", ""),
    )

    assert [event.user_name for event in events[2:]] == ["bob@example.org", None]


def test_a_refused_recipient_is_named_with_its_sender() -> None:
    """Whom an answer is about stands on the command before it."""
    events = joined(
        ("+", "", ""),
        ("*", "ann@example.org", "authenticated"),
        ("<", "MAIL FROM:<ann@example.org>", ""),
        ("<", "RCPT TO:<c@example.net>", ""),
        (">", "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain", ""),
    )

    refused = events[4]
    assert refused.email_from_address == ["ann@example.org"]
    assert refused.email_to_address == ["c@example.net"]
    assert refused.user_name == "ann@example.org"


def test_a_session_ends_with_its_connection() -> None:
    """What one client said tells nothing of the next one, even where a number comes again."""
    events = joined(
        ("+", "", ""),
        ("*", "", "User Name: bob@example.org"),
        ("-", "", "Remote"),
        (">", "535 5.7.3 Authentication unsuccessful", ""),
    )

    assert events[3].user_name is None


def test_encryption_is_known_of_what_follows() -> None:
    """A login behind STARTTLS is not one in clear."""
    events = joined(
        ("+", "", ""),
        (
            "*",
            "",
            "TLS protocol SP_PROT_TLS1_2_SERVER negotiation succeeded using bulk encryption algorithm CALG_AES_256",
        ),
        ("*", "ann@example.org", "authenticated"),
    )

    assert (events[2].tls_established, events[2].tls_version) == (True, "1.2")


def spoken(kind: str, address: str, *lines: str) -> list[Event]:
    """Fold the lines of one session of hMailServer."""
    reader = Reader(year=2026)
    events = [
        reader.read(f'"{kind}"\t1\t56\t"2026-03-03 04:05:{n:02}.000"\t"{address}"\t"{line}"')
        for n, line in enumerate(lines)
    ]
    for event in events:
        event.stream_us = event.timestamp_us
    Fold(Site(), [], [], Nowhere(), lambda _: "log").take(events)
    return events


def test_a_message_has_its_session_s_login_and_those_recipients_that_were_taken() -> None:
    """The line that says it is queued names nothing at all."""
    events = spoken(
        "SMTPD",
        "203.0.113.7",
        "RECEIVED: AUTH LOGIN",
        "RECEIVED: Ym9iQGV4YW1wbGUub3Jn",
        "SENT: 235 authenticated.",
        "RECEIVED: MAIL FROM:<bob@example.org>",
        "RECEIVED: RCPT TO:<c@example.net>",
        "SENT: 250 OK",
        "RECEIVED: RCPT TO:<nobody@example.org>",
        "SENT: 550 Unknown user",
        "RECEIVED: DATA",
        "SENT: 250 Queued (0.094 seconds)",
    )

    assert events[7].email_to_address == ["nobody@example.org"]
    queued = events[9]
    assert (queued.user_name, queued.email_from_address) == ("bob@example.org", ["bob@example.org"])
    assert (queued.email_to_address, queued.mail_queue_id) == (["c@example.net"], "56-1")


def test_another_server_s_answers_are_of_the_recipients_before_them() -> None:
    """Each recipient is refused by itself, the others are taken with the message."""
    events = spoken(
        "SMTPC",
        "198.51.100.9",
        "SENT: MAIL FROM:<bob@example.org>",
        "RECEIVED: 250 ok",
        "SENT: RCPT TO:<gone@example.net>",
        "RECEIVED: 550 5.1.1 no such user",
        "SENT: RCPT TO:<c@example.net>",
        "RECEIVED: 250 ok",
        "SENT: RCPT TO:<d@example.net>",
        "RECEIVED: 250 ok",
        "SENT: DATA",
        "RECEIVED: 354 go",
        "RECEIVED: 250 2.0.0 queued",
        "SENT: QUIT",
        "RECEIVED: 221 bye",
    )

    told = [(e.mail_delivery_status, e.email_to_address) for e in events if e.event_action == "delivery"]
    assert told == [("bounced", ["gone@example.net"]), ("sent", ["c@example.net", "d@example.net"])]
