"""What holds for every line that Courier writes, whoever wrote parts of it; no password is kept."""

import pytest
from beside import without
from hypothesis import given, settings
from hypothesis import strategies as st

from mailwarden.parsers.envelope import Reader
from mailwarden.parsers.event import Event

HEAD = "Mar  3 04:05:06 mx4 "
HOSTILE = st.text(
    alphabet=st.characters(blacklist_categories=["Cs"], blacklist_characters="\n\r\0"), max_size=40
) | st.sampled_from(
    [
        "x, ip=[192.0.2.1], port=[1]",
        "x, ip=[192.0.2.1], port=[1], protocol=IMAP",
        'x",cmd: AUTH PLAIN x y',
        ",port=1,from=<a@example.com>,to=<b@example.com>: 513 Relaying denied.",
        "x (y [192.0.2.1])",
        "x: dns; y (z [192.0.2.1])",
        "a>,addr=<b",
        ",status: success",
        "\x1b[31m",
        "\u2028\u0085",
    ]
)


def read(text: str) -> Event:
    """Read a text with its tag, as syslog writes it."""
    return Reader(year=2026).read(HEAD + text)


@pytest.mark.parametrize(
    "line",
    [
        "imapd-ssl: LOGIN FAILED, user={}, ip=[::ffff:203.0.113.7], port=[41000]",
        "pop3d: LOGIN FAILED, user={}, ip=[::ffff:203.0.113.7]",
    ],
)
@settings(max_examples=300, deadline=None)
@given(name=HOSTILE.filter(lambda text: text.strip() == text))
def test_a_tried_name_is_nothing_but_a_name(line: str, name: str) -> None:
    """A name that holds another client's address changes nobody's record."""
    event = read(line.format(name))

    assert event.source_ip == "203.0.113.7"
    assert event.user_name == (name or None)
    assert without(event, "user.name") == without(read(line.format("x")), "user.name")


@settings(max_examples=300, deadline=None)
@given(HOSTILE, st.sampled_from(["bob", None]))
def test_a_helo_is_nothing_but_a_helo(helo: str, user: str | None) -> None:
    """Whatever a client says it is, the address and the login are those that Courier wrote."""
    login = f", auth={user}" if user else ""
    line = f"courierd: newmsg,id=0038C081.4D026173.000051A4{login}: dns; {helo} (h.example.net [::ffff:203.0.113.7])"

    event = read(line)

    assert (event.source_ip, event.user_name) == ("203.0.113.7", user)


@settings(max_examples=300, deadline=None)
@given(HOSTILE)
def test_a_command_says_nothing_of_another_client(command: str) -> None:
    """Whatever a client said, the address is its own."""
    event = read(f'courieresmtpd: error,relay=::ffff:203.0.113.7,port=9,msg="502 ESMTP command error",cmd: {command}')

    assert (event.source_ip, event.source_port, event.smtp_reply_code) == ("203.0.113.7", 9, 502)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (
            'courieresmtpd: error,relay=192.0.2.9,msg="535 Authentication failed.",cmd: AUTH PLAIN AGJvYgBzZWNyZXQ= bob',
            'courieresmtpd: error,relay=192.0.2.9,msg="535 Authentication failed.",cmd: AUTH PLAIN [redacted] bob',
        ),
        (
            'courieresmtpd: error,relay=192.0.2.9,msg="535 Authentication failed.",cmd: AUTH PLAIN AGJvYgBzZWNyZXQ=',
            'courieresmtpd: error,relay=192.0.2.9,msg="535 Authentication failed.",cmd: AUTH PLAIN [redacted]',
        ),
        (
            'courieresmtpd: error,relay=192.0.2.9,msg="535 Authentication failed.",cmd: AUTH CRAM-MD5 bob',
            'courieresmtpd: error,relay=192.0.2.9,msg="535 Authentication failed.",cmd: AUTH CRAM-MD5 bob',
        ),
        (
            'courieresmtpd: error,relay=192.0.2.9,msg="502 ESMTP command error",cmd: c2VjcmV0',
            'courieresmtpd: error,relay=192.0.2.9,msg="502 ESMTP command error",cmd: [redacted]',
        ),
        ("courieresmtpd: AUTH PLAIN AGJvYgBzZWNyZXQ=", "courieresmtpd: AUTH PLAIN [redacted]"),
        ("imapd: LOGIN: ip=[192.0.2.9], password=secret", "imapd: LOGIN: ip=[192.0.2.9], password=[redacted]"),
        ("imapd: LOGIN: ip=[192.0.2.9], username=bob, password=x", "imapd: LOGIN: ip=[192.0.2.9], username=[redacted]"),
        (
            "authdaemond: supplied password 'secret' does not match clearpasswd 's3cret'",
            "authdaemond: supplied password [redacted]",
        ),
        (
            "authdaemond: Authenticated: clearpasswd=sec, ret, passwd=$1$62692540$bJP",
            "authdaemond: Authenticated: clearpasswd=[redacted], passwd=[redacted]",
        ),
        (
            "authdaemond: authmysql: clearpasswd=<null>, passwd=secret",
            "authdaemond: authmysql: clearpasswd=<null>, passwd=[redacted]",
        ),
        ("authdaemond: cram: challenge=PEQ0, response=c2VjcmV0", "authdaemond: cram: [redacted]"),
    ],
)
def test_no_password_is_kept(text: str, kept: str) -> None:
    """What a client answered while it logged in, and what the daemon of passwords tells when it is asked to."""
    assert read(text).event_original == HEAD + kept


def test_a_wrapped_password_is_not_kept() -> None:
    """In the journal's JSON the password may be spelt otherwise: only the text is kept, and that without it."""
    line = (
        '{"MESSAGE":"error,relay=192.0.2.9,msg=\\"535 Authentication failed.\\",cmd: AUTH PLAIN AGJvYgBzZWNyZXQ= bob",'
        '"SYSLOG_IDENTIFIER":"courieresmtpd","__REALTIME_TIMESTAMP":"1772510706123456"}'
    )

    event = Reader(year=2026).read(line)

    assert "AGJvYgBzZWNyZXQ=" not in event.event_original
    assert event.user_name == "bob"
