"""Detectors are asked of the events that concern them, and what they find names all that led to it."""

from mailwarden.alerts.detection.engine import Engine
from mailwarden.alerts.detection.finding import Finding
from mailwarden.alerts.detectors.authentication_refused import DETECTOR
from mailwarden.alerts.state.shelf import Nowhere
from mailwarden.parsers.event import Event

HOUR_US = 3_600_000_000
START_US = 20_000 * 24 * HOUR_US


def refused(engine: Engine, account: str, hour: int) -> list[Finding]:
    """Have a receiver refuse an account's mail for its authentication."""
    event = Event()
    event.event_action, event.stream_us, event.log_offset = "delivery", START_US + hour * HOUR_US, hour
    event.mail_bounce_class, event.mailwarden_account = "policy_auth", account
    event.facts = {"mailwarden.first_try": True, "mailwarden.sender_domain": "example.org"}
    return list(engine.detect(event))


def test_a_finding_names_those_before_it() -> None:
    """The third refusal is told with the accounts and lines of the first two, since when the first came; later ones alone."""
    engine = Engine([], [DETECTOR], Nowhere(), lambda _: "mail.log")

    assert [refused(engine, "ann", 1), refused(engine, "ben", 3)] == [[], []]
    (told,), (next_one,) = refused(engine, "cid", 4), refused(engine, "dan", 5)

    assert told.fired
    assert told.entities == {"mailwarden.account": ["ann", "ben", "cid"]}
    assert [line.offset for line in told.evidence] == [1, 3, 4]
    assert told.first_us == START_US + HOUR_US
    assert (next_one.entities, [line.offset for line in next_one.evidence]) == ({"mailwarden.account": ["dan"]}, [5])


def test_what_a_silent_span_parts_did_not_lead_to_it() -> None:
    """Refusals of the day before yesterday are none of today's finding."""
    engine = Engine([], [DETECTOR], Nowhere(), lambda _: "mail.log")
    refused(engine, "ann", 1)

    for hour in (50, 51):
        refused(engine, "ben", hour)
    (told,) = refused(engine, "cid", 52)

    assert told.entities == {"mailwarden.account": ["ben", "cid"]}
    assert told.first_us == START_US + 50 * HOUR_US
