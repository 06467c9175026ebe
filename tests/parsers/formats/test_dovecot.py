"""Dovecot's lines: what clients write into them changes nothing but itself, and no password is kept."""

import base64
import ipaddress
import struct
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwarden.parsers.event import Event, to_ecs
from mailwarden.parsers.formats import dovecot

HOSTILE = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.sampled_from(
            [
                "x",
                ">",
                "<",
                ", ",
                ",",
                ": ",
                "): ",
                ")<",
                ", rip=192.0.2.1",
                ", lip=192.0.2.2",
                ", session=<AAAA>",
                ", method=PLAIN",
                ", TLS",
                "user=<",
                ": user=<",
                ",192.0.2.1,<AAAA>): unknown user",
                "(auth failed, 99 attempts in 1 secs)",
                "#012",
                " in=1 out=2",
            ]
        ),
        max_size=8,
    ).map("".join),
)


def read(text: str) -> Event:
    """Read a text as the envelope hands it over."""
    event = Event()
    event.process_name = "dovecot"
    event.event_original = f"Mar  3 04:05:06 mx1 dovecot: {text}"
    dovecot.FORMAT.read(event, text)
    return event


def session_id(address: str, port: int = 51000) -> str:
    """Make a session id as Dovecot does."""
    raw = struct.pack("<Q", 1_772_510_706_123_456)[:6] + struct.pack("<H", port)
    return base64.b64encode(raw + ipaddress.ip_address(address).packed).decode()


@given(HOSTILE)
def test_a_user_name_changes_only_itself(user: str) -> None:
    """Whatever a client logs in as, address, port, method and tries are the server's."""
    text = (
        f"imap-login: Disconnected (auth failed, 3 attempts in 16 secs): user=<{user}>, method=PLAIN, "
        f"rip=203.0.113.10, lip=192.0.2.5, TLS, session=<{session_id('203.0.113.10')}>"
    )

    event = read(text)

    assert event.event_kind == "event"
    assert (event.event_action, event.event_reason) == ("auth-failure", "credentials_rejected")
    assert (event.source_ip, event.source_port, event.destination_ip) == ("203.0.113.10", 51000, "192.0.2.5")
    assert event.mail_sasl_method == "PLAIN"
    assert event.event_count == event.mail_auth_attempts == 3
    assert event.user_name == (user or None)


@given(
    HOSTILE,
    st.sampled_from(["session={id}, method=PLAIN", "session=<{id}>, method=PLAIN", "method=PLAIN, session={id}"]),
)
def test_a_name_before_elements_that_were_moved_changes_only_itself(user: str, order: str) -> None:
    """Where the administrator put other elements next to the name, and ports behind addresses, they are the server's, too."""
    session = session_id("203.0.113.10")
    text = (
        f"imap-login: Disconnected (auth failed, 3 attempts in 16 secs): user=<{user}>, {order.format(id=session)}, "
        "rip=203.0.113.10:51000, lip=192.0.2.5:993, TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits), TLS"
    )

    event = read(text)

    assert (event.event_action, event.event_count) == ("auth-failure", 3)
    assert (event.source_ip, event.source_port, event.destination_ip) == ("203.0.113.10", 51000, "192.0.2.5")
    assert (event.mail_sasl_method, event.mail_session_id) == ("PLAIN", session)
    assert event.user_name == (user or None)


@given(HOSTILE, st.booleans())
def test_a_login_name_changes_only_itself(user: str, tls: bool) -> None:
    """A login is read alike whatever the name holds."""
    security = ", TLS" if tls else ""
    text = (
        f"imap-login: Login: user=<{user}>, method=PLAIN, rip=2001:db8::9, lip=2001:db8::5, mpid=4711{security}, "
        f"session=<{session_id('2001:db8::9')}>"
    )

    event = read(text)

    assert (event.event_action, event.event_outcome) == ("auth-success", "success")
    assert (event.source_ip, event.source_port, event.mail_session_pid) == ("2001:db8::9", 51000, 4711)
    assert event.tls_established is tls
    assert event.user_name == (user or None)


@given(HOSTILE)
def test_a_disallowed_name_changes_only_itself(name: str) -> None:
    """The quoted name of `auth_username_chars` cannot move the address."""
    chars = "Username character disallowed by auth_username_chars: 0x20"

    old = read(f"auth: plain(?,203.0.113.10,<AAAA>): {chars} (username: {name})")
    new = read(f"auth(?,203.0.113.10,sasl:plain)<AAAA>: plain: {chars} (username: {name})")

    for event in (old, new):
        assert (event.source_ip, event.event_action) == ("203.0.113.10", "auth-failure")
        assert event.mail_sasl_method == "PLAIN"
        assert event.user_name == (name or None)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\n"), max_size=40))
