"""Cyrus's lines: names and message ids that clients choose change nothing but themselves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwarden.parsers.envelope import Reader
from mailwarden.parsers.event import Event

STAMP = "Mar  3 04:05:06 mx1 "
FORGED = (
    "[192.0.2.1]", " [192.0.2.1] ", "SASL(-20): user not found", "[SASL(-1): generic failure]", "(", ")", ") [",
    "plaintext ", " ", "x", " User logged in", " to mailbox: user.x", "SESSIONID=<x>", "'",
)  # fmt: skip
HOSTILE = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_characters="\n\r"), min_size=1, max_size=40),
    st.lists(st.sampled_from(FORGED), min_size=1, max_size=6).map("".join),
)


def read(tag: str, text: str) -> Event:
    """Read a line as the service would."""
    return Reader(hint_year_us=1_790_000_000_000_000).read(f"{STAMP}{tag}[55]: {text}")


@given(HOSTILE)
def test_a_user_moves_neither_address_nor_verdict(user: str) -> None:
    """The address stands before the name, and what Cyrus says of the password behind it."""
    event = read(
        "cyrus/imaps",
        f"badlogin: [203.0.113.7] plaintext ({user}) [SASL(-13): authentication failure: checkpass failed]",
    )

    assert (event.event_action, event.source_ip, event.event_reason) == (
        "auth-failure",
        "203.0.113.7",
        "credentials_rejected",
    )
    assert event.user_name == user


@given(HOSTILE)
def test_a_message_id_names_no_mailbox(message_id: str) -> None:
    """The mailbox is the last word of a delivery."""
    event = read("cyrus/lmtpunix", f"Delivered: <{message_id}> to mailbox: user.bob")

    assert (event.event_action, event.mail_mailbox) == ("delivery", "user.bob")


@pytest.mark.parametrize(
    ("tag", "kind"),
    [("cyrus/master", "pipeline_error"), ("imaps", "pipeline_error"), ("master", "ignored"), ("sieve", "ignored")],
)
def test_a_name_that_others_have_too_claims_only_what_it_knows(tag: str, kind: str) -> None:
    """Under a name that is not Cyrus's alone, a text that is unknown is none of ours."""
    assert read(tag, "a sentence that nobody has written before").event_kind == kind


def test_the_password_service_that_is_away_is_no_wrong_password() -> None:
    """A generic failure of SASL is no try of a password; it counts against nobody."""
    event = read("imap", "badlogin: [203.0.113.7] PLAIN (bob) [SASL(-1): generic failure: checkpass failed]")

    assert (event.event_action, event.event_outcome) == ("auth-error", "unknown")
