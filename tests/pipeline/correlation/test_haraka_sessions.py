"""What Haraka's lines of one session tell of each other."""

from mailwarden.alerts.facts.site import Site
from mailwarden.parsers.envelope import Reader
from mailwarden.parsers.event import Event
from mailwarden.pipeline.fold import Fold
from mailwarden.pipeline.trial.replay import Nowhere

SITE = Site(domains=frozenset({"example.org"}))
U = "4F2C4C9B-1B2C-4D3E-8F90-0123456789AB"


def joined(*lines: str) -> list[Event]:
    """Fold lines, a second apart; give their events with what was joined. `.1 core text`: transaction, origin."""
    reader = Reader(year=2026)
    events = []
    for n, line in enumerate(lines):
        number, origin, text = line.split(" ", 2)
        shown = "PROTOCOL" if number.startswith("PROTOCOL") else "INFO" if text.startswith("hook=") else "NOTICE"
        number = number.removeprefix("PROTOCOL")
        head = f"2026-03-03T04:{n // 60:02}:{n % 60:02}.000Z [{shown}] [{U}{number.strip('-')}] [{origin}] "
        events.append(reader.read(head + text))
    for event in events:
        assert event.event_kind == "event", event.event_original
        event.stream_us = event.timestamp_us
    Fold(SITE, [], [], Nowhere(), lambda _: "haraka").take(events)
    return events


def connected(port: int = 25) -> str:
    return f"- core connect ip=203.0.113.7 port=4000 local_ip=192.0.2.1 local_port={port}"


AUTH = "- core hook=unrecognized_command plugin=auth/flat_file function=x params=AUTH retval=OK msg="
FAILED = "- auth/flat_file delaying for 1 seconds"
SENDER = '.1 core sender <bob@example.org> code=CONT msg=""'
TO = '.1 core recipient <carol@example.net> code=OK msg="" sender=bob@example.org'
WHOLE = '.1 core message mid=<1@example.org> size=567 rcpts=1/0/0 delay=0 code=CONT msg=""'
QUEUED = '.1 core queue code=OK msg="Message Queued"'
SENT = (
    ".1.1 outbound delivered file=x domain=example.net host=mx.example.net ip=198.51.100.9 port=25 mode=SMTP tls=Y auth=N "
    'response="250 ok" delay=1 fails=0 rcpts=1/0/0'
)


def ended(rcpts: str = "1/0/0", last: str = "") -> str:
    head = ".1 core disconnect ip=203.0.113.7 rdns=NXDOMAIN helo=x relay=N tls=Y errors=0 txns=1"
    return f'{head} rcpts={rcpts} msgs=0/0/0 lr="{last}"'


def test_a_message_has_its_session_s_client_and_login() -> None:
    """The queue's line names nothing; the sender stands for the login that no line names."""
    events = joined(connected(25), AUTH, SENDER, TO, WHOLE, QUEUED, ended(), SENT)

    queued, sent = events[5], events[7]
    assert (queued.source_ip, queued.user_name) == ("203.0.113.7", "bob@example.org")
    assert (queued.email_message_id, queued.mail_size) == ("1@example.org", 567)
    assert queued.email_to_address == ["carol@example.net"]
    assert sent.email_to_address == ["carol@example.net"]
    assert sent.mailwarden_account == "bob@example.org"
    assert sent.mailwarden_direction == "outbound"
    assert "mailwarden.relayed" not in (sent.facts or {})


def test_a_port_of_submission_takes_mail_from_nobody_else() -> None:
    """Haraka asks for a login there before it takes a sender."""
    assert joined(connected(587), SENDER, TO, WHOLE, QUEUED)[4].user_name == "bob@example.org"


def test_a_name_that_a_line_tells_is_the_login() -> None:
    """A plugin that asks another server names whom it asks for."""
    secured = "- tls secured: cipher=TLS_AES_256_GCM_SHA384 version=TLSv1.3 verified=false"
    named = '- auth/auth_proxy AUTH user="robert" host="x:25" success=true'

    events = joined(connected(), secured, AUTH, named, SENDER, TO, QUEUED)

    assert (events[3].event_action, events[3].source_ip) == ("auth-success", "203.0.113.7")
    assert events[3].tls_version == "1.3"
    assert events[6].user_name == "robert"
    assert (events[6].tls_established, events[6].tls_version) == (True, "1.3")


def test_the_dialogue_tells_who_logs_in() -> None:
    """At level PROTOCOL; a method that tells no name in its first line makes the name before it forgotten."""
    plain, login = "- core C: AUTH PLAIN AGJvYgBzZWNyZXQ= state=1", "- core C: AUTH LOGIN state=1"
    lines = [connected(), f"PROTOCOL{plain}", "PROTOCOL- core S: 235 2.7.0 Authentication successful"]
    events = joined(*lines)
    assert (events[2].event_action, events[2].user_name) == ("auth-success", "bob")

    events = joined(connected(), f"PROTOCOL{plain}", FAILED, f"PROTOCOL{login}", FAILED)
    assert [event.user_name for event in (events[2], events[4])] == ["bob", None]


def test_a_login_that_fails_is_none() -> None:
    """The hook says OK to it, too, once the answer was held back."""
    events = joined(connected(), AUTH, FAILED, AUTH, SENDER, TO, QUEUED)

    assert (events[2].event_action, events[2].source_ip) == ("auth-failure", "203.0.113.7")
    assert events[6].user_name is None


def test_a_stranger_s_mail_for_strangers_is_relayed() -> None:
    """Where hooks are logged, a login would be."""
    hook = "- core hook=rcpt plugin=relay function=x params=x retval=OK msg="

    events = joined(connected(), SENDER.replace("bob@example.org", "x@spam.example"), hook, TO, QUEUED, SENT)

    assert (events[5].facts or {}).get("mailwarden.relayed") is True


def test_where_logins_are_not_logged_nothing_is_called_relayed() -> None:
    """At level NOTICE a login leaves no trace on port 25."""
    events = joined(connected(), SENDER, TO, QUEUED, SENT)

    assert "mailwarden.relayed" not in (events[4].facts or {})


def test_refusals_count_once() -> None:
    """The last line's counts hold those that lines of their own tell of."""
    unknown = '.1 core recipient <x@example.org> code=DENY msg="no such user" sender=bob@example.org'

    events = joined(connected(), SENDER, unknown, unknown, ended("0/0/2", "550 no such user"))

    assert [event.event_action for event in events[2:]] == ["reject", "reject", "connection-close"]


def test_what_no_line_tells_of_is_a_refused_relay() -> None:
    """Of three refusals one has a line."""
    unknown = '.1 core recipient <x@example.org> code=DENY msg="no such user" sender=bob@example.org'

    events = joined(connected(), SENDER, unknown, ended("0/0/3", "550 I cannot deliver mail for <a@b.example>"))

    assert (events[3].event_action, events[3].event_count, events[3].event_reason) == ("reject", 2, "relay_denied")
    assert events[3].email_from_address == ["bob@example.org"]
