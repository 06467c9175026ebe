"""What reports need is counted, once, under its hour or day, and within bounds."""

from typing import Any
from zoneinfo import ZoneInfo

from mailwarden.parsers.event import Event
from mailwarden.pipeline import rollup_span as module
from mailwarden.pipeline.correlation.senders import Sender
from mailwarden.pipeline.rollup_span import OTHER, RollupKey
from mailwarden.pipeline.rollups import Rollups

HOUR = 3_600_000_000
DAY = 24 * HOUR
START = 20_500 * DAY


def event(action: str, at_us: int = START, **fields: Any) -> Event:
    made = Event()
    made.event_action, made.stream_us, made.event_module = action, at_us, "postfix"
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def count(rollups: Rollups, event: Event) -> None:
    """Count an event as the fold does."""
    rollups.turn(event.stream_us)
    act = rollups.actions.get(event.event_action)
    if act is not None:
        act(event)
    rollups.count_lines([event])


def counted(*events: Event, rollups: Rollups | None = None) -> dict[RollupKey, int]:
    rollups = rollups or Rollups()
    for one in events:
        count(rollups, one)
    return {key: count for key, count in rollups.drain().items() if key[1] != "lines"}


def test_every_line_counts_by_kind_module_and_program() -> None:
    """Each line counts once, whatever it says; what was drained is not given again."""
    rollups = Rollups()
    for _ in range(3):
        count(rollups, event("connection-open", process_name="smtpd"))
    count(rollups, event("unparsed", event_kind="pipeline_error", process_name="smtpd"))
    count(rollups, event("unparsed", event_kind="ignored", event_module=None))

    assert rollups.drain() == {
        (START, "lines", "event", "postfix", "smtpd"): 3,
        (START, "lines", "pipeline_error", "postfix", "smtpd"): 1,
        (START, "lines", "ignored", "", ""): 1,
    }
    assert rollups.drain() == {}


def test_a_login_that_a_proxy_told_of_does_not_count_with_each_message() -> None:
    """What is sent under it counts as mail alone."""
    own = event("message-received", user_name="ann@example.org", network_protocol="smtp")
    told = event("message-received", user_name="ann@example.org", facts={"mailwarden.login.told": True})

    assert any(key[1] == "login" for key in counted(own))
    assert not any(key[1] == "login" for key in counted(told))


def test_mail_handed_in_on_this_machine_is_no_login() -> None:
    """A local user's name on an arrival is no login; one with an address is, where no other line tells of it."""
    local = event("message-received", event_module="exim", user_name="www-data", user_id="www-data")
    remote = event(
        "message-received", event_module="exim", user_name="bob", mail_sasl_method="plain", source_ip="192.0.2.7"
    )

    assert [key[1] for key in counted(local)] == []
    assert "login" in {key[1] for key in counted(remote)}


def test_an_hour_and_a_day_end() -> None:
    """Counts stand under the hour or the day of stream time, also when it turns between two drains."""
    events = [
        event("auth-success", START + hour * HOUR + 5, network_protocol="imap", mailwarden_account="ana@example.org")
        for hour in (0, 0, 1, 24)
    ]

    assert counted(*events) == {
        (START, "login", "imap", "unknown", ""): 2,
        (START + HOUR, "login", "imap", "unknown", ""): 1,
        (START + DAY, "login", "imap", "unknown", ""): 1,
        (START, "login_account", "ana@example.org", "imap", "unknown"): 3,
        (START + DAY, "login_account", "ana@example.org", "imap", "unknown"): 1,
    }


def test_a_day_begins_at_midnight_of_its_zone() -> None:
    """In Tokyo a day begins nine hours earlier."""
    login = event("auth-success", START + 16 * HOUR, network_protocol="imap", mailwarden_account="ana@example.org")

    days = [key[0] for key in counted(login, rollups=Rollups(ZoneInfo("Asia/Tokyo"))) if key[1] == "login_account"]

    assert days == [START + 15 * HOUR]


