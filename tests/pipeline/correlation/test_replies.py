"""Courier's mail: its reply lines are joined with the verdict, its recipients are counted as they come."""

import pytest

from mailwarden.alerts.facts.site import Site
from mailwarden.parsers.envelope import Reader
from mailwarden.parsers.event import Event
from mailwarden.pipeline.fold import Fold
from mailwarden.pipeline.trial.replay import Nowhere

SITE = Site(domains=frozenset({"example.org"}))
ID = "00000000002F812C.000000006B0474A5.000033FE"
LOGIN = f"courierd: newmsg,id={ID}, auth=bob@example.org: dns; desk (dyn.example.com [::ffff:198.51.100.20])"
STARTED = "courierd: started,id=" + ID + ",from=<bob@example.org>,module=esmtp,host={host},addr=<{to}>"
TOLD = "courieresmtp: id=" + ID + ",from=<bob@example.org>,addr=<{to}>{said}"


def folded(*lines: str) -> list[Event]:
    """Fold lines a second apart; give their events with what correlation set."""
    reader = Reader(year=2026)
    events = []
    for number, line in enumerate(lines):
        event = reader.read(f"2026-03-03T04:05:{number:02}+00:00 mx {line}")
        assert event.event_kind == "event", line
        event.stream_us = event.timestamp_us
        events.append(event)
    Fold(SITE, [], [], Nowhere(), lambda _: "mail.log").take(events)
    return events


def test_a_reply_of_several_lines_is_one() -> None:
    """The verdict gets what was said before it, with account, provider and class."""
    events = folded(
        LOGIN,
        STARTED.format(host="gmail.com", to="a@gmail.com"),
        TOLD.format(
            to="a@gmail.com", said=": 421-4.7.28 [192.0.2.77      15] Our system has detected an unusual rate of"
        ),
        TOLD.format(
            to="a@gmail.com", said=": 421-4.7.28 unsolicited mail originating from your IP address. Please visit"
        ),
        TOLD.format(to="a@gmail.com", said=": 421 4.7.28 our guidelines. ba1si2.103 - gsmtp"),
        TOLD.format(to="a@gmail.com", said=",status: deferred"),
    )

    told = events[-1]
    assert told.smtp_reply_text == (
        "[192.0.2.77      15] Our system has detected an unusual rate of unsolicited mail originating from your IP address. "
        "Please visit our guidelines. ba1si2.103 - gsmtp"
    )
    assert (told.smtp_reply_code, told.smtp_reply_enhanced_code) == (421, "4.7.28")
    assert (told.mail_provider, told.mail_bounce_class) == ("google", "rate_limit")
    assert (told.mailwarden_account, told.source_ip) == ("bob@example.org", "198.51.100.20")


@pytest.mark.parametrize(
    ("domain", "provider"), [("hotmail.com", "microsoft_consumer"), ("corp.example.edu", "microsoft_365")]
)
def test_somebody_elses_domain_is_hosted(domain: str, provider: str) -> None:
    """Where no host is named, words of a provider of its own domains only tell who hosts another's mailboxes."""
    said = ": 550 5.7.1 Unfortunately, messages from [192.0.2.77] weren't sent. It is on our block list (S3140)."
    events = folded(
        LOGIN,
        STARTED.format(host=domain, to=f"a@{domain}"),
        TOLD.format(to=f"a@{domain}", said=said),
        TOLD.format(to=f"a@{domain}", said=",status: failure"),
    )

    assert (events[-1].mail_provider, events[-1].mail_bounce_class) == (provider, "blocklist")


def test_a_success_names_host_and_remote_id() -> None:
    """What the other server said when it took the mail is put on the line that names it."""
    events = folded(
        LOGIN,
        STARTED.format(host="example.net", to="a@example.net"),
        TOLD.format(to="a@example.net", said=": 250 2.0.0 Ok: queued as 7D2E55"),
        TOLD.format(to="a@example.net", said=",success: delivered: mx.example.net [192.0.2.10]"),
    )

    assert events[-1].mail_queue_remote_id == "7D2E55"
    assert events[-1].destination_domain == "mx.example.net"


def test_an_old_reply_is_not_said_of_the_next_try() -> None:
    """A try that ends otherwise hears nothing of the one before."""
    events = folded(
        LOGIN,
        STARTED.format(host="example.net", to="a@example.net"),
        TOLD.format(to="a@example.net", said=": 451 4.7.1 Try again later"),
        TOLD.format(to="a@example.net", said=",status: deferred"),
        TOLD.format(to="a@example.net", said=": Connection timed out"),
        TOLD.format(to="a@example.net", said=",status: deferred"),
    )

    assert (events[3].smtp_reply_code, events[5].smtp_reply_code) == (451, None)
    assert events[5].event_reason == "connect_timeout"
    assert [(e.facts or {}).get("mailwarden.first_try") for e in (events[3], events[5])] == [True, False]


def test_recipients_are_counted_as_they_come() -> None:
    """A message to three is one message with three recipients, and a retry is no fourth."""
    fold = Fold(SITE, [], [], Nowhere(), lambda _: "mail.log")
    reader = Reader(year=2026)
    lines = [LOGIN, *(STARTED.format(host="example.net", to=f"{name}@example.net") for name in ("a", "b", "c", "a"))]
    events = [reader.read(f"2026-03-03T04:05:{number:02}+00:00 mx {line}") for number, line in enumerate(lines)]
    for event in events:
        event.stream_us = event.timestamp_us

    fold.take(events)

    counted = {key[1:]: count for key, count in fold.rollups.drain().items()}
    assert counted[("message", "outbound", "", "")] == 1
    assert counted[("recipients", "outbound", "", "")] == 3
    assert counted[("sent_recipients", "bob@example.org", "account", "")] == 3


def test_a_client_whose_line_is_cut_is_no_program_of_ours() -> None:
    """Courier cuts long lines: mail from an address that is not told came from outside all the same."""
    cut = LOGIN.replace(", auth=bob@example.org", "").replace("198.51.100.20])", "198.51.10...")

    events = folded(cut, STARTED.format(host="example.org", to="bob@example.org"))

    assert events[-1].mailwarden_direction == "inbound"