def test_a_given_password_is_not_kept(tail: str) -> None:
    """The password of `auth_verbose_passwords` stands in no field and not in the original."""
    password = "Tr0ub4dor&3" + tail
    for text in (
        f"auth: sql(bob,203.0.113.10,<AAAA>): Password mismatch (given password: {password})",
        f"auth-worker(12): sql(bob,203.0.113.10): unknown user (given password: {password}) - trying the next passdb",
        f"auth(bob,203.0.113.10,sasl:login)<AAAA>: Info: sql: Password mismatch (given password: {password})",
        f"auth-worker(bob,203.0.113.10)<12><AAAA>: request [1]: pam: unknown user (given password: {password})",
        f"auth: Something new (given password: {password})",
    ):
        event = read(text)

        assert "Tr0ub4dor&3" not in event.event_original
        assert "Tr0ub4dor&3" not in str(to_ecs(event))


@pytest.mark.parametrize(
    "text",
    [
        "auth: Debug: client in: AUTH\t1\tPLAIN\tservice=imap\tresp=Tr0ub4dor",
        "auth: Debug: client in: CONT\t1\tTr0ub4dor",
        "auth: Debug: client passdb out: OK\t1\tuser=bob\tpass=Tr0ub4dor",
        "auth: Debug: sql(bob,203.0.113.10): PLAIN(x) != 'Tr0ub4dor'",
        "auth-worker(12): Debug: sql(bob,203.0.113.10): query: SELECT password='Tr0ub4dor'",
        "imap(bob)<1><AAAA>: Debug: auth reply: userPassword=Tr0ub4dor",
    ],
)
def test_debug_lines_lose_their_secrets(text: str) -> None:
    """What `auth_debug_passwords` writes is cut."""
    event = read(text)

    assert event.event_kind == "event"
    assert "Tr0ub4dor" not in event.event_original + str(to_ecs(event))


def test_a_session_id_of_another_address_is_told() -> None:
    """Where the session id names another address, the line's own counts and the doubt is kept."""
    event = read(
        "imap-login: Login: user=<bob>, method=PLAIN, rip=203.0.113.10, lip=192.0.2.5, mpid=1, TLS, "
        f"session=<{session_id('198.51.100.1')}>"
    )

    assert (event.source_ip, event.source_port, event.mail_parse_ambiguous) == ("203.0.113.10", None, True)


@pytest.mark.parametrize(
    "text",
    [
        "imap-login: Disconnected (auth failed" + ", rip=" * 8000,
        "imap-login: Login: user=<" + "user=<>, method=" * 4000,
        "auth: sql(" + ",1.2.3.4" * 8000,
        "auth: sql(" + "): " * 20000,
        "imap(" + ")<1><" * 12000,
        "lmtp(carol)<1><A>: msgid=<" + ": saved mail to " * 4000,
        "imap(a)<1><A>: x in=" + "1 in=" * 12000,
        "imap-login: Disconnected " + "(auth failed, 1" * 4000 + ": user=<>, rip=1.2.3.4",
    ],
)
def test_long_lines_are_read_in_bounded_time(text: str) -> None:
    """A line of 64 KiB made to be slow is read within a second."""
    started = time.perf_counter()

    read(text)

    assert time.perf_counter() - started < 1


@pytest.mark.parametrize("tag", ["dovecot", "dovecot-auth", "imap-login", "submission-login", "dovecot-proxy"])
def test_own_tags_are_claimed(tag: str) -> None:
    """Dovecot's own tags, and those of further instances, are its own."""
    assert dovecot.claim(tag) is not None


@pytest.mark.parametrize("tag", ["imap", "auth", "smtpd", "dovecot(pam_unix)", "dovecot_login", "exim"])
def test_foreign_tags_are_not_claimed(tag: str) -> None:
    """Names that others write under too are left to them."""
    assert dovecot.claim(tag) is None


def test_counts_with_a_byte_that_is_no_utf8() -> None:
    """What stands beside a session's counts in another code changes nothing but itself."""
    text = "Disconnected: Logged out in=80 out=1050 deleted=0 hdr\udcff mx_count=0"
    event = Event()
    event.process_name = "imap"
    dovecot.FORMAT.read(event, text)

    assert event.event_action == "session-end"