def test_tls_of_logins() -> None:
    """A login's TLS is its version, or as much as the line tells."""
    shapes: list[tuple[dict[str, Any], str]] = [
        ({"tls_version": "1.3", "tls_established": True}, "1.3"),
        ({"tls_version": "3", "tls_version_protocol": "ssl"}, "ssl3"),
        ({"tls_established": True}, "yes"),
        ({"tls_established": False}, "no"),
        ({}, "unknown"),
    ]
    for fields, word in shapes:
        assert counted(event("auth-success", network_protocol="pop3", **fields)) == {
            (START, "login", "pop3", word, ""): 1
        }


def test_a_try_that_two_servers_tell_of() -> None:
    """Only what an event newly tells of is counted: tries, not lines."""
    facts = {"mailwarden.pair.known": False, "mailwarden.user.exists": True}
    fields: dict[str, Any] = {
        "event_reason": "wrong_password",
        "network_protocol": "imap",
        "mailwarden_network": "192.0.2.0/24",
        "mailwarden_account": "ana@example.org",
        "facts": facts,
    }

    assert counted(
        event("auth-failure", mailwarden_attempts=3, **fields), event("auth-failure", mailwarden_attempts=0, **fields)
    ) == {
        (START, "auth_failure", "postfix", "wrong_password", "imap"): 3,
        (START, "auth_network", "192.0.2.0/24", "stranger", ""): 3,
        (START, "auth_account", "ana@example.org", "exists", ""): 3,
    }


def test_a_message_is_counted_when_it_is_whole() -> None:
    """The line that completes a message counts it and its recipients, for the account or the script that sent it."""
    whole = {"mailwarden.accepted": True}
    sent: dict[str, Any] = {"mailwarden_direction": "outbound", "mail_recipient_count": 5}
    ana = whole | {"mailwarden.sender": Sender("ana@example.org", "account"), "mailwarden.sender.traits": {"hours": 1}}
    www = whole | {"mailwarden.sender": Sender("send.php", "script", "www"), "mailwarden.sender.traits": {"run": 20}}
    first = event("message-received", user_name="ana", network_protocol="smtp", mailwarden_account="ana@example.org")
    events = [
        first,
        event("message-queued", facts=ana, **sent),
        event("message-queued", mailwarden_account="ana@example.org", facts={}),
        event("message-received", 2 * HOUR + START, facts=www, **sent),
        event("message-queued", 2 * HOUR + START, mailwarden_direction="inbound", facts=whole),
    ]

    assert counted(*events) == {
        (START, "login", "smtp", "unknown", ""): 1,
        (START, "login_account", "ana@example.org", "smtp", "unknown"): 1,
        (START, "message", "outbound", "", ""): 1,
        (START, "recipients", "outbound", "", ""): 5,
        (START + 2 * HOUR, "message", "outbound", "", ""): 1,
        (START + 2 * HOUR, "recipients", "outbound", "", ""): 5,
        (START + 2 * HOUR, "message", "inbound", "", ""): 1,
        (START + 2 * HOUR, "recipients", "inbound", "", ""): 1,
        (START, "sent", "ana@example.org", "account", ""): 1,
        (START, "sent_recipients", "ana@example.org", "account", ""): 5,
        (START, "sent_trait", "ana@example.org", "account", "hours"): 1,
        (START, "sent_trait", "ana@example.org", "account", "night"): 1,
        (START, "sent", "send.php", "script", "www"): 1,
        (START, "sent_recipients", "send.php", "script", "www"): 5,
        (START, "sent_trait", "send.php", "script", "run"): 20,
        (START, "sent_trait", "send.php", "script", "night"): 1,
    }


