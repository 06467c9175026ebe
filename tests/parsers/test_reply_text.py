"""Replies as people paste them."""

import pytest

from mailwarden.parsers.reply_text import read_reply, taken_as


@pytest.mark.parametrize(
    ("line", "text", "code", "enhanced", "host"),
    [
        ("550 5.1.1 User unknown", "550 5.1.1 User unknown", 550, "5.1.1", None),
        ("421-4.7.28 too much", "421-4.7.28 too much", 421, "4.7.28", None),
        (
            "host mx.example.org[192.0.2.7] said: 554 5.7.1 no (in reply to RCPT TO command)",
            "554 5.7.1 no",
            554,
            "5.7.1",
            "mx.example.org",
        ),
        (
            "to=<a@example.org>, status=deferred (host mx.example.org[2001:db8::7] refused to talk to me: 421 busy)",
            "421 busy)",
            421,
            None,
            "mx.example.org",
        ),
        (
            "62345678005133: to=<a@example.org>, delay=00:00:01, mailer=esmtp, pri=1, relay=mx.example.org. [192.0.2.7], "
            "dsn=5.7.1, reply=550 5.7.1 no, stat=User unknown",
            "550 5.7.1 no",
            550,
            "5.7.1",
            "mx.example.org",
        ),
        (
            "relay=mx.example.org. [192.0.2.7], dsn=4.7.1, stat=Deferred: 451 4.7.1 later",
            "451 4.7.1 later",
            451,
            "4.7.1",
            "mx.example.org",
        ),
        (
            'relay="192.0.2.7 (mx.example.org)" delay=1s result="PermFail" stat="554 5.7.1 no"',
            "554 5.7.1 no",
            554,
            "5.7.1",
            "mx.example.org",
        ),
        (
            "H=mx.example.org [192.0.2.7]: SMTP error from remote mail server after RCPT TO:<a@example.org>: 550 no",
            "550 no",
            550,
            None,
            "mx.example.org",
        ),
        (
            "SMTP error from remote mail server after end of data: host mx.example.org [192.0.2.7]: 550 5.7.1 no",
            "550 5.7.1 no",
            550,
            "5.7.1",
            "mx.example.org",
        ),
        ("", "", None, None, None),
    ],
)
def test_what_stands_around_a_reply_is_taken_off(
    line: str, text: str, code: int | None, enhanced: str | None, host: str | None
) -> None:
    """The reply's own words and codes are found, and who gave it."""
    assert read_reply(line) == (text, code, enhanced, host)


def test_the_host_that_is_told_holds_where_the_line_names_none() -> None:
    """`--mx` fills in, and does not contradict."""
    assert read_reply("550 no", "mx.example.org").host == "mx.example.org"
    assert read_reply("host a.example.org[192.0.2.7] said: 550 no", "mx.example.org").host == "a.example.org"


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("2.0.0 Ok: queued as 4abcD1234z", "4abcD1234z"),
        ("OK id=1tAbCd-000123-Xy", "1tAbCd-000123-Xy"),
        ("Ok, queued mail as 7D2E55.", "7D2E55"),
        ("2.0.0 62345678005133 Message accepted for delivery", "62345678005133"),
        ("2.0.0 Message accepted for delivery", None),
        ("2.0.0 Ok", None),
    ],
)
def test_the_next_servers_id_is_read(said: str, name: str | None) -> None:
    """The id under which a server took a message is read in the words of each."""
    assert taken_as(said) == name
