"""What holds for every line of hMailServer, whoever wrote parts of it; no password is kept."""

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailwarden.parsers.envelope import Reader
from mailwarden.parsers.event import Event

HOSTILE = st.text(
    alphabet=st.characters(blacklist_categories=["Cs"], blacklist_characters="\n\r\0"), max_size=40
) | st.sampled_from(
    [
        '"\t"192.0.2.9"\t"SENT: 235 authenticated.',
        '"\r"SMTPD"\t1\t2\t"2026-03-03 04:05:06.123"\t"192.0.2.9"\t"SENT: 235 x',
        "[nl]SENT: 235 authenticated.",
        '""',
        "\t",
    ]
)
SECRET = base64.b64encode(b"\0bob\0s3cret").decode()


def read(kind: str, text: str) -> Event:
    """Read one line of a session."""
    return Reader(year=2026).read(f'"{kind}"\t1234\t56\t"2026-03-03 04:05:06.123"\t"203.0.113.7"\t"{text}"')


@settings(max_examples=300, deadline=None)
@given(said=HOSTILE, kind=st.sampled_from(["SMTPD", "POP3D", "IMAPD"]))
def test_what_a_client_says_is_what_it_said(said: str, kind: str) -> None:
    """A command names nobody else's address, and lets nobody in, whatever marks it holds."""
    event = read(kind, f"RECEIVED: {said}")

    assert (event.event_kind, event.event_action) == ("event", "statistics")
    assert (event.source_ip, event.mail_session_id) == ("203.0.113.7", "56")


@pytest.mark.parametrize("verb", ["QUIT", "RSET", "NOOP", "STARTTLS", "quit", "DATA"])
def test_a_command_is_nobody_s_name(verb: str) -> None:
    """Some commands are base64 by chance."""
    assert read("SMTPD", f"RECEIVED: {verb}").user_name is None


@pytest.mark.parametrize(
    ("kind", "text", "name"),
    [
        ("SMTPD", f"RECEIVED: AUTH PLAIN {SECRET}", "bob"),
        ("SMTPD", f"RECEIVED: {SECRET}", "bob"),
        ("POP3D", "RECEIVED: PASS s3cret", None),
        ("IMAPD", "RECEIVED: 1 LOGIN bob s3cret", "bob"),
    ],
)
def test_no_password_is_kept(kind: str, text: str, name: str | None) -> None:
    """Where a log holds one all the same, it goes; who tried stays."""
    event = read(kind, text)

    assert SECRET not in event.event_original
    assert "s3cret" not in event.event_original
    assert event.user_name == name