def test_deliveries_by_provider() -> None:
    """Deliveries count by provider, status and class; a retry apart, a hand-over to our own filter not at all."""
    events = [
        event("delivery", mail_provider="google", mail_delivery_status="sent", mail_delivery_delay=59.9),
        event("delivery", mail_provider="google", mail_delivery_status="sent", mail_delivery_delay=4000.0),
        event(
            "delivery",
            destination_domain="mx.example.org",
            mail_delivery_status="deferred",
            mail_bounce_class="greylist",
            facts={"mailwarden.first_try": True},
        ),
        event(
            "delivery",
            destination_domain="mx.example.org",
            mail_delivery_status="deferred",
            mail_bounce_class="greylist",
            facts={"mailwarden.first_try": False},
        ),
        event("delivery", mail_delivery_status="sent"),
        event("delivery", mail_delivery_status="sent", facts={"mailwarden.hand_over": True}),
    ]

    assert counted(*events) == {
        (START, "delivery", "google", "sent", ""): 2,
        (START, "delivery_waited", "google", "hour", ""): 1,
        (START, "delivery", OTHER, "deferred", "greylist"): 1,
        (START, "delivery", OTHER, "retried", "greylist"): 1,
        (START, "delivery", "local", "sent", ""): 1,
    }


def test_what_else_is_counted() -> None:
    """Refusals, trouble of the password store, TLS, lost lines, and what was fetched, and deleted by POP3."""
    popped = {"dovecot.retr_count": 3, "dovecot.retr_bytes": 700, "dovecot.top_bytes": 90, "dovecot.del_count": 2}
    events = [
        event("reject", event_reason="dnsbl", event_count=2),
        event("auth-error", event_reason="temp_fail", network_protocol="imap"),
        event("tls-established", network_protocol="smtp", tls_version="1.2"),
        event("data-loss", event_reason="rate_limit"),
        event("session-end", user_name="Ana", extra=popped),
        event("session-end", user_name="ana", extra={"dovecot.in": 1}),
        event("session-end", user_name="ana", network_protocol="imap", extra={"dovecot.out": 500}),
        event("session-end", user_name="ana", network_protocol="imap", extra={"dovecot.out": 11}),
        event("session-end", user_name="ana"),
    ]

    assert counted(*events) == {
        (START, "reject", "postfix", "dnsbl", ""): 2,
        (START, "auth_error", "postfix", "temp_fail", "imap"): 1,
        (START, "tls", "smtp", "1.2", ""): 1,
        (START, "data_loss", "postfix", "rate_limit", ""): 1,
        (START, "pop3_fetched", "ana", "", ""): 3,
        (START, "pop3_deleted", "ana", "", ""): 2,
        (START, "read_trait", "ana", "pop3", "sessions"): 1,
        (START, "read_trait", "ana", "pop3", "bytes"): 790,
        (START, "read_trait", "ana", "imap", "sessions"): 2,
        (START, "read_trait", "ana", "imap", "bytes"): 511,
    }


def tries(first: int, last: int) -> list[Event]:
    return [
        event("auth-failure", mailwarden_network=f"198.51.{n // 256}.{n % 256}", facts=None) for n in range(first, last)
    ]


def test_an_attacker_cannot_fill_the_store() -> None:
    """Networks beyond the limit of an hour are counted together, across drains and restarts; none is lost."""
    limit, rollups = module._LIMIT, Rollups()

    first = counted(*tries(0, limit - 10), rollups=rollups)
    second = counted(*tries(limit - 10, limit + 50), rollups=rollups)
    restarted = counted(*tries(0, 2 * limit), rollups=Rollups(counted=[*first, *second]))

    def networks(counts: dict[RollupKey, int]) -> dict[str, int]:
        return {key[2]: count for key, count in counts.items() if key[1] == "auth_network"}

    assert networks(second)[OTHER] == 50
    assert len(networks(second)) == 11
    assert len(networks(restarted)) == limit + 1
    assert sum(networks(restarted).values()) == 2 * limit


def test_a_new_hour_has_room_again() -> None:
    """The limit is one of the hour."""
    rollups = Rollups()
    counted(*tries(0, 2 * module._LIMIT), rollups=rollups)
    later = event("auth-failure", START + HOUR, mailwarden_network="192.0.2.0/24")

    assert (START + HOUR, "auth_network", "192.0.2.0/24", "stranger", "") in counted(later, rollups=rollups)
