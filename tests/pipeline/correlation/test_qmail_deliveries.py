"""qmail's deliveries: the line of the end names a number, the line of the start what it stands for."""

from mailwarden.alerts.facts.site import Site
from mailwarden.parsers.envelope import Reader
from mailwarden.parsers.event import Event
from mailwarden.pipeline.fold import Fold
from mailwarden.pipeline.trial.replay import Nowhere


def folded(*lines: str) -> list[Event]:
    """Fold lines of multilog's a second apart; give their events with what correlation set."""
    reader = Reader()
    events = []
    for number, line in enumerate(lines):
        event = reader.read(f"@4000000069a65f{number:02x}1c9c3804 {line}")
        assert event.event_kind == "event", line
        event.stream_us = event.timestamp_us
        events.append(event)
    Fold(Site(domains=frozenset({"example.org"})), [], [], Nowhere(), lambda _: "current").take(events)
    return events


def test_end_gets_message_and_recipient() -> None:
    """A refusal bears sender, recipient, provider and class, though its line names none; so does one here."""
    events = folded(
        "info msg 77: bytes 900 from <bob@example.org> qp 5 uid 6",
        "starting delivery 1: msg 77 to remote ann@gmail.com",
        "starting delivery 2: msg 77 to local example.org-eve@example.org",
        "delivery 2: success: did_0+0+1/",
        "delivery 1: deferral: 192.0.2.10_does_not_like_recipient./Remote_host_said:_421-4.7.28_Our_system_has_detected_an"
        "_unusual_rate_of/421_4.7.28_unsolicited_mail_originating_from_your_IP_address._-_gsmtp/Giving_up_on_192.0.2.10./",
        "end msg 77",
        "delivery 1: success: 192.0.2.10_accepted_message./Remote_host_said:_250_ok/",
    )

    here, refused, again = events[3], events[4], events[6]
    assert (here.mail_queue_id, here.email_to_address) == ("77", ["eve@example.org"])
    assert "mailwarden.remote" not in (here.facts or {})
    assert (refused.mail_queue_id, refused.email_to_address) == ("77", ["ann@gmail.com"])
    assert (refused.email_from_address, refused.destination_ip) == (["bob@example.org"], "192.0.2.10")
    assert (refused.mail_provider, refused.mail_bounce_class) == ("google", "rate_limit")
    assert (again.mail_queue_id, again.email_to_address) == (None, None)  # its start was told of already


def test_nobody_knows_who_handed_a_message_in() -> None:
    """No line tells from where a message came: nothing is called relayed, and nobody's."""
    events = folded(
        "info msg 77: bytes 900 from <eve@example.net> qp 5 uid 6",
        "starting delivery 1: msg 77 to remote ann@gmail.com",
        "delivery 1: success: 192.0.2.10_accepted_message./Remote_host_said:_250_ok/",
    )

    assert "mailwarden.relayed" not in (events[-1].facts or {})
    assert events[-1].mailwarden_account is None
