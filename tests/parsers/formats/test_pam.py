"""PAM's lines: only mail services count, and a user name cannot move the address."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwarden.parsers.event import Event
from mailwarden.parsers.formats import pam

FAILURE = "authentication failure; logname= uid=0 euid=0 tty=dovecot"
HOSTILE = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_characters="\n"), max_size=40),
    st.lists(st.sampled_from(["x", " ", "rhost=", " rhost=192.0.2.1", " user=y", "ruser=", "; "]), max_size=6).map(
        "".join
    ),
)


def read(text: str, tag: str = "auth") -> Event:
    """Read a text as the envelope hands it over."""
    event = Event()
    event.process_name = tag
    event.event_original = f"Mar  3 04:05:06 mx1 {tag}: {text}"
    pam.FORMAT.read(event, text)
    return event


@given(HOSTILE)
def test_the_last_rhost_counts(user: str) -> None:
    """With pam_unix, which names a known account only, the last rhost is the server's."""
    event = read(f"pam_unix(dovecot:auth): {FAILURE} ruser={user} rhost=203.0.113.7 ")

    assert (event.event_action, event.source_ip) == ("auth-failure", "203.0.113.7")


@given(HOSTILE.map(str.strip).filter(bool))
def test_a_user_behind_the_address_cannot_move_it(user: str) -> None:
    """With pam_sss, which writes the name behind the address too, the split with equal names counts."""
    event = read(f"pam_sss(dovecot:auth): {FAILURE} ruser={user} rhost=203.0.113.7 user={user}")

    assert (event.source_ip, event.user_name) == ("203.0.113.7", user)


@pytest.mark.parametrize("service", ["sshd", "cron", "sudo", "su-l", "systemd-user", "login", ""])
def test_other_services_are_ignored(service: str) -> None:
    """What is none of mail is ignored."""
    event = read(f"pam_unix({service}:auth): {FAILURE} ruser=root rhost=203.0.113.7  user=root", "sshd")

    assert (event.event_kind, event.source_ip) == ("ignored", None)


def test_several_failures_count() -> None:
    """A summary counts what it sums up."""
    event = read(
        f"pam_unix(dovecot:auth): 3 more {FAILURE.replace('failure', 'failures')} ruser=b rhost=203.0.113.7  user=b"
    )

    assert (event.event_count, event.mail_auth_attempts) == (3, 3)


def test_an_empty_rhost_is_no_address() -> None:
    """saslauthd does not know the client."""
    event = read(f"pam_unix(smtp:auth): {FAILURE} ruser= rhost=  user=bob", "saslauthd")

    assert (event.source_ip, event.source_domain, event.user_name) == (None, None, "bob")


def test_the_line_before_a_failure_is_none() -> None:
    """`check pass; user unknown` is followed by the failure itself."""
    assert read("pam_unix(dovecot:auth): check pass; user unknown").event_action == "statistics"


@pytest.mark.parametrize(
    "text",
    ["plain authenticator failed for (pam_x) [203.0.113.7]", "pam_authenticate failed, result 7", "connect from pam_"],
)
def test_other_texts_are_not_claimed(text: str) -> None:
    """A client's greeting or another server's words do not make a line PAM's."""
    assert not pam.claim_text(text)


@pytest.mark.parametrize("text", ["pam_unix(sshd:auth): x", "dovecot(pam_unix)[12]: x"])
def test_own_texts_are_claimed(text: str) -> None:
    """Both forms, new and old, are PAM's."""
    assert pam.claim_text(text)
