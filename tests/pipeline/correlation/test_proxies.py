"""Behind a proxy that takes the encryption off, each login counts once, and none was in clear."""

from memory import Memory

from mailwarden.alerts.facts.site import Site
from mailwarden.parsers.envelope import Reader
from mailwarden.parsers.event import Event
from mailwarden.pipeline.fold import Fold

CAME = "nginx: 2026/03/03 04:05:06 [info] 7#7: *9 client 203.0.113.18:40000 connected to 192.0.2.25:{port}"
LET_IN = (
    "nginx: 2026/03/03 04:05:07 [info] 7#7: *9 client logged in, client: 203.0.113.18, server: 192.0.2.25:{port}, "
    'login: "ann@example.org", upstream: 127.0.0.1:10143'
)
BEHIND = (
    "dovecot: imap-login: Login: user=<ann@example.org>, method=PLAIN, rip=203.0.113.18, lip=192.0.2.25, mpid=1, "
    "session=<cK0Zm0BhobrGM2R8>"
)


def take(*lines: str) -> list[Event]:
    """Fold lines, a second apart."""
    reader, events = Reader(year=2026), []
    for second, line in enumerate(lines):
        event = reader.read(f"2026-03-03T04:05:{second:02}+00:00 mx1 {line}")
        event.stream_us = event.timestamp_us
        events.append(event)
    Fold(Site(), [], [], Memory(), lambda _: "mail.log").take(events)
    return events


def test_a_login_that_both_tell_of_counts_once_and_was_encrypted() -> None:
    """The server behind sees a connection in clear, from the client's own address."""
    _, behind, proxy = take(CAME.format(port=993), BEHIND, LET_IN.format(port=993))

    assert (behind.event_action, behind.tls_established) == ("auth-success", None)
    assert proxy.event_action == "statistics"


def test_a_login_in_clear_is_told_by_the_proxy() -> None:
    """Only it knows."""
    *_, proxy = take(CAME.format(port=143), BEHIND, LET_IN.format(port=143))

    assert (proxy.event_action, proxy.tls_established) == ("auth-success", False)


def test_where_the_server_behind_is_not_read_the_proxy_tells_of_logins() -> None:
    """One login of the server stands for one of the proxy."""
    assert take(CAME.format(port=993), LET_IN.format(port=993))[-1].event_action == "auth-success"
    assert take(CAME.format(port=993), BEHIND, *[LET_IN.format(port=993)] * 2)[-1].event_action == "auth-success"


def test_without_a_proxy_a_login_in_clear_stays_one() -> None:
    """Nobody came to a proxy from that address."""
    (login,) = take(BEHIND)

    assert login.tls_established is False


def test_a_login_to_send_counts_once_whatever_is_sent() -> None:
    """The proxy tells of it, the server behind with each message."""
    let_in = LET_IN.format(port=587)
    message = (
        "postfix/smtpd[7]: 8C11D20A{}: client=unknown[203.0.113.18], sasl_method=PLAIN, sasl_username=ann@example.org"
    )

    _, proxy, *messages = take(CAME.format(port=587), let_in, message.format(1), message.format(2))
    (alone,) = take(message.format(3))

    assert proxy.event_action == "auth-success"
    assert [(one.facts or {}).get("mailwarden.login.told") for one in (*messages, alone)] == [True, True, None]


def test_messages_of_another_login_or_client_are_not_the_proxys() -> None:
    """A login of one explains no other."""
    other = "postfix/smtpd[7]: 8C11D20A1: client=unknown[{}], sasl_method=PLAIN, sasl_username={}"

    *_, name, client = take(
        LET_IN.format(port=587),
        other.format("203.0.113.18", "eva@example.org"),
        other.format("198.51.100.4", "ann@example.org"),
    )

    assert [(one.facts or {}).get("mailwarden.login.told") for one in (name, client)] == [None, None]
